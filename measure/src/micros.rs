//! Durations in JSON: microseconds, as a number with up to three decimals.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// For fields named `…_us`. Above 2⁵³ ns (104 days) the last digits are lost; more than 584 years are read as 584 years.
pub(crate) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    (duration.as_nanos() as f64 / 1000.0).serialize(serializer)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let micros = f64::deserialize(deserializer)?;
    Duration::try_from_secs_f64(micros / 1e6)
        .map(|duration| Duration::from_nanos(((duration.as_secs_f64() * 1e9).round()) as u64))
        .map_err(de::Error::custom)
}

/// For fields named `…_us` with an optional duration; `None` is written as `null`.
pub(crate) mod option {
    use super::{Deserialize, Deserializer, Duration, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Micros(#[serde(with = "super")] Duration);

    pub(crate) fn serialize<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        duration.map(Micros).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        Ok(Option::deserialize(deserializer)?.map(|Micros(duration)| duration))
    }
}
