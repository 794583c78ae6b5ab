//! Many rounds: one question a round, one after the other, told to the page in batches.
//!
//! Between an answer and the next question nothing is done that can wait: what came is stored and told
//! while the next answer is on its way, and nothing is allocated for a round.

use js_sys::{ArrayBuffer, Uint8Array};
use launcelot_measure::{Plan, Round};
use launcelot_protocol::answers::ANSWER_MAX_BYTES;
use launcelot_protocol::{AnswerError, Answers, EXCHANGES};
use wasm_bindgen::prelude::*;
use web_sys::{BinaryType, CloseEvent, DedicatedWorkerGlobalScope, Event, MessageEvent, WebSocket};

use super::asker::{bytes_of, words_of};
use super::clock::{Clock, Reading};
use super::course::{Course, Moment, Turn};
use super::pause::Pause;
use super::{Handlers, ROUNDER, handler, tell};
use crate::message::{Ended, FromWorker};

/// How long the page is told nothing after it was told something: 250 ms. Each time the page draws, and where
/// processors are few, whoever asks may wait for one meanwhile.
const TELLING_PAUSE: Moment = 250_000_000 / Round::STEP_NS as Moment;

/// So many rounds can be kept between two tellings without allocating.
const BATCH: usize = 4096;

/// Who asks in rounds.
#[derive(Debug)]
pub(super) struct Rounder {
    scope: DedicatedWorkerGlobalScope,
    clock: Clock,
    handlers: Handlers,
    pause: Pause,
    questions: [Uint8Array; EXCHANGES.len()],
    going: Option<Going>,
}

/// The rounds that go on.
#[derive(Debug)]
struct Going {
    run: u32,
    url: String,
    began: Reading,
    course: Course,
    socket: Option<WebSocket>,
    is_open: bool,
    answers: Answers,
    /// What has not been told yet, and when something was told last.
    answered: Vec<Round>,
    errors: u32,
    told: Moment,
}

impl Rounder {
    pub(super) fn new(scope: DedicatedWorkerGlobalScope, clock: Clock) -> Self {
        let handlers = Handlers {
            open: handler(&clock, &ROUNDER, |rounder, at, _: Event| rounder.opened(at)),
            message: handler(&clock, &ROUNDER, |rounder, at, event: MessageEvent| rounder.received(at, &event)),
            close: handler(&clock, &ROUNDER, |rounder, at, event: CloseEvent| rounder.closed(at, &event)),
        };
        let timer_calls = handler(&clock, &ROUNDER, |rounder, at, _: JsValue| rounder.go_on(at));
        let pause = Pause::new(scope.clone(), clock.clone(), timer_calls);
        let questions = EXCHANGES.map(|exchange| Uint8Array::from(exchange.question.as_bytes()));
        Self { scope, clock, handlers, pause, questions, going: None }
    }

