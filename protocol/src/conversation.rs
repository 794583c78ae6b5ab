//! The server's side of a conversation: bytes in, replies out.
//!
//! All server designs share this incremental parser, so they differ only in how they wait. Input may be split at any
//! byte. Memory is bounded: the longest known question has 28 bytes, and the parser keeps no more than that of an
//! incomplete question.

use memchr::memchr;

use crate::exchange::{
    EXCHANGES, Exchange, LONGEST_QUESTION_BYTES, LONGEST_REPLY_BYTES, QUESTION_END, QUESTION_MAX_BYTES,
    QUESTION_TOO_LONG, UNKNOWN_QUESTION, answer_to,
};

/// Maximum number of bytes of replies that [`Conversation::feed`] appends before the caller has to write them. A single `?`
/// is a question, and its reply is 24 times as long: without a bound, 16 KiB of question marks would produce 384 KiB
/// of replies.
pub const REPLIES_MAX_BYTES: usize = 64 * 1024;

/// The state of one client's conversation: a few bytes, whatever the client sends.
#[derive(Debug, Clone, Default)]
pub struct Conversation {
    /// The first bytes of the incomplete question.
    start: [u8; LONGEST_QUESTION_BYTES],
    /// The number of bytes of the incomplete question so far, including those that `start` has no room for.
    length: u16,
    /// Whether a question was too long.
    over: bool,
}

/// The result of [`Conversation::feed`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Parsed {
    /// The number of bytes taken from the front of the input. Less than the whole input only if the replies have to be
    /// written first.
    pub bytes: usize,
    /// The number of complete questions that were answered, including unknown ones.
    pub questions: usize,
    /// The number of answered questions that are not one of the three, included in `questions`.
    pub unknown: usize,
}

impl Conversation {
    /// Creates the state of a new connection.
    pub fn new() -> Self {
        Self::default()
    }

    /// Parses bytes from the front of `input` and appends the replies to `replies`.
    ///
    /// Stops early if `replies` could exceed [`REPLIES_MAX_BYTES`]. The caller then writes and clears the replies, and
    /// calls again with the rest of `input`. Once the conversation [is over](Self::is_over), input is discarded.
    pub fn feed(&mut self, input: &[u8], replies: &mut Vec<u8>) -> Parsed {
        let mut parsed = Parsed::default();
        let mut rest = input;
        while !self.over {
            if self.length == 0 {
                rest = rest.trim_ascii_start();
            }
            if rest.is_empty() || replies.len() + LONGEST_REPLY_BYTES > REPLIES_MAX_BYTES {
                parsed.bytes = input.len() - rest.len();
                return parsed;
            }
            if self.length == 0
                && let Some((exchange, after)) = known_question(rest)
            {
                parsed.questions += 1;
                replies.extend_from_slice(exchange.answer.as_bytes());
                rest = after;
                continue;
            }
            let room = QUESTION_MAX_BYTES - usize::from(self.length);
            let within = &rest[..rest.len().min(room)];
            if let Some(end) = memchr(QUESTION_END, within) {
                let (words, after) = rest.split_at(end + 1);
                let answer = self.complete(words).and_then(answer_to);
                parsed.questions += 1;
                parsed.unknown += usize::from(answer.is_none());
                replies.extend_from_slice(answer.unwrap_or(UNKNOWN_QUESTION).as_bytes());
                self.length = 0;
                rest = after;
            } else if rest.len() < room {
                self.keep(rest);
                rest = &[];
            } else {
                replies.extend_from_slice(QUESTION_TOO_LONG.as_bytes());
                self.length = 0;
                self.over = true;
            }
        }
        parsed.bytes = input.len();
        parsed
    }

    /// Whether a question was too long: the server should write the replies that are left and close the connection.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// Whether the input so far ends in the middle of a question. Otherwise the end of the stream is the normal end of a
    /// conversation.
    pub fn is_in_question(&self) -> bool {
        self.length > 0
    }

