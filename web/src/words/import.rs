//! What came of bringing a document, in one sentence.

use super::limits::count;
use launcelot_measure::export::document::{DOCUMENT_MAX_BYTES, Document, Refusal, VERSION};

/// Why it was not taken.
pub fn why_not(name: &str, refusal: Refusal) -> String {
    match refusal {
        Refusal::TooLarge => format!("Not read: {name} is larger than {} MB.", DOCUMENT_MAX_BYTES / 1_000_000),
        Refusal::NotOne => format!("Not taken: {name} is no export of Launcelot’s in JSON, or a damaged one."),
        Refusal::Newer(version) => {
            format!("Not taken: {name} is of version {version}, and this page reads none newer than {VERSION}.")
        }
        Refusal::Empty => format!("Not taken: there is nothing in {name}."),
    }
}

/// That nothing is there to read it.
pub fn not_loaded(name: &str) -> String {
    format!("Not read: what reads {name} could not be loaded. Try again.")
}

/// What was taken.
pub fn taken(name: &str, document: &Document) -> String {
    let runs = count(document.all_runs().count(), "run", "runs");
    let rounds = count(document.rounds.len(), "series of rounds", "series of rounds");
    let what = if document.rounds.is_empty() { runs } else { [runs, rounds].join(" and ") };
    format!("Imported from {name}: {what}.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_is_one_sentence_with_the_name_of_the_file() {
        for refusal in [Refusal::TooLarge, Refusal::NotOne, Refusal::Newer(7), Refusal::Empty] {
            let says = why_not("x.json", refusal);
            assert!(says.contains("x.json") && says.ends_with('.'), "{says}");
        }
        assert!(not_loaded("x.json").contains("x.json"));
        assert!(why_not("x", Refusal::Newer(7)).contains("version 7"));
    }
}
