//! Moments of the calendar, as RFC 3339 writes them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const DAY_MS: i64 = 24 * 3_600_000;
const MINUTE_MS: i64 = 60_000;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A moment of the calendar with milliseconds, and the offset of the local time from UTC: `2026-11-27T15:43:03.250+01:00`.
///
/// It is serialized as this text, or as two numbers where the format is not for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timestamp {
    unix_ms: i64,
    offset_minutes: i64,
}

/// The text is not a timestamp of RFC 3339.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimestampError;

impl fmt::Display for TimestampError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("not a timestamp such as 2026-11-27T15:43:03+01:00")
    }
}

impl std::error::Error for TimestampError {}

impl Timestamp {
    /// Creates a timestamp from the time since 1970 UTC, where local time is ahead of UTC by `offset_minutes`.
    pub fn new(since_1970: Duration, offset_minutes: i16) -> Self {
        // The largest year is 9999, because RFC 3339 has four digits for it.
        let unix_ms = since_1970.as_millis().min(253_402_300_799_000 - DAY_MS as u128) as i64;
        Self { unix_ms, offset_minutes: i64::from(offset_minutes).clamp(-1_439, 1_439) }
    }

    /// Returns the moment as a person reads it, to the minute: `27 Nov 2026, 15:43 (UTC+01:00)`.
    pub fn describe(self) -> String {
        let local_ms = self.unix_ms + self.offset_minutes * MINUTE_MS;
        let [year, month, day] = date(local_ms.div_euclid(DAY_MS));
        let minutes = local_ms.rem_euclid(DAY_MS) / MINUTE_MS;
        let month = MONTHS[month as usize - 1];
        format!("{day} {month} {year}, {:02}:{:02} (UTC{})", minutes / 60, minutes % 60, self.offset())
    }

    /// Returns the offset of the local time as RFC 3339 writes it.
    fn offset(self) -> String {
        let sign = if self.offset_minutes < 0 { '-' } else { '+' };
        let offset = self.offset_minutes.abs();
        format!("{sign}{:02}:{:02}", offset / 60, offset % 60)
    }

    /// Returns the time since 1970 UTC.
    pub fn since_1970(self) -> Duration {
        Duration::from_millis(self.unix_ms.unsigned_abs())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let local_ms = self.unix_ms + self.offset_minutes * MINUTE_MS;
        let [year, month, day] = date(local_ms.div_euclid(DAY_MS));
        let ms = local_ms.rem_euclid(DAY_MS);
        let [hour, minute, second] = [ms / 3_600_000, ms / MINUTE_MS % 60, ms / 1_000 % 60];
        write!(formatter, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}", ms % 1_000)?;
        formatter.write_str(&self.offset())
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return serializer.collect_str(self);
        }
        (self.unix_ms.unsigned_abs(), self.offset_minutes as i16).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return String::deserialize(deserializer)?.parse().map_err(D::Error::custom);
        }
        let (unix_ms, offset_minutes) = Deserialize::deserialize(deserializer)?;
        Ok(Self::new(Duration::from_millis(unix_ms), offset_minutes))
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        parse(text).ok_or(TimestampError)
    }
}

fn parse(text: &str) -> Option<Timestamp> {
    let (date_text, rest) = text.split_once('T')?;
    let [year, month, day] = numbers(date_text, '-')?;
    let days = days(year, month, day);
    if date(days) != [year, month, day] {
        return None;
    }
    let (time, offset) = rest.split_at(rest.find(['Z', '+', '-'])?);
    let offset_minutes = if offset == "Z" {
        0
    } else {
        let [hours, minutes] = numbers(&offset[1..], ':')?;
        let minutes = hours * 60 + minutes;
        if offset.starts_with('-') { -minutes } else { minutes }
    };
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let [hour, minute, second] = numbers(time, ':')?;
    if hour > 23 || minute > 59 || second > 60 || offset_minutes.abs() > 1_439 {
        return None;
    }
    let [ms] = numbers(&format!("{fraction:0<3}")[..3], '.')?;
    let local_ms = days * DAY_MS + hour * 3_600_000 + minute * MINUTE_MS + second * 1_000 + ms;
    let unix_ms = local_ms - offset_minutes * MINUTE_MS;
    (unix_ms >= 0).then_some(Timestamp { unix_ms, offset_minutes })
}

