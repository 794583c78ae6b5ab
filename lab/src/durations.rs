//! Durations on the command line.

use std::time::Duration;

/// Parses a duration such as `500ms`, `30s` or `1.5min`.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|error| error.to_string())
}

/// Parses a duration that is not zero.
pub(crate) fn parse_positive(text: &str) -> Result<Duration, String> {
    match parse_duration(text) {
        Ok(Duration::ZERO) => Err("it must be longer than 0s".to_owned()),
        parsed => parsed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_positive_duration_has_a_unit_and_is_not_zero() {
        assert_eq!(parse_positive("200ms"), Ok(Duration::from_millis(200)));
        for wrong in ["0s", "-1s", "1", "1e99s", "soon"] {
            assert!(parse_positive(wrong).is_err(), "{wrong}");
        }
    }
}
