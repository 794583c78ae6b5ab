//! A run: one client, one connection, some questions, and every time that was taken.

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
    /// How many questions may be sent and not yet answered.
    pub fn in_flight_max(self) -> usize {
        match self {
            Self::OneAtATime => 1,
            Self::SentAhead => usize::MAX,
        }
    }
}

/// A stretch of a run, in time since the run began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Its begin, in microseconds.
    #[serde(rename = "from_us", with = "micros")]
    pub from: Duration,
    /// Its end, in microseconds.
    #[serde(rename = "until_us", with = "micros")]
    pub until: Duration,
}

impl Span {
    /// How long it took.
    pub fn took(self) -> Duration {
        self.until.saturating_sub(self.from)
    }
}

/// A question, and when it went out and its answer came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The question, its `?` included.
    pub question: String,
    /// The answer, its `.` included, once it is whole.
    pub answer: Option<String>,
    /// Just before the question was handed to the socket.
    #[serde(rename = "asked_us", with = "micros::option")]
    pub asked: Option<Duration>,
    /// When the bytes that completed the answer came.
    #[serde(rename = "answered_us", with = "micros::option")]
    pub answered: Option<Duration>,
}

impl Asked {
    fn new(question: String) -> Self {
        Self { question, answer: None, asked: None, answered: None }
    }

    /// From the question to its answer.
    pub fn span(&self) -> Option<Span> {
        Some(Span { from: self.asked?, until: self.answered? })
    }

    /// How long the answer was waited for.
    pub fn took(&self) -> Option<Duration> {
        self.span().map(Span::took)
    }
}

/// How a run stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Readable", into = "Readable")]
pub enum Ending {
    /// It goes on.
    Running,
    /// Every question has its answer.
    Complete,
    /// The person who asked had enough.
    Stopped,
    /// It broke, for this reason, in words for a person. What came before is kept.
    Broken(String),
}

/// [`Ending`] as it is written.
#[derive(Serialize, Deserialize)]
struct Readable {
    state: Stand,
    /// Why it broke.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Stand {
    Running,
    Complete,
    Stopped,
    Broken,
}

impl From<Ending> for Readable {
    fn from(ending: Ending) -> Self {
        let (state, why) = match ending {
            Ending::Running => (Stand::Running, None),
            Ending::Complete => (Stand::Complete, None),
            Ending::Stopped => (Stand::Stopped, None),
            Ending::Broken(why) => (Stand::Broken, Some(why)),
        };
        Self { state, why }
    }
}

impl From<Readable> for Ending {
    fn from(Readable { state, why }: Readable) -> Self {
        match state {
            Stand::Running => Self::Running,
            Stand::Complete => Self::Complete,
            Stand::Stopped => Self::Stopped,
            Stand::Broken => Self::Broken(why.unwrap_or_default()),
        }
    }
}

/// One client's questions over one connection, with every time that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Who was asked: `localhost port 1060`, or a `ws://` URL.
    pub to: String,
    /// Whether questions waited for the answers before them.
    pub order: Order,
    /// The smallest step of the clock that took the times; none is known to less than this.
    #[serde(rename = "clock_step_us", with = "micros")]
    pub clock_step: Duration,
    /// Looking up the host's name, where the client does that itself.
    pub lookup: Option<Span>,
    /// From the first attempt to connect to a connection that can be used, the WebSocket handshake
    /// included where there is one.
    pub connecting: Option<Span>,
    /// How much of connecting is the handshake of an emulated link, in microseconds: attributed to it and not measured, as
    /// [`attribute_handshake`](Self::attribute_handshake) does.
    #[serde(
        rename = "attributed_handshake_us",
        with = "micros::option",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub attributed_handshake: Option<Duration>,
    /// The questions, in the order in which they are asked.
    pub questions: Vec<Asked>,
    /// What the asker's kernel thinks of the connection at the end, where it tells.
    #[serde(default)]
    pub kernel: Option<KernelView>,
    /// What interrupted the asker meanwhile.
    #[serde(default, skip_serializing_if = "Interruptions::is_none")]
    pub interruptions: Interruptions,
    /// How it stands.
    pub ending: Ending,
}

