//! What one client does: wait, connect, ask, think, close. It is decided here without I/O, from events with their times.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use launcelot_measure::load::DialogueFailure;

use super::recorder::{Failure, Recorder};
use super::repeating_text::ScriptText;

/// Maximum number of bytes of a wrong answer in an excerpt.
const EXCERPT_BYTES: usize = 60;

/// What all clients of a cycle have in common.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) text: ScriptText,
    /// The number of questions in a dialogue.
    pub(super) questions: u64,
    /// The largest number of questions in flight.
    pub(super) in_flight: u64,
    pub(super) think: Duration,
    pub(super) keep_alive: bool,
    pub(super) timeout: Duration,
    /// Whether the latency of a question counts from when its dialogue was due.
    pub(super) from_due: bool,
}

/// What the client has to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Next {
    /// Nothing until an event or until [`Dialogue::deadline`].
    Wait,
    /// Begin the dialogue that is due, with [`Dialogue::begin`].
    Begin,
    /// Make a connection.
    Connect,
    /// Call [`Dialogue::ask`] with a new reading of the clock, then send what [`Dialogue::unsent`] returns.
    Ask,
    /// The dialogue has ended. The connection may stay open if the plan says so.
    Completed,
    /// The dialogue has ended, and its connection has to be closed.
    Failed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Between dialogues. The next is due at this time, or when it is told to begin.
    Waiting(Option<Instant>),
    Connecting,
    /// Questions are in flight; or none, and the next is due at the end of a pause.
    Asking,
}

/// Questions that were sent together.
#[derive(Debug)]
struct Batch {
    sent: Instant,
    /// The number of the question after the last.
    end: u64,
}

/// A client and its dialogues, one after the other. Questions are numbered from the begin of the connection.
#[derive(Debug)]
pub(super) struct Dialogue {
    phase: Phase,
    /// The begin of the dialogue; in an open loop, the time when it was due.
    begin: Instant,
    /// Whether the dialogue makes a connection and has not been answered on it.
    awaits_first_answer: bool,
    /// The number of the question after the last of the dialogue.
    end: u64,
    asked: u64,
    answered: u64,
    in_flight: VecDeque<Batch>,
    /// The positions in the texts.
    sent_bytes: u64,
    received_bytes: u64,
    /// When the next answer is overdue, or the connection is.
    overdue: Instant,
    /// When the pause before the next question ends.
    thought: Option<Instant>,
}

impl Dialogue {
    /// Creates a client whose first dialogue is due at a time, or when it is told to begin.
    pub(super) fn new(due: Option<Instant>, now: Instant) -> Self {
        Self {
            phase: Phase::Waiting(due),
            begin: now,
            awaits_first_answer: false,
            end: 0,
            asked: 0,
            answered: 0,
            in_flight: VecDeque::new(),
            sent_bytes: 0,
            received_bytes: 0,
            overdue: now,
            thought: None,
        }
    }

    /// Waits for the next dialogue, which is due at a time or when it is told to begin.
    pub(super) fn wait(&mut self, due: Option<Instant>) {
        self.phase = Phase::Waiting(due);
    }

    /// Begins a dialogue, on an open connection or on a new one. Its latencies count from `begin`.
    pub(super) fn begin(&mut self, begin: Instant, is_connected: bool, now: Instant, rules: &Rules) -> Next {
        self.begin = begin;
        self.awaits_first_answer = !is_connected;
        self.thought = None;
        if is_connected {
            self.end = self.asked + rules.questions;
            self.phase = Phase::Asking;
            return Next::Ask;
        }
        self.end = rules.questions;
        self.asked = 0;
        self.answered = 0;
        self.sent_bytes = 0;
        self.received_bytes = 0;
        self.in_flight.clear();
        self.overdue = now + rules.timeout;
        self.phase = Phase::Connecting;
        Next::Connect
    }

    /// The connection is open.
    pub(super) fn connected(&mut self) -> Next {
        self.phase = Phase::Asking;
        Next::Ask
    }

    /// Asks as many questions as may be in flight.
    pub(super) fn ask(&mut self, now: Instant, rules: &Rules) {
        let free = rules.in_flight - (self.asked - self.answered);
        let count = free.min(self.end - self.asked);
        if count == 0 {
            return;
        }
        if self.in_flight.is_empty() {
            self.overdue = now + rules.timeout;
        }
        self.asked += count;
        let sent = if rules.from_due { self.begin } else { now };
        self.in_flight.push_back(Batch { sent, end: self.asked });
    }

