//! What a client has received or should receive, and its description on one line.

use std::fmt;
use std::time::Duration;

/// If there are more bytes than this, their number is shown too.
const SHOW_COUNT_FROM_BYTES: usize = 1024;

/// The minimum width of quoted bytes.
const QUOTE_MIN_COLUMNS: usize = 16;

/// Received bytes, and the event after them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Transcript {
    /// All bytes that were received on one connection.
    pub bytes: Vec<u8>,
    /// The event that ended receiving, unless all expected bytes had come.
    pub event: Option<SocketEvent>,
}

/// An event at a socket, instead of bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SocketEvent {
    /// Nothing was received for this long.
    Timeout(Duration),
    /// The end of the stream.
    End,
    /// A reset of the connection.
    Reset,
    /// Connecting, reading or writing failed with this error of the system.
    Error(String),
    /// The server reads no more questions while its answers are not read.
    Backpressure,
    /// The server has read this many bytes of questions while its answers were not read, and still reads.
    NoBackpressure(usize),
    /// An answer of any text with this last character. Occurs only in what is expected, never in what was received.
    AnyAnswer(char),
}

impl fmt::Display for SocketEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout(timeout) => write!(f, "nothing for {}", humantime::format_duration(*timeout)),
            Self::End => f.write_str("closed"),
            Self::Reset => f.write_str("reset"),
            Self::Error(error) => f.write_str(error),
            Self::Backpressure => f.write_str("backpressure"),
            Self::AnyAnswer(end) => write!(f, "an answer that ends with {end:?}"),
            Self::NoBackpressure(count) => write!(f, "no backpressure after {count} bytes"),
        }
    }
}

impl Transcript {
    /// Describes the bytes and the event. The bytes are quoted, escaped and shortened to about `columns`, so that the first
    /// difference from `other` is visible.
    pub fn describe(&self, other: &Self, columns: usize) -> String {
        let focus = if self.bytes == other.bytes { 0 } else { self.common_prefix(other) };
        match (self.bytes.is_empty(), &self.event) {
            (true, None) => "nothing".to_owned(),
            (true, Some(event)) => event.to_string(),
            (false, None) => quote(&self.bytes, focus, columns),
            (false, Some(event)) => {
                let then = format!(", then {event}");
                quote(&self.bytes, focus, columns.saturating_sub(then.len())) + &then
            }
        }
    }

    /// Returns the length of the common prefix of both transcripts, in bytes.
    fn common_prefix(&self, other: &Self) -> usize {
        self.bytes.iter().zip(&other.bytes).take_while(|(byte, other)| byte == other).count()
    }
}

/// Returns the bytes in quotation marks, shortened so that the byte at `focus` is visible.
fn quote(bytes: &[u8], focus: usize, columns: usize) -> String {
    let count = if bytes.len() > SHOW_COUNT_FROM_BYTES { format!(" ({} bytes)", bytes.len()) } else { String::new() };
    let width = columns.saturating_sub(count.len() + "\"\"".len()).max(QUOTE_MIN_COLUMNS);
    let fits = bytes.len() <= width && bytes.escape_ascii().count() <= width;
    let from = if fits { 0 } else { focus.saturating_sub(width / 2) };
    let mut shown = String::from(if from > 0 { "…" } else { "" });
    // Each `…` takes a column.
    let mut left = if fits { width } else { width - 2 };
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

    fn received(text: &str) -> Transcript {
        Transcript { bytes: text.into(), event: None }
    }

    #[test]
    fn received_bytes_are_quoted_escaped_and_shortened() {
        let ended = Transcript { event: Some(SocketEvent::End), ..received("Blue.") };
        let timed_out =
            Transcript { event: Some(SocketEvent::Timeout(Duration::from_secs(5))), ..Transcript::default() };
        let cases = [
            (received("Blue."), r#""Blue.""#),
            (received("Blue.\r\n\u{e9}"), r#""Blue.\r\n\xc3\xa9""#),
            (received("My name is Sir Lancelot."), r#""My name is Sir Lancelot.""#),
            (received("My name is Sir Lancelot of Camelot."), r#""My name is Sir Lancelot…""#),
            (ended, r#""Blue.", then closed"#),
            (timed_out, "nothing for 5s"),
            (Transcript::default(), "nothing"),
        ];
        for (transcript, expected) in cases {
            assert_eq!(transcript.describe(&transcript, 27), expected);
        }
        assert_eq!(
            received(&"To seek. ".repeat(1000)).describe(&Transcript::default(), 40),
            r#""To seek. To seek. To se…" (9000 bytes)"#
        );
    }

    #[test]
    fn the_first_difference_is_visible() {
        let expected = received(&"To seek the Holy Grail.".repeat(100));
        let received = Transcript { bytes: [&expected.bytes[..2000], b"Ni!"].concat(), event: None };
        assert_eq!(received.describe(&expected, 40), r#""…e Holy GrailNi!" (2003 bytes)"#);
        assert_eq!(expected.describe(&received, 40), r#""…e Holy Grail.To seek th…" (2300 bytes)"#);
    }

    #[test]
    fn a_quotation_is_at_most_as_wide_as_requested() {
        for columns in 40..80 {
            for length in 0..200 {
                for focus in [0, length / 2, length] {
                    for text in ["x", "\0"] {
                        let quoted = quote(text.repeat(length).as_bytes(), focus, columns);
                        assert!(quoted.chars().count() <= columns, "{columns}: {quoted}");
                    }
                }
            }
        }
    }
}
