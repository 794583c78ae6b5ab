//! One client's side of a case: what it does, what it hears, and what it was to hear.

use std::io;
use std::time::Duration;

use launcelot_protocol::exchange::Exchange;

use super::cases::Act;
use super::transcript::{Then, Transcript};
use super::verdict::Observation;
use super::wire::{self, Wire};

/// How long a second client waits before it is said to be kept waiting, and a server that takes no
/// more bytes before it is said to refuse them. Far longer than any answer takes, even over a slow
/// wire, and short enough for a person who watches.
const PATIENCE: Duration = Duration::from_secs(1);

/// How much a client asks at most without reading. The buffers of the two systems between client and
/// server hold a few mebibytes each, often tuned upwards; a server that takes this much holds it.
const UNREAD_MAX_BYTES: usize = 64 * 1024 * 1024;

/// One client's side of a case.
#[derive(Debug)]
pub(super) struct Dialogue {
    state: State,
    timeout: Duration,
    seen: Transcript,
    expected: Transcript,
    /// How many bytes of questions were taken before the server refused more.
    taken_bytes: usize,
    /// What it was to hear meanwhile and has not heard yet.
    owed: Option<String>,
    kept_waiting: bool,
}

#[derive(Debug)]
enum State {
    NotBegun,
    Connected(Wire),
    /// It has left, or never came in.
    Over,
}

impl Dialogue {
    /// Each wait will last for at most `timeout`.
    pub(super) fn new(timeout: Duration) -> Self {
        Self {
            state: State::NotBegun,
            timeout,
            seen: Transcript::default(),
            expected: Transcript::default(),
            taken_bytes: 0,
            owed: None,
            kept_waiting: false,
        }
    }

    /// Whether it has tried to connect.
    pub(super) fn has_begun(&self) -> bool {
        !matches!(self.state, State::NotBegun)
    }

    /// Begins with a connection, or with the failure to get one.
    pub(super) fn begin(&mut self, connected: io::Result<Wire>) {
        self.state = match connected {
            Ok(wire) => State::Connected(wire),
            Err(error) => {
                self.seen.then = Some(wire::broken(&error));
                State::Over
            }
        };
    }

    /// Whether something was heard that was not to be heard, or not what was to be heard.
    pub(super) fn has_departed(&self) -> bool {
        self.seen != self.expected
    }

    /// What was seen up to now.
    pub(super) fn observation(&self) -> Observation {
        let Self { seen, expected, kept_waiting, .. } = self;
        Observation { seen: seen.clone(), expected: expected.clone(), kept_waiting: *kept_waiting }
    }

    /// Does one thing. Without a connection it does nothing.
    pub(super) fn act(&mut self, act: &Act) {
        let State::Connected(wire) = &mut self.state else { return };
        let patience = PATIENCE.min(self.timeout);
        match act {
            Act::Connect => {}
            Act::Say(words) => wire.say(words.as_bytes()),
            Act::SayByteByByte(words) => words.as_bytes().chunks(1).for_each(|byte| wire.say(byte)),
            Act::AskUntilRefused(exchange) => self.ask_until_refused(*exchange, patience),
            Act::Hear(words) => self.hear(words, self.timeout),
            Act::HearMeanwhile(words) => self.hear_meanwhile(words, patience),
            Act::HearWhatIsOwed => self.hear_what_is_owed(),
            Act::HearEveryAnswer(exchange) => self.hear_every_answer(*exchange),
            Act::HearEndOfStream => {
                self.expected.then = Some(Then::EndOfStream);
                self.seen.then = wire.hear_end(&mut self.seen.heard);
            }
            Act::HalfClose => wire.half_close(),
            Act::Reset => {
                wire.reset_on_close();
                self.state = State::Over;
            }
            Act::Close => self.state = State::Over,
        }
    }

    fn hear(&mut self, words: &str, patience: Duration) {
        let State::Connected(wire) = &mut self.state else { return };
        self.expected.heard.extend_from_slice(words.as_bytes());
        self.seen.then = wire.hear(&self.expected.heard, &mut self.seen.heard, patience);
    }

    fn hear_meanwhile(&mut self, words: &str, patience: Duration) {
        let before = self.expected.heard.len();
        self.hear(words, patience);
        if self.seen.heard.len() == before && matches!(self.seen.then, Some(Then::Silence(_))) {
            self.seen.then = None;
            self.expected.heard.truncate(before);
            self.owed = Some(words.to_owned());
        }
    }

    fn hear_what_is_owed(&mut self) {
        if let Some(words) = self.owed.take() {
            self.kept_waiting = true;
            self.hear(&words, self.timeout);
        }
    }

    fn ask_until_refused(&mut self, exchange: Exchange, patience: Duration) {
        let State::Connected(wire) = &mut self.state else { return };
        let (taken_bytes, then) = wire.say_until_refused(exchange.question, patience, UNREAD_MAX_BYTES);
        self.taken_bytes = taken_bytes;
        if then != Then::Backpressure {
            self.expected.then = Some(Then::Backpressure);
            self.seen.then = Some(then);
        }
    }

    fn hear_every_answer(&mut self, Exchange { question, answer }: Exchange) {
        self.hear(&answer.repeat(self.taken_bytes / question.len()), self.timeout);
        let cut_at = self.taken_bytes % question.len();
        if cut_at > 0 && !self.has_departed() {
            // The server refused in mid-question. Now that its answers are read, it takes the rest.
            self.act(&Act::Say(question[cut_at..].to_owned()));
            self.hear(answer, self.timeout);
        }
    }
}
