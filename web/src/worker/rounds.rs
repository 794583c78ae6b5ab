//! Many rounds: one question a round, one after the other, reported to the page in batches.
//!
//! Between an answer and the next question nothing is done that can wait: what came is stored and reported
//! while the next answer is on its way, and nothing is allocated for a round.

use js_sys::{ArrayBuffer, Uint8Array};
use launcelot_measure::{FailureKind, Failures, Round, RoundsPlan};
use launcelot_protocol::answers::ANSWER_MAX_BYTES;
use launcelot_protocol::{AnswerError, Answers, EXCHANGES, exchange};
use wasm_bindgen::prelude::*;
use web_sys::{BinaryType, CloseEvent, DedicatedWorkerGlobalScope, Event, MessageEvent, WebSocket};

use super::clock::{Clock, Reading};
use super::pause::Pause;
use super::runs::{bytes_of, words_of};
use super::schedule::{Moment, Schedule, Turn};
use super::ticker::Ticker;
use super::{Handlers, ROUNDS_RUNNER, handler, send};
use crate::message::{Ended, FromWorker};
use crate::state::ids::RoundsId;
use crate::text;

/// The shortest time between two reports to the page: 1 s. The page draws at each, and where processors are few, the worker may
/// have to wait for one.
const REPORT_INTERVAL: Moment = 1_000_000_000 / Round::STEP_NS as Moment;

/// The time until the first report, so that a person soon sees something: 250 ms.
const FIRST_REPORT: Moment = REPORT_INTERVAL / 4;

/// How often it is checked whether the worker was suspended, in milliseconds.
const CHECKING_PERIOD_MS: i32 = 1_000;

/// The number of rounds that are kept between two messages to the page without allocating.
const BATCH: usize = 4096;

/// Runs many rounds.
#[derive(Debug)]
pub(super) struct RoundsRunner {
    scope: DedicatedWorkerGlobalScope,
    clock: Clock,
    handlers: Handlers,
    pause: Pause,
    ticker: Ticker,
    questions: [Uint8Array; EXCHANGES.len()],
    active: Option<ActiveRounds>,
}

/// Rounds that have not ended.
#[derive(Debug)]
struct ActiveRounds {
    id: RoundsId,
    url: String,
    began: Reading,
    schedule: Schedule,
    socket: Option<WebSocket>,
    is_open: bool,
    answers: Answers,
    /// What has not been reported yet, and when the last report was.
    answered: Vec<Round>,
    failures: Failures,
    reported_at: Moment,
}

impl RoundsRunner {
    pub(super) fn new(scope: DedicatedWorkerGlobalScope, clock: Clock) -> Self {
        let handlers = Handlers {
            open: handler(&clock, &ROUNDS_RUNNER, |runner, at, _: Event| runner.opened(at)),
            message: handler(&clock, &ROUNDS_RUNNER, |runner, at, event: MessageEvent| runner.received(at, &event)),
            close: handler(&clock, &ROUNDS_RUNNER, |runner, at, event: CloseEvent| runner.closed(at, &event)),
        };
        let timer_calls = handler(&clock, &ROUNDS_RUNNER, |runner, at, _: JsValue| runner.go_on(at));
        let pause = Pause::new(scope.clone(), clock.clone(), timer_calls);
        let tick = handler(&clock, &ROUNDS_RUNNER, |runner, _, _: JsValue| runner.tick());
        let ticker = Ticker::new(scope.clone(), clock.clone(), tick, CHECKING_PERIOD_MS);
        let questions = EXCHANGES.map(|exchange| Uint8Array::from(exchange.question.as_bytes()));
        Self { scope, clock, handlers, pause, ticker, questions, active: None }
    }