    /// Returns the complete question that ends with `words`. Returns `None` if the question arrived in parts and is longer
    /// than any known question, because its bytes were not all kept.
    fn complete<'a>(&'a mut self, words: &'a [u8]) -> Option<&'a [u8]> {
        if self.length == 0 {
            return Some(words);
        }
        self.keep(words);
        self.start.get(..usize::from(self.length))
    }

    /// Appends `words` to the incomplete question, of which only the first [`LONGEST_QUESTION_BYTES`] are kept.
    fn keep(&mut self, words: &[u8]) {
        let from = usize::from(self.length).min(LONGEST_QUESTION_BYTES);
        let kept = words.len().min(LONGEST_QUESTION_BYTES - from);
        self.start[from..from + kept].copy_from_slice(&words[..kept]);
        let length = usize::from(self.length) + words.len();
        self.length = u16::try_from(length).expect("a question has at most 1,024 bytes");
    }
}

/// Returns the known question at the start of `input`, and the input after it. Most questions are known and arrive in one
/// piece, and comparing prefixes finds them faster than a search for the `?`.
fn known_question(input: &[u8]) -> Option<(&'static Exchange, &[u8])> {
    for exchange in &EXCHANGES {
        if let Some(after) = input.strip_prefix(exchange.question.as_bytes()) {
            return Some((exchange, after));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds `input` to a new conversation and returns its replies.
    fn replies_to(input: &[u8]) -> (String, Conversation) {
        let mut conversation = Conversation::new();
        let mut replies = Vec::new();
        let parsed = conversation.feed(input, &mut replies);
        assert_eq!(parsed.bytes, input.len());
        (String::from_utf8(replies).unwrap(), conversation)
    }

    #[test]
    fn every_question_gets_its_reply() {
        let too_long = "x".repeat(QUESTION_MAX_BYTES);
        let longest = format!("{}?", "x".repeat(QUESTION_MAX_BYTES - 1));
        let spaced = format!("{}What is your quest?", " ".repeat(5000));
        let cases = [
            ("What is your name?", "My name is Sir Lancelot of Camelot."),
            ("What is your name?What is your quest?", "My name is Sir Lancelot of Camelot.To seek the Holy Grail."),
            ("What is your favorite color? \r\n\tWhat is your quest?\n", "Blue.To seek the Holy Grail."),
            ("What is your favourite colour?What is your quest?", "Error: unknown question.To seek the Holy Grail."),
            ("??", "Error: unknown question.Error: unknown question."),
            ("What is your quest?What is", "To seek the Holy Grail."),
            (&spaced, "To seek the Holy Grail."),
            (&longest, "Error: unknown question."),
            (&too_long, "Error: question too long."),
            ("", ""),
        ];
        for (input, expected) in cases {
            assert_eq!(replies_to(input.as_bytes()).0, expected, "{input:?}");
        }
    }

    #[test]
    fn a_question_extends_from_its_first_character_to_its_question_mark() {
        for (input, expected) in [("", false), (" \n", false), ("W", true), ("What?", false), ("What? ", false)] {
            assert_eq!(replies_to(input.as_bytes()).1.is_in_question(), expected, "{input:?}");
        }
    }

    #[test]
    fn input_after_a_question_that_is_too_long_is_discarded() {
        let (_, mut conversation) = replies_to("x".repeat(QUESTION_MAX_BYTES).as_bytes());
        assert!(conversation.is_over());
        let mut replies = Vec::new();
        let parsed = conversation.feed(b"What is your name?", &mut replies);
        assert_eq!(parsed, Parsed { bytes: 18, ..Parsed::default() });
        assert!(replies.is_empty());
    }

    #[test]
    fn questions_are_counted_and_unknown_ones_among_them() {
        let mut replies = Vec::new();
        let parsed = Conversation::new().feed(b"What is your quest?No?What", &mut replies);
        assert_eq!(parsed, Parsed { bytes: 26, questions: 2, unknown: 1 });
    }
}
