//! The thread that serves all clients.

use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use launcelot_measure::load::{DialogueFailure, RatedUnit};
use tungstenite::handshake::client::Request;

use super::EngineError;
use super::arrivals::ArrivalTimes;
use super::connection::{Connection, Received};
use super::connector::Connector;
use super::deadlines::Deadlines;
use super::dialogue::{Dialogue, Next, Rules};
use super::pacing::{self, OpenLoop};
use super::ports;
use super::recorder::{Failure, Recorder, Window};
use super::stages::{REPORT_INTERVAL, Stage};
use super::web_socket;
use crate::load::cycle::{CycleSettings, EarlyEnd, EngineEvent, Pace, Target};
use crate::tunnel::poller::Poller;

/// A thread that reads the clock after a longer time than this has slept, or has been kept from a processor.
const GAP_MIN: Duration = Duration::from_micros(50);

/// The longest time before a cycle to find an address that answers. A request to stop waits for it.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(3);

/// All clients of a cycle.
pub(super) struct EventLoop<'a> {
    rules: Rules,
    connector: Connector,
    /// The handshake of a WebSocket; `None` for TCP.
    request: Option<Request>,
    poller: Poller,
    pub(super) clients: Vec<Client>,
    deadlines: Deadlines,
    /// `None` in a closed loop.
    pub(super) open_loop: Option<OpenLoop>,
    pub(super) recorder: Recorder,
    pub(super) stage: Stage,
    pub(super) next_report: Instant,
    /// When the clock was read last.
    last_reading: Instant,
    /// When the thread began to run, after its last sleep or stall.
    running_since: Instant,
    buffer: Vec<u8>,
    pub(super) events: &'a Sender<EngineEvent>,
    pub(super) stop: &'a EarlyEnd,
}

#[derive(Debug)]
pub(super) struct Client {
    pub(super) dialogue: Dialogue,
    pub(super) connection: Option<Connection>,
    /// The number of addresses that have failed in this dialogue.
    attempt: usize,
    /// The index of the address that it connects to.
    address: usize,
    /// The number of failures since the last right dialogue.
    failures: u32,
}

impl<'a> EventLoop<'a> {
    pub(super) fn new(
        settings: &CycleSettings,
        events: &'a Sender<EngineEvent>,
        stop: &'a EarlyEnd,
    ) -> Result<Self, EngineError> {
        let (addresses, request) = match &settings.target {
            Target::Tcp(addresses) => (addresses, None),
            Target::WebSocket { addresses, url } => {
                let request = web_socket::request(url).ok_or_else(|| EngineError::Url(url.clone()))?;
                (addresses, Some(request))
            }
        };
        if addresses.is_empty() {
            return Err(EngineError::NoAddress);
        }
        let rules = rules(settings);
        let mut connector = Connector::new(addresses.clone(), ports::sources(&settings.pace, rules.keep_alive));
        connector.settle(rules.timeout.min(SETTLE_TIMEOUT));
        let start = Instant::now();
        let ramp = match settings.pace {
            Pace::Closed { ramp, .. } => ramp,
            Pace::Open { .. } => Duration::ZERO,
        };
        let window = Window { begin: start + ramp, end: start + ramp + settings.duration };
        let mut event_loop = Self {
            rules,
            connector,
            request,
            poller: Poller::new()?,
            clients: Vec::new(),
            deadlines: Deadlines::default(),
            open_loop: None,
            recorder: Recorder::new(window),
            stage: Stage::Ramp,
            next_report: start + REPORT_INTERVAL,
            last_reading: start,
            running_since: start,
            buffer: Vec::new(),
            events,
            stop,
        };
        match settings.pace {
            Pace::Closed { clients, .. } => {
                for client in 0..clients {
                    let due = start + ramp.mul_f64(f64::from(client) / f64::from(clients));
                    let index = event_loop.add_client(Some(due), start);
                    event_loop.deadlines.set(index, due);
                }
            }
            Pace::Open { rate, arrivals, max_in_flight, .. } => {
                let times = ArrivalTimes::new(rate, arrivals, settings.seed);
                let clients_max = max_in_flight.max(1) as usize;
                event_loop.open_loop = Some(OpenLoop::new(times, clients_max, window.begin, window.end));
            }
        }
        Ok(event_loop)
    }

    /// Serves the clients until the cycle is over.
    pub(super) fn run(mut self) -> Result<(), EngineError> {
        self.advance(Instant::now());
        while self.stage != Stage::Over {
            // One at a time, and between two of them the answers. Clients that asked one after the other without a pause would
            // be answered closer together than they can ask, so those that were late once would be later each time.
            let has_begun = self.serve_next_due(Instant::now());
            let timeout = if has_begun { Duration::ZERO } else { self.time_to_wait() };
            self.poller.wait(Some(timeout))?;
            for event in 0..self.poller.ready().len() {
                let index = self.poller.ready()[event] as usize;
                // Before the bytes are read, so that reading and checking them is not part of the latency.
                let time = Instant::now();
                self.serve_next_due(time);
                self.serve(index, time);
            }
            self.advance(Instant::now());
        }
        Ok(())
    }

