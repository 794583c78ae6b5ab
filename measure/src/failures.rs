//! What failed, counted by kind and by the words for it.

use serde::{Deserialize, Serialize};

use crate::run::{Ending, Run};

/// How many different reasons are kept. A further reason is counted with the last one of its kind, or with the last.
const WORDS_MAX: usize = 20;

/// A kind of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// No connection came about.
    NoConnection,
    /// The connection ended before the answer was there.
    Closed,
    /// Nothing came in time.
    TimedOut,
    /// What came is not the protocol.
    NotTheProtocol,
    /// The server answered that it cannot answer.
    ErrorAnswer,
    /// Anything else, and what a newer version has another kind for.
    #[serde(other)]
    Other,
}

/// How often something failed for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What kind of failure it is.
    pub kind: FailureKind,
    /// The reason, in words for a person.
    pub words: String,
    /// How often.
    pub count: u32,
}

/// Everything that failed, in the order in which it failed first. Stopping a run is not a failure.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Failures(Vec<Failure>);

impl Failures {
    /// Counts a failure.
    pub fn add(&mut self, kind: FailureKind, words: &str) {
        self.add_counted(&Failure { kind, words: words.to_owned(), count: 1 });
    }

    /// Counts all of `others` too.
    pub fn extend(&mut self, others: &Self) {
        others.0.iter().for_each(|failure| self.add_counted(failure));
    }

    /// Each reason.
    pub fn iter(&self) -> impl Iterator<Item = &Failure> {
        self.0.iter()
    }

    /// How many failures there are in all.
    pub fn count(&self) -> u32 {
        self.0.iter().fold(0, |sum, failure| sum.saturating_add(failure.count))
    }

    /// Whether nothing failed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All reasons, the count before each: `60 × Connection refused, 15 × no answer within 30s`.
    pub fn in_words(&self) -> String {
        let each = |failure: &Failure| format!("{} × {}", failure.count, failure.words.trim_end_matches('.'));
        self.0.iter().map(each).collect::<Vec<_>>().join(", ")
    }

    fn add_counted(&mut self, failure: &Failure) {
        let is_full = self.0.len() >= WORDS_MAX;
        let same = self.0.iter().position(|known| known.kind == failure.kind && known.words == failure.words);
        let alike = || self.0.iter().rposition(|known| known.kind == failure.kind).or(self.0.len().checked_sub(1));
        match same.or_else(|| if is_full { alike() } else { None }) {
            Some(index) => self.0[index].count = self.0[index].count.saturating_add(failure.count),
            None => self.0.push(failure.clone()),
        }
    }
}

impl Run {
    /// What failed in it: that it broke, and each answer of which `is_error` says that it is none. Neither a
    /// stopped run nor a question that was never asked is a failure.
    pub fn failures(&self, is_error: impl Fn(&str) -> bool) -> Failures {
        let mut failures = Failures::default();
        for answer in
            self.questions.iter().filter_map(|asked| asked.answer.as_deref()).filter(|answer| is_error(answer))
        {
            failures.add(FailureKind::ErrorAnswer, answer);
        }
        if let Ending::Broken(why) = &self.ending {
            let kind = if self.connecting.is_none() { FailureKind::NoConnection } else { FailureKind::Closed };
            failures.add(kind, why);
        }
        failures
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::run::Order;
    use crate::step::Step;

    #[test]
    fn failures_are_counted_by_kind_and_words() {
        let mut failures = Failures::default();
        for _ in 0..60 {
            failures.add(FailureKind::NoConnection, "Connection refused.");
        }
        for _ in 0..15 {
            failures.add(FailureKind::TimedOut, "no answer within 30s");
        }
        assert_eq!(failures.in_words(), "60 × Connection refused, 15 × no answer within 30s");
        let mut twice = failures.clone();
        twice.extend(&failures);
        assert_eq!((twice.count(), twice.iter().count()), (150, 2));
    }

    #[test]
    fn words_without_end_are_bounded_and_nothing_is_left_uncounted() {
        let mut failures = Failures::default();
        for number in 0..100 {
            failures.add(FailureKind::Closed, &format!("reason {number}"));
        }
        assert_eq!((failures.count(), failures.iter().count()), (100, WORDS_MAX));
    }

    #[test]
    fn stopping_is_no_failure_and_an_error_answer_is_one() {
        let questions = ["What?", "Why?"].map(str::to_owned);
        let mut run = Run::new(String::new(), Order::OneAtATime, Duration::ZERO, questions);
        run.record(Step::Connected { at: Duration::ZERO });
        run.record(Step::Asked { at: Duration::ZERO });
        let is_error = |answer: &str| answer.starts_with("Error:");
        run.ending = Ending::Stopped;
        assert!(run.failures(is_error).is_empty());
        run.ending = Ending::Broken("the bridge was stopped".to_owned());
        assert_eq!(run.failures(is_error).in_words(), "1 × the bridge was stopped", "the second was never asked");
        run.record(Step::Answered { at: Duration::ZERO, answer: "Error: unknown question.".to_owned() });
        run.ending = Ending::Complete;
        assert_eq!(run.failures(is_error).in_words(), "1 × Error: unknown question");
    }

    #[test]
    fn a_kind_of_a_newer_version_is_read_as_another() {
        let failure: Failure = serde_json::from_str(r#"{"kind": "new", "words": "?", "count": 2}"#).unwrap();
        assert_eq!((failure.kind, failure.count), (FailureKind::Other, 2));
    }
}
