//! The section with the comparison: of the servers of one run, or of the servers of several runs with those of the first.

use launcelot_measure::load::comparison::{Outcome, ServerComparison, compare_runs, compare_servers};
use launcelot_measure::load::{LoadSummary, Primary, different_conditions};

use super::{Run, html_table, new_section, tables};
use crate::Element;

/// Returns the section; `None` if there is nothing to compare.
pub(super) fn section(runs: &[Run], primary: Primary, tag: &'static str) -> Option<Element> {
    let (comparisons, note) = match runs {
        [] => return None,
        [run] => (
            compare_servers(&run.summary, primary, None),
            "Each server against the first. The servers took turns within each round, so they are compared round by round.",
        ),
        _ => {
            let summaries: Vec<LoadSummary> = runs.iter().map(|run| run.summary.clone()).collect();
            (
                compare_runs(&summaries, primary),
                "Each server against itself in the first run. The runs share no rounds, so the intervals come from the spread between \
                 rounds. A machine can also differ from one day to the next, so where possible compare servers within one run.",
            )
        }
    };
    if comparisons.is_empty() {
        return None;
    }
    let (id, label) = super::heading_of(runs, "comparison");
    let mut section = new_section(None, &id, &label, tag, "Comparison");
    for difference in different_conditions(runs.iter().map(|run| &run.result.plan)) {
        let sentence = format!("{}, which may be why the figures differ.", tables::capitalized(&difference));
        section.add("p").set("class", "note").text(sentence);
    }
    let paragraph = section.add("p").set("class", "note");
    match too_few_rounds(&comparisons) {
        Some(rounds) => {
            let needed = launcelot_measure::load::comparison::ROUNDS_MIN;
            paragraph.text(format_args!(
                "Too few rounds to tell whether the servers differ: {rounds}, but at least {needed} are needed."
            ));
        }
        None => {
            paragraph.text(format_args!(
                "{note} The intervals are corrected for the number of comparisons: all of them hold at once with a confidence of 95\u{a0}%."
            ));
            let (id, label) = super::heading_of(runs, "comparison-table");
            section.push(html_table::region(&tables::comparison(&comparisons), &id, &label));
        }
    }
    Some(section)
}

/// Returns the largest number of rounds if all comparisons have too few.
fn too_few_rounds(comparisons: &[ServerComparison]) -> Option<usize> {
    let rounds = comparisons.iter().map(|comparison| match comparison.outcome {
        Outcome::TooFewRounds { rounds } => Some(rounds),
        Outcome::NothingAnswered | Outcome::Compared(_) => None,
    });
    rounds.collect::<Option<Vec<_>>>()?.into_iter().max()
}
