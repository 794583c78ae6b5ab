//! One run, or a few that begin at the same moment: a socket each, a dialogue, and when each thing happened.

use js_sys::{ArrayBuffer, Function, Reflect, Uint8Array};
use launcelot_measure::Step;
use launcelot_protocol::{AnswerError, Dialogue, Question};
use wasm_bindgen::prelude::*;
use web_sys::{BinaryType, CloseEvent, DedicatedWorkerGlobalScope, MessageEvent, WebSocket};

use super::clock::{Clock, Reading};
use super::ticker::Ticker;
use super::{Handlers, send};
use crate::message::{Ask, Ended, FromWorker, RUNS_AT_ONCE_MAX, RunEnd, RunProgress};
use crate::state::ids::RunId;

/// The time between two reports to the page while runs go on, in milliseconds. A message makes the page draw, which takes a core from the browser
/// and the lab, so a shorter run is reported as a whole once it is over.
const REPORT_INTERVAL_MS: i32 = 100;

/// Runs single runs.
#[derive(Debug)]
pub(super) struct RunsRunner {
    scope: DedicatedWorkerGlobalScope,
    clock: Clock,
    handlers: [Handlers; RUNS_AT_ONCE_MAX],
    ticker: Ticker,
    runs: [Option<ActiveRun>; RUNS_AT_ONCE_MAX],
    /// Runs whose end has not been reported.
    ended: Vec<RunProgress>,
}

/// A run that has not ended.
#[derive(Debug)]
struct ActiveRun {
    id: RunId,
    socket: WebSocket,
    dialogue: Dialogue,
    began: Reading,
    is_open: bool,
    /// Steps that have not been reported.
    steps: Vec<Step>,
}

impl RunsRunner {
    pub(super) fn new(
        scope: DedicatedWorkerGlobalScope,
        clock: Clock,
        handlers: [Handlers; RUNS_AT_ONCE_MAX],
        tick: Function,
    ) -> Self {
        let ticker = Ticker::new(scope.clone(), clock.clone(), tick, REPORT_INTERVAL_MS);
        Self { scope, clock, handlers, ticker, runs: Default::default(), ended: Vec::new() }
    }

    /// Begins runs. The first time of all is taken just before the browser is told to connect.
    pub(super) fn ask(&mut self, asks: &[Ask]) {
        self.stop();
        let dialogues: Vec<_> = asks.iter().map(dialogue_of).collect();
        self.ticker.start();
        let began = self.clock.read();
        for (slot, (ask, dialogue)) in asks.iter().zip(dialogues).enumerate().take(RUNS_AT_ONCE_MAX) {
            match dialogue.and_then(|dialogue| self.connect(slot, ask, dialogue, began)) {
                Ok(run) => self.runs[slot] = Some(run),
                Err(how) => {
                    let end = RunEnd { how, began: None };
                    self.ended.push(RunProgress { run: ask.run, steps: Vec::new(), end: Some(end) });
                }
            }
        }
        self.report_if_all_ended();
    }

    fn connect(&self, slot: usize, ask: &Ask, dialogue: Dialogue, began: Reading) -> Result<ActiveRun, Ended> {
        let socket = WebSocket::new(&ask.url).map_err(|why| Ended::Refused(words_of(&why)))?;
        let handlers = &self.handlers[slot];
        socket.set_binary_type(BinaryType::Arraybuffer);
        socket.set_onopen(Some(&handlers.open));
        socket.set_onmessage(Some(&handlers.message));
        socket.set_onclose(Some(&handlers.close));
        Ok(ActiveRun { id: ask.run, socket, dialogue, began, is_open: false, steps: Vec::new() })
    }

    /// Stops all runs.
    pub(super) fn stop(&mut self) {
        for slot in 0..RUNS_AT_ONCE_MAX {
            self.end(slot, Ended::Stopped);
        }
    }

    pub(super) fn opened(&mut self, slot: usize, at: Reading) {
        let Some(run) = &mut self.runs[slot] else { return };
        run.is_open = true;
        run.steps.push(Step::Connected { at: at.since(run.began) });
        run.send(&self.clock);
    }

