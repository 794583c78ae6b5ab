//! The texts of the protocol: three questions, their answers, and two error replies.

/// A question and its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exchange {
    /// The question, including its `?`.
    pub question: &'static str,
    /// The answer, including its `.`.
    pub answer: &'static str,
}

/// The three questions of the bridge-keeper with their answers, in the order in which clients ask them.
pub const EXCHANGES: [Exchange; 3] = [
    Exchange { question: "What is your name?", answer: "My name is Sir Lancelot of Camelot." },
    Exchange { question: "What is your quest?", answer: "To seek the Holy Grail." },
    Exchange { question: "What is your favorite color?", answer: "Blue." },
];

/// The byte that ends a question.
pub const QUESTION_END: u8 = b'?';

/// The byte that ends an answer.
pub const ANSWER_END: u8 = b'.';

/// The reply to a question that is none of the three. The conversation continues.
pub const UNKNOWN_QUESTION: &str = "Error: unknown question.";

/// The reply to [`QUESTION_MAX_BYTES`] bytes without a `?`. The server closes the connection after it.
pub const QUESTION_TOO_LONG: &str = "Error: question too long.";

/// Maximum number of bytes in a question, including its `?` but not the white space before it.
pub const QUESTION_MAX_BYTES: usize = 1024;

/// The number of bytes of the longest known question.
pub(crate) const LONGEST_QUESTION_BYTES: usize = {
    let mut longest = 0;
    let mut index = 0;
    while index < EXCHANGES.len() {
        if EXCHANGES[index].question.len() > longest {
            longest = EXCHANGES[index].question.len();
        }
        index += 1;
    }
    longest
};

/// The number of bytes of the longest reply.
pub(crate) const LONGEST_REPLY_BYTES: usize = {
    let mut longest =
        if UNKNOWN_QUESTION.len() > QUESTION_TOO_LONG.len() { UNKNOWN_QUESTION.len() } else { QUESTION_TOO_LONG.len() };
    let mut index = 0;
    while index < EXCHANGES.len() {
        if EXCHANGES[index].answer.len() > longest {
            longest = EXCHANGES[index].answer.len();
        }
        index += 1;
    }
    longest
};

/// Returns the answer to `question` (including its `?`), or `None` if it is none of the three.
pub fn answer_to(question: &[u8]) -> Option<&'static str> {
    let exchange = EXCHANGES.iter().find(|exchange| exchange.question.as_bytes() == question)?;
    Some(exchange.answer)
}

/// Whether a reply begins with `Error:`, as both error replies of the protocol do.
pub fn is_error(answer: &str) -> bool {
    answer.starts_with("Error:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_question_is_about_the_color_and_the_longest_reply_is_the_name() {
        assert_eq!(LONGEST_QUESTION_BYTES, "What is your favorite color?".len());
        assert_eq!(LONGEST_REPLY_BYTES, "My name is Sir Lancelot of Camelot.".len());
    }

    #[test]
    fn a_question_is_known_only_if_every_byte_matches() {
        assert_eq!(answer_to(b"What is your quest?"), Some("To seek the Holy Grail."));
        for unknown in ["what is your quest?", "What is your quest", " What is your quest?", "?", ""] {
            assert_eq!(answer_to(unknown.as_bytes()), None, "{unknown:?}");
        }
    }
}
