//! Rounds as an HdrHistogram log, version 1.3: a line for each of them and each stopwatch, told apart by tags.
//!
//! Times are counted in nanoseconds, and the longest is written in milliseconds, as tools expect it. The
//! payload is what the format calls V2 with deflate. Its zlib stream (RFC 1950) stores the bytes
//! as they are, which every reader of deflate must take (RFC 1951, 3.2.4): V2 has packed them already, and so
//! the page needs no compressor.

use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Serializer as _, V2Serializer};

use super::document::Document;
use super::text::thousandths;
use crate::rounds::{Round, Rounds, Stopwatch};
use crate::unit::decimal;

/// The cookie of a payload that is deflated V2, with the version's bits.
const COOKIE: u32 = 0x1c84_9314;
/// How many digits of a time are kept.
const DIGITS: u8 = 3;

/// What each stopwatch is called in a tag.
const STOPWATCHES: [(&str, Stopwatch); 3] =
    [("since-asked", Stopwatch::Question), ("since-connecting", Stopwatch::Connecting), ("since-due", Stopwatch::Due)];

/// All rounds of the document. Each log line is an interval that begins at 0 and lasts as long as its
/// rounds took one after the other.
pub fn log(document: &Document) -> String {
    let mut text = "#[Values are in nanoseconds, Interval_Max in milliseconds. Warm-up is left out.]\n\
        #[Histogram log format version 1.3]\n\
        \"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"HdrHistogram Blob\"\n"
        .to_owned();
    for rounds in &document.rounds {
        for (name, stopwatch) in STOPWATCHES {
            write_interval(&mut text, rounds, name, stopwatch);
        }
    }
    text
}

fn write_interval(text: &mut String, rounds: &Rounds, name: &str, stopwatch: Stopwatch) {
    let nanos = |stopwatch| rounds.times(stopwatch).map(|time| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    let longest = u64::from(u32::MAX) * u64::from(Round::STEP_NS);
    let Ok(mut histogram) = Histogram::<u32>::new_with_bounds(1, longest, DIGITS) else { return };
    nanos(stopwatch).for_each(|time| histogram.saturating_record(time));
    let mut payload = Vec::new();
    if V2Serializer::new().serialize(&histogram, &mut payload).is_err() {
        return;
    }
    let took = match rounds.plan.pace {
        Some(pace) => u64::try_from(pace.as_nanos()).unwrap_or(u64::MAX).saturating_mul(rounds.samples().len() as u64),
        None => nanos(Stopwatch::Due).sum(),
    };
    text.extend(["Tag=", &tag(&rounds.name), ".", name, ",0.000,", &decimal(took, 1_000_000_000, 3), ","]);
    text.extend([&thousandths(nanos(stopwatch).max().unwrap_or_default() / 1_000), ",", &base64(&deflated(&payload))]);
    text.push('\n');
}

/// A name as a tag, which ends at the first comma and may not have white space.
fn tag(name: &str) -> String {
    name.chars().map(|character| if character == ',' || character.is_whitespace() { '-' } else { character }).collect()
}

/// A payload as the log wants it: cookie, length, and a zlib stream of stored blocks.
fn deflated(payload: &[u8]) -> Vec<u8> {
    // 0x78: deflate with a window of 32 kB; 0x01: no dictionary, the lowest level.
    let mut stream = vec![0x78, 0x01];
    let blocks = payload.chunks(usize::from(u16::MAX));
    let last = blocks.len().saturating_sub(1);
    for (index, block) in blocks.enumerate() {
        let length = block.len() as u16;
        stream.push(u8::from(index == last));
        stream.extend(length.to_le_bytes().into_iter().chain((!length).to_le_bytes()));
        stream.extend_from_slice(block);
    }
    stream.extend(adler32(payload).to_be_bytes());
    let mut whole = Vec::with_capacity(stream.len() + 8);
    whole.extend(COOKIE.to_be_bytes().into_iter().chain((stream.len() as u32).to_be_bytes()));
    whole.append(&mut stream);
    whole
}

/// The checksum at the end of a zlib stream (RFC 1950, section 8.2).
fn adler32(bytes: &[u8]) -> u32 {
    const MODULUS: u32 = 65_521;
    let (low, high) = bytes.iter().fold((1, 0), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % MODULUS;
        (low, (high + low) % MODULUS)
    });
    high << 16 | low
}

/// Bytes in base64 (RFC 4648, section 4).
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let group = (0..3).fold(0_u32, |group, index| group << 8 | u32::from(three.get(index).copied().unwrap_or(0)));
        for digit in 0..4 {
            let is_there = digit <= three.len();
            let value = group >> (18 - 6 * digit) & 63;
            text.push(if is_there { char::from(DIGITS[value as usize]) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_and_adler32_are_those_of_their_rfcs() {
        let cases =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE=")];
        for (bytes, expected) in cases {
            assert_eq!(base64(bytes.as_bytes()), expected);
        }
        assert_eq!(adler32(b"Wikipedia"), 0x11E6_0398);
    }

    #[test]
    fn a_payload_of_several_blocks_inflates_to_itself() {
        use std::io::Read as _;
        let payload: Vec<u8> = (0..200_000_u32).map(|number| (number.wrapping_mul(number) >> 7) as u8).collect();
        let whole = deflated(&payload);
        let mut inflated = Vec::new();
        flate2::read::ZlibDecoder::new(&whole[8..]).read_to_end(&mut inflated).unwrap();
        assert!(inflated == payload);
    }

    #[test]
    fn a_tag_has_neither_commas_nor_spaces() {
        assert_eq!(tag("Long, wire\n2"), "Long--wire-2");
    }
}
