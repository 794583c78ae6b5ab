//! The server's thinking about all questions of a connection, as a sum.
//!
//! A sum takes constant memory, so it also counts the events that are too many to be kept.

use std::time::{Duration, Instant};

use launcelot_measure::TracePoint;

/// The number of answers, and the server's thinking before them in total.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Thinking {
    /// The number of answers. Questions that the server read together have one.
    pub answers: u64,
    /// The sum of the times from reading each question to knowing its answer.
    pub total: Duration,
}

impl Thinking {
    pub(super) fn add(&mut self, other: Self) {
        self.answers += other.answers;
        self.total += other.total;
    }
}

/// The sum of one connection, from its events.
#[derive(Debug, Default)]
pub(super) struct ThinkingSum {
    sum: Thinking,
    /// When the server began to think about the question that has no answer yet.
    began: Option<Instant>,
}

impl ThinkingSum {
    /// Adds an event. Only events of the server count.
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
            // Two questions in one read.
            (TracePoint::ServerIn, 200),
            (TracePoint::AnswerReady, 205),
            (TracePoint::AnswerReady, 210),
            // Not answered.
            (TracePoint::ServerIn, 300),
        ];
        for (point, micros) in events {
            thinking.record(start + Duration::from_micros(micros), point);
        }
        assert_eq!(thinking.so_far(), Thinking { answers: 3, total: Duration::from_micros(17) });
    }
}