    fn add_client(&mut self, due: Option<Instant>, now: Instant) -> usize {
        let dialogue = Dialogue::new(due, now);
        self.clients.push(Client { dialogue, connection: None, attempt: 0, address: 0, failures: 0 });
        self.clients.len() - 1
    }

    /// Returns the time until something has to be done although no socket is ready.
    fn time_to_wait(&mut self) -> Duration {
        let edge = match self.stage {
            Stage::Ramp => Some(self.recorder.window.begin),
            Stage::Window { .. } => Some(self.recorder.window.end),
            Stage::Following { .. } | Stage::Over => None,
        };
        let mut wake = self.next_report;
        let due = self.open_loop.as_mut().and_then(OpenLoop::next_due);
        for time in [edge, self.deadlines.next(), due].into_iter().flatten() {
            wake = wake.min(time);
        }
        wake.saturating_duration_since(Instant::now())
    }

    /// Serves a client whose socket is ready, until nothing more can be received.
    fn serve(&mut self, index: usize, mut time: Instant) {
        loop {
            let next = self.serve_ready(index, time);
            self.perform(index, next);
            let connection = self.clients[index].connection.as_ref();
            if !connection.is_some_and(Connection::may_hold_messages) {
                return;
            }
            // Questions may have been sent since it was read.
            time = Instant::now();
        }
    }

    /// Serves the next client whose deadline has come, or the next dialogue that is due. Returns false if there is none.
    fn serve_next_due(&mut self, now: Instant) -> bool {
        if now.saturating_duration_since(self.last_reading) > GAP_MIN {
            self.running_since = now;
        }
        self.last_reading = now;
        if let Some(index) = self.deadlines.pop(now) {
            let client = &mut self.clients[index];
            let was_connecting = client.dialogue.is_connecting();
            let next = client.dialogue.woken(now, self.running_since, &mut self.recorder);
            if was_connecting && matches!(next, Next::Failed) {
                self.connector.avoid(client.address);
            }
            self.perform(index, next);
            return true;
        }
        let due = self.open_loop.as_mut().and_then(|open_loop| open_loop.pop_due(now));
        if let Some(due) = due {
            self.arrive(due);
        }
        due.is_some()
    }

    /// Begins a dialogue that is due, or queues it.
    pub(super) fn arrive(&mut self, due: Instant) {
        let now = Instant::now();
        let Some(open_loop) = &mut self.open_loop else { return };
        let index = match open_loop.idle.pop() {
            Some(index) => index,
            None if self.clients.len() < open_loop.clients_max => self.add_client(None, now),
            None => {
                open_loop.queue.push_back(due);
                self.recorder.held_back();
                return;
            }
        };
        self.recorder.begun(due, now);
        let next = self.begin(index, due, now);
        self.perform(index, next);
    }

    fn begin(&mut self, index: usize, begin: Instant, now: Instant) -> Next {
        let client = &mut self.clients[index];
        client.dialogue.begin(begin, client.connection.is_some(), now, &self.rules)
    }

    /// Does what a dialogue needs until it has to wait.
    fn perform(&mut self, index: usize, mut next: Next) {
        loop {
            next = match next {
                Next::Wait => break,
                Next::Begin => self.begin_again(index),
                Next::Connect => self.connect(index, 0),
                Next::Ask => self.ask(index),
                Next::Completed => {
                    let client = &mut self.clients[index];
                    client.failures = 0;
                    if !self.rules.keep_alive {
                        client.connection = None;
                    }
                    self.end_dialogue(index)
                }
                Next::Failed => {
                    let client = &mut self.clients[index];
                    client.failures += 1;
                    client.connection = None;
                    self.end_dialogue(index)
                }
            };
        }
        if let Some(deadline) = self.clients[index].dialogue.deadline() {
            self.deadlines.set(index, deadline);
        }
    }

    /// Begins the next dialogue of a client of a closed loop.
    fn begin_again(&mut self, index: usize) -> Next {
        let now = Instant::now();
        self.begin(index, now, now)
    }

    /// Decides what a client does after a dialogue.
    fn end_dialogue(&mut self, index: usize) -> Next {
        let client = &mut self.clients[index];
        if let Stage::Following { dialogues } = &mut self.stage {
            *dialogues = dialogues.saturating_sub(1);
            client.connection = None;
            return Next::Wait;
        }
        if let Some(open_loop) = &mut self.open_loop {
            return match open_loop.queue.pop_front() {
                Some(due) => self.begin(index, due, Instant::now()),
                None => {
                    open_loop.idle.push(index);
                    Next::Wait
                }
            };
        }
        let pause = match client.failures {
            0 if self.rules.keep_alive => client.dialogue.pause_after(&self.rules),
            0 => Duration::ZERO,
            failures => pacing::pause_after(failures),
        };
        if pause.is_zero() {
            return Next::Begin;
        }
        client.dialogue.wait(Some(Instant::now() + pause));
        Next::Wait
    }

