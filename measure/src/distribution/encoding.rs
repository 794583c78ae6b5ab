//! A distribution as JSON: its bins as an HdrHistogram in the compressed format V2 in base64, as interval logs have it, and what a
//! histogram does not keep exactly.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Deserializer as HistogramReader, Serializer as _, V2DeflateSerializer};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

use super::{DIGITS, Distribution, LONGEST_STEPS};

/// The fields in a file.
#[derive(Serialize, Deserialize)]
struct Encoded {
    count: u64,
    shortest_ns: u64,
    longest_ns: u64,
    sum_ns: u64,
    /// Times in steps of 100 ns; empty if there are none.
    histogram: String,
}

impl Serialize for Distribution {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut histogram = String::new();
        if self.count() > 0 {
            let mut bytes = Vec::new();
            V2DeflateSerializer::new().serialize(&self.histogram, &mut bytes).map_err(ser::Error::custom)?;
            histogram = STANDARD.encode(bytes);
        }
        let encoded = Encoded {
            count: self.count(),
            shortest_ns: crate::unit::nanos(self.shortest.min(self.longest)),
            longest_ns: crate::unit::nanos(self.longest),
            sum_ns: self.sum_ns,
            histogram,
        };
        encoded.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Distribution {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let encoded = Encoded::deserialize(deserializer)?;
        let mut distribution = Self::default();
        if encoded.count == 0 {
            return Ok(distribution);
        }
        let bytes = STANDARD.decode(&encoded.histogram).map_err(de::Error::custom)?;
        let histogram: Histogram<u32> =
            HistogramReader::new().deserialize(&mut bytes.as_slice()).map_err(de::Error::custom)?;
        if histogram.len() != encoded.count || histogram.high() > LONGEST_STEPS * 2 || histogram.sigfig() != DIGITS {
            return Err(de::Error::custom(
                "the histogram does not have the count, range or precision that belong to it",
            ));
        }
        distribution.histogram.add(&histogram).map_err(de::Error::custom)?;
        distribution.shortest = Duration::from_nanos(encoded.shortest_ns);
        distribution.longest = Duration::from_nanos(encoded.longest_ns);
        distribution.sum_ns = encoded.sum_ns;
        Ok(distribution)
    }
}
