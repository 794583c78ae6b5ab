//! The server's thinking about all questions of a connection, as a sum.
//!
//! A sum takes constant memory, so it also includes events that are not kept because they are too many.

use std::time::{Duration, Instant};

use launcelot_measure::TracePoint;

/// The number of answers, and the sum of the server's thinking times before them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Thinking {
    /// The number of answers. Answers that the server computed together, since it read their questions together, count
    /// as one.
    pub answers: u64,
    /// The sum of the times from reading a question to having its answer, or from one answer to the next if the server
    /// read both questions together.
    pub total: Duration,
}

impl Thinking {
    pub(super) fn add(&mut self, other: Self) {
        self.answers += other.answers;
        self.total += other.total;
    }
}

/// The sum of the server's thinking on one connection, computed event by event.
#[derive(Debug, Default)]
pub(super) struct ThinkingSum {
    sum: Thinking,
    /// When the server began to think about the question that has no answer yet, if there is one.
    began: Option<Instant>,
}

impl ThinkingSum {
    /// Adds an event. Events of other hops than the server are ignored.
    pub(super) fn record(&mut self, at: Instant, point: TracePoint) {
        match point {
            TracePoint::ServerIn => self.began = Some(at),
            TracePoint::AnswerReady => {
                // The server thinks next about the question that it has read together with this one.
                if let Some(began) = self.began.replace(at) {
                    self.sum.add(Thinking { answers: 1, total: at.saturating_duration_since(began) });
                }
            }
            _ => {}
        }
    }

    pub(super) fn so_far(&self) -> Thinking {
        self.sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinking_is_the_time_from_each_question_to_its_answer() {
        let start = Instant::now();
        let mut thinking = ThinkingSum::default();
        let events = [
            (TracePoint::ServerIn, 100),
            (TracePoint::AnswerReady, 107),
            (TracePoint::AnswerOut, 120),
            // Two questions in one read, with separate answers.
            (TracePoint::ServerIn, 200),
            (TracePoint::AnswerReady, 205),
            (TracePoint::AnswerReady, 210),
            // A question without an answer.
            (TracePoint::ServerIn, 300),
        ];
        for (point, micros) in events {
            thinking.record(start + Duration::from_micros(micros), point);
        }
        assert_eq!(thinking.so_far(), Thinking { answers: 3, total: Duration::from_micros(17) });
    }
}