    /// Returns the questions that have been asked and not sent, or as many of them as are contiguous.
    pub(super) fn unsent<'a>(&self, rules: &'a Rules) -> &'a [u8] {
        let questions = &rules.text.questions;
        questions.between(self.sent_bytes, questions.begin_of(self.asked))
    }

    /// The first bytes of [`unsent`](Self::unsent) were sent.
    pub(super) fn sent(&mut self, bytes: usize) {
        self.sent_bytes += bytes as u64;
    }

    /// Checks bytes that came; `time` was read before them.
    pub(super) fn received(&mut self, bytes: &[u8], time: Instant, rules: &Rules, recorder: &mut Recorder) -> Next {
        if !self.is_running() {
            // More than was asked for, after the end of a dialogue.
            return self.fail(self.wrong_answer(bytes, rules), recorder);
        }
        let answers = &rules.text.answers;
        let end = answers.begin_of(self.asked);
        let mut left = bytes;
        while !left.is_empty() {
            let expected = answers.between(self.received_bytes, end);
            let length = expected.len().min(left.len());
            if length == 0 || expected[..length] != left[..length] {
                self.record_answers(time, rules, recorder);
                return self.fail(self.wrong_answer(left, rules), recorder);
            }
            self.received_bytes += length as u64;
            left = &left[length..];
        }
        self.count_answers(time, rules, recorder)
    }

    fn count_answers(&mut self, time: Instant, rules: &Rules, recorder: &mut Recorder) -> Next {
        if !self.record_answers(time, rules, recorder) {
            return Next::Wait;
        }
        if self.answered == self.end {
            self.phase = Phase::Waiting(None);
            recorder.completed(self.begin, time);
            return Next::Completed;
        }
        if self.asked == self.end {
            return Next::Wait;
        }
        if rules.think.is_zero() {
            return Next::Ask;
        }
        self.thought.get_or_insert(time + rules.think);
        Next::Wait
    }

    /// Records the answers that are complete. Returns whether there is one.
    fn record_answers(&mut self, time: Instant, rules: &Rules, recorder: &mut Recorder) -> bool {
        let answered = rules.text.answers.ended_at(self.received_bytes);
        if answered == self.answered {
            return false;
        }
        if self.awaits_first_answer {
            self.awaits_first_answer = false;
            recorder.first_answered(self.begin, time);
        }
        while self.answered < answered {
            let Some(batch) = self.in_flight.front() else { break };
            let end = batch.end.min(answered);
            recorder.answered(self.begin, batch.sent, end - self.answered, time);
            self.answered = end;
            if end == batch.end {
                self.in_flight.pop_front();
            }
        }
        self.overdue = time + rules.timeout;
        true
    }

    /// The connection failed, or was not made.
    pub(super) fn failed(&mut self, failure: Failure, recorder: &mut Recorder) -> Next {
        self.fail(failure, recorder)
    }

    /// The server closed the connection.
    pub(super) fn closed(&mut self, recorder: &mut Recorder) -> Next {
        let count = self.answered;
        let answers = if count == 1 { "answer" } else { "answers" };
        let failure = Failure::with_example(DialogueFailure::ClosedEarly, format!("closed after {count} {answers}"));
        self.fail(failure, recorder)
    }

    /// Returns when [`woken`](Self::woken) has to be called, if nothing happens before.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Waiting(due) => due,
            Phase::Connecting => Some(self.overdue),
            Phase::Asking if self.in_flight.is_empty() => self.thought,
            Phase::Asking => Some(self.thought.map_or(self.overdue, |thought| thought.min(self.overdue))),
        }
    }

    /// The deadline may have come.
    pub(super) fn woken(&mut self, now: Instant, recorder: &mut Recorder) -> Next {
        match self.phase {
            Phase::Waiting(Some(due)) if due <= now => Next::Begin,
            Phase::Connecting if self.overdue <= now => {
                self.fail(Failure::new(DialogueFailure::ConnectTimedOut), recorder)
            }
            Phase::Asking if !self.in_flight.is_empty() && self.overdue <= now => {
                self.fail(Failure::new(DialogueFailure::AnswerTimedOut), recorder)
            }
            Phase::Asking => match self.thought.take_if(|thought| *thought <= now) {
                Some(due) => {
                    recorder.begun(due, now);
                    Next::Ask
                }
                None => Next::Wait,
            },
            _ => Next::Wait,
        }
    }

    /// Returns the begin of the dialogue; in an open loop, the time when it was due.
    pub(super) fn begin_time(&self) -> Instant {
        self.begin
    }

    pub(super) fn is_connecting(&self) -> bool {
        self.phase == Phase::Connecting
    }

    pub(super) fn is_running(&self) -> bool {
        !matches!(self.phase, Phase::Waiting(_))
    }

    fn fail(&mut self, failure: Failure, recorder: &mut Recorder) -> Next {
        if self.is_running() {
            recorder.failed(self.begin, &failure);
            self.phase = Phase::Waiting(None);
        }
        Next::Failed
    }

    /// Describes an answer that began rightly up to `received_bytes`, and went on with `rest`.
    fn wrong_answer(&self, rest: &[u8], rules: &Rules) -> Failure {
        let answers = &rules.text.answers;
        let number = answers.ended_at(self.received_bytes);
        let begin = answers.begin_of(number);
        let mut got = answers.between(begin, self.received_bytes).to_vec();
        got.extend_from_slice(&rest[..rest.len().min(EXCERPT_BYTES)]);
        got.truncate(EXCERPT_BYTES);
        let got = String::from_utf8_lossy(&got);
        let example = if number < self.asked {
            let expected = String::from_utf8_lossy(answers.between(begin, answers.begin_of(number + 1)));
            format!("{got:?} instead of {expected:?}")
        } else {
            format!("{got:?} after the last answer")
        };
        Failure::with_example(DialogueFailure::WrongAnswer, example)
    }
}
