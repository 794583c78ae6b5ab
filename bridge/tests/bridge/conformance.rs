//! The rules of RFC 6455, as a table of cases: raw bytes of a client, and what the bridge must answer. The groups are those
//! of the Autobahn test suite; every verdict is strict.
//!
//! Behind the bridge, a server sends back what it receives. Each case is sent twice: in one piece, and in the smallest
//! pieces.

mod case;
mod close;
mod control;
mod fragments;
mod framing;
mod limits;
mod utf8;

use std::time::Duration;

use crate::common::{Bridge, SOON, echo, open_by_hand, soon, target};
use futures_util::StreamExt as _;
use futures_util::stream;
use launcelot_bridge::Options;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::OwnedReadHalf;

use self::case::{Case, Verdict, close};

/// How many cases run at once.
const CASES_AT_ONCE: usize = 16;

/// Cases of more bytes are not sent byte by byte.
const BYTE_BY_BYTE_MAX: usize = 2000;

/// The size of the pieces of longer cases, no power of two.
const PIECE_BYTES: usize = 997;

/// What came back until the end of the connection.
#[derive(Debug, Default)]
struct Received {
    bytes: Vec<u8>,
    pongs: Vec<Vec<u8>>,
    /// The payload of the close frame.
    close: Option<Vec<u8>>,
}

/// Reads the frames of the bridge until its close frame and the end of the connection. Returns what is wrong with them.
async fn receive(reader: &mut OwnedReadHalf) -> Result<Received, String> {
    let mut received = Received::default();
    while received.close.is_none() {
        let first = reader.read_u8().await.map_err(|error| format!("{error} after {received:.100?}"))?;
        let length = match reader.read_u8().await.map_err(|error| error.to_string())? {
            126 => u64::from(reader.read_u16().await.map_err(|error| error.to_string())?),
            127 => reader.read_u64().await.map_err(|error| error.to_string())?,
            masked @ 128.. => return Err(format!("the bridge masks: {masked:#x}")),
            length => u64::from(length),
        };
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        reader.read_exact(&mut payload).await.map_err(|error| error.to_string())?;
        match first {
            0x82 => received.bytes.extend(payload),
            0x8a => received.pongs.push(payload),
            0x88 => received.close = Some(payload),
            other => return Err(format!("the bridge sent a frame that begins with {other:#x}")),
        }
    }
    let mut rest = Vec::new();
    reader.read_to_end(&mut rest).await.map_err(|error| format!("{error} after the close frame"))?;
    if rest.is_empty() { Ok(received) } else { Err(format!("{} bytes after the close frame", rest.len())) }
}

/// Runs one case with pieces of `piece_bytes`, and returns what is wrong.
async fn run(port: u16, case: &Case, piece_bytes: usize) -> Result<(), String> {
    let (mut reader, mut writer) = open_by_hand(port).await.into_split();
    let mut sent = case.sent.clone();
    if matches!(case.verdict, Verdict::Open { .. }) {
        sent.extend(close(&1000u16.to_be_bytes()));
    }
    let sending = async move {
        for piece in sent.chunks(piece_bytes) {
            // The bridge may have closed already.
            if writer.write_all(piece).await.is_err() {
                break;
            }
        }
        writer
    };
    let (received, writer) = soon(async { tokio::join!(receive(&mut reader), sending) }).await;
    drop(writer);
    judge(&received?, &case.verdict)
}

fn judge(received: &Received, verdict: &Verdict) -> Result<(), String> {
    let close = received.close.as_deref();
    let code = close.and_then(|close| close.first_chunk()).map(|code| u16::from_be_bytes(*code));
    let no_pongs = Vec::new();
    let (bytes, pongs, expected_code) = match verdict {
        Verdict::Open { bytes, pongs } => (bytes, pongs, Some(1000)),
        Verdict::Closed { bytes, code } => (bytes, &no_pongs, *code),
        Verdict::Failed { code: expected, bytes } => {
            if code != Some(*expected) {
                return Err(format!("closed with {code:?} instead of {expected}"));
            }
            if !bytes.starts_with(&received.bytes) {
                return Err(format!("{} bytes came back that were not sent", received.bytes.len()));
            }
            let reason = String::from_utf8(close.unwrap_or_default()[2..].to_vec());
            return reason.map(drop).map_err(|_| "the reason is not UTF-8".to_owned());
        }
    };
    if received.bytes != *bytes {
        return Err(format!("{} bytes came back instead of {}", received.bytes.len(), bytes.len()));
    }
    if received.pongs != *pongs {
        return Err(format!("the pongs are {:?}", received.pongs));
    }
    if code == expected_code { Ok(()) } else { Err(format!("closed with {code:?} instead of {expected_code:?}")) }
}

/// Runs all cases and panics with the names of those that fail.
async fn check(cases: Vec<Case>) {
    let server = target(echo().await);
    let bridge_with_linger =
        |linger| Bridge::start(Options { targets: vec![server.clone()], linger, ..Options::default() });
    let patient = bridge_with_linger(SOON);
    // A client that the bridge fails does not answer the close, so the bridge waits for all of this time.
    let impatient = bridge_with_linger(Duration::from_secs(2));
    let runs = cases.iter().flat_map(|case| {
        let smallest = if case.sent.len() <= BYTE_BY_BYTE_MAX { 1 } else { PIECE_BYTES };
        [(case, usize::MAX), (case, smallest)]
    });
    let port_for = |case: &Case| {
        if matches!(case.verdict, Verdict::Failed { .. }) { impatient.port } else { patient.port }
    };
    let failures: Vec<String> = stream::iter(runs)
        .map(async |(case, piece_bytes)| {
            let failure = run(port_for(case), case, piece_bytes).await.err()?;
            Some(format!("{}, in pieces of {piece_bytes}: {failure}", case.name))
        })
        .buffer_unordered(CASES_AT_ONCE)
        .filter_map(std::future::ready)
        .collect()
        .await;
    assert!(failures.is_empty(), "{} of {} cases: {failures:#?}", failures.len(), cases.len());
}

#[tokio::test]
async fn messages_of_every_length_are_relayed_and_malformed_headers_refused() {
    check(framing::cases()).await;
}

#[tokio::test]
async fn pings_are_answered_and_malformed_control_frames_refused() {
    check(control::cases()).await;
}

#[tokio::test]
async fn fragments_are_one_message_and_fragments_out_of_order_are_refused() {
    check(fragments::cases()).await;
}

#[tokio::test]
async fn text_is_utf8_however_it_is_split() {
    check(utf8::cases()).await;
}

#[tokio::test]
async fn a_close_is_echoed_and_a_malformed_one_refused() {
    check(close::cases()).await;
}

#[tokio::test]
async fn messages_up_to_the_limit_are_relayed_and_larger_ones_refused_at_their_header() {
    check(limits::cases()).await;
}

#[test]
fn there_are_at_least_as_many_cases_as_in_the_suite() {
    let groups =
        [framing::cases(), control::cases(), fragments::cases(), utf8::cases(), close::cases(), limits::cases()];
    let names: std::collections::HashSet<_> = groups.iter().flatten().map(|case| case.name.as_str()).collect();
    assert_eq!(names.len(), groups.iter().map(Vec::len).sum::<usize>(), "two cases have one name");
    assert!(names.len() >= 301, "{} cases", names.len());
}