/// Parses numbers of at most four digits with separators in between.
fn numbers<const COUNT: usize>(text: &str, separator: char) -> Option<[i64; COUNT]> {
    let mut numbers = [0; COUNT];
    let mut parts = text.split(separator);
    for number in &mut numbers {
        let part = parts.next()?;
        if part.len() > 4 || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}

/// Returns the number of days from 1970-01-01 to a date.
///
/// Both conversions are those of <https://howardhinnant.github.io/date_algorithms.html>, for years from 0: a year begins in March,
/// so that the leap day is its last, and 146,097 days are 400 years.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year - 719_468
}

/// Returns year, month and day of a number of days since 1970-01-01.
fn date(days: i64) -> [i64; 3] {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    [year, month, day]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_person_reads_the_day_the_minute_and_the_offset() {
        for (text, expected) in [
            ("2026-11-27T15:43:03.250+01:00", "27 Nov 2026, 15:43 (UTC+01:00)"),
            ("2000-02-29T00:00:00Z", "29 Feb 2000, 00:00 (UTC+00:00)"),
            ("2026-01-01T00:10:59-09:30", "1 Jan 2026, 00:10 (UTC-09:30)"),
        ] {
            assert_eq!(text.parse::<Timestamp>().unwrap().describe(), expected);
        }
    }

    #[test]
    fn a_timestamp_is_written_in_local_time_with_its_offset() {
        let cases = [
            (0, 0, "1970-01-01T00:00:00.000+00:00"),
            (1_795_790_583_250, 60, "2026-11-27T15:43:03.250+01:00"),
            (1_795_790_583_250, -570, "2026-11-27T05:13:03.250-09:30"),
            (951_782_400_000, 0, "2000-02-29T00:00:00.000+00:00"),
        ];
        for (ms, offset, text) in cases {
            let timestamp = Timestamp::new(Duration::from_millis(ms), offset);
            assert_eq!(timestamp.to_string(), text);
            assert_eq!(text.parse(), Ok(timestamp));
            assert_eq!(timestamp.since_1970(), Duration::from_millis(ms));
        }
    }

    #[test]
    fn utc_and_other_fractions_are_read() {
        let ms = |text: &str| text.parse().map(|timestamp: Timestamp| timestamp.since_1970().as_millis());
        assert_eq!(ms("2026-11-27T14:43:03Z"), Ok(1_795_790_583_000));
        assert_eq!(ms("2026-11-27T14:43:03.2Z"), Ok(1_795_790_583_200));
        assert_eq!(ms("2026-11-27T14:43:03.250999999Z"), Ok(1_795_790_583_250));
    }

    #[test]
    fn other_text_is_refused() {
        let cases = [
            "",
            "2026-11-27",
            "2026-11-27T14:43:03",
            "2026-13-27T14:43:03Z",
            "2026-02-30T14:43:03Z",
            "2026-11-27T24:43:03Z",
            "2026-11-27T14:43Z",
            "2026-11-27T14:43:03+1",
            "+026-11-27T14:43:03Z",
            "2026-11-27T14:43:03.äZ",
            "1969-12-31T23:59:59Z",
            "2026-11-27T14:43:03ZZ",
        ];
        for text in cases {
            assert_eq!(text.parse::<Timestamp>(), Err(TimestampError), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(ms in 0_u64..253_000_000_000_000, offset in -1_439_i16..=1_439) {
            let timestamp = Timestamp::new(Duration::from_millis(ms), offset);
            prop_assert_eq!(timestamp.to_string().parse(), Ok(timestamp));
        }

        #[test]
        fn any_text_is_read_or_refused(text in any::<String>()) {
            let _ = text.parse::<Timestamp>();
        }
    }
}
