//! One run, or a few that begin at the same moment: a socket each, a dialogue, and when each thing happened.

use js_sys::{ArrayBuffer, Reflect, Uint8Array};
use launcelot_measure::Step;
use launcelot_protocol::{AnswerError, Dialogue, Question};
use wasm_bindgen::prelude::*;
use web_sys::{BinaryType, CloseEvent, DedicatedWorkerGlobalScope, MessageEvent, WebSocket};

use super::clock::{Clock, Reading};
use super::{Handlers, tell};
use crate::message::{Ask, Ended, FromWorker, RUNS_AT_ONCE_MAX};

/// Who asks.
#[derive(Debug)]
pub(super) struct Asker {
    scope: DedicatedWorkerGlobalScope,
    clock: Clock,
    handlers: [Handlers; RUNS_AT_ONCE_MAX],
    asking: [Option<Asking>; RUNS_AT_ONCE_MAX],
}

/// A run that goes on.
#[derive(Debug)]
struct Asking {
    run: u32,
    socket: WebSocket,
    dialogue: Dialogue,
    began: Reading,
    opened: bool,
}

impl Asker {
    pub(super) fn new(scope: DedicatedWorkerGlobalScope, clock: Clock, handlers: [Handlers; RUNS_AT_ONCE_MAX]) -> Self {
        Self { scope, clock, handlers, asking: Default::default() }
    }

    /// Begins runs. The first time of all is taken just before the browser is told to connect.
    pub(super) fn ask(&mut self, runs: &[Ask]) {
        self.stop();
        let dialogues: Vec<_> = runs.iter().map(dialogue_of).collect();
        let began = self.clock.read();
        for (place, (ask, dialogue)) in runs.iter().zip(dialogues).enumerate().take(RUNS_AT_ONCE_MAX) {
            if let Err(how) = dialogue.and_then(|dialogue| self.begin(place, began, ask, dialogue)) {
                self.tell_end(ask.run, how);
            }
        }
    }

    fn begin(&mut self, place: usize, began: Reading, ask: &Ask, dialogue: Dialogue) -> Result<(), Ended> {
        let socket = WebSocket::new(&ask.url).map_err(|why| Ended::Refused(words_of(&why)))?;
        let handlers = &self.handlers[place];
        socket.set_binary_type(BinaryType::Arraybuffer);
        socket.set_onopen(Some(&handlers.open));
        socket.set_onmessage(Some(&handlers.message));
        socket.set_onclose(Some(&handlers.close));
        self.asking[place] = Some(Asking { run: ask.run, socket, dialogue, began, opened: false });
        Ok(())
    }

    /// Gives up whatever goes on.
    pub(super) fn stop(&mut self) {
        for place in 0..RUNS_AT_ONCE_MAX {
            self.end(place, Ended::Stopped);
        }
    }

    pub(super) fn opened(&mut self, place: usize, at: Reading) {
        let Some(asking) = &mut self.asking[place] else { return };
        asking.opened = true;
        let mut steps = vec![Step::Connected { at: at.since(asking.began) }];
        asking.send(&self.clock, &mut steps);
        self.tell_steps(place, steps);
    }

    pub(super) fn received(&mut self, place: usize, at: Reading, event: &MessageEvent) {
        let Some(asking) = &mut self.asking[place] else { return };
        let at = at.since(asking.began);
        let mut answers = Vec::new();
        let received = asking.dialogue.receive(&bytes_of(event), &mut answers);
        let mut steps = Vec::new();
        if received.is_ok() {
            asking.send(&self.clock, &mut steps);
        }
        let is_complete = asking.dialogue.is_complete();
        let answered = answers.into_iter().map(|answer| Step::Answered { at, answer });
        self.tell_steps(place, answered.chain(steps));
        match received {
            Err(why) => self.end(place, Ended::Nonsense(why.to_string())),
            Ok(()) if is_complete => self.end(place, Ended::Complete),
            Ok(()) => {}
        }
    }

    pub(super) fn closed(&mut self, place: usize, event: &CloseEvent) {
        let Some(asking) = &self.asking[place] else { return };
        let how = if asking.opened {
            let partial = match asking.dialogue.finish() {
                Err(AnswerError::CutShort(partial)) => partial,
                _ => String::new(),
            };
            Ended::Closed { code: event.code(), reason: event.reason(), partial }
        } else {
            Ended::NoBridge
        };
        self.end(place, how);
    }

    /// Ends a run that goes on: nothing that its socket still says is heard.
    fn end(&mut self, place: usize, how: Ended) {
        let Some(asking) = self.asking[place].take() else { return };
        asking.socket.set_onopen(None);
        asking.socket.set_onmessage(None);
        asking.socket.set_onclose(None);
        // Fails only for a code or a reason that is not allowed, and neither is given.
        let _ = asking.socket.close();
        tell(&self.scope, &FromWorker::Began { run: asking.run, at: self.clock.since_1970(asking.began) });
        self.tell_end(asking.run, how);
    }

    fn tell_steps(&self, place: usize, steps: impl IntoIterator<Item = Step>) {
        let Some(Asking { run, .. }) = self.asking[place] else { return };
        for step in steps {
            tell(&self.scope, &FromWorker::Step { run, step });
        }
    }

    fn tell_end(&self, run: u32, how: Ended) {
        tell(&self.scope, &FromWorker::Ended { run, how });
    }
}

impl Asking {
    /// Sends every question that may be sent now. Each time is taken just before.
    fn send(&mut self, clock: &Clock, steps: &mut Vec<Step>) {
        while let Some(question) = self.dialogue.next_to_send() {
            let at = clock.read().since(self.began);
            // Fails only before the socket is open; later the close event says what happened.
            let _ = self.socket.send_with_u8_array(question.as_bytes());
            steps.push(Step::Asked { at });
        }
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
    message.and_then(|message| message.as_string()).unwrap_or_else(|| "it gives no reason".to_owned())
}
