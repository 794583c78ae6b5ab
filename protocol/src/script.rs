//! A script: the questions to ask, the answers to expect, and the characters that end them.

use thiserror::Error;

use crate::answers::ANSWER_MAX_BYTES;
use crate::exchange::{ANSWER_END, EXCHANGES, QUESTION_END, QUESTION_MAX_BYTES, UNKNOWN_QUESTION};
use crate::question::Question;

/// Questions with the answers to expect. The default is the script that is built in: the three questions.
///
/// ```
/// use launcelot_protocol::{Framing, Script};
///
/// let exchanges = [("Beautiful is better than?".to_owned(), "Ugly.".to_owned())];
/// let script = Script::new(Framing::default(), exchanges, None)?;
/// assert_eq!(script.exchanges()[0].answer, "Ugly.");
/// # Ok::<(), launcelot_protocol::ScriptError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    framing: Framing,
    exchanges: Vec<ScriptExchange>,
    unknown: Option<String>,
}

/// The characters that end questions and answers. Each is an ASCII punctuation character, so it is neither white space,
/// which a server skips before a question, nor part of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Framing {
    question_end: u8,
    answer_end: u8,
}

/// A question of a script and the answer to expect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptExchange {
    /// The question, including its end.
    pub question: Question,
    /// The answer, including its end.
    pub answer: String,
}

/// Why a script is not valid.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ScriptError {
    /// The character chosen to end questions or answers is not ASCII punctuation.
    #[error("{0:?} is not an ASCII punctuation character")]
    NotPunctuation(char),
    /// The script has no exchanges.
    #[error("a script needs at least one exchange")]
    NoExchange,
    /// The question of the exchange with this index is not valid.
    #[error("question {text:?} {fault}")]
    Question {
        /// The index of the exchange.
        index: usize,
        /// The question.
        text: String,
        /// The fault.
        fault: TextFault,
    },
    /// The question of the exchange with this index is also that of an earlier exchange.
    #[error("question {text:?} occurs twice")]
    SameQuestion {
        /// The index of the later exchange.
        index: usize,
        /// The question.
        text: String,
    },
    /// The answer of the exchange with this index is not valid.
    #[error("answer {text:?} {fault}")]
    Answer {
        /// The index of the exchange.
        index: usize,
        /// The answer.
        text: String,
        /// The fault.
        fault: TextFault,
    },
    /// The answer to unknown questions is not valid.
    #[error("answer to unknown questions {text:?} {fault}")]
    Unknown {
        /// The answer.
        text: String,
        /// The fault.
        fault: TextFault,
    },
}

/// Why a string is not a valid question or answer of a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TextFault {
    /// The last character is not the one that ends a question or an answer.
    #[error("does not end with {0:?}")]
    NoEnd(char),
    /// The text before its terminator is empty.
    #[error("has no text before its end")]
    Empty,
    /// The end is also within the text, where the text would be split.
    #[error("contains its end {0:?} more than once")]
    EarlyEnd(char),
    /// A server would skip the white space before a question.
    #[error("begins with a space")]
    LeadingSpace,
    /// A character is not printable ASCII.
    #[error("contains {0:?}, which is not printable ASCII")]
    NotAscii(char),
    /// The text has more bytes than a question or an answer may have.
    #[error("has {bytes} bytes, more than {max_bytes}")]
    TooLong {
        /// The length of the text.
        bytes: usize,
        /// The limit.
        max_bytes: usize,
    },
}

impl Framing {
    /// Creates a framing in which questions end with `question_end` and answers with `answer_end`.
    ///
    /// # Errors
    ///
    /// Returns [`ScriptError::NotPunctuation`] with the character that is not ASCII punctuation.
    pub fn new(question_end: char, answer_end: char) -> Result<Self, ScriptError> {
        Ok(Self { question_end: punctuation(question_end)?, answer_end: punctuation(answer_end)? })
    }

    /// Returns the byte that ends a question.
    pub fn question_end(self) -> u8 {
        self.question_end
    }

