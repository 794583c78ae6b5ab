//! The decoder of frames against tungstenite, with frames from a generator and with the corpus of the fuzzer.

mod reference;

use launcelot_bridge::frame::FrameError;
use proptest::prelude::*;
use reference::{End, assert_same, decode, decode_by_tungstenite, split_input};

/// Inputs that together reach all of the decoder, found by the fuzzer in `fuzz/`: a line of hexadecimal digits for each.
const CORPUS: &str = include_str!("frames/corpus.txt");

/// How the length of a frame is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LengthForm {
    Minimal,
    TwoBytes,
    EightBytes,
}

fn frame(first: u8, mask: Option<[u8; 4]>, form: LengthForm, payload: &[u8]) -> Vec<u8> {
    let masked = if mask.is_some() { 0x80 } else { 0 };
    let mut frame = vec![first];
    match (form, payload.len()) {
        (LengthForm::Minimal, length @ 0..=125) => frame.push(masked | length as u8),
        (LengthForm::Minimal, 126..=0xffff) | (LengthForm::TwoBytes, _) => {
            frame.push(masked | 126);
            frame.extend((payload.len() as u16).to_be_bytes());
        }
        _ => {
            frame.push(masked | 127);
            frame.extend((payload.len() as u64).to_be_bytes());
        }
    }
    let mask = mask.inspect(|mask| frame.extend(mask)).unwrap_or_default();
    frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

/// Mostly text, sometimes cut within a character.
fn payload() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => prop::collection::vec(prop::sample::select(vec!["a", "é", "€", "😀"]), 0..30)
            .prop_map(|text| text.concat().into_bytes()),
        2 => prop::collection::vec(prop::sample::select(&b"\xe2\x82\xac\xf0\x9f\x98\x80a"[..]), 0..6),
        1 => prop::collection::vec(any::<u8>(), 0..200),
        1 => prop::collection::vec(any::<u8>(), 120..130),
        1 => prop::collection::vec(any::<u8>(), 900..1100),
        1 => (990u16..5100, "[a-zé]{0,60}").prop_map(|(code, reason)| [&code.to_be_bytes(), reason.as_bytes()].concat()),
    ]
}

/// Frames as a client sends them, with a violation now and then.
fn frames() -> impl Strategy<Value = Vec<u8>> {
    let first = prop_oneof![
        30 => prop::sample::select(vec![0x81, 0x82, 0x01, 0x02, 0x00, 0x80, 0x80, 0x89, 0x8a]),
        2 => Just(0x88),
        1 => any::<u8>(),
    ];
    let mask = prop_oneof![30 => any::<[u8; 4]>().prop_map(Some), 1 => Just(None)];
    let form = prop_oneof![
        30 => Just(LengthForm::Minimal),
        1 => Just(LengthForm::TwoBytes),
        1 => Just(LengthForm::EightBytes),
    ];
    let frame =
        (first, mask, form, payload()).prop_map(|(first, mask, form, payload)| frame(first, mask, form, &payload));
    (prop::collection::vec(frame, 0..8), 0usize..30).prop_map(|(frames, missing)| {
        let mut bytes = frames.concat();
        bytes.truncate(bytes.len().saturating_sub(missing.saturating_sub(15)));
        bytes
    })
}

fn cuts(bytes: &[u8], cuts: &[prop::sample::Index]) -> Vec<usize> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    cuts.sort_unstable();
    cuts
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn frames_in_any_pieces_are_decoded_as_tungstenite_decodes_the_whole(
        bytes in frames(),
        cut_at in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        assert_same(&bytes, &cuts(&bytes, &cut_at));
    }

    #[test]
    fn any_bytes_are_decoded_as_tungstenite_decodes_them(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        assert_same(&bytes, &[]);
    }
}

#[test]
fn the_corpus_of_the_fuzzer_is_decoded_as_tungstenite_decodes_it() {
    let mut inputs = 0;
    for line in CORPUS.lines() {
        let digits = line.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
        let input: Vec<u8> = digits.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect();
        let (bytes, cuts) = split_input(&input);
        assert_same(bytes, &cuts);
        inputs += 1;
    }
    assert!(inputs > 100, "the corpus has {inputs} inputs");
}

#[test]
fn the_differences_are_those_that_are_listed() {
    let mask = Some([1, 2, 3, 4]);
    let long = frame(0x82, mask, LengthForm::TwoBytes, b"What?");
    assert_eq!(decode(&long, &[]).1.map(|violation| violation.error), Some(FrameError::LengthNotMinimal));
    assert_eq!(decode_by_tungstenite(&long).payload, b"What?");
    let bad_gateway = frame(0x88, mask, LengthForm::Minimal, &1014u16.to_be_bytes());
    assert_eq!(decode(&bad_gateway, &[]).0.end, End::Closed(Some(1014)));
    assert_eq!(decode_by_tungstenite(&bad_gateway).end, End::Closed(Some(1002)));
    let after_close = [frame(0x88, mask, LengthForm::Minimal, b""), vec![0xff; 10]].concat();
    assert_eq!(decode(&after_close, &[]).0.end, End::Closed(None));
}
