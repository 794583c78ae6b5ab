//! The framing on the client's side: bytes in, whole answers out.

use memchr::memchr;
use thiserror::Error;

use crate::exchange::ANSWER_END;

/// The most bytes that a client takes for one answer. The longest that our servers give has 35.
pub const ANSWER_MAX_BYTES: usize = 1024;

/// Cuts the bytes of a connection into answers. Keeps at most [`ANSWER_MAX_BYTES`].
#[derive(Debug, Clone, Default)]
pub struct Answers {
    partial: Vec<u8>,
}

/// Why what a server sent is not an answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AnswerError {
    /// So many bytes without a `.` are no answer.
    #[error("the server sent {ANSWER_MAX_BYTES} bytes without a full stop")]
    TooLong,
    /// The stream ended in mid-answer; this is what had come of it.
    #[error("the connection ended in mid-answer, after {0:?}")]
    CutShort(String),
    /// An answer came when nothing was asked.
    #[error("the server said {0:?}, but nothing had been asked")]
    NotAsked(String),
}

impl Answers {
    /// A connection on which nothing has been said.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes all of `bytes` and appends the answers that are whole now to `answers`, each with its
    /// `.`. Bytes that are not UTF-8 become U+FFFD.
    ///
    /// # Errors
    ///
    /// [`AnswerError::TooLong`]; the answers before it have been appended.
    pub fn receive(&mut self, bytes: &[u8], answers: &mut Vec<String>) -> Result<(), AnswerError> {
        self.receive_each(bytes, |answer| answers.push(String::from_utf8_lossy(answer).into_owned()))
    }

    /// The same for whoever wants only to look at each answer, or to count them: nothing is allocated
    /// but once, for the first.
    ///
    /// # Errors
    ///
    /// [`AnswerError::TooLong`]; the answers before it have been shown.
    pub fn receive_each(&mut self, bytes: &[u8], mut whole: impl FnMut(&[u8])) -> Result<(), AnswerError> {
        let mut rest = bytes;
        loop {
            let room = ANSWER_MAX_BYTES - self.partial.len();
            let within = &rest[..rest.len().min(room)];
            if let Some(end) = memchr(ANSWER_END, within) {
                let (words, after) = rest.split_at(end + 1);
                self.partial.extend_from_slice(words);
                whole(&self.partial);
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

    /// Says that the stream has ended.
    ///
    /// # Errors
    ///
    /// [`AnswerError::CutShort`] if it ended in mid-answer.
    pub fn finish(&self) -> Result<(), AnswerError> {
        if self.partial.is_empty() {
            return Ok(());
        }
        Err(AnswerError::CutShort(String::from_utf8_lossy(&self.partial).into_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_come_whole_however_the_bytes_are_cut() {
        let mut answers = Answers::new();
        let mut heard = Vec::new();
        for piece in ["To seek", " the Holy Grail.Bl", "ue", "."] {
            answers.receive(piece.as_bytes(), &mut heard).unwrap();
        }
        assert_eq!(heard, ["To seek the Holy Grail.", "Blue."]);
        assert_eq!(answers.finish(), Ok(()));
    }

    #[test]
    fn a_stream_that_ends_in_mid_answer_says_what_had_come() {
        let mut answers = Answers::new();
        answers.receive(b"Blue. No, yel", &mut Vec::new()).unwrap();
        assert_eq!(answers.finish(), Err(AnswerError::CutShort(" No, yel".to_owned())));
    }

    #[test]
    fn a_server_that_never_comes_to_the_point_is_cut_off() {
        let mut answers = Answers::new();
        let mut heard = Vec::new();
        assert_eq!(answers.receive(&[b'x'; ANSWER_MAX_BYTES - 1], &mut heard), Ok(()));
        assert_eq!(answers.receive(b"x", &mut heard), Err(AnswerError::TooLong));
    }
}
