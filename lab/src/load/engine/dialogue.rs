//! What one client does: wait, connect, ask, think, close. It is decided here without I/O, from events with their times.

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use launcelot_measure::load::DialogueFailure;

use super::recorder::{Failure, Recorder};
use crate::load::script_text::ScriptText;

/// Maximum number of bytes of a wrong answer in an excerpt.
const EXCERPT_BYTES: usize = 60;

/// What all clients of a cycle have in common.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) text: Arc<ScriptText>,
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

/// A client and its dialogues, one after the other. Questions are numbered from the start of the connection.
#[derive(Debug)]
pub(super) struct Dialogue {
    phase: Phase,
    /// The begin of the dialogue; in an open loop, the time when it was due.
    begin: Instant,
    /// Whether the dialogue makes a connection and has not been answered on it.
    awaits_first_answer: bool,
    /// Whether the client has been answered, in this dialogue or an earlier one.
    has_been_answered: bool,
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
    /// How late the last pause ended because the load's thread slept or was kept from a processor.
    overslept: Duration,
    /// How late the dialogue began for the same reason.
    begun_late: Duration,
}

impl Dialogue {
    /// Creates a client whose first dialogue is due at a time, or when it is told to begin.
    pub(super) fn new(due: Option<Instant>, now: Instant) -> Self {
        Self {
            phase: Phase::Waiting(due),
            begin: now,
            awaits_first_answer: false,
            has_been_answered: false,
            end: 0,
            asked: 0,
            answered: 0,
            in_flight: VecDeque::new(),
            sent_bytes: 0,
            received_bytes: 0,
            overdue: now,
            thought: None,
            overslept: Duration::ZERO,
            begun_late: Duration::ZERO,
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
        self.begun_late = mem::take(&mut self.overslept);
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
        let answers = &rules.text.answers;
        let end = answers.begin_of(self.asked);
        let mut left = bytes;
        while !left.is_empty() {
            let expected = answers.between(self.received_bytes, end);
            let length = expected.len().min(left.len());
            if length == 0 || expected[..length] != left[..length] {
                self.record_answers(time, rules, recorder);
                return self.fail(&self.wrong_answer(left, rules), time, recorder);
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
        let pause = shortened(rules.think, self.overslept);
        self.thought.get_or_insert(time + pause);
        Next::Wait
    }

    /// Returns the pause between the dialogue and the next one on its connection.
    pub(super) fn pause_after(&self, rules: &Rules) -> Duration {
        // Pauses within a dialogue are part of its latency. They are not shortened for its late begin, which is not.
        shortened(rules.think, self.overslept + self.begun_late)
    }

    /// Records the answers that are complete. Returns whether there is one.
    fn record_answers(&mut self, time: Instant, rules: &Rules, recorder: &mut Recorder) -> bool {
        let answered = rules.text.answers.ended_at(self.received_bytes);
        if answered == self.answered {
            return false;
        }
        if !self.has_been_answered {
            self.has_been_answered = true;
            recorder.client_answered(time);
        }
        if self.awaits_first_answer {
            self.awaits_first_answer = false;
            recorder.first_answered(self.begin, time);
        }
        while self.answered < answered {
            let Some(batch) = self.in_flight.front() else { break };
            let end = batch.end.min(answered);
            recorder.answered(batch.sent, end - self.answered, time);
            self.answered = end;
            if end == batch.end {
                self.in_flight.pop_front();
            }
        }
        self.overdue = time + rules.timeout;
        true
    }

    /// Bytes came between two dialogues, when nothing was asked. The next dialogue needs a new connection.
    pub(super) fn received_between(&self, bytes: &[u8], time: Instant, rules: &Rules, recorder: &mut Recorder) {
        recorder.failed(self.begin, &self.wrong_answer(bytes, rules), time);
    }

    /// The connection failed between two dialogues.
    pub(super) fn failed_between(&self, failure: &Failure, time: Instant, recorder: &mut Recorder) {
        recorder.failed(self.begin, failure, time);
    }

    /// The connection failed, or was not made.
    pub(super) fn failed(&mut self, failure: &Failure, now: Instant, recorder: &mut Recorder) -> Next {
        self.fail(failure, now, recorder)
    }

    /// The server closed the connection.
    pub(super) fn closed(&mut self, now: Instant, recorder: &mut Recorder) -> Next {
        let count = self.answered;
        let answers = if count == 1 { "answer" } else { "answers" };
        let failure = Failure::with_example(DialogueFailure::ClosedEarly, &format!("closed after {count} {answers}"));
        self.fail(&failure, now, recorder)
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

    /// The deadline may have come. The load's thread has been running since `running_since`.
    pub(super) fn woken(&mut self, now: Instant, running_since: Instant, recorder: &mut Recorder) -> Next {
        match self.phase {
            Phase::Waiting(Some(due)) if due <= now => {
                self.overslept = running_since.saturating_duration_since(due);
                recorder.begun(due, now);
                Next::Begin
            }
            Phase::Connecting if self.overdue <= now => {
                self.fail(&Failure::new(DialogueFailure::ConnectTimedOut), now, recorder)
            }
            Phase::Asking if !self.in_flight.is_empty() && self.overdue <= now => {
                self.fail(&Failure::new(DialogueFailure::AnswerTimedOut), now, recorder)
            }
            Phase::Asking => match self.thought.take_if(|thought| *thought <= now) {
                Some(due) => {
                    self.overslept = running_since.saturating_duration_since(due);
                    recorder.begun(due, now);
                    Next::Ask
                }
                None => Next::Wait,
            },
            _ => Next::Wait,
        }
    }

    /// Returns the start of the dialogue; in an open loop, the time when it was due.
    pub(super) fn begin_time(&self) -> Instant {
        self.begin
    }

    /// Asks nothing more than is in flight: the dialogue ends with those answers. While it connects, with the first answer.
    /// Returns false if nothing is in flight, as in a pause.
    pub(super) fn end_with_answers_in_flight(&mut self) -> bool {
        self.thought = None;
        match self.phase {
            Phase::Waiting(_) => false,
            Phase::Connecting => {
                self.end = 1;
                true
            }
            Phase::Asking => {
                self.end = self.asked;
                !self.in_flight.is_empty()
            }
        }
    }

    pub(super) fn is_connecting(&self) -> bool {
        self.phase == Phase::Connecting
    }

    pub(super) fn is_running(&self) -> bool {
        !matches!(self.phase, Phase::Waiting(_))
    }

    fn fail(&mut self, failure: &Failure, time: Instant, recorder: &mut Recorder) -> Next {
        if self.is_running() {
            recorder.failed(self.begin, failure, time);
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
        Failure::with_example(DialogueFailure::WrongAnswer, &example)
    }
}

/// Returns a pause. What the last one was too long, this one is shorter: a stall of the load's thread neither lowers the load
/// nor gathers all clients that were due meanwhile, which would ask together from then on.
fn shortened(think: Duration, overslept: Duration) -> Duration {
    think - overslept.min(think / 2)
}

#[cfg(test)]
mod tests {
    use launcelot_measure::load::Counts;
    use launcelot_protocol::{EXCHANGES, Script};

    use super::super::recorder::Window;
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// A client whose clock a test sets.
    struct Fixture {
        start: Instant,
        rules: Rules,
        recorder: Recorder,
        dialogue: Dialogue,
    }

    impl Fixture {
        fn new(questions: u64, in_flight: u64, think: Duration) -> Self {
            let start = Instant::now();
            let text = Arc::new(ScriptText::new(&Script::default()));
            let rules =
                Rules { text, questions, in_flight, think, keep_alive: false, timeout: SECOND, from_due: false };
            let recorder = Recorder::new(Window { begin: start, end: start + 100 * SECOND });
            Self { start, rules, recorder, dialogue: Dialogue::new(None, start) }
        }

        fn at(&self, ms: u64) -> Instant {
            self.start + Duration::from_millis(ms)
        }

        /// Begins a dialogue and connects, both at the start.
        fn connected(mut self) -> Self {
            assert_eq!(self.dialogue.begin(self.start, false, self.start, &self.rules), Next::Connect);
            assert_eq!(self.dialogue.connected(), Next::Ask);
            self
        }

        /// Asks, and returns what is sent.
        fn ask(&mut self, ms: u64) -> String {
            self.dialogue.ask(self.at(ms), &self.rules);
            let unsent = self.dialogue.unsent(&self.rules).to_vec();
            self.dialogue.sent(unsent.len());
            String::from_utf8(unsent).unwrap()
        }

        fn receive(&mut self, text: &str, ms: u64) -> Next {
            self.dialogue.received(text.as_bytes(), self.at(ms), &self.rules, &mut self.recorder)
        }

        fn wake(&mut self, ms: u64) -> Next {
            self.wake_of_thread_running_since(0, ms)
        }

        fn wake_of_thread_running_since(&mut self, since_ms: u64, ms: u64) -> Next {
            self.dialogue.woken(self.at(ms), self.at(since_ms), &mut self.recorder)
        }

        fn deadline_ms(&self) -> Option<u128> {
            self.dialogue.deadline().map(|deadline| (deadline - self.start).as_millis())
        }

        fn counts(&mut self) -> Counts {
            *self.recorder.take()
        }
    }

    /// Asserts that there is one failure, and returns its kind and example.
    #[track_caller]
    fn only_failure(counts: &Counts) -> (DialogueFailure, String) {
        assert_eq!((counts.failures.count(), counts.dialogues), (1, 0));
        let (kind, tally) = counts.failures.iter().next().unwrap();
        (kind, tally.example.clone().unwrap_or_default())
    }

    fn question(number: usize) -> &'static str {
        EXCHANGES[number % 3].question
    }

    fn answer(number: usize) -> &'static str {
        EXCHANGES[number % 3].answer
    }

    #[test]
    fn in_lockstep_each_question_waits_for_the_answer_before_it() {
        let mut client = Fixture::new(4, 1, Duration::ZERO).connected();
        for number in 0..4 {
            let ms = number as u64 * 10;
            assert_eq!(client.ask(ms), question(number));
            let next = if number == 3 { Next::Completed } else { Next::Ask };
            assert_eq!(client.receive(answer(number), ms + 7), next);
        }
        let counts = client.counts();
        assert_eq!((counts.dialogues, counts.questions, counts.failures.count()), (1, 4, 0));
        assert_eq!(counts.question_latency.longest(), Duration::from_millis(7));
        assert_eq!(counts.first_answer_latency.longest(), Duration::from_millis(7));
        assert_eq!(counts.dialogue_latency.longest(), Duration::from_millis(37));
    }

    #[test]
    fn an_answer_makes_room_for_a_question_in_flight_and_is_timed_from_its_own_question() {
        let mut client = Fixture::new(4, 2, Duration::ZERO).connected();
        assert_eq!(client.ask(0), [question(0), question(1)].concat());
        assert_eq!(client.receive(answer(0), 5), Next::Ask);
        assert_eq!(client.ask(6), question(2));
        assert_eq!(client.receive(&[answer(1), answer(2)].concat(), 8), Next::Ask);
        assert_eq!(client.ask(9), question(3));
        assert_eq!(client.receive(answer(3), 10), Next::Completed);
        let latencies = client.counts().question_latency;
        let times: Vec<u128> = (1..=4).map(|rank| latencies.at_rank(rank).as_millis()).collect();
        assert_eq!(times, [1, 2, 5, 8]);
    }

    #[test]
    fn an_answer_in_pieces_counts_when_it_is_complete() {
        let mut client = Fixture::new(1, 1, Duration::ZERO).connected();
        client.ask(0);
        let (first, second) = answer(0).split_at(9);
        assert_eq!(client.receive(first, 1), Next::Wait);
        assert_eq!(client.counts().questions, 0);
        assert_eq!(client.receive(second, 2), Next::Completed);
        assert_eq!(client.counts().question_latency.longest(), Duration::from_millis(2));
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config::with_cases(50))]

        #[test]
        fn any_split_of_the_answers_gives_the_same_counts(cuts in proptest::collection::vec(1_usize..40, 1..30)) {
            let mut client = Fixture::new(6, 6, Duration::ZERO).connected();
            client.ask(0);
            let answers: String = (0..6).map(answer).collect();
            let mut left = answers.as_str();
            let mut next = Next::Wait;
            for cut in cuts.iter().cycle() {
                if left.is_empty() {
                    break;
                }
                proptest::prop_assert_eq!(next, Next::Wait);
                let (piece, rest) = left.split_at((*cut).min(left.len()));
                next = client.receive(piece, 1);
                left = rest;
            }
            proptest::prop_assert_eq!(next, Next::Completed);
            let counts = client.counts();
            proptest::prop_assert_eq!((counts.dialogues, counts.questions, counts.failures.count()), (1, 6, 0));
        }
    }

    #[test]
    fn the_next_question_is_due_at_the_end_of_the_pause() {
        let mut client = Fixture::new(2, 1, Duration::from_millis(50)).connected();
        client.ask(0);
        assert_eq!(client.receive(answer(0), 10), Next::Wait);
        assert_eq!(client.deadline_ms(), Some(60));
        assert_eq!(client.wake(59), Next::Wait);
        assert_eq!(client.wake(63), Next::Ask);
        assert_eq!(client.ask(63), question(1));
        assert_eq!(client.receive(answer(1), 70), Next::Completed);
        let counts = client.counts();
        assert_eq!(counts.lateness.longest(), Duration::from_millis(3));
        assert_eq!(counts.question_latency.longest(), Duration::from_millis(10));
    }

    #[test]
    fn a_pause_that_a_stall_has_lengthened_shortens_the_next_by_up_to_half() {
        let mut client = Fixture::new(7, 1, Duration::from_millis(50)).connected();
        client.ask(0);
        client.receive(answer(0), 10);
        assert_eq!(client.deadline_ms(), Some(60));
        // When the thread began to run again, when it came to this client, when the answer came, and when the next question is due.
        let pauses =
            [(0, 63, 70, 120), (100, 123, 130, 180), (184, 185, 190, 236), (300, 310, 320, 345), (0, 350, 360, 410)];
        for (number, (running_since, asked, answered, next_due)) in (1..).zip(pauses) {
            assert_eq!(client.wake_of_thread_running_since(running_since, asked), Next::Ask);
            client.ask(asked);
            client.receive(answer(number), answered);
            assert_eq!(client.deadline_ms(), Some(next_due), "after question {number}");
        }
    }

    #[test]
    fn a_late_begin_shortens_no_pause_of_the_dialogue_but_the_one_after_it() {
        for questions in 1..=3 {
            let mut client = Fixture::new(questions, 1, Duration::from_millis(50));
            client.rules.keep_alive = true;
            let due = client.at(0);
            client.dialogue.wait(Some(due));
            assert_eq!(client.wake_of_thread_running_since(8, 9), Next::Begin);
            let mut client = client.connected();
            let mut ms = 10;
            for number in 0..questions {
                client.ask(ms);
                client.receive(answer(number as usize), ms);
                ms += 50;
                if number + 1 < questions {
                    assert_eq!(client.deadline_ms(), Some(u128::from(ms)), "after question {number}");
                    assert_eq!(client.wake_of_thread_running_since(0, ms), Next::Ask);
                }
            }
            assert_eq!(client.dialogue.pause_after(&client.rules), Duration::from_millis(42), "{questions} questions");
        }
    }

    #[test]
    fn a_kept_connection_goes_on_where_the_last_dialogue_ended() {
        let mut client = Fixture::new(2, 2, Duration::ZERO).connected();
        client.ask(0);
        assert_eq!(client.receive(&[answer(0), answer(1)].concat(), 1), Next::Completed);
        let begin = client.at(5);
        assert_eq!(client.dialogue.begin(begin, true, begin, &client.rules), Next::Ask);
        assert_eq!(client.ask(5), [question(2), question(3)].concat());
        assert_eq!(client.receive(&[answer(2), answer(3)].concat(), 9), Next::Completed);
        let counts = client.counts();
        assert_eq!((counts.dialogues, counts.first_answer_latency.count()), (2, 1));
        assert_eq!(counts.dialogue_latency.longest(), Duration::from_millis(4));
    }

    #[test]
    fn a_wrong_answer_is_quoted_from_its_begin() {
        let cases: [(&[&str], &str); 4] = [
            (&["No."], r#""No." instead of "My name is Sir Lancelot of Camelot.""#),
            (&["My name is ", "Arthur."], r#""My name is Arthur." instead of "My name is Sir Lancelot of Camelot.""#),
            (&[answer(0), "Blue."], r#""Blue." instead of "To seek the Holy Grail.""#),
            (&[answer(0), answer(1), "Blue."], r#""Blue." after the last answer"#),
        ];
        for (pieces, expected) in cases {
            // The last of the three questions is not asked, so its answer is too much.
            let mut client = Fixture::new(3, 2, Duration::from_millis(50)).connected();
            client.ask(0);
            let last = pieces.iter().map(|piece| client.receive(piece, 1)).last();
            assert_eq!(last, Some(Next::Failed), "{pieces:?}");
            let (kind, example) = only_failure(&client.counts());
            assert_eq!((kind, example.as_str()), (DialogueFailure::WrongAnswer, expected));
        }
    }

    #[test]
    fn surplus_bytes_with_the_last_answer_make_the_dialogue_wrong() {
        let mut client = Fixture::new(1, 1, Duration::ZERO).connected();
        client.ask(0);
        assert_eq!(client.receive(&[answer(0), "Ni!"].concat(), 1), Next::Failed);
        let counts = client.counts();
        assert_eq!(only_failure(&counts), (DialogueFailure::WrongAnswer, r#""Ni!" after the last answer"#.to_owned()));
        assert_eq!(counts.questions, 1, "the answer itself was right");
    }

    #[test]
    fn a_long_wrong_answer_is_cut() {
        let mut client = Fixture::new(1, 1, Duration::ZERO).connected();
        client.ask(0);
        client.receive(&"x".repeat(5000), 1);
        let (_, example) = only_failure(&client.counts());
        assert!(example.starts_with(&format!("{:?} instead of", "x".repeat(EXCERPT_BYTES))), "{example}");
    }

    #[test]
    fn a_server_that_closes_early_fails_the_dialogue() {
        let mut client = Fixture::new(3, 1, Duration::ZERO).connected();
        client.ask(0);
        client.receive(answer(0), 1);
        client.ask(1);
        assert_eq!(client.dialogue.closed(client.start, &mut client.recorder), Next::Failed);
        let failure = only_failure(&client.counts());
        assert_eq!(failure, (DialogueFailure::ClosedEarly, "closed after 1 answer".to_owned()));
        assert!(!client.dialogue.is_running());
    }

    #[test]
    fn connecting_has_a_timeout() {
        let mut client = Fixture::new(1, 1, Duration::ZERO);
        client.dialogue.begin(client.start, false, client.start, &client.rules);
        assert_eq!(client.deadline_ms(), Some(1000));
        assert_eq!(client.wake(999), Next::Wait);
        assert_eq!(client.wake(1000), Next::Failed);
        assert_eq!(only_failure(&client.counts()).0, DialogueFailure::ConnectTimedOut);
    }

    #[test]
    fn each_answer_has_a_timeout_that_begins_with_the_answer_before_it() {
        let mut client = Fixture::new(2, 2, Duration::ZERO).connected();
        client.ask(0);
        assert_eq!(client.deadline_ms(), Some(1000));
        assert_eq!(client.receive(answer(0), 900), Next::Wait);
        assert_eq!(client.wake(1000), Next::Wait);
        assert_eq!(client.deadline_ms(), Some(1900));
        assert_eq!(client.wake(1900), Next::Failed);
        assert_eq!(only_failure(&client.counts()).0, DialogueFailure::AnswerTimedOut);
    }

    #[test]
    fn a_dialogue_that_is_cut_ends_with_the_answers_in_flight() {
        let mut client = Fixture::new(10, 2, Duration::ZERO).connected();
        client.ask(0);
        assert!(client.dialogue.end_with_answers_in_flight());
        assert_eq!(client.receive(answer(0), 5), Next::Wait);
        assert_eq!(client.receive(answer(1), 6), Next::Completed);
        assert_eq!(client.counts().question_latency.count(), 2);
    }

    #[test]
    fn a_dialogue_that_is_cut_while_it_connects_ends_with_its_first_answer() {
        let mut client = Fixture::new(10, 1, Duration::ZERO);
        client.dialogue.begin(client.start, false, client.start, &client.rules);
        assert!(client.dialogue.end_with_answers_in_flight());
        client.dialogue.connected();
        client.ask(5);
        assert_eq!(client.receive(answer(0), 6), Next::Completed);
    }

    #[test]
    fn in_a_pause_there_is_no_answer_to_end_with() {
        let mut client = Fixture::new(2, 1, Duration::from_millis(50)).connected();
        client.ask(0);
        client.receive(answer(0), 10);
        assert!(!client.dialogue.end_with_answers_in_flight());
    }

    #[test]
    fn a_question_that_is_due_by_the_clock_is_timed_from_then() {
        let mut client = Fixture::new(1, 1, Duration::ZERO);
        client.rules.from_due = true;
        let late = client.at(30);
        client.dialogue.begin(client.start, false, late, &client.rules);
        client.dialogue.connected();
        client.ask(40);
        client.receive(answer(0), 45);
        assert_eq!(client.counts().question_latency.longest(), Duration::from_millis(45));
    }
}
