//! A validated question: printable ASCII, not too long, with exactly one `?`, which is its end. In a script, another
//! character may take the place of the `?`.

use std::fmt;

use thiserror::Error;

use crate::exchange::{EXCHANGES, QUESTION_END, QUESTION_MAX_BYTES};

/// A validated question, including its end. A server parses it as exactly one question.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Question(String);

/// Why a string is not a valid question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum QuestionError {
    /// The text before the `?` is empty.
    #[error("a question needs text before its question mark")]
    Empty,
    /// A `?` stands before the end. A server would take the question to end there.
    #[error("a question may have only one question mark, at its end")]
    MoreThanOne,
    /// A character is not printable ASCII.
    #[error("a question must be printable ASCII, and {} is not", describe(*.0))]
    NotAscii(char),
    /// The question has more than [`QUESTION_MAX_BYTES`] bytes. Contains its length.
    #[error("a question may have at most {QUESTION_MAX_BYTES} bytes, this one has {0}")]
    TooLong(usize),
}

/// Names a character for people: one that cannot be seen by its code point only.
pub(crate) fn describe(character: char) -> String {
    let code = format!("U+{:04X}", u32::from(character));
    if character.is_control() || character.is_whitespace() { code } else { format!("“{character}” ({code})") }
}

impl Question {
    /// Makes a question from text that a person typed: trims white space and adds a missing `?`.
    ///
    /// # Errors
    ///
    /// See [`QuestionError`].
    pub fn new(text: &str) -> Result<Self, QuestionError> {
        let words = text.trim();
        let words = words.strip_suffix(char::from(QUESTION_END)).unwrap_or(words).trim_end();
        if words.is_empty() {
            return Err(QuestionError::Empty);
        }
        if words.contains(char::from(QUESTION_END)) {
            return Err(QuestionError::MoreThanOne);
        }
        if let Some(other) = words.chars().find(|character| !matches!(character, ' '..='~')) {
            return Err(QuestionError::NotAscii(other));
        }
        if words.len() + 1 > QUESTION_MAX_BYTES {
            return Err(QuestionError::TooLong(words.len() + 1));
        }
        Ok(Self(format!("{words}?")))
    }

    /// Returns the three questions of the protocol, in the order of [`EXCHANGES`].
    pub fn the_three() -> Vec<Self> {
        EXCHANGES.iter().map(|exchange| Self(exchange.question.to_owned())).collect()
    }

    /// Creates a question from text that the caller has checked.
    pub(crate) fn checked(text: String) -> Self {
        Self(text)
    }

    /// Returns the question as text, including its end.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the question as bytes to send, including its end.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Display for Question {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl From<Question> for String {
    fn from(question: Question) -> Self {
        question.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_text_becomes_a_question_or_an_error() {
        let long = "a".repeat(QUESTION_MAX_BYTES);
        let cases: [(&str, Result<&str, QuestionError>); 9] = [
            ("What is your quest?", Ok("What is your quest?")),
            ("  What is your quest ", Ok("What is your quest?")),
            ("What is your quest ?", Ok("What is your quest?")),
            ("", Err(QuestionError::Empty)),
            (" ? ", Err(QuestionError::Empty)),
            ("What? Where?", Err(QuestionError::MoreThanOne)),
            ("Où est le Graal?", Err(QuestionError::NotAscii('ù'))),
            ("What is\nyour name?", Err(QuestionError::NotAscii('\n'))),
            (&long, Err(QuestionError::TooLong(QUESTION_MAX_BYTES + 1))),
        ];
        for (text, expected) in cases {
            assert_eq!(Question::new(text).as_ref().map(Question::as_str).map_err(|why| *why), expected, "{text:?}");
        }
    }
}
