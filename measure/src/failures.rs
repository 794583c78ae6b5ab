//! Failures, counted by kind and message.

use serde::{Deserialize, Serialize};

use crate::run::{QuestionTiming, Run, RunStatus};

/// The largest number of different messages. A further message is counted with the last one of its kind, or with the last of all if
/// there is none of its kind.
pub(crate) const MESSAGES_MAX: usize = 20;

/// A kind of failure.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// The connection could not be opened.
    NoConnection,
    /// The connection ended before the answer.
    Closed,
    /// The answer did not arrive in time.
    TimedOut,
    /// The server does not speak the protocol.
    NotTheProtocol,
    /// The server answered with an error.
    ErrorAnswer,
    /// Any other failure, also of a kind that only a newer version knows.
    #[default]
    #[serde(other)]
    Other,
}

/// Failures of one kind with the same message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The kind.
    pub kind: FailureKind,
    /// The message for people.
    #[serde(alias = "words")]
    pub message: String,
    /// The number of failures with this kind and message.
    pub count: u32,
}

/// All failures, in the order in which each first occurred. Stopping a run is not a failure.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Failures(Vec<Failure>);

impl Failures {
    /// Counts a failure.
    pub fn add(&mut self, kind: FailureKind, message: &str) {
        self.add_counted(&Failure { kind, message: message.to_owned(), count: 1 });
    }

    /// Adds all failures of `others`.
    pub fn extend(&mut self, others: &Self) {
        others.0.iter().for_each(|failure| self.add_counted(failure));
    }

    /// Returns the failures, one for each kind and message.
    pub fn iter(&self) -> impl Iterator<Item = &Failure> {
        self.0.iter()
    }

    /// Returns the number of all failures.
    pub fn count(&self) -> u32 {
        self.0.iter().fold(0, |sum, failure| sum.saturating_add(failure.count))
    }

    /// Returns true if nothing has failed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Describes all failures: `60 × Connection refused, 15 × no answer within 30s`.
    pub fn describe(&self) -> String {
        let mut descriptions = Vec::new();
        for Failure { message, count, .. } in &self.0 {
            descriptions.push(format!("{count} × {}", message.trim_end_matches('.')));
        }
        descriptions.join(", ")
    }

    fn add_counted(&mut self, failure: &Failure) {
        let mut index = self.0.iter().position(|known| known.kind == failure.kind && known.message == failure.message);
        if index.is_none() && self.0.len() >= MESSAGES_MAX {
            let last_of_kind = self.0.iter().rposition(|known| known.kind == failure.kind);
            index = last_of_kind.or(Some(self.0.len() - 1));
        }
        match index {
            Some(index) => self.0[index].count = self.0[index].count.saturating_add(failure.count),
            None => self.0.push(failure.clone()),
        }
    }
}

impl Run {
    /// Returns the failures of the run: its broken connection, and each answer to a question that `is_failure` recognizes. Neither a stopped run nor
    /// a question that was never sent is a failure.
    pub fn failures(&self, is_failure: impl Fn(&QuestionTiming, &str) -> bool) -> Failures {
        let mut failures = Failures::default();
        for asked in &self.questions {
            if let Some(answer) = &asked.answer
                && is_failure(asked, answer)
            {
                failures.add(FailureKind::ErrorAnswer, answer);
            }
        }
        if let RunStatus::Broken(why) = &self.status {
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
    fn failures_are_counted_by_kind_and_message() {
        let mut failures = Failures::default();
        for _ in 0..60 {
            failures.add(FailureKind::NoConnection, "Connection refused.");
        }
        for _ in 0..15 {
            failures.add(FailureKind::TimedOut, "no answer within 30s");
        }
        assert_eq!(failures.describe(), "60 × Connection refused, 15 × no answer within 30s");
        let mut twice = failures.clone();
        twice.extend(&failures);
        assert_eq!((twice.count(), twice.iter().count()), (150, 2));
    }

    #[test]
    fn the_number_of_messages_is_limited_and_every_failure_is_counted() {
        let mut failures = Failures::default();
        for number in 0..100 {
            failures.add(FailureKind::Closed, &format!("reason {number}"));
        }
        assert_eq!((failures.count(), failures.iter().count()), (100, MESSAGES_MAX));
    }

    #[test]
    fn stopping_is_not_a_failure_but_an_error_answer_is() {
        let questions = ["What?", "Why?"].map(str::to_owned);
        let mut run = Run::new(String::new(), Order::OneAtATime, Duration::ZERO, questions);
        run.record(Step::Connected { at: Duration::ZERO });
        run.record(Step::Asked { at: Duration::ZERO });
        let is_error = |_: &QuestionTiming, answer: &str| answer.starts_with("Error:");
        run.status = RunStatus::Stopped;
        assert!(run.failures(is_error).is_empty());
        run.status = RunStatus::Broken("the bridge was stopped".to_owned());
        assert_eq!(run.failures(is_error).describe(), "1 × the bridge was stopped", "the second was never asked");
        run.record(Step::Answered { at: Duration::ZERO, answer: "Error: unknown question.".to_owned() });
        run.status = RunStatus::Complete;
        assert_eq!(run.failures(is_error).describe(), "1 × Error: unknown question");
    }

    #[test]
    fn an_unknown_kind_is_read_as_other() {
        let failure: Failure = serde_json::from_str(r#"{"kind": "new", "words": "?", "count": 2}"#).unwrap();
        assert_eq!((failure.kind, failure.count), (FailureKind::Other, 2));
    }
}