    /// Begins.
    pub(super) fn begin(&mut self, run: u32, url: String, plan: Plan) {
        self.stop();
        let (began, course) = (self.clock.read(), Course::new(plan));
        let connects_each = course.connects_each();
        self.going = Some(Going {
            run,
            url,
            began,
            course,
            socket: None,
            is_open: false,
            answers: Answers::new(),
            answered: Vec::with_capacity(BATCH.min(plan.rounds as usize)),
            errors: 0,
            told: 0,
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
        let Some(going) = &mut self.going else { return };
        going.is_open = true;
        if going.course.connects_each() {
            return self.ask();
        }
        going.course.is_connected(at.steps_since(going.began));
        self.go_on(at);
    }

    fn received(&mut self, at: Reading, event: &MessageEvent) {
        let Some(going) = &mut self.going else { return };
        let moment = at.steps_since(going.began);
        let lost = u32::from(going.course.is_asking());
        let round = match going.hear(event, moment) {
            Ok(round) => round,
            Err(why) => {
                going.errors += lost;
                return self.end(Ended::Nonsense(why.to_string()));
            }
        };
        if let Some(round) = round {
            let turn = self.take_turn(moment);
            self.keep(moment, |going| going.answered.push(round));
            self.finish(turn);
        }
    }

    fn closed(&mut self, at: Reading, event: &CloseEvent) {
        let Some(going) = &mut self.going else { return };
        let how = if going.is_open {
            let partial = match going.answers.finish() {
                Err(AnswerError::CutShort(partial)) => partial,
                _ => String::new(),
            };
            Ended::Closed { code: event.code(), reason: event.reason(), partial }
        } else {
            Ended::NoBridge
        };
        if !going.course.connects_each() {
            going.errors += u32::from(going.course.is_asking());
            return self.end(how);
        }
        let moment = at.steps_since(going.began);
        let is_hopeful = going.course.failed(moment);
        self.keep(moment, |going| going.errors += 1);
        if is_hopeful {
            self.go_on(at);
        } else {
            self.end(how);
        }
    }

    /// Does whatever comes next.
    fn go_on(&mut self, at: Reading) {
        let Some(going) = &self.going else { return };
        let turn = self.take_turn(at.steps_since(going.began));
        self.finish(turn);
    }

    /// Sends or connects, if it is time for either.
    fn take_turn(&mut self, now: Moment) -> Option<Turn> {
        let turn = self.going.as_mut()?.course.turn(now);
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
        let Some(going) = &mut self.going else { return };
        let Some(socket) = &going.socket else { return };
        let question = &self.questions[going.course.question()];
        going.course.asks(self.clock.read().steps_since(going.began));
        // Fails only before the socket is open; later the close event says what happened.
        let _ = socket.send_with_js_u8_array(question);
    }

    /// Connects anew, and then lets go of the connection before. The time is taken just before.
    fn connect(&mut self) {
        let Some(going) = &mut self.going else { return };
        going.course.connects(self.clock.read().steps_since(going.began));
        let socket = match WebSocket::new(&going.url) {
            Ok(socket) => socket,
            Err(why) => return self.end(Ended::Refused(words_of(&why))),
        };
        socket.set_binary_type(BinaryType::Arraybuffer);
        socket.set_onopen(Some(&self.handlers.open));
        socket.set_onmessage(Some(&self.handlers.message));
        socket.set_onclose(Some(&self.handlers.close));
        going.let_go();
        going.socket = Some(socket);
    }

    fn wait(&mut self, due: Moment) {
        let Some(going) = &mut self.going else { return };
        if going.course.connects_each() {
            going.let_go();
        }
        let due = going.began.after(due);
        if self.pause.until(due) {
            // Not the clock's reading, which may be a hair earlier.
            self.go_on(due);
        }
    }

    /// Keeps what came, and tells it if nothing was told for long enough.
    fn keep(&mut self, now: Moment, keep: impl FnOnce(&mut Going)) {
        let Some(going) = &mut self.going else { return };
        keep(going);
        if now.saturating_sub(going.told) >= TELLING_PAUSE {
            going.told = now;
            going.tell(&self.scope);
        }
    }

    /// Ends what goes on: nothing that its socket still says is heard.
    fn end(&mut self, how: Ended) {
        let Some(mut going) = self.going.take() else { return };
        self.pause.cancel();
        going.let_go();
        going.tell(&self.scope);
        tell(&self.scope, &FromWorker::Ended { run: going.run, how });
    }
}

impl Going {
    /// The round that is over with these bytes, if one is.
    fn hear(&mut self, event: &MessageEvent, at: Moment) -> Result<Option<Round>, AnswerError> {
        let mut buffer = [0; ANSWER_MAX_BYTES];
        let bytes = event.data().dyn_into().map(|data: ArrayBuffer| Uint8Array::new(&data));
        let (mut round, mut surplus) = (None, None);
        let heard = |answer: &[u8]| match self.course.answered(at) {
            Some(answered) => round = Some(answered),
            None => surplus = Some(String::from_utf8_lossy(answer).into_owned()),
        };
        match bytes {
            Ok(bytes) if bytes.length() as usize <= buffer.len() => {
                let buffer = &mut buffer[..bytes.length() as usize];
                bytes.copy_to(buffer);
                self.answers.receive_each(buffer, heard)?;
            }
            _ => self.answers.receive_each(&bytes_of(event), heard)?,
        }
        match surplus {
            Some(surplus) => Err(AnswerError::NotAsked(surplus)),
            None => Ok(round),
        }
    }

    /// Closes the connection, if there is one.
    fn let_go(&mut self) {
        let Some(socket) = self.socket.take() else { return };
        self.is_open = false;
        self.answers = Answers::new();
        socket.set_onopen(None);
        socket.set_onmessage(None);
        socket.set_onclose(None);
        // Fails only for a code or a reason that is not allowed, and neither is given.
        let _ = socket.close();
    }

    /// Tells what has not been told.
    fn tell(&mut self, scope: &DedicatedWorkerGlobalScope) {
        if self.answered.is_empty() && self.errors == 0 {
            return;
        }
        let message =
            FromWorker::Rounds { run: self.run, answered: std::mem::take(&mut self.answered), errors: self.errors };
        tell(scope, &message);
        self.errors = 0;
        // The same memory again.
        if let FromWorker::Rounds { mut answered, .. } = message {
            answered.clear();
            self.answered = answered;
        }
    }
}
