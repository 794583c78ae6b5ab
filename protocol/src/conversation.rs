//! The server's side of a conversation: bytes in, replies out.
//!
//! Every server design shares it, so that they differ only in how they wait. It can be interrupted
//! at every byte, and it is bounded: the longest question that anyone can ask correctly has 28
//! bytes, so no more than that is ever kept of a question that has not ended yet.

use memchr::memchr;

use crate::exchange::{
    EXCHANGES, Exchange, LONGEST_QUESTION_BYTES, LONGEST_REPLY_BYTES, QUESTION_END, QUESTION_MAX_BYTES,
    QUESTION_TOO_LONG, UNKNOWN_QUESTION, answer_to,
};

/// The most bytes of replies that [`Conversation::hear`] gathers before it asks for them to be
/// written. One `?` is a question, and its reply is 24 times as long: without a bound, 16 KiB of
/// question marks would become 384 KiB of replies.
pub const REPLIES_MAX_BYTES: usize = 64 * 1024;

/// One client's conversation, as its server keeps it: a few bytes, whatever the client sends.
#[derive(Debug, Clone, Default)]
pub struct Conversation {
    /// The start of a question that has not ended yet.
    start: [u8; LONGEST_QUESTION_BYTES],
    /// How many bytes that question has so far, kept or not.
    length: u16,
    over: bool,
}

/// What [`Conversation::hear`] did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Heard {
    /// Bytes taken from the front of the input. Fewer than all of them only when the replies have
    /// to be written first.
    pub bytes: usize,
    /// Whole questions that were answered, unknown ones included.
    pub questions: usize,
    /// Those of them that were not one of the three.
    pub unknown: usize,
}

impl Conversation {
    /// A conversation in which nothing has been said.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes bytes from the front of `input` and appends the replies to `replies`.
    ///
    /// It stops early when `replies` could grow past [`REPLIES_MAX_BYTES`]. The caller writes and
    /// clears them, then calls again with what is left of `input`. Once the conversation
    /// [is over](Self::is_over), input is taken and ignored.
    pub fn hear(&mut self, input: &[u8], replies: &mut Vec<u8>) -> Heard {
        let mut heard = Heard::default();
        let mut rest = input;
        while !self.over {
            if self.length == 0 {
                rest = rest.trim_ascii_start();
            }
            if rest.is_empty() || replies.len() + LONGEST_REPLY_BYTES > REPLIES_MAX_BYTES {
                heard.bytes = input.len() - rest.len();
                return heard;
            }
            if self.length == 0
                && let Some((exchange, after)) = known_question(rest)
            {
                heard.questions += 1;
                replies.extend_from_slice(exchange.answer.as_bytes());
                rest = after;
                continue;
            }
            let room = QUESTION_MAX_BYTES - usize::from(self.length);
            let within = &rest[..rest.len().min(room)];
            if let Some(end) = memchr(QUESTION_END, within) {
                let (words, after) = rest.split_at(end + 1);
                let answer = self.whole(words).and_then(answer_to);
                heard.questions += 1;
                heard.unknown += usize::from(answer.is_none());
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
        heard.bytes = input.len();
        heard
    }

    /// Whether the server is to write what it has to say, and close.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// Whether a question has begun that has not ended. A client that leaves now leaves in
    /// mid-question; otherwise its leaving is the normal end.
    pub fn is_in_mid_question(&self) -> bool {
        self.length > 0
    }

    /// The question that ends with `words`, or `None` if it is longer than any known question.
    fn whole<'a>(&'a mut self, words: &'a [u8]) -> Option<&'a [u8]> {
        if self.length == 0 {
            return Some(words);
        }
        self.keep(words);
        self.start.get(..usize::from(self.length))
    }

    /// Counts `words` as part of the question, and keeps what a known question could still need.
    fn keep(&mut self, words: &[u8]) {
        let from = usize::from(self.length).min(LONGEST_QUESTION_BYTES);
        let kept = words.len().min(LONGEST_QUESTION_BYTES - from);
        self.start[from..from + kept].copy_from_slice(&words[..kept]);
        let length = usize::from(self.length) + words.len();
        self.length = u16::try_from(length).expect("a question has at most 1,024 bytes");
    }
}

/// The known question with which `input` begins, and what comes after it. Nearly every question is
/// a known one that came whole, and this finds it faster than by looking for the `?` first.
fn known_question(input: &[u8]) -> Option<(&'static Exchange, &[u8])> {
    EXCHANGES
        .iter()
        .find_map(|exchange| input.strip_prefix(exchange.question.as_bytes()).map(|after| (exchange, after)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(input: &[u8]) -> (String, Conversation) {
        let mut conversation = Conversation::new();
        let mut replies = Vec::new();
        let heard = conversation.hear(input, &mut replies);
        assert_eq!(heard.bytes, input.len());
        (String::from_utf8(replies).unwrap(), conversation)
    }

    #[test]
    fn what_is_heard_decides_what_is_said() {
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
            assert_eq!(said(input.as_bytes()).0, expected, "{input:?}");
        }
    }

    #[test]
    fn a_client_is_in_mid_question_from_its_first_word_to_its_question_mark() {
        for (input, expected) in [("", false), (" \n", false), ("W", true), ("What?", false), ("What? ", false)] {
            assert_eq!(said(input.as_bytes()).1.is_in_mid_question(), expected, "{input:?}");
        }
    }

    #[test]
    fn after_a_question_that_is_too_long_nothing_more_is_said() {
        let (_, mut conversation) = said("x".repeat(QUESTION_MAX_BYTES).as_bytes());
        assert!(conversation.is_over());
        let mut replies = Vec::new();
        assert_eq!(conversation.hear(b"What is your name?", &mut replies), Heard { bytes: 18, ..Heard::default() });
        assert!(replies.is_empty());
    }

    #[test]
    fn questions_and_unknown_ones_are_counted() {
        let mut replies = Vec::new();
        let heard = Conversation::new().hear(b"What is your quest?No?What", &mut replies);
        assert_eq!(heard, Heard { bytes: 26, questions: 2, unknown: 1 });
    }
}
