//! What is said on a connection under load: the three questions over and over, and the answers that
//! must come back.
//!
//! Both are texts without end that repeat. So a place in them is a number of bytes, a slice of one
//! buffer is what comes at that place, and to check an answer is to compare bytes.

use launcelot_protocol::EXCHANGES;

/// How many bytes one read takes at most.
pub(super) const READ_BYTES: usize = 64 * 1024;

/// The questions and the answers.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) questions: Endless,
    pub(super) answers: Endless,
}

impl Words {
    /// With so many questions, any of the three first, in one piece that can be sent at once.
    pub(super) fn with_batches_of(questions: usize) -> Self {
        let longest = EXCHANGES.iter().map(|exchange| exchange.question.len()).max().unwrap_or_default();
        Self {
            questions: Endless::of(EXCHANGES.map(|exchange| exchange.question), questions.saturating_mul(longest)),
            answers: Endless::of(EXCHANGES.map(|exchange| exchange.answer), READ_BYTES),
        }
    }
}

/// Three sentences, over and over.
#[derive(Debug)]
pub(super) struct Endless {
    /// Where in one cycle each sentence begins.
    begins: [usize; 3],
    cycle_bytes: usize,
    text: Vec<u8>,
}

impl Endless {
    /// With so many bytes in one piece from any place on.
    fn of(sentences: [&str; 3], piece_bytes: usize) -> Self {
        let [first, second, _] = sentences.map(str::len);
        let cycle_bytes = sentences.map(str::len).iter().sum();
        let length = cycle_bytes + piece_bytes;
        let text = sentences.concat().into_bytes().into_iter().cycle().take(length).collect();
        Self { begins: [0, first, first + second], cycle_bytes, text }
    }

    /// Where the sentence with this number begins, which is where the one before it ends.
    pub(super) fn begin_of(&self, sentence: u64) -> u64 {
        sentence / 3 * self.cycle_bytes as u64 + self.begins[(sentence % 3) as usize] as u64
    }

    /// How many sentences have ended at this place.
    pub(super) fn ended_at(&self, place: u64) -> u64 {
        let rest = self.in_cycle(place);
        let ended = self.begins[1..].iter().filter(|&&begin| begin <= rest).count();
        place / self.cycle_bytes as u64 * 3 + ended as u64
    }

    /// What comes at `place`: the text until `end`, or as much of it as is in one piece.
    pub(super) fn between(&self, place: u64, end: u64) -> &[u8] {
        let from = self.in_cycle(place);
        let wanted = usize::try_from(end.saturating_sub(place)).unwrap_or(usize::MAX);
        let length = wanted.min(self.text.len() - from);
        &self.text[from..from + length]
    }

    fn in_cycle(&self, place: u64) -> usize {
        // The remainder is below a length in memory.
        (place % self.cycle_bytes as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_begin_where_the_one_before_ends_for_ever() {
        let endless = Endless::of(["ab", "c", "def"], 4);
        let begins: Vec<u64> = (0..8).map(|sentence| endless.begin_of(sentence)).collect();
        assert_eq!(begins, [0, 2, 3, 6, 8, 9, 12, 14]);
        let ended: Vec<u64> = (0..10).map(|place| endless.ended_at(place)).collect();
        assert_eq!(ended, [0, 0, 1, 2, 2, 2, 3, 3, 4, 5]);
    }

    #[test]
    fn the_text_between_two_places_comes_in_pieces() {
        let endless = Endless::of(["ab", "c", "def"], 4);
        let cases: [(u64, u64, &[u8]); 5] = [
            (0, 6, b"abcdef"),
            (5, 9, b"fabc"),
            (5, 500, b"fabcd"),
            (600_000_000_003, 600_000_000_004, b"d"),
            (7, 7, b""),
        ];
        for (place, end, expected) in cases {
            assert_eq!(endless.between(place, end), expected, "{place} to {end}");
        }
    }

    #[test]
    fn a_batch_is_one_piece_whichever_question_comes_first() {
        let words = Words::with_batches_of(50);
        for first in 0..3 {
            let (place, end) = (words.questions.begin_of(first), words.questions.begin_of(first + 50));
            let batch = words.questions.between(place, end);
            assert_eq!(batch.len() as u64, end - place);
            assert!(batch.starts_with(EXCHANGES[first as usize].question.as_bytes()));
        }
    }
}
