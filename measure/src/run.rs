//! A run: the questions of one client over one connection, with all measured times.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::interruptions::Interruptions;
use crate::micros;
use crate::step::Step;

/// Whether questions wait for the answers before them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// Each question waits for the answer to the one before: as many round trips as questions.
    #[default]
    OneAtATime,
    /// All questions are sent at once (pipelined): one round trip for all of them.
    SentAhead,
}

impl Order {
    /// Returns the largest number of questions that are sent and not yet answered.
    pub fn in_flight_max(self) -> usize {
        match self {
            Self::OneAtATime => 1,
            Self::SentAhead => usize::MAX,
        }
    }
}

/// A span of time, counted from the start of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The begin, in microseconds.
    #[serde(rename = "from_us", with = "micros")]
    pub from: Duration,
    /// The end, in microseconds.
    #[serde(rename = "until_us", with = "micros")]
    pub until: Duration,
}

impl Span {
    /// Returns the duration.
    pub fn took(self) -> Duration {
        self.until.saturating_sub(self.from)
    }
}

/// A question with its answer and the times of both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuestionTiming {
    /// The question, its `?` included.
    pub question: String,
    /// The answer, its `.` included, once it is complete.
    pub answer: Option<String>,
    /// The moment just before the question was written to the socket, in microseconds; at the earliest the end of an attributed
    /// handshake.
    #[serde(rename = "asked_us", with = "micros::option")]
    pub asked: Option<Duration>,
    /// The moment of sending as it was measured, in microseconds; `None` unless it was before the end of an attributed handshake.
    #[serde(rename = "measured_asked_us", with = "micros::option", default, skip_serializing_if = "Option::is_none")]
    pub measured_asked: Option<Duration>,
    /// The moment when the last bytes of the answer arrived, in microseconds.
    #[serde(rename = "answered_us", with = "micros::option")]
    pub answered: Option<Duration>,
}

impl QuestionTiming {
    fn new(question: String) -> Self {
        Self { question, answer: None, asked: None, measured_asked: None, answered: None }
    }

    /// Returns the span from the question to its answer.
    pub fn span(&self) -> Option<Span> {
        Some(Span { from: self.asked?, until: self.answered? })
    }

    /// Returns how long the answer took.
    pub fn took(&self) -> Option<Duration> {
        self.span().map(Span::took)
    }
}

/// The status of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StatusJson", into = "StatusJson")]
pub enum RunStatus {
    /// Not all answers have arrived yet.
    Running,
    /// Every question has its answer.
    Complete,
    /// A person stopped the run.
    Stopped,
    /// The run failed; contains the reason as text for people. Earlier answers are kept.
    Broken(String),
}

/// [`RunStatus`] as JSON.
#[derive(Serialize, Deserialize)]
struct StatusJson {
    state: State,
    #[serde(alias = "why", skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    Running,
    Complete,
    Stopped,
    Broken,
}

impl From<RunStatus> for StatusJson {
    fn from(status: RunStatus) -> Self {
        let (state, reason) = match status {
            RunStatus::Running => (State::Running, None),
            RunStatus::Complete => (State::Complete, None),
            RunStatus::Stopped => (State::Stopped, None),
            RunStatus::Broken(reason) => (State::Broken, Some(reason)),
        };
        Self { state, reason }
    }
}

impl From<StatusJson> for RunStatus {
    fn from(StatusJson { state, reason }: StatusJson) -> Self {
        match state {
            State::Running => Self::Running,
            State::Complete => Self::Complete,
            State::Stopped => Self::Stopped,
            State::Broken => Self::Broken(reason.unwrap_or_default()),
        }
    }
}

