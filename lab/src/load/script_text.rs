//! The questions and the answers of a script, repeated without end.
//!
//! A position in such a text is a number of bytes. So what has to be sent is a slice of one buffer, and checking what came is
//! comparing it with a slice.

use launcelot_protocol::Script;
use sha2::{Digest as _, Sha256};

/// The number of bytes that are contiguous from any position on.
const CONTIGUOUS_BYTES: usize = 64 * 1024;

/// What is sent and what is expected on a connection.
#[derive(Debug)]
pub struct ScriptText {
    pub(in crate::load) questions: RepeatingText,
    pub(in crate::load) answers: RepeatingText,
}

impl ScriptText {
    /// Returns the text of a script.
    pub fn new(script: &Script) -> Self {
        let exchanges = script.exchanges();
        Self {
            questions: RepeatingText::new(exchanges.iter().map(|exchange| exchange.question.as_str())),
            answers: RepeatingText::new(exchanges.iter().map(|exchange| exchange.answer.as_str())),
        }
    }

    /// Returns the text of a protocol other than Launcelot's, with one request and one response. Neither may be empty.
    pub fn of_request(request: &str, response: &str) -> Self {
        Self {
            questions: RepeatingText::new([request].into_iter()),
            answers: RepeatingText::new([response].into_iter()),
        }
    }
}

/// Returns the SHA-256 hash of the questions and answers of a script, as hexadecimal digits.
pub(super) fn hash(script: &Script) -> String {
    let mut hasher = Sha256::new();
    for exchange in script.exchanges() {
        // Neither contains a zero byte.
        hasher.update([exchange.question.as_str(), "\0", &exchange.answer, "\0"].concat());
    }
    hasher.finalize().iter().fold(String::new(), |digits, byte| digits + &format!("{byte:02x}"))
}

/// Sentences that follow each other, the first after the last.
#[derive(Debug)]
pub(in crate::load) struct RepeatingText {
    /// The position of each sentence in the first cycle.
    begins: Vec<usize>,
    cycle_bytes: usize,
    text: Vec<u8>,
}

impl RepeatingText {
    /// At least one of the sentences must not be empty.
    fn new<'a>(sentences: impl Iterator<Item = &'a str>) -> Self {
        let mut begins = Vec::new();
        let mut cycle = Vec::new();
        for sentence in sentences {
            begins.push(cycle.len());
            cycle.extend_from_slice(sentence.as_bytes());
        }
        let cycle_bytes = cycle.len();
        let text = cycle.into_iter().cycle().take(cycle_bytes + CONTIGUOUS_BYTES).collect();
        Self { begins, cycle_bytes, text }
    }

    /// Returns the position where a sentence begins, which is the end of the sentence before it.
    pub(in crate::load) fn begin_of(&self, sentence: u64) -> u64 {
        let count = self.begins.len() as u64;
        let within_cycle = self.begins[(sentence % count) as usize];
        sentence / count * self.cycle_bytes as u64 + within_cycle as u64
    }

    /// Returns the number of sentences that end at or before a position.
    pub(in crate::load) fn ended_at(&self, position: u64) -> u64 {
        let within_cycle = self.within_cycle(position);
        let begun = self.begins.partition_point(|&begin| begin <= within_cycle);
        let cycles = position / self.cycle_bytes as u64;
        cycles * self.begins.len() as u64 + begun as u64 - 1
    }

    /// Returns the text from `position` to `end`, or as much of it as is contiguous.
    pub(in crate::load) fn between(&self, position: u64, end: u64) -> &[u8] {
        let begin = self.within_cycle(position);
        let wanted = usize::try_from(end.saturating_sub(position)).unwrap_or(usize::MAX);
        let length = wanted.min(self.text.len() - begin);
        &self.text[begin..begin + length]
    }

    fn within_cycle(&self, position: u64) -> usize {
        (position % self.cycle_bytes as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text() -> RepeatingText {
        RepeatingText::new(["ab", "c", "def"].into_iter())
    }

    #[test]
    fn each_sentence_begins_where_the_sentence_before_it_ends() {
        let begins: Vec<u64> = (0..8).map(|sentence| text().begin_of(sentence)).collect();
        assert_eq!(begins, [0, 2, 3, 6, 8, 9, 12, 14]);
        let ended: Vec<u64> = (0..10).map(|position| text().ended_at(position)).collect();
        assert_eq!(ended, [0, 0, 1, 2, 2, 2, 3, 3, 4, 5]);
    }

    #[test]
    fn a_slice_is_the_text_between_two_positions() {
        let cases: [(u64, u64, &[u8]); 4] =
            [(0, 6, b"abcdef"), (5, 9, b"fabc"), (600_000_000_003, 600_000_000_004, b"d"), (7, 7, b"")];
        for (position, end, expected) in cases {
            assert_eq!(text().between(position, end), expected, "{position} to {end}");
        }
        assert!(text().between(5, u64::MAX).len() >= CONTIGUOUS_BYTES);
    }
}
