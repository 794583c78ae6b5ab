//! What a client heard, or is to hear, and how to show it on one line.

use std::fmt;
use std::time::Duration;

/// Of more bytes than this, their number is shown too.
const COUNTED_FROM_BYTES: usize = 1024;

/// The least that is shown of what was heard, however little room there is.
const QUOTE_MIN_COLUMNS: usize = 16;

/// Bytes, and what came after them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Transcript {
    /// Everything that was heard on one connection.
    pub heard: Vec<u8>,
    /// What ended the listening, if it was not simply enough.
    pub then: Option<Then>,
}

/// What can come in place of bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Then {
    /// Nothing at all for so long.
    Silence(Duration),
    /// The other side has closed.
    EndOfStream,
    /// The other side has reset the connection.
    Reset,
    /// There is no connection, or no more; in the system's words.
    Broken(String),
    /// The server takes no more questions while its answers are not read.
    Backpressure,
    /// The server took so many bytes while its answers were not read, and would take more.
    TookBytes(usize),
}

impl fmt::Display for Then {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silence(patience) => write!(f, "nothing for {}", humantime::format_duration(*patience)),
            Self::EndOfStream => f.write_str("closed"),
            Self::Reset => f.write_str("reset"),
            Self::Broken(why) => f.write_str(why),
            Self::Backpressure => f.write_str("no more questions taken"),
            Self::TookBytes(count) => write!(f, "{count} bytes of questions taken"),
        }
    }
}

impl Transcript {
    /// Both in words: what was heard, quoted, escaped and shortened to about so many columns, and
    /// what came then. What is in sight is where it departs from `other`.
    pub fn beside(&self, other: &Self, columns: usize) -> String {
        let same = self.heard.iter().zip(&other.heard).take_while(|(this, other)| this == other).count();
        // Where nothing departs, the beginning tells most.
        self.shown_from(if self.heard == other.heard { 0 } else { same }, columns)
    }

    fn shown_from(&self, sight: usize, columns: usize) -> String {
        let then = self.then.as_ref().map(Then::to_string);
        match (self.heard.is_empty(), then) {
            (true, None) => "nothing".to_owned(),
            (true, Some(then)) => then,
            (false, None) => quote(&self.heard, sight, columns),
            (false, Some(then)) => {
                let after = format!(", then {then}");
                quote(&self.heard, sight, columns.saturating_sub(after.len())) + &after
            }
        }
    }
}

/// Bytes in quotation marks, shortened so that the byte at `sight` can be seen.
fn quote(bytes: &[u8], sight: usize, columns: usize) -> String {
    let count = if bytes.len() > COUNTED_FROM_BYTES { format!(" ({} bytes)", bytes.len()) } else { String::new() };
    let room = columns.saturating_sub(count.len() + "\"\"".len()).max(QUOTE_MIN_COLUMNS);
    let fits = bytes.len() <= room && bytes.escape_ascii().count() <= room;
    let from = if fits { 0 } else { sight.saturating_sub(room / 2) };
    let mut shown = String::from(if from > 0 { "…" } else { "" });
    // Each `…` takes a column.
    let mut left = if fits { room } else { room - 2 };
    for byte in &bytes[from..] {
        let escaped = byte.escape_ascii();
        if escaped.len() > left {
            shown.push('…');
            break;
        }
        left -= escaped.len();
        shown.extend(escaped.map(char::from));
    }
    format!("\"{shown}\"{count}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(text: &str) -> Transcript {
        Transcript { heard: text.into(), then: None }
    }

    #[test]
    fn what_was_heard_is_quoted_and_escaped_and_shortened() {
        let ended = Transcript { then: Some(Then::EndOfStream), ..heard("Blue.") };
        let silent = Transcript { then: Some(Then::Silence(Duration::from_secs(5))), ..Transcript::default() };
        let cases = [
            (heard("Blue."), r#""Blue.""#),
            (heard("Blue.\r\n\u{e9}"), r#""Blue.\r\n\xc3\xa9""#),
            (heard("My name is Sir Lancelot."), r#""My name is Sir Lancelot.""#),
            (heard("My name is Sir Lancelot of Camelot."), r#""My name is Sir Lancelot…""#),
            (ended, r#""Blue.", then closed"#),
            (silent, "nothing for 5s"),
            (Transcript::default(), "nothing"),
        ];
        for (transcript, expected) in cases {
            assert_eq!(transcript.beside(&transcript, 27), expected);
        }
        assert_eq!(
            heard(&"To seek. ".repeat(1000)).beside(&Transcript::default(), 40),
            r#""To seek. To seek. To se…" (9000 bytes)"#
        );
    }

    #[test]
    fn what_differs_is_in_sight() {
        let expected = heard(&"To seek the Holy Grail.".repeat(100));
        let seen = Transcript { heard: expected.heard[..2000].iter().chain(b"Ni!").copied().collect(), then: None };
        assert_eq!(seen.beside(&expected, 40), r#""…e Holy GrailNi!" (2003 bytes)"#);
        assert_eq!(expected.beside(&seen, 40), r#""…e Holy Grail.To seek th…" (2300 bytes)"#);
    }

    #[test]
    fn no_quotation_is_wider_than_it_may_be() {
        for columns in 40..80 {
            for length in 0..200 {
                for sight in [0, length / 2, length] {
                    for text in ["x", "\0"] {
                        let quoted = quote(text.repeat(length).as_bytes(), sight, columns);
                        assert!(quoted.chars().count() <= columns, "{columns}: {quoted}");
                    }
                }
            }
        }
    }
}
