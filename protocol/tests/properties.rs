//! Properties that hold for any bytes, split in any way.

use launcelot_protocol::conversation::REPLIES_MAX_BYTES;
use launcelot_protocol::exchange::QUESTION_MAX_BYTES;
use launcelot_protocol::{Answers, Conversation, Dialogue, EXCHANGES, Framing, Script};
use proptest::prelude::*;

/// Feeds `pieces` to a conversation and returns all replies.
fn replies_to<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut conversation = Conversation::new();
    let mut all_replies = Vec::new();
    for piece in pieces {
        let mut rest = piece;
        while !rest.is_empty() {
            let mut replies = Vec::new();
            let parsed = conversation.feed(rest, &mut replies);
            assert!(replies.len() <= REPLIES_MAX_BYTES);
            assert!(parsed.bytes > 0, "no progress on {} bytes", rest.len());
            all_replies.extend_from_slice(&replies);
            rest = &rest[parsed.bytes..];
        }
    }
    all_replies
}

/// Splits `bytes` at the given places, modulo the length of the rest.
fn split<'a>(bytes: &'a [u8], places: &[usize]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    let mut rest = bytes;
    for place in places {
        if rest.is_empty() {
            break;
        }
        let (piece, after) = rest.split_at(place % rest.len());
        pieces.push(piece);
        rest = after;
    }
    pieces.push(rest);
    pieces
}

/// Input of all kinds: known and unknown questions, white space, random bytes, questions that are too long, floods.
fn client_bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => (0..EXCHANGES.len()).prop_map(|index| EXCHANGES[index].question.as_bytes().to_vec()),
        1 => "[ \t\r\n]{0,5}".prop_map(String::into_bytes),
        1 => "[a-zA-Z ?]{0,40}".prop_map(String::into_bytes),
        1 => proptest::collection::vec(any::<u8>(), 0..40),
        1 => (QUESTION_MAX_BYTES - 40..QUESTION_MAX_BYTES + 2).prop_map(|length| vec![b'x'; length]),
        1 => (0..4000usize).prop_map(|length| vec![b'?'; length]),
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

/// Any text of printable ASCII without `end`, followed by `end`.
fn text_with_end(end: char) -> impl Strategy<Value = String> {
    "[!-~][ -~]{0,60}".prop_filter_map("only the end", move |text| {
        let text = text.replace(end, "");
        let text = text.trim_start();
        (!text.is_empty()).then(|| format!("{text}{end}"))
    })
}

/// Any script whose exchanges are valid.
fn scripts() -> impl Strategy<Value = Script> {
    let end = || proptest::sample::select(('!'..='~').filter(char::is_ascii_punctuation).collect::<Vec<_>>());
    (end(), end()).prop_flat_map(|(question_end, answer_end)| {
        let framing = Framing::new(question_end, answer_end).expect("both are punctuation");
        // A script may contain each question only once, as a map does.
        let exchanges = proptest::collection::btree_map(text_with_end(question_end), text_with_end(answer_end), 1..6);
        exchanges.prop_map(move |exchanges| Script::new(framing, exchanges, None).expect("every text is valid"))
    })
}

/// Returns the answers of `script` to complete questions, one after the other.
fn answers_of_server(script: &Script, questions: &str) -> String {
    let end = char::from(script.framing().question_end());
    questions.split_inclusive(end).map(|question| script.answer_to(question).expect("a known question")).collect()
}

proptest! {
    #[test]
    fn a_dialogue_of_any_script_completes_at_any_split_of_the_answers(
        script in scripts(),
        in_flight_max in 1..8usize,
        places in proptest::collection::vec(any::<usize>(), 0..20),
    ) {
        let mut dialogue = Dialogue::new(script.questions(), in_flight_max).with_framing(script.framing());
        let mut answers = Vec::new();
        while !dialogue.is_complete() {
            let asked: String = std::iter::from_fn(|| dialogue.next_to_send()).map(String::from).collect();
            for piece in split(answers_of_server(&script, &asked).as_bytes(), &places) {
                dialogue.receive(piece, &mut answers)?;
            }
        }
        dialogue.finish()?;
        let expected: Vec<&str> = script.exchanges().iter().map(|exchange| exchange.answer.as_str()).collect();
        prop_assert_eq!(answers, expected);
    }

    #[test]
    fn any_split_of_any_bytes_gives_the_same_replies(
        bytes in client_bytes(),
        places in proptest::collection::vec(any::<usize>(), 0..20),
    ) {
        let whole = replies_to([bytes.as_slice()]);
        prop_assert_eq!(&replies_to(split(&bytes, &places)), &whole);
        prop_assert_eq!(&replies_to(bytes.chunks(1)), &whole);
    }

    #[test]
    fn any_bytes_are_parsed_in_constant_memory(bytes in proptest::collection::vec(any::<u8>(), 0..8192)) {
        replies_to([bytes.as_slice()]);
        // A type that needs no drop owns no allocation, so its size is all the memory of a conversation.
        prop_assert!(!std::mem::needs_drop::<Conversation>());
        prop_assert!(size_of::<Conversation>() <= 32);
    }

    #[test]
    fn any_split_of_any_bytes_gives_the_same_answers(
        bytes in proptest::collection::vec(prop_oneof![9 => any::<u8>(), 1 => Just(b'.')], 0..4096),
        places in proptest::collection::vec(any::<usize>(), 0..20),
    ) {
        let mut whole = Vec::new();
        let ended = Answers::new().receive(&bytes, &mut whole);
        let mut pieces = Vec::new();
        let mut answers = Answers::new();
        let split_ended = split(&bytes, &places).into_iter().try_for_each(|piece| answers.receive(piece, &mut pieces));
        prop_assert_eq!(split_ended, ended);
        prop_assert_eq!(pieces, whole);
    }
}