    /// Begins to connect, to the first address that does not fail at once.
    fn connect(&mut self, index: usize, first_attempt: usize) -> Next {
        let mut attempt = first_attempt;
        let mut failure = Failure::new(DialogueFailure::NotConnected);
        let client = &mut self.clients[index];
        client.connection = None;
        while let Some(address) = self.connector.address(attempt) {
            let begin = Instant::now();
            let connecting = self.connector.connect(address);
            let registered =
                connecting.and_then(|stream| Connection::register(stream, begin, index as u64, &self.poller));
            match registered {
                Ok(connection) => {
                    client.attempt = attempt;
                    client.address = address;
                    client.connection = Some(connection);
                    return Next::Wait;
                }
                Err(reason) => failure = reason,
            }
            attempt += 1;
        }
        client.dialogue.failed(&failure, Instant::now(), &mut self.recorder)
    }

    /// Serves a client whose socket is ready, at a time that was read before its bytes.
    fn serve_ready(&mut self, index: usize, time: Instant) -> Next {
        let client = &mut self.clients[index];
        let Some(connection) = &mut client.connection else { return Next::Wait };
        if client.dialogue.is_connecting() {
            return self.proceed(index, time);
        }
        if connection.is_blocked()
            && let Err(failure) = connection.send(&mut client.dialogue, &self.rules, &self.poller)
        {
            return client.dialogue.failed(&failure, time, &mut self.recorder);
        }
        let received = connection.receive(&mut self.buffer);
        if !client.dialogue.is_running() {
            match received {
                Ok(Received::Nothing) => return Next::Wait,
                // The server has closed a connection between two dialogues, which is its right.
                Ok(Received::Closed) => {}
                Ok(Received::Bytes(bytes)) => {
                    client.dialogue.received_between(bytes, time, &self.rules, &mut self.recorder);
                }
                Err(failure) => client.dialogue.failed_between(&failure, time, &mut self.recorder),
            }
            client.connection = None;
            return Next::Wait;
        }
        match received {
            Ok(Received::Nothing) => Next::Wait,
            Ok(Received::Bytes(bytes)) => client.dialogue.received(bytes, time, &self.rules, &mut self.recorder),
            Ok(Received::Closed) => client.dialogue.closed(time, &mut self.recorder),
            Err(failure) => client.dialogue.failed(&failure, time, &mut self.recorder),
        }
    }

    /// Goes on with connecting.
    fn proceed(&mut self, index: usize, time: Instant) -> Next {
        let client = &mut self.clients[index];
        let Some(connection) = &mut client.connection else { return Next::Wait };
        match connection.proceed(self.request.as_ref(), time, &self.poller, &mut self.recorder) {
            Ok(false) => Next::Wait,
            Ok(true) => {
                self.connector.prefer(client.address);
                client.dialogue.connected()
            }
            Err(failure) if failure.kind == DialogueFailure::Handshake => {
                client.dialogue.failed(&failure, time, &mut self.recorder)
            }
            Err(failure) => self.connect_elsewhere(index, &failure),
        }
    }

    /// Connects to the next address, if there is one.
    fn connect_elsewhere(&mut self, index: usize, failure: &Failure) -> Next {
        let client = &mut self.clients[index];
        let attempt = client.attempt + 1;
        if self.connector.address(attempt).is_some() {
            return self.connect(index, attempt);
        }
        client.dialogue.failed(failure, Instant::now(), &mut self.recorder)
    }

    fn ask(&mut self, index: usize) -> Next {
        let client = &mut self.clients[index];
        let Some(connection) = &mut client.connection else { return Next::Wait };
        client.dialogue.ask(Instant::now(), &self.rules);
        match connection.send(&mut client.dialogue, &self.rules, &self.poller) {
            Ok(()) => Next::Wait,
            Err(failure) => client.dialogue.failed(&failure, Instant::now(), &mut self.recorder),
        }
    }
}

fn rules(settings: &CycleSettings) -> Rules {
    let plan = &settings.dialogue;
    // Questions that are due by the clock are dialogues of one question, on connections that stay open.
    let is_rated_by_question = matches!(settings.pace, Pace::Open { per: RatedUnit::Question, .. });
    Rules {
        text: Arc::clone(&settings.text),
        questions: if is_rated_by_question { 1 } else { u64::from(plan.questions.max(1)) },
        in_flight: u64::from(plan.in_flight.max(1)),
        think: plan.think,
        keep_alive: plan.keep_alive || is_rated_by_question,
        timeout: plan.timeout,
        from_due: is_rated_by_question,
    }
}
