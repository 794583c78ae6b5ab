//! The framing on the client's side: bytes in, complete answers out.

use memchr::memchr;
use thiserror::Error;

use crate::exchange::ANSWER_END;
use crate::script::Framing;

/// Maximum number of bytes in one answer. The longest answer of the protocol has 35.
pub const ANSWER_MAX_BYTES: usize = 1024;

/// Splits the bytes of a connection into answers. Keeps at most [`ANSWER_MAX_BYTES`] of an incomplete answer.
#[derive(Debug, Clone)]
pub struct Answers {
    partial: Vec<u8>,
    end: u8,
}

/// A violation of the protocol by the server.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AnswerError {
    /// The server sent [`ANSWER_MAX_BYTES`] bytes without the end of an answer.
    #[error("the server sent {ANSWER_MAX_BYTES} bytes without the end of an answer")]
    TooLong,
    /// The stream ended in the middle of an answer. Contains the part that was received.
    #[error("the connection ended in the middle of an answer, after {0:?}")]
    CutShort(String),
    /// An answer was received without a question.
    #[error("the server sent {0:?}, but there was no question to answer")]
    NotAsked(String),
}

impl Answers {
    /// Creates the state of a new connection, on which an answer ends with `.`.
    pub fn new() -> Self {
        Self { partial: Vec::new(), end: ANSWER_END }
    }

    /// Creates the state of a new connection with this framing.
    pub fn with_framing(framing: Framing) -> Self {
        Self { partial: Vec::new(), end: framing.answer_end() }
    }

    /// Takes all of `bytes` and appends the answers that are now complete to `answers`, each with its end. Bytes that
    /// are not UTF-8 become U+FFFD.
    ///
    /// # Errors
    ///
    /// Returns [`AnswerError::TooLong`] for an answer that is too long, after appending the answers before that one.
    pub fn receive(&mut self, bytes: &[u8], answers: &mut Vec<String>) -> Result<(), AnswerError> {
        self.receive_each(bytes, |answer| answers.push(String::from_utf8_lossy(answer).into_owned()))
    }

    /// Takes all of `bytes` and calls `complete` with each answer that is now complete. Unlike [`Self::receive`], it does not
    /// allocate memory for each answer: all answers are passed in one buffer.
    ///
    /// # Errors
    ///
    /// Returns [`AnswerError::TooLong`] for an answer that is too long, after the calls for the answers before that one.
    pub fn receive_each(&mut self, bytes: &[u8], mut complete: impl FnMut(&[u8])) -> Result<(), AnswerError> {
        let mut rest = bytes;
        loop {
            let room = ANSWER_MAX_BYTES - self.partial.len();
            let within = &rest[..rest.len().min(room)];
            if let Some(end) = memchr(self.end, within) {
                let (words, after) = rest.split_at(end + 1);
                self.partial.extend_from_slice(words);
                complete(&self.partial);
                self.partial.clear();
                rest = after;
            } else if rest.len() < room {
                self.partial.extend_from_slice(rest);
                return Ok(());
            } else {
                return Err(AnswerError::TooLong);
            }
        }
    }

    /// Checks that the bytes received so far end with a complete answer, so that the stream may end.
    ///
    /// # Errors
    ///
    /// Returns [`AnswerError::CutShort`] if they end in the middle of an answer.
    pub fn finish(&self) -> Result<(), AnswerError> {
        if self.partial.is_empty() {
            return Ok(());
        }
        Err(AnswerError::CutShort(String::from_utf8_lossy(&self.partial).into_owned()))
    }
}

impl Default for Answers {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_complete_however_the_bytes_are_split() {
        let mut answers = Answers::new();
        let mut received = Vec::new();
        for piece in ["To seek", " the Holy Grail.Bl", "ue", "."] {
            answers.receive(piece.as_bytes(), &mut received).unwrap();
        }
        assert_eq!(received, ["To seek the Holy Grail.", "Blue."]);
        assert_eq!(answers.finish(), Ok(()));
    }

    #[test]
    fn the_error_for_an_incomplete_answer_contains_the_part_received() {
        let mut answers = Answers::new();
        answers.receive(b"Blue. No, yel", &mut Vec::new()).unwrap();
        assert_eq!(answers.finish(), Err(AnswerError::CutShort(" No, yel".to_owned())));
    }

    #[test]
    fn answer_max_bytes_without_an_end_are_an_error() {
        let mut answers = Answers::new();
        let mut received = Vec::new();
        assert_eq!(answers.receive(&[b'x'; ANSWER_MAX_BYTES - 1], &mut received), Ok(()));
        assert_eq!(answers.receive(b"x", &mut received), Err(AnswerError::TooLong));
    }
}