/// The questions of one client over one connection, with all measured times.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The target: `localhost port 1060`, or a `ws://` URL.
    #[serde(alias = "to")]
    pub target: String,
    /// Whether questions waited for the answers before them.
    pub order: Order,
    /// The smallest step of the clock, in microseconds; no time is known more exactly.
    #[serde(rename = "clock_step_us", with = "micros")]
    pub clock_step: Duration,
    /// The span of resolving the host name; `None` if the client does not do that itself.
    pub lookup: Option<Span>,
    /// The span from the first attempt to connect until the connection is open, including the WebSocket handshake if there is one.
    pub connecting: Option<Span>,
    /// The part of connecting that is the handshake of an emulated link, in microseconds: not measured, but attributed by
    /// [`attribute_handshake`](Self::attribute_handshake).
    #[serde(
        rename = "attributed_handshake_us",
        with = "micros::option",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub attributed_handshake: Option<Duration>,
    /// The questions, in the order of sending.
    pub questions: Vec<QuestionTiming>,
    /// The kernel's statistics of the connection at its end, where the system has them.
    #[serde(default)]
    pub kernel: Option<KernelView>,
    /// What interrupted the client.
    #[serde(default, skip_serializing_if = "Interruptions::is_none")]
    pub interruptions: Interruptions,
    /// The status.
    #[serde(alias = "ending")]
    pub status: RunStatus,
}

/// The kernel's statistics of the client's TCP connection. Round-trip times are from sending a segment to its acknowledgment, by the
/// host that accepted this connection: that of the bridge or of the near end of the tunnel, if there is one, else the server's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KernelView {
    /// The shortest round trip, in microseconds; `None` if the kernel does not report it.
    #[serde(rename = "least_round_trip_us", with = "micros::option", default)]
    pub least_round_trip: Option<Duration>,
    /// The smoothed round-trip time, in microseconds (RFC 6298, SRTT). An acknowledgment may be delayed until an answer carries it
    /// (RFC 1122, 4.2.3.2), so this includes waiting for answers.
    #[serde(rename = "round_trip_us", with = "micros")]
    pub round_trip: Duration,
    /// The round-trip time variation, in microseconds (RFC 6298, RTTVAR). This is not an error margin.
    #[serde(rename = "deviation_us", with = "micros")]
    pub deviation: Duration,
    /// The number of retransmitted segments.
    pub retransmissions: u32,
}

/// Returns the span from the first question of all `runs` to the last answer; `None` unless every run is complete. The times of all
/// runs must count from the same moment.
pub fn asking<'a>(runs: impl IntoIterator<Item = &'a Run>) -> Option<Span> {
    let mut all: Option<Span> = None;
    for run in runs {
        let Span { from, until } = run.asking().filter(|_| run.status == RunStatus::Complete)?;
        let before = all.unwrap_or(Span { from, until });
        all = Some(Span { from: from.min(before.from), until: until.max(before.until) });
    }
    all
}

impl Run {
    /// Creates a run that has not begun.
    pub fn new(
        target: String,
        order: Order,
        clock_step: Duration,
        questions: impl IntoIterator<Item = String>,
    ) -> Self {
        Self {
            target,
            order,
            clock_step,
            lookup: None,
            connecting: None,
            attributed_handshake: None,
            questions: questions.into_iter().map(QuestionTiming::new).collect(),
            kernel: None,
            interruptions: Interruptions::default(),
            status: RunStatus::Running,
        }
    }

    /// Records a step. A surplus question or answer changes nothing.
    pub fn record(&mut self, step: Step) {
        match step {
            Step::LookedUp { at } => self.lookup = Some(Span { from: Duration::ZERO, until: at }),
            Step::Connected { at } => {
                let from = self.lookup.map_or(Duration::ZERO, |lookup| lookup.until);
                self.connecting = Some(Span { from, until: at });
            }
            Step::Asked { at } => {
                if let Some(next) = self.questions.iter_mut().find(|asked| asked.asked.is_none()) {
                    next.asked = Some(at);
                }
            }
            Step::Answered { at, answer } => {
                let oldest = self.questions.iter_mut().find(|asked| asked.answered.is_none());
                if let Some(oldest) = oldest.filter(|asked| asked.asked.is_some()) {
                    oldest.answer = Some(answer);
                    oldest.answered = Some(at);
                }
            }
        }
    }

    /// Returns the span from the first question to the last answer so far; `None` before the first answer.
    pub fn asking(&self) -> Option<Span> {
        let from = self.questions.first()?.asked?;
        let until = self.questions.iter().filter_map(|asked| asked.answered).max()?;
        Some(Span { from, until })
    }

    /// Returns when a question of this run was sent, as the client measured it, without an attributed handshake.
    pub(crate) fn measured_asked(&self, question: &QuestionTiming) -> Option<Duration> {
        if question.measured_asked.is_some() {
            return question.measured_asked;
        }
        // Files of an older version have no measured moments. They were earlier than the attributed ones by at most the handshake.
        let is_stated = self.questions.first().is_some_and(|first| first.measured_asked.is_some());
        let earlier = self.attributed_handshake.filter(|_| !is_stated).unwrap_or_default();
        Some(question.asked?.saturating_sub(earlier))
    }

