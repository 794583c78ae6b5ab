//! Small things that exported text is made of.

use std::time::Duration;

use crate::unit::{decimal, nanos};

/// Microseconds, with as many decimals as they have and at most three: `1234.567`, `5`.
pub(super) fn micros(duration: Duration) -> String {
    thousandths(nanos(duration))
}

/// A number of thousandths, without needless zeros.
pub(super) fn thousandths(number: u64) -> String {
    let mut text = decimal(number, 1_000, 3);
    text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
    text
}

/// Text as a string of JSON (RFC 8259, section 7).
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\0'..' ' => {
                quoted.push_str("\\u00");
                let digit = |value: u32| char::from_digit(value, 16).unwrap_or('0');
                quoted.extend([digit(character as u32 / 16), digit(character as u32 % 16)]);
            }
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn microseconds_have_the_decimals_that_they_need() {
        let cases = [(0, "0"), (5_000, "5"), (1_234_567, "1234.567"), (100_100, "100.1"), (20, "0.02"), (10_000, "10")];
        for (nanos, expected) in cases {
            assert_eq!(micros(Duration::from_nanos(nanos)), expected);
        }
    }

    #[test]
    fn a_string_of_json_reads_back_as_the_text() {
        let text = "\"Blue. No…\u{1}\n\\\u{1f}\" \u{7f}é💡";
        assert_eq!(serde_json::from_str::<String>(&quoted(text)).unwrap(), text);
    }
}