    /// Begins.
    pub(super) fn begin(&mut self, id: RoundsId, url: String, plan: RoundsPlan) {
        self.stop();
        self.ticker.start();
        let (began, schedule) = (self.clock.read(), Schedule::new(plan));
        let connects_each = schedule.connects_each();
        self.active = Some(ActiveRounds {
            id,
            url,
            began,
            schedule,
            socket: None,
            is_open: false,
            answers: Answers::new(),
            answered: Vec::with_capacity(BATCH.min(plan.rounds as usize)),
            failures: Failures::default(),
            reported_at: 0,
        });
        if connects_each {
            self.go_on(began);
        } else {
            self.connect();
        }
    }

    /// Gives up what goes on, if anything does.
    pub(super) fn stop(&mut self) {
        self.end(Ended::Stopped);
    }

    fn opened(&mut self, at: Reading) {
        let Some(active) = &mut self.active else { return };
        active.is_open = true;
        if active.schedule.connects_each() {
            return self.ask();
        }
        active.schedule.is_connected(at.steps_since(active.began));
        self.go_on(at);
    }

    fn received(&mut self, at: Reading, event: &MessageEvent) {
        let Some(active) = &mut self.active else { return };
        let moment = at.steps_since(active.began);
        let received = match active.receive(event, moment) {
            Ok(received) => received,
            Err(why) => return self.end(Ended::Nonsense(why.to_string())),
        };
        if let Some(received) = received {
            let turn = self.take_turn(moment);
            self.record(moment, |active| match received {
                Ok(round) => active.answered.push(round),
                Err(error) => active.failures.add(FailureKind::ErrorAnswer, &error),
            });
            self.finish(turn);
        }
    }

    fn closed(&mut self, at: Reading, event: &CloseEvent) {
        let Some(active) = &mut self.active else { return };
        let how = if active.is_open {
            let partial = match active.answers.finish() {
                Err(AnswerError::CutShort(partial)) => partial,
                _ => String::new(),
            };
            Ended::Closed { code: event.code(), reason: event.reason(), partial }
        } else {
            Ended::NoBridge
        };
        let moment = at.steps_since(active.began);
        let is_hopeful = active.schedule.connects_each() && active.schedule.failed(moment);
        if !is_hopeful {
            return self.end(how);
        }
        self.record(moment, |active| active.fail(&how));
        self.go_on(at);
    }

    fn tick(&mut self) {
        if self.ticker.was_suspended() {
            send(&self.scope, &FromWorker::Suspended);
        }
    }

    /// Does whatever comes next.
    fn go_on(&mut self, at: Reading) {
        let Some(active) = &self.active else { return };
        let turn = self.take_turn(at.steps_since(active.began));
        self.finish(turn);
    }

    /// Sends or connects, if it is time for either.
    fn take_turn(&mut self, now: Moment) -> Option<Turn> {
        let turn = self.active.as_mut()?.schedule.turn(now);
        match turn {
            Turn::Ask => self.ask(),
            Turn::Connect => self.connect(),
            Turn::Wait(_) | Turn::Over => {}
        }
        Some(turn)
    }

    /// Waits or ends, if nothing is under way.
    fn finish(&mut self, turn: Option<Turn>) {
        match turn {
            Some(Turn::Over) => self.end(Ended::Complete),
            Some(Turn::Wait(due)) => self.wait(due),
            Some(Turn::Ask | Turn::Connect) | None => {}
        }
    }

    /// Sends the question. The time is taken just before.
    fn ask(&mut self) {
        let Some(active) = &mut self.active else { return };
        let Some(socket) = &active.socket else { return };
        let question = &self.questions[active.schedule.question()];
        active.schedule.asks(self.clock.read().steps_since(active.began));
        // Fails only before the socket is open; later the close event says what happened.
        let _ = socket.send_with_js_u8_array(question);
    }

    /// Connects again, and then closes the previous connection. The time is taken just before.
    fn connect(&mut self) {
        let Some(active) = &mut self.active else { return };
        active.schedule.connects(self.clock.read().steps_since(active.began));
        let socket = match WebSocket::new(&active.url) {
            Ok(socket) => socket,
            Err(why) => return self.end(Ended::Refused(words_of(&why))),
        };
        socket.set_binary_type(BinaryType::Arraybuffer);
        socket.set_onopen(Some(&self.handlers.open));
        socket.set_onmessage(Some(&self.handlers.message));
        socket.set_onclose(Some(&self.handlers.close));
        active.disconnect();
        active.socket = Some(socket);
    }