    /// Returns the last recorded moment.
    pub fn until(&self) -> Duration {
        let questions = self.questions.iter().flat_map(|asked| [asked.asked, asked.answered]).flatten();
        let before = [self.lookup, self.connecting].into_iter().flatten().map(|span| span.until);
        questions.chain(before).max().unwrap_or_default()
    }

    /// Returns the number of answered questions.
    pub fn answered(&self) -> usize {
        self.questions.iter().filter(|asked| asked.answered.is_some()).count()
    }

    /// Whether the run has ended.
    pub fn is_over(&self) -> bool {
        self.status != RunStatus::Running
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn us(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    fn asked_twice(order: Order, steps: impl IntoIterator<Item = Step>) -> Run {
        let questions = ["What?", "Why?"].map(str::to_owned);
        let mut run = Run::new("localhost port 1060".to_owned(), order, Duration::from_nanos(20), questions);
        steps.into_iter().for_each(|step| run.record(step));
        run
    }

    fn answered(at: Duration, answer: &str) -> Step {
        Step::Answered { at, answer: answer.to_owned() }
    }

    #[test]
    fn steps_become_spans() {
        let run = asked_twice(
            Order::OneAtATime,
            [
                Step::LookedUp { at: us(10) },
                Step::Connected { at: us(50) },
                Step::Asked { at: us(51) },
                answered(us(80), "This."),
                Step::Asked { at: us(82) },
                answered(us(100), "That."),
            ],
        );
        assert_eq!(run.connecting, Some(Span { from: us(10), until: us(50) }));
        assert_eq!(run.questions.iter().map(QuestionTiming::took).collect::<Vec<_>>(), [Some(us(29)), Some(us(18))]);
        assert_eq!(run.asking().map(Span::took), Some(us(49)));
        assert_eq!((run.until(), run.answered()), (us(100), 2));
    }

    #[test]
    fn asking_over_several_connections_lasts_from_the_first_question_to_the_last_answer() {
        let run = |asked_at, answered_at| {
            let questions = ["What?".to_owned()];
            let mut run = Run::new(String::new(), Order::OneAtATime, Duration::ZERO, questions);
            run.record(Step::Asked { at: us(asked_at) });
            run.record(answered(us(answered_at), "This."));
            Run { status: RunStatus::Complete, ..run }
        };
        let runs = [run(40, 71), run(1, 31), run(20, 60)];
        assert_eq!(asking(&runs), Some(Span { from: us(1), until: us(71) }));
        assert_eq!(asking([&Run { status: RunStatus::Stopped, ..run(1, 2) }, &runs[0]]), None);
        assert_eq!(asking([]), None);
    }

    #[test]
    fn answers_belong_to_the_oldest_unanswered_question() {
        let steps = [Step::Asked { at: us(1) }, Step::Asked { at: us(2) }, answered(us(9), "This.")];
        let run = asked_twice(Order::SentAhead, steps);
        assert_eq!(run.questions[0].answer.as_deref(), Some("This."));
        assert_eq!(run.questions[1].took(), None);
    }

    #[test]
    fn a_surplus_answer_changes_nothing() {
        let run = asked_twice(Order::OneAtATime, [answered(us(9), "This.")]);
        assert_eq!(run, asked_twice(Order::OneAtATime, []));
    }

    #[test]
    fn json_gives_microseconds_and_reads_back_the_same() {
        let mut run = asked_twice(Order::SentAhead, [Step::Connected { at: Duration::from_nanos(1_234_567) }]);
        run.status = RunStatus::Broken("the server went away".to_owned());
        let json = serde_json::to_value(&run).unwrap();
        assert_eq!(json["connecting"]["until_us"], 1234.567);
        assert_eq!(json["clock_step_us"], 0.02);
        assert_eq!(json["order"], "sent-ahead");
        assert_eq!(json["status"], serde_json::json!({ "state": "broken", "reason": "the server went away" }));
        assert_eq!(serde_json::from_value::<Run>(json).unwrap(), run);
    }
}
