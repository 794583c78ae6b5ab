//! Text for a terminal: sentences are wrapped at 80 columns.

use std::io::{self, Write as _};

use indicatif::MultiProgress;
use textwrap::{Options, WordSeparator, WordSplitter};

/// The width of text.
const COLUMNS: usize = 80;

/// What precedes the further lines of a message.
const INDENT: &str = "  ";

/// Returns a sentence on lines of at most 80 columns, ending with a line break. Words, such as paths, stay whole.
pub(crate) fn paragraph(sentence: &str) -> String {
    textwrap::fill(sentence, options()) + "\n"
}

fn options() -> Options<'static> {
    Options::new(COLUMNS)
        .break_words(false)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation)
}

/// Returns a message of the program on lines of at most 80 columns, the further ones indented.
fn message(text: &str) -> String {
    textwrap::fill(text, options().subsequent_indent(INDENT))
}

/// Writes a message on standard error, which may be closed.
pub(crate) fn say(text: &str) {
    let _ = writeln!(io::stderr(), "{}", message(text));
}

/// Writes messages on standard error while a run goes on: above the moving lines, if there are any. Clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Messages {
    moving: Option<MultiProgress>,
}

impl Messages {
    /// Returns messages above moving lines.
    pub(super) fn above(moving: MultiProgress) -> Self {
        Self { moving: Some(moving) }
    }

    /// Writes a message.
    pub(super) fn say(&self, text: &str) {
        match &self.moving {
            // Fails if standard error is closed.
            Some(moving) => drop(moving.println(message(text))),
            None => say(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_wrapped_and_words_stay_whole() {
        let sentence = "Sir Lancelot answered `three-questions` at 20\u{a0}clients ".repeat(4);
        let text = paragraph(sentence.trim_end());
        assert!(text.lines().count() > 2 && text.lines().all(|line| line.chars().count() <= COLUMNS), "{text}");
        assert_eq!(text.replace('\n', " ").trim_end(), sentence.trim_end());
        let path = "/a/very/long/path".repeat(10);
        assert_eq!(message(&format!("cannot write {path}")), format!("cannot write\n  {path}"));
    }
}
