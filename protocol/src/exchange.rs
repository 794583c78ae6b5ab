//! The words themselves: three questions, their answers, and the two errors.

/// A question and the answer that every server gives to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exchange {
    /// The question, its `?` included.
    pub question: &'static str,
    /// The answer, its `.` included.
    pub answer: &'static str,
}

/// The three questions of the bridge-keeper, in the order in which he asks them.
pub const EXCHANGES: [Exchange; 3] = [
    Exchange { question: "What is your name?", answer: "My name is Sir Lancelot of Camelot." },
    Exchange { question: "What is your quest?", answer: "To seek the Holy Grail." },
    Exchange { question: "What is your favorite color?", answer: "Blue." },
];

/// The byte that ends a question.
pub const QUESTION_END: u8 = b'?';

/// The byte that ends an answer.
pub const ANSWER_END: u8 = b'.';

/// The reply to a question that is none of the three; the conversation goes on.
pub const UNKNOWN_QUESTION: &str = "Error: unknown question.";

/// The reply to [`QUESTION_MAX_BYTES`] bytes without a `?`; the server closes after it.
pub const QUESTION_TOO_LONG: &str = "Error: question too long.";

/// The most bytes that a question may have, its `?` included and white space before it not counted.
pub const QUESTION_MAX_BYTES: usize = 1024;

/// How many bytes the longest known question has.
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

/// How many bytes the longest reply has.
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

/// The answer to `question` (its `?` included), or `None` if it is not one of the three.
pub fn answer_to(question: &[u8]) -> Option<&'static str> {
    EXCHANGES.iter().find(|exchange| exchange.question.as_bytes() == question).map(|exchange| exchange.answer)
}

/// Whether an answer says that the question could not be answered.
pub fn is_error(answer: &str) -> bool {
    answer.starts_with("Error:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_words_are_known_before_the_program_runs() {
        assert_eq!(LONGEST_QUESTION_BYTES, "What is your favorite color?".len());
        assert_eq!(LONGEST_REPLY_BYTES, "My name is Sir Lancelot of Camelot.".len());
    }

    #[test]
    fn a_question_is_known_by_its_every_byte() {
        assert_eq!(answer_to(b"What is your quest?"), Some("To seek the Holy Grail."));
        for unknown in ["what is your quest?", "What is your quest", " What is your quest?", "?", ""] {
            assert_eq!(answer_to(unknown.as_bytes()), None, "{unknown:?}");
        }
    }
}
