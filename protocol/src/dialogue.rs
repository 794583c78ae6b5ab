//! The client's side of a conversation: which question to send next, and which question an answer belongs to.

use std::collections::VecDeque;

use crate::answers::{AnswerError, Answers};
use crate::question::Question;
use crate::script::Framing;

/// A list of questions that are sent and answered in order over one connection.
///
/// The client sends [`next_to_send`](Self::next_to_send) until it returns `None`, waits for bytes, passes them to
/// [`receive`](Self::receive), and repeats.
#[derive(Debug, Clone)]
pub struct Dialogue {
    to_send: VecDeque<Question>,
    in_flight: usize,
    in_flight_max: usize,
    answers: Answers,
}

impl Dialogue {
    /// Creates a dialogue with at most `in_flight_max` questions sent and not yet answered: 1 sends one at a time,
    /// `usize::MAX` sends all of them ahead (pipelining). 0 means 1.
    pub fn new(questions: Vec<Question>, in_flight_max: usize) -> Self {
        Self { to_send: questions.into(), in_flight: 0, in_flight_max: in_flight_max.max(1), answers: Answers::new() }
    }

    /// Sets the framing of the answers. To be called before any answer is received, because it discards an incomplete one.
    pub fn with_framing(mut self, framing: Framing) -> Self {
        self.answers = Answers::with_framing(framing);
        self
    }

    /// Returns the next question, if one may be sent now, and counts it as sent.
    pub fn next_to_send(&mut self) -> Option<Question> {
        if self.in_flight == self.in_flight_max {
            return None;
        }
        let question = self.to_send.pop_front()?;
        self.in_flight += 1;
        Some(question)
    }

    /// Takes bytes from the server and appends the answers that are now complete to `answers`.
    ///
    /// # Errors
    ///
    /// Returns [`AnswerError::TooLong`] for an answer that is too long, or [`AnswerError::NotAsked`] for a surplus answer,
    /// after appending the answers before that one.
    pub fn receive(&mut self, bytes: &[u8], answers: &mut Vec<String>) -> Result<(), AnswerError> {
        let before = answers.len();
        let received = self.answers.receive(bytes, answers);
        let expected = before + self.in_flight;
        if answers.len() > expected {
            let surplus = answers.swap_remove(expected);
            answers.truncate(expected);
            self.in_flight = 0;
            return Err(AnswerError::NotAsked(surplus));
        }
        self.in_flight = expected - answers.len();
        received
    }

    /// Whether every question has been answered.
    pub fn is_complete(&self) -> bool {
        self.to_send.is_empty() && self.in_flight == 0
    }

    /// Checks that the bytes received so far end with a complete answer, so that the stream may end.
    ///
    /// # Errors
    ///
    /// Returns [`AnswerError::CutShort`] if they end in the middle of an answer.
    pub fn finish(&self) -> Result<(), AnswerError> {
        self.answers.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_means_that_each_question_waits_for_the_answer_before() {
        let mut dialogue = Dialogue::new(Question::the_three(), 1);
        let mut answers = Vec::new();
        for answer in ["One.", "Two.", "Three."] {
            assert!(dialogue.next_to_send().is_some());
            assert!(dialogue.next_to_send().is_none());
            assert!(!dialogue.is_complete());
            dialogue.receive(answer.as_bytes(), &mut answers).unwrap();
        }
        assert!(dialogue.is_complete());
        assert_eq!(answers, ["One.", "Two.", "Three."]);
    }

    #[test]
    fn sent_ahead_means_that_no_question_waits() {
        let mut dialogue = Dialogue::new(Question::the_three(), usize::MAX);
        assert_eq!(std::iter::from_fn(|| dialogue.next_to_send()).count(), 3);
        let mut answers = Vec::new();
        dialogue.receive(b"One.Two.", &mut answers).unwrap();
        assert!(!dialogue.is_complete());
        dialogue.receive(b"Three.", &mut answers).unwrap();
        assert!(dialogue.is_complete());
    }

    #[test]
    fn a_surplus_answer_is_an_error_and_the_answers_before_it_are_kept() {
        let mut dialogue = Dialogue::new(Question::the_three(), 1);
        dialogue.next_to_send();
        let mut answers = Vec::new();
        let surplus = dialogue.receive(b"One.Two.Three.", &mut answers);
        assert_eq!(surplus, Err(AnswerError::NotAsked("Two.".to_owned())));
        assert_eq!(answers, ["One."]);
    }
}