    pub(super) fn received(&mut self, slot: usize, at: Reading, event: &MessageEvent) {
        let Some(run) = &mut self.runs[slot] else { return };
        match run.receive(&self.clock, at, event) {
            Err(why) => self.end(slot, Ended::Nonsense(why.to_string())),
            Ok(()) if run.dialogue.is_complete() => self.end(slot, Ended::Complete),
            Ok(()) => {}
        }
    }

    pub(super) fn closed(&mut self, slot: usize, event: &CloseEvent) {
        let Some(run) = &self.runs[slot] else { return };
        let how = if run.is_open {
            let partial = match run.dialogue.finish() {
                Err(AnswerError::CutShort(partial)) => partial,
                _ => String::new(),
            };
            Ended::Closed { code: event.code(), reason: event.reason(), partial }
        } else {
            Ended::NoBridge
        };
        self.end(slot, how);
    }

    /// Tells the page how far the runs are.
    pub(super) fn tick(&mut self) {
        if self.ticker.was_suspended() {
            send(&self.scope, &FromWorker::Suspended);
        }
        let mut progress = std::mem::take(&mut self.ended);
        for run in self.runs.iter_mut().flatten().filter(|run| !run.steps.is_empty()) {
            progress.push(RunProgress { run: run.id, steps: std::mem::take(&mut run.steps), end: None });
        }
        if !progress.is_empty() {
            send(&self.scope, &FromWorker::Runs(progress));
        }
    }

    /// Ends a run. No event of its socket is handled after that.
    fn end(&mut self, slot: usize, how: Ended) {
        let Some(run) = self.runs[slot].take() else { return };
        run.socket.set_onopen(None);
        run.socket.set_onmessage(None);
        run.socket.set_onclose(None);
        // Fails only for a code or a reason that is not allowed, and neither is given.
        let _ = run.socket.close();
        let end = RunEnd { how, began: Some(self.clock.since_1970(run.began)) };
        self.ended.push(RunProgress { run: run.id, steps: run.steps, end: Some(end) });
        self.report_if_all_ended();
    }

    fn report_if_all_ended(&mut self) {
        if self.runs.iter().all(Option::is_none) {
            self.ticker.stop();
            self.tick();
        }
    }
}

impl ActiveRun {
    /// Sends every question that may be sent now. Each time is taken just before.
    fn send(&mut self, clock: &Clock) {
        while let Some(question) = self.dialogue.next_to_send() {
            let at = clock.read().since(self.began);
            // Fails only before the socket is open; later the close event says what happened.
            let _ = self.socket.send_with_u8_array(question.as_bytes());
            self.steps.push(Step::Asked { at });
        }
    }

    /// Takes the answers out of a message, and sends the next question before it does anything else.
    fn receive(&mut self, clock: &Clock, at: Reading, event: &MessageEvent) -> Result<(), AnswerError> {
        let at = at.since(self.began);
        let mut answers = Vec::new();
        let received = self.dialogue.receive(&bytes_of(event), &mut answers);
        let answered = self.steps.len();
        if received.is_ok() {
            self.send(clock);
        }
        // An answer comes before the question that it made room for.
        self.steps.splice(answered..answered, answers.into_iter().map(|answer| Step::Answered { at, answer }));
        received
    }
}

fn dialogue_of(ask: &Ask) -> Result<Dialogue, Ended> {
    let questions: Result<Vec<_>, _> = ask.questions.iter().map(|text| Question::new(text)).collect();
    let questions = questions.map_err(|why| Ended::Nonsense(why.to_string()))?;
    Ok(Dialogue::new(questions, ask.order.in_flight_max()))
}

/// What came in a message. The bridge sends bytes; another might send text.
pub(super) fn bytes_of(event: &MessageEvent) -> Vec<u8> {
    let data = event.data();
    match data.dyn_ref::<ArrayBuffer>() {
        Some(buffer) => Uint8Array::new(buffer).to_vec(),
        None => data.as_string().unwrap_or_default().into_bytes(),
    }
}

/// The words of a JavaScript error.
pub(super) fn words_of(error: &JsValue) -> String {
    let message = Reflect::get(error, &JsValue::from_str("message")).ok();
    message.and_then(|message| message.as_string()).unwrap_or_else(|| "no reason given.".to_owned())
}
