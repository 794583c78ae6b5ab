//! The client's side of a conversation: which question to send next, and which answer is whose.

use std::collections::VecDeque;

use crate::answers::{AnswerError, Answers};
use crate::question::Question;

/// A list of questions on their way to being answered, in order, over one connection.
///
/// The client sends [`next_to_send`](Self::next_to_send) until there is none, waits for bytes, hands
/// them to [`receive`](Self::receive), and sends again what may be sent now.
#[derive(Debug, Clone)]
pub struct Dialogue {
    to_send: VecDeque<Question>,
    in_flight: usize,
    in_flight_max: usize,
    answers: Answers,
}

impl Dialogue {
    /// A dialogue with at most `in_flight_max` questions sent and not yet answered: 1 asks one at a
    /// time, `usize::MAX` sends all of them ahead. 0 is taken as 1.
    pub fn new(questions: Vec<Question>, in_flight_max: usize) -> Self {
        Self { to_send: questions.into(), in_flight: 0, in_flight_max: in_flight_max.max(1), answers: Answers::new() }
    }

    /// The next question if it may be sent now; it counts as sent from here on.
    pub fn next_to_send(&mut self) -> Option<Question> {
        if self.in_flight == self.in_flight_max {
            return None;
        }
        let question = self.to_send.pop_front()?;
        self.in_flight += 1;
        Some(question)
    }

    /// Takes what the server sent and appends the answers that are whole now to `answers`.
    ///
    /// # Errors
    ///
    /// [`AnswerError::TooLong`], or [`AnswerError::NotAsked`] for an answer too many. The answers
    /// before it have been appended.
    pub fn receive(&mut self, bytes: &[u8], answers: &mut Vec<String>) -> Result<(), AnswerError> {
        let before = answers.len();
        let received = self.answers.receive(bytes, answers);
        let asked_for = before + self.in_flight;
        if answers.len() > asked_for {
            let surplus = answers.swap_remove(asked_for);
            answers.truncate(asked_for);
            self.in_flight = 0;
            return Err(AnswerError::NotAsked(surplus));
        }
        self.in_flight = asked_for - answers.len();
        received
    }

    /// Whether every question has its answer.
    pub fn is_complete(&self) -> bool {
        self.to_send.is_empty() && self.in_flight == 0
    }

    /// Says that the stream has ended.
    ///
    /// # Errors
    ///
    /// [`AnswerError::CutShort`] if it ended in mid-answer.
    pub fn finish(&self) -> Result<(), AnswerError> {
        self.answers.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_waits_for_each_answer() {
        let mut dialogue = Dialogue::new(Question::the_three(), 1);
        let mut heard = Vec::new();
        for answer in ["One.", "Two.", "Three."] {
            assert!(dialogue.next_to_send().is_some());
            assert!(dialogue.next_to_send().is_none());
            assert!(!dialogue.is_complete());
            dialogue.receive(answer.as_bytes(), &mut heard).unwrap();
        }
        assert!(dialogue.is_complete());
        assert_eq!(heard, ["One.", "Two.", "Three."]);
    }

    #[test]
    fn sent_ahead_waits_for_none() {
        let mut dialogue = Dialogue::new(Question::the_three(), usize::MAX);
        assert_eq!(std::iter::from_fn(|| dialogue.next_to_send()).count(), 3);
        let mut heard = Vec::new();
        dialogue.receive(b"One.Two.", &mut heard).unwrap();
        assert!(!dialogue.is_complete());
        dialogue.receive(b"Three.", &mut heard).unwrap();
        assert!(dialogue.is_complete());
    }

    #[test]
    fn an_answer_that_nobody_asked_for_is_an_error_and_the_others_are_kept() {
        let mut dialogue = Dialogue::new(Question::the_three(), 1);
        dialogue.next_to_send();
        let mut heard = Vec::new();
        let surplus = dialogue.receive(b"One.Two.Three.", &mut heard);
        assert_eq!(surplus, Err(AnswerError::NotAsked("Two.".to_owned())));
        assert_eq!(heard, ["One."]);
    }
}
