//! Reads a script from a TOML file.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use launcelot_protocol::{Framing, Script, ScriptError};
use serde::Deserialize;
use thiserror::Error;
use toml::Spanned;

/// A script file could not be read.
#[derive(Debug, Error)]
#[error("cannot read script {}", .path.display())]
pub struct ScriptFileError {
    path: PathBuf,
    source: ReadError,
}

#[derive(Debug, Error)]
enum ReadError {
    #[error(transparent)]
    File(#[from] io::Error),
    #[error("line {}, column {}: {fault}", .position.line, .position.column)]
    At { position: Position, fault: String },
    #[error("{0}")]
    Whole(String),
}

/// A position in a text. Lines and columns are counted from 1; a column is a character.
#[derive(Debug, PartialEq, Eq)]
struct Position {
    line: usize,
    column: usize,
}

/// The contents of the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ScriptFile {
    question_end: Option<Spanned<char>>,
    answer_end: Option<Spanned<char>>,
    unknown: Option<Spanned<String>>,
    #[serde(default)]
    exchange: Vec<ExchangeTable>,
}

/// A table `[[exchange]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExchangeTable {
    question: Spanned<String>,
    answer: Spanned<String>,
}

/// Reads the script in the file at `path`.
///
/// # Errors
///
/// Returns an error if the file cannot be read, is not TOML, or is not a valid script.
pub fn read(path: &Path) -> Result<Script, ScriptFileError> {
    let script = std::fs::read_to_string(path).map_err(ReadError::from).and_then(|text| parse(&text));
    script.map_err(|source| ScriptFileError { path: path.to_owned(), source })
}

fn parse(text: &str) -> Result<Script, ReadError> {
    let error = |fault: String, span: Option<Range<usize>>| match span {
        Some(span) => ReadError::At { position: position(text, span.start), fault },
        None => ReadError::Whole(fault),
    };
    let file: ScriptFile = toml::from_str(text).map_err(|why| error(why.message().to_owned(), why.span()))?;
    file.script().map_err(|why| error(why.to_string(), file.span_of(&why)))
}

impl ScriptFile {
    fn script(&self) -> Result<Script, ScriptError> {
        let default = Framing::default();
        let question_end = self.question_end.as_ref().map_or(default.question_end().into(), |end| *end.get_ref());
        let answer_end = self.answer_end.as_ref().map_or(default.answer_end().into(), |end| *end.get_ref());
        let framing = Framing::new(question_end, answer_end)?;
        let exchanges = self.exchange.iter().map(ExchangeTable::texts);
        let unknown = self.unknown.as_ref().map(|unknown| unknown.get_ref().clone());
        Script::new(framing, exchanges, unknown)
    }

    /// Returns the byte range, in the file, of the value that caused `error`; `None` if the value is not in the file.
    fn span_of(&self, error: &ScriptError) -> Option<Range<usize>> {
        match error {
            ScriptError::NotPunctuation(end) => {
                let ends = [&self.question_end, &self.answer_end];
                ends.into_iter().flatten().find(|named| named.get_ref() == end).map(Spanned::span)
            }
            ScriptError::NoExchange => None,
            ScriptError::Question { index, .. } | ScriptError::SameQuestion { index, .. } => {
                Some(self.exchange[*index].question.span())
            }
            ScriptError::Answer { index, .. } => Some(self.exchange[*index].answer.span()),
            ScriptError::Unknown { .. } => self.unknown.as_ref().map(Spanned::span),
        }
    }
}

impl ExchangeTable {
    fn texts(&self) -> (String, String) {
        (self.question.get_ref().clone(), self.answer.get_ref().clone())
    }
}

/// Returns the line and the column of the byte at `offset`.
fn position(text: &str, offset: usize) -> Position {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Position { line: 1 + before.matches('\n').count(), column: 1 + before[line_start..].chars().count() }
}

#[cfg(test)]
mod tests {
    use launcelot_endpoint::failure;

    use super::*;

    const EXCHANGE: &str = "[[exchange]]\nquestion = \"Why?\"\nanswer = \"So.\"\n";

    #[test]
    fn a_script_without_end_characters_has_those_of_the_protocol() {
        let exchanges = [("Why?".to_owned(), "So.".to_owned())];
        assert_eq!(parse(EXCHANGE).unwrap(), Script::new(Framing::default(), exchanges, None).unwrap());
    }

    #[test]
    fn a_script_may_set_the_end_characters_and_the_answer_to_unknown_questions() {
        let text = "question_end = ';'\nanswer_end = '!'\nunknown = 'What!'\n[[exchange]]\nquestion = 'PING;'\nanswer = 'PONG!'\n";
        let exchanges = [("PING;".to_owned(), "PONG!".to_owned())];
        let expected = Script::new(Framing::new(';', '!').unwrap(), exchanges, Some("What!".to_owned()));
        assert_eq!(parse(text).unwrap(), expected.unwrap());
    }

    #[test]
    fn an_error_names_the_line_the_column_and_the_fault() {
        let cases = [
            ("", "a script needs at least one exchange"),
            ("exchange = []\n", "a script needs at least one exchange"),
            ("question_end = \"x\"\n", r"line 1, column 16: 'x' is not an ASCII punctuation character"),
            ("answer_end = \"\\n\"\n", r"line 1, column 14: '\n' is not an ASCII punctuation character"),
            ("unknown = \"Ni\"\n", r#"line 1, column 11: answer to unknown questions "Ni" does not end with '.'"#),
            (
                "[[exchange]]\nquestion = \"Why\"\nanswer = \"So.\"\n",
                "line 2, column 12: question \"Why\" does not end",
            ),
            (
                "[[exchange]]\nquestion = \"?\"\nanswer = \"So.\"\n",
                "line 2, column 12: question \"?\" has no text before",
            ),
            (
                "[[exchange]]\nquestion = \"Why?\"\nanswer = \"\"\n",
                "line 3, column 10: answer \"\" does not end with '.'",
            ),
        ];
        for (text, expected) in cases {
            let error = failure::one_line(&parse(text).unwrap_err());
            assert!(error.contains(expected), "{text:?}: {error}");
        }
        let error = failure::one_line(&parse(&EXCHANGE.repeat(2)).unwrap_err());
        assert_eq!(error, "line 5, column 12: question \"Why?\" occurs twice");
    }

    #[test]
    fn a_toml_error_is_one_line_with_its_position() {
        let cases = [
            ("question = \n", "line 1, column 12: "),
            (
                "[[exchange]]\nquestion = 'Why?'\nanswer = 'So.'\ncolor = 'blue'\n",
                "line 4, column 1: unknown field `color`",
            ),
            ("[[exchange]]\nquestion = 'Why?'\n", "line 1, column 1: missing field `answer`"),
            ("[[exchange]]\nquestion = 3\nanswer = 'So.'\n", "line 2, column 12: invalid type: integer `3`"),
            ("question_end = '??'\n", "line 1, column 16: invalid value: string \"??\", expected a character"),
            ("exchange = [\n", "line "),
            ("What is your name?\n", "line 1, column 6: "),
        ];
        for (text, expected) in cases {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{text:?}: {error}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
    }

    #[test]
    fn a_column_counts_characters_and_not_bytes() {
        assert_eq!(position("é = \"ù\" x", "é = \"ù\" ".len()), Position { line: 1, column: 9 });
        assert_eq!(position("a\nb\n", 4), Position { line: 3, column: 1 });
    }
}
