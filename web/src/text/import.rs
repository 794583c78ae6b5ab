//! What an import has changed, in one sentence.

use launcelot_measure::export::bounds::{QUESTION_MAX_BYTES, QUESTIONS_MAX};
use launcelot_measure::export::document::{DOCUMENT_MAX_BYTES, Document, DocumentError, VERSION};
use launcelot_measure::unit::format_count;

use super::limits::count;
use crate::state::import::RACES_MAX;
use crate::state::rounds::KEPT_MAX;
use crate::state::runs::RUNS_MAX;

/// Why it was not taken.
pub fn why_not(name: &str, refusal: DocumentError) -> String {
    match refusal {
        DocumentError::TooLarge => {
            format!("Not imported: {name} is larger than {} MB.", DOCUMENT_MAX_BYTES / 1_000_000)
        }
        DocumentError::NotADocument => {
            format!("Not imported: {name} is not a Launcelot JSON export, or it is damaged.")
        }
        DocumentError::NewerVersion(version) => {
            format!(
                "Not imported: {name} has format version {version}, and this page reads only versions up to {VERSION}."
            )
        }
        DocumentError::Empty => format!("Not imported: {name} contains no measurements."),
        DocumentError::Impossible => format!("Not imported: {name} contains times that cannot have been measured."),
        DocumentError::InvalidQuestion => format!(
            "Not imported: {name} contains a question or an answer of more than {} bytes, or a question that is not printable ASCII.",
            format_count(QUESTION_MAX_BYTES as u64)
        ),
        DocumentError::TooMuch => format!(
            "Not imported: {name} contains more than this page can draw, such as a run with more than {QUESTIONS_MAX} questions."
        ),
    }
}

/// That nothing is there to read it.
pub fn not_loaded(name: &str) -> String {
    format!(
        "Not imported: the part of this page that reads files could not be loaded, so {name} was not read. Try again."
    )
}

/// That a file was not saved.
pub fn not_saved(name: &str) -> String {
    format!("The browser could not save {name}.")
}

/// What was taken, how much was here already, and for how much there was no room.
pub fn imported(name: &str, document: &Document, repeated: usize, left_out: usize) -> String {
    let kinds = [
        (document.runs.len(), "run", "runs"),
        (document.races.len(), "race", "races"),
        (document.rounds.len(), "series of rounds", "series of rounds"),
    ];
    let there = kinds.into_iter().filter(|(number, ..)| *number > 0);
    let what: Vec<String> = there.map(|(number, one, more)| count(number, one, more)).collect();
    let mut sentence = match what.split_last() {
        None => format!("Nothing was imported from {name}."),
        Some((last, [])) => format!("Imported from {name}: {last}."),
        Some((last, before)) => format!("Imported from {name}: {} and {last}.", before.join(", ")),
    };
    if repeated > 0 {
        sentence += &format!(" {} already here and not imported again.", count(repeated, "item was", "items were"));
    }
    if left_out > 0 {
        sentence += &format!(
            " {} not fit: the page keeps up to {RUNS_MAX} runs, {RACES_MAX} imported races and {KEPT_MAX} series of rounds, and \
             does not remove yours to make room.",
            count(left_out, "item did", "items did")
        );
    }
    sentence
}

#[cfg(test)]
mod tests {
    use launcelot_measure::export::RecordedRace;

    use super::*;

    #[test]
    fn what_was_imported_is_named_and_what_was_not_is_counted() {
        let mut document = Document { races: vec![RecordedRace::default(); 2], ..Document::default() };
        assert_eq!(imported("x", &document, 0, 0), "Imported from x: 2 races.");
        let expected = "Imported from x: 2 races. 1 item was already here and not imported again.";
        assert_eq!(imported("x", &document, 1, 0), expected);
        document.runs.clear();
        document.races.clear();
        assert!(imported("x", &document, 0, 3).starts_with("Nothing was imported from x. 3 items did not fit: "));
    }

    #[test]
    fn every_refusal_is_one_sentence_with_the_name_of_the_file() {
        for refusal in [
            DocumentError::TooLarge,
            DocumentError::NotADocument,
            DocumentError::NewerVersion(7),
            DocumentError::Empty,
            DocumentError::Impossible,
            DocumentError::InvalidQuestion,
            DocumentError::TooMuch,
        ] {
            let text = why_not("x.json", refusal);
            assert!(text.contains("x.json") && text.ends_with('.'), "{text}");
        }
        assert!(not_loaded("x.json").contains("x.json"));
        assert!(why_not("x", DocumentError::NewerVersion(7)).contains("version 7"));
    }
}