/// What a kernel has found of a TCP connection's round trips: from a segment to its acknowledgment. The connection ends where it
/// was accepted, which is the near end of a tunnel or a bridge if there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KernelView {
    /// The least round trip, in microseconds; `None` where the kernel does not tell.
    #[serde(rename = "least_round_trip_us", with = "micros::option", default)]
    pub least_round_trip: Option<Duration>,
    /// Smoothed over the latest round trips, in microseconds (RFC 6298, SRTT). An acknowledgment may wait for an answer that
    /// carries it (RFC 1122, 4.2.3.2), so waiting for answers is part of it.
    #[serde(rename = "round_trip_us", with = "micros")]
    pub round_trip: Duration,
    /// How far they are from that, smoothed, in microseconds (RFC 6298, RTTVAR). Not an error of it in either direction.
    #[serde(rename = "deviation_us", with = "micros")]
    pub deviation: Duration,
    /// How many segments were sent again.
    pub retransmissions: u32,
}

/// From the first question of all `runs` to the last answer of all of them; `None` unless every run is complete. Their moments must
/// count from the same beginning.
pub fn asking<'a>(runs: impl IntoIterator<Item = &'a Run>) -> Option<Span> {
    let mut all: Option<Span> = None;
    for run in runs {
        let Span { from, until } = run.asking().filter(|_| run.ending == Ending::Complete)?;
        let before = all.unwrap_or(Span { from, until });
        all = Some(Span { from: from.min(before.from), until: until.max(before.until) });
    }
    all
}

impl Run {
    /// A run that is about to begin.
    pub fn new(to: String, order: Order, clock_step: Duration, questions: impl IntoIterator<Item = String>) -> Self {
        Self {
            to,
            order,
            clock_step,
            lookup: None,
            connecting: None,
            attributed_handshake: None,
            questions: questions.into_iter().map(Asked::new).collect(),
            kernel: None,
            interruptions: Interruptions::default(),
            ending: Ending::Running,
        }
    }

    /// Writes down a step. A question too many, or an answer to none, changes nothing.
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

    /// From the first question to the last answer that came; `None` before the first answer.
    pub fn asking(&self) -> Option<Span> {
        let from = self.questions.first()?.asked?;
        let until = self.questions.iter().filter_map(|asked| asked.answered).max()?;
        Some(Span { from, until })
    }

    /// The end of the last thing that was recorded.
    pub fn until(&self) -> Duration {
        let questions = self.questions.iter().flat_map(|asked| [asked.asked, asked.answered]).flatten();
        let before = [self.lookup, self.connecting].into_iter().flatten().map(|span| span.until);
        questions.chain(before).max().unwrap_or_default()
    }

    /// How many questions have their answers.
    pub fn answered(&self) -> usize {
        self.questions.iter().filter(|asked| asked.answered.is_some()).count()
    }

    /// Whether nothing more will happen in it.
    pub fn is_over(&self) -> bool {
        self.ending != Ending::Running
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
        assert_eq!(run.questions.iter().map(Asked::took).collect::<Vec<_>>(), [Some(us(29)), Some(us(18))]);
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
            Run { ending: Ending::Complete, ..run }
        };
        let runs = [run(40, 71), run(1, 31), run(20, 60)];
        assert_eq!(asking(&runs), Some(Span { from: us(1), until: us(71) }));
        assert_eq!(asking([&Run { ending: Ending::Stopped, ..run(1, 2) }, &runs[0]]), None);
        assert_eq!(asking([]), None);
    }

    #[test]
    fn answers_belong_to_the_oldest_question() {
        let steps = [Step::Asked { at: us(1) }, Step::Asked { at: us(2) }, answered(us(9), "This.")];
        let run = asked_twice(Order::SentAhead, steps);
        assert_eq!(run.questions[0].answer.as_deref(), Some("This."));
        assert_eq!(run.questions[1].took(), None);
    }

    #[test]
    fn an_answer_to_no_question_changes_nothing() {
        let run = asked_twice(Order::OneAtATime, [answered(us(9), "This.")]);
        assert_eq!(run, asked_twice(Order::OneAtATime, []));
    }

    #[test]
    fn json_gives_microseconds_and_reads_back_the_same() {
        let mut run = asked_twice(Order::SentAhead, [Step::Connected { at: Duration::from_nanos(1_234_567) }]);
        run.ending = Ending::Broken("the server went away".to_owned());
        let json = serde_json::to_value(&run).unwrap();
        assert_eq!(json["connecting"]["until_us"], 1234.567);
        assert_eq!(json["clock_step_us"], 0.02);
        assert_eq!(json["order"], "sent-ahead");
        assert_eq!(json["ending"], serde_json::json!({ "state": "broken", "why": "the server went away" }));
        assert_eq!(serde_json::from_value::<Run>(json).unwrap(), run);
    }
}