    /// Returns the byte that ends an answer.
    pub fn answer_end(self) -> u8 {
        self.answer_end
    }
}

impl Default for Framing {
    fn default() -> Self {
        Self { question_end: QUESTION_END, answer_end: ANSWER_END }
    }
}

impl Script {
    /// Creates a script of (question, answer) pairs. Each text includes its terminator. `unknown` is the answer to every other
    /// question, if it is known.
    ///
    /// # Errors
    ///
    /// See [`ScriptError`]. The first error is returned.
    pub fn new(
        framing: Framing,
        exchanges: impl IntoIterator<Item = (String, String)>,
        unknown: Option<String>,
    ) -> Result<Self, ScriptError> {
        if let Some(text) = &unknown
            && let Err(fault) = check_answer(text, framing)
        {
            return Err(ScriptError::Unknown { text: text.clone(), fault });
        }
        let mut script = Self { framing, exchanges: Vec::new(), unknown };
        for (question, answer) in exchanges {
            script.push(question, answer)?;
        }
        if script.exchanges.is_empty() {
            return Err(ScriptError::NoExchange);
        }
        Ok(script)
    }

    fn push(&mut self, question: String, answer: String) -> Result<(), ScriptError> {
        let index = self.exchanges.len();
        if let Err(fault) = check_question(&question, self.framing) {
            return Err(ScriptError::Question { index, text: question, fault });
        }
        if self.contains(&question) {
            return Err(ScriptError::SameQuestion { index, text: question });
        }
        if let Err(fault) = check_answer(&answer, self.framing) {
            return Err(ScriptError::Answer { index, text: answer, fault });
        }
        self.exchanges.push(ScriptExchange { question: Question::checked(question), answer });
        Ok(())
    }

    /// Returns the characters that end questions and answers.
    pub fn framing(&self) -> Framing {
        self.framing
    }

    /// Returns the exchanges in their order; at least one.
    pub fn exchanges(&self) -> &[ScriptExchange] {
        &self.exchanges
    }

    /// Returns the questions in their order.
    pub fn questions(&self) -> Vec<Question> {
        self.exchanges.iter().map(|exchange| exchange.question.clone()).collect()
    }

    /// Returns the answer to expect to a question; `None` if the script does not contain the question.
    pub fn answer_to(&self, question: &str) -> Option<&str> {
        let exchange = self.exchanges.iter().find(|exchange| exchange.question.as_str() == question)?;
        Some(&exchange.answer)
    }

    /// Returns the answer to expect to a question that the script does not contain; `None` if any answer is accepted.
    pub fn unknown(&self) -> Option<&str> {
        self.unknown.as_deref()
    }

    fn contains(&self, question: &str) -> bool {
        self.answer_to(question).is_some()
    }
}

impl Default for Script {
    fn default() -> Self {
        let exchanges = EXCHANGES.iter().map(|exchange| ScriptExchange {
            question: Question::checked(exchange.question.to_owned()),
            answer: exchange.answer.to_owned(),
        });
        Self { framing: Framing::default(), exchanges: exchanges.collect(), unknown: Some(UNKNOWN_QUESTION.to_owned()) }
    }
}

fn punctuation(end: char) -> Result<u8, ScriptError> {
    match u8::try_from(end) {
        Ok(byte) if byte.is_ascii_punctuation() => Ok(byte),
        _ => Err(ScriptError::NotPunctuation(end)),
    }
}

fn check_question(text: &str, framing: Framing) -> Result<(), TextFault> {
    if text.starts_with(' ') {
        return Err(TextFault::LeadingSpace);
    }
    check(text, framing.question_end, QUESTION_MAX_BYTES)
}

fn check_answer(text: &str, framing: Framing) -> Result<(), TextFault> {
    check(text, framing.answer_end, ANSWER_MAX_BYTES)
}

