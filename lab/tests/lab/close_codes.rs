//! The bridge's close codes: what programs and documents say about them.

use std::collections::BTreeSet;
use std::fs;

use launcelot_bridge::close_code::CloseCode;
use launcelot_measure::text::closed::closed;

use crate::support::markdown::workspace;

#[test]
fn every_close_code_has_a_sentence_of_its_own() {
    let mut sentences = BTreeSet::new();
    for code in CloseCode::ALL {
        let sentence = closed(code.number()).unwrap_or_else(|| panic!("nothing is said about {code:?}"));
        assert!(sentence.ends_with('.') && sentences.insert(sentence), "{code:?}: {sentence}");
    }
    assert_eq!(closed(4999), None);
}

#[test]
fn the_document_on_the_bridge_lists_every_close_code() {
    let document = fs::read_to_string(workspace().join("docs/bridge.md")).unwrap();
    for code in CloseCode::ALL {
        assert!(document.contains(&format!("\n| {} | ", code.number())), "{code:?}");
    }
}
