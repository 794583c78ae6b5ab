//! What came of bringing a document, in one sentence.

use launcelot_measure::export::document::{DOCUMENT_MAX_BYTES, Document, DocumentError, VERSION};

use super::limits::count;
use crate::state::import::RACES_MAX;
use crate::state::rounds::KEPT_MAX;
use crate::state::runs::RUNS_MAX;

/// Why it was not taken.
pub fn why_not(name: &str, refusal: DocumentError) -> String {
    match refusal {
        DocumentError::TooLarge => format!("Not read: {name} is larger than {} MB.", DOCUMENT_MAX_BYTES / 1_000_000),
        DocumentError::NotADocument => {
            format!("Not taken: {name} is no export of Launcelot’s in JSON, or a damaged one.")
        }
        DocumentError::NewerVersion(version) => {
            format!("Not taken: {name} is of version {version}, and this page reads none newer than {VERSION}.")
        }
        DocumentError::Empty => format!("Not taken: there is nothing in {name}."),
        DocumentError::Impossible => format!("Not taken: {name} holds times that cannot have been measured."),
    }
}

/// That nothing is there to read it.
pub fn not_loaded(name: &str) -> String {
    format!("Not read: what reads {name} could not be loaded. Try again.")
}

/// What was taken, how much was here already, and for how much there was no room.
pub fn taken(name: &str, document: &Document, repeated: usize, left_out: usize) -> String {
    let kinds = [
        (document.runs.len(), "run", "runs"),
        (document.races.len(), "race", "races"),
        (document.rounds.len(), "series of rounds", "series of rounds"),
    ];
    let there = kinds.into_iter().filter(|(number, ..)| *number > 0);
    let what: Vec<String> = there.map(|(number, one, more)| count(number, one, more)).collect();
    let mut said = match what.split_last() {
        None => format!("Nothing was taken from {name}."),
        Some((last, [])) => format!("Imported from {name}: {last}."),
        Some((last, before)) => format!("Imported from {name}: {} and {last}.", before.join(", ")),
    };
    if repeated > 0 {
        said += &format!(" {} already here, and not imported again.", count(repeated, "thing was", "things were"));
    }
    if left_out > 0 {
        said += &format!(
            " {} left out: {RUNS_MAX} runs, {RACES_MAX} imported races and {KEPT_MAX} series of rounds are kept at most, and \
             nothing here had to go for them.",
            count(left_out, "thing was", "things were")
        );
    }
    said
}

#[cfg(test)]
mod tests {
    use launcelot_measure::export::RecordedRace;

    use super::*;

    #[test]
    fn what_was_taken_is_named_and_what_was_not_is_counted() {
        let mut document = Document { races: vec![RecordedRace::default(); 2], ..Document::default() };
        assert_eq!(taken("x", &document, 0, 0), "Imported from x: 2 races.");
        let expected = "Imported from x: 2 races. 1 thing was already here, and not imported again.";
        assert_eq!(taken("x", &document, 1, 0), expected);
        document.runs.clear();
        document.races.clear();
        assert!(taken("x", &document, 0, 3).starts_with("Nothing was taken from x. 3 things were left out: "));
    }

    #[test]
    fn every_refusal_is_one_sentence_with_the_name_of_the_file() {
        for refusal in [
            DocumentError::TooLarge,
            DocumentError::NotADocument,
            DocumentError::NewerVersion(7),
            DocumentError::Empty,
            DocumentError::Impossible,
        ] {
            let says = why_not("x.json", refusal);
            assert!(says.contains("x.json") && says.ends_with('.'), "{says}");
        }
        assert!(not_loaded("x.json").contains("x.json"));
        assert!(why_not("x", DocumentError::NewerVersion(7)).contains("version 7"));
    }
}