fn check(text: &str, end: u8, max_bytes: usize) -> Result<(), TextFault> {
    let end = char::from(end);
    if let Some(other) = text.chars().find(|character| !matches!(character, ' '..='~')) {
        return Err(TextFault::NotAscii(other));
    }
    let Some(before_end) = text.strip_suffix(end) else { return Err(TextFault::NoEnd(end)) };
    if before_end.is_empty() {
        return Err(TextFault::Empty);
    }
    if before_end.contains(end) {
        return Err(TextFault::EarlyEnd(end));
    }
    if text.len() > max_bytes {
        return Err(TextFault::TooLong { bytes: text.len(), max_bytes });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(exchanges: &[(&str, &str)]) -> Result<Script, ScriptError> {
        let exchanges = exchanges.iter().map(|(question, answer)| ((*question).to_owned(), (*answer).to_owned()));
        Script::new(Framing::default(), exchanges, None)
    }

    #[test]
    fn the_built_in_script_is_the_three_questions() {
        let built_in = Script::default();
        let exchanges = EXCHANGES.map(|exchange| (exchange.question, exchange.answer));
        assert_eq!(script(&exchanges), Ok(Script { unknown: None, ..built_in.clone() }));
        assert_eq!(built_in.questions(), Question::the_three());
        assert_eq!(built_in.unknown(), Some("Error: unknown question."));
    }

    #[test]
    fn an_invalid_script_is_refused_with_its_fault() {
        let question = |text: &str, fault| Err(ScriptError::Question { index: 0, text: text.to_owned(), fault });
        let answer = |text: &str, fault| Err(ScriptError::Answer { index: 0, text: text.to_owned(), fault });
        let long = "x".repeat(QUESTION_MAX_BYTES) + "?";
        let too_long = TextFault::TooLong { bytes: long.len(), max_bytes: QUESTION_MAX_BYTES };
        let cases = [
            (("Why", "So."), question("Why", TextFault::NoEnd('?'))),
            (("", "So."), question("", TextFault::NoEnd('?'))),
            (("?", "So."), question("?", TextFault::Empty)),
            (("Why? How?", "So."), question("Why? How?", TextFault::EarlyEnd('?'))),
            ((" Why?", "So."), question(" Why?", TextFault::LeadingSpace)),
            (("Où?", "So."), question("Où?", TextFault::NotAscii('ù'))),
            ((&long, "So."), question(&long, too_long)),
            (("Why?", ""), answer("", TextFault::NoEnd('.'))),
            (("Why?", "So"), answer("So", TextFault::NoEnd('.'))),
            (("Why?", "."), answer(".", TextFault::Empty)),
            (("Why?", "So. So."), answer("So. So.", TextFault::EarlyEnd('.'))),
            (("Why?", "So.\n"), answer("So.\n", TextFault::NotAscii('\n'))),
        ];
        for (exchange, expected) in cases {
            assert_eq!(script(&[exchange]), expected, "{exchange:?}");
        }
        assert_eq!(script(&[]), Err(ScriptError::NoExchange));
        let twice = ScriptError::SameQuestion { index: 1, text: "Why?".to_owned() };
        assert_eq!(script(&[("Why?", "So."), ("Why?", "Thus.")]), Err(twice));
    }

    #[test]
    fn an_end_is_a_punctuation_character() {
        for end in ['x', ' ', '\n', 'é', '\0'] {
            assert_eq!(Framing::new('?', end), Err(ScriptError::NotPunctuation(end)));
            assert_eq!(Framing::new(end, '.'), Err(ScriptError::NotPunctuation(end)));
        }
        assert_eq!(Framing::new('?', '.'), Ok(Framing::default()));
    }

    #[test]
    fn an_error_names_the_text_and_its_fault() {
        let error = script(&[("Why", "So.")]).unwrap_err();
        assert_eq!(error.to_string(), r#"question "Why" does not end with '?'"#);
        let error = Script::new(Framing::default(), [], Some("Error.".repeat(2))).unwrap_err();
        assert_eq!(
            error.to_string(),
            r#"answer to unknown questions "Error.Error." contains its end '.' more than once"#
        );
    }
}