    fn wait(&mut self, due: Moment) {
        let Some(active) = &mut self.active else { return };
        if active.schedule.connects_each() {
            active.disconnect();
        }
        let due = active.began.after(due);
        if self.pause.until(due) {
            // Not the clock's reading, which may be a hair earlier.
            self.go_on(due);
        }
    }

    /// Records what came, and reports it if the last report was long enough ago.
    fn record(&mut self, now: Moment, record: impl FnOnce(&mut ActiveRounds)) {
        let Some(active) = &mut self.active else { return };
        record(active);
        let interval = if active.reported_at == 0 { FIRST_REPORT } else { REPORT_INTERVAL };
        if now.saturating_sub(active.reported_at) >= interval {
            active.reported_at = now;
            active.report(&self.scope);
        }
    }

    /// Ends what goes on. Later events of its socket are ignored.
    fn end(&mut self, how: Ended) {
        let Some(mut active) = self.active.take() else { return };
        self.pause.cancel();
        self.ticker.stop();
        self.tick();
        active.fail(&how);
        active.disconnect();
        active.report(&self.scope);
        send(&self.scope, &FromWorker::RoundsEnded { id: active.id, how });
    }
}

impl ActiveRounds {
    /// The round that is over with these bytes, if one is, or the server's words that it cannot answer.
    fn receive(&mut self, event: &MessageEvent, at: Moment) -> Result<Option<Result<Round, String>>, AnswerError> {
        let mut buffer = [0; ANSWER_MAX_BYTES];
        let bytes = event.data().dyn_into().map(|data: ArrayBuffer| Uint8Array::new(&data));
        let (mut round, mut surplus) = (None, None);
        let on_answer = |answer: &[u8]| match self.schedule.answered(at) {
            Some(answered) => {
                let error = str::from_utf8(answer).ok().filter(|answer| exchange::is_error(answer));
                round = Some(error.map_or(Ok(answered), |error| Err(error.to_owned())));
            }
            None => surplus = Some(String::from_utf8_lossy(answer).into_owned()),
        };
        match bytes {
            Ok(bytes) if bytes.length() as usize <= buffer.len() => {
                let buffer = &mut buffer[..bytes.length() as usize];
                bytes.copy_to(buffer);
                self.answers.receive_each(buffer, on_answer)?;
            }
            _ => self.answers.receive_each(&bytes_of(event), on_answer)?,
        }
        match surplus {
            Some(surplus) => Err(AnswerError::NotAsked(surplus)),
            None => Ok(round),
        }
    }

    /// Closes the connection, if there is one.
    fn disconnect(&mut self) {
        let Some(socket) = self.socket.take() else { return };
        self.is_open = false;
        self.answers = Answers::new();
        socket.set_onopen(None);
        socket.set_onmessage(None);
        socket.set_onclose(None);
        // Fails only for a code or a reason that is not allowed, and neither is given.
        let _ = socket.close();
    }

    /// Counts a failure, if that is one.
    fn fail(&mut self, how: &Ended) {
        if let Some(kind) = text::failure_kind(how) {
            // Without the name by which a lab knows the series.
            let to = self.url.split('?').next().unwrap_or_default();
            self.failures.add(kind, &text::why_it_broke(how, to));
        }
    }

    /// Sends what has not been reported.
    fn report(&mut self, scope: &DedicatedWorkerGlobalScope) {
        if self.answered.is_empty() && self.failures.is_empty() {
            return;
        }
        let (answered, failures) = (std::mem::take(&mut self.answered), std::mem::take(&mut self.failures));
        let message = FromWorker::Rounds { id: self.id, answered, failures };
        send(scope, &message);
        // The same memory again.
        if let FromWorker::Rounds { mut answered, .. } = message {
            answered.clear();
            self.answered = answered;
        }
    }
}
