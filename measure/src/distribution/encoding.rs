//! A distribution as JSON: its bins as an HdrHistogram in the compressed format V2 in base64, as interval logs have it, and what a
//! histogram does not keep exactly.

use std::io::Read as _;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::ZlibDecoder;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Deserializer as HistogramReader, Serializer as _, V2DeflateSerializer};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

use super::{DIGITS, Distribution, LONGEST_STEPS};

/// The largest histogram, uncompressed: 9 bytes for each of about 32,000 bins.
const PAYLOAD_MAX_BYTES: u64 = 1 << 19;

/// The error for a histogram whose fields do not fit each other, so that [`Distribution`] cannot have written it.
const CONTRADICTORY: &str = "the histogram does not have the count, range or precision that belong to it";

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
        if !has_plausible_size(&bytes) {
            return Err(de::Error::custom(CONTRADICTORY));
        }
        if encoded.shortest_ns > encoded.longest_ns {
            return Err(de::Error::custom("the shortest time is longer than the longest"));
        }
        let histogram: Histogram<u32> =
            HistogramReader::new().deserialize(&mut bytes.as_slice()).map_err(de::Error::custom)?;
        if histogram.len() != encoded.count || histogram.high() > LONGEST_STEPS * 2 || histogram.sigfig() != DIGITS {
            return Err(de::Error::custom(CONTRADICTORY));
        }
        distribution.histogram.add(&histogram).map_err(de::Error::custom)?;
        distribution.shortest = Duration::from_nanos(encoded.shortest_ns);
        distribution.longest = Duration::from_nanos(encoded.longest_ns);
        distribution.sum_ns = encoded.sum_ns;
        Ok(distribution)
    }
}

/// Whether the header of a compressed histogram names a size and a range that [`Distribution`] can have. The reader allocates what the
/// header says before it reads on.
fn has_plausible_size(bytes: &[u8]) -> bool {
    // A cookie and the compressed length; then, compressed, a cookie, the length, an offset, the digits, the lowest and the highest.
    let Some(compressed) = bytes.get(8..) else { return false };
    let mut header = [0; 32];
    if ZlibDecoder::new(compressed).read_exact(&mut header).is_err() {
        return false;
    }
    let number =
        |from: usize, until: usize| header[from..until].iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    number(4, 8) <= PAYLOAD_MAX_BYTES && number(12, 16) == u64::from(DIGITS) && number(24, 32) <= LONGEST_STEPS * 2
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::ZlibEncoder;
    use serde_json::json;

    use super::*;

    /// An encoded distribution whose histogram has this header and nothing after it.
    fn encoded(payload_bytes: u32, digits: u32, highest: u64) -> String {
        let mut header = Vec::new();
        for number in [0x1c84_9303, payload_bytes, 0, digits] {
            header.extend(number.to_be_bytes());
        }
        header.extend(1_u64.to_be_bytes());
        header.extend(highest.to_be_bytes());
        header.extend(1_f64.to_be_bytes());
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&header).unwrap();
        let compressed = encoder.finish().unwrap();
        let mut bytes = 0x1c84_9314_u32.to_be_bytes().to_vec();
        bytes.extend((compressed.len() as u32).to_be_bytes());
        bytes.extend(compressed);
        let text = STANDARD.encode(bytes);
        json!({ "count": 1, "shortest_ns": 1, "longest_ns": 1, "sum_ns": 1, "histogram": text }).to_string()
    }

    #[test]
    fn a_histogram_that_claims_an_absurd_size_is_refused_before_memory_is_taken() {
        let cases = [encoded(1 << 30, 3, LONGEST_STEPS), encoded(40, 5, LONGEST_STEPS), encoded(40, 3, u64::MAX)];
        for text in cases {
            let message = serde_json::from_str::<Distribution>(&text).unwrap_err().to_string();
            assert!(message.contains("does not have the count, range or precision"), "{message}");
        }
    }

    #[test]
    fn times_that_contradict_each_other_are_refused() {
        let distribution: Distribution = [Duration::from_millis(1), Duration::from_millis(2)].into_iter().collect();
        let mut value = serde_json::to_value(&distribution).unwrap();
        assert_eq!(serde_json::from_value::<Distribution>(value.clone()).unwrap(), distribution);
        value["shortest_ns"] = json!(3_000_000);
        let message = serde_json::from_value::<Distribution>(value).unwrap_err().to_string();
        assert!(message.contains("the shortest time is longer than the longest"), "{message}");
    }
}
