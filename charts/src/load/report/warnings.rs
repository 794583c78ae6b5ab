//! The section with what limits the figures.

use std::collections::BTreeSet;

use launcelot_measure::load::RunStatus;
use launcelot_measure::text;

use super::{Run, add_with_code, new_section};
use crate::Element;

/// The number of warnings that are shown at once. Further ones can be unfolded.
const SHOWN: usize = 8;

/// Returns the section; `None` if there are no warnings.
pub(super) fn section(runs: &[Run], tag: &'static str) -> Option<Element> {
    let mut all: Vec<String> = Vec::new();
    for run in runs {
        all.extend(run.result.provenance.iter().flat_map(|from| from.warnings.iter().cloned()));
        match run.result.status {
            RunStatus::Completed => {}
            RunStatus::Interrupted => all.push("The run was interrupted: not all cycles were measured.".to_owned()),
            RunStatus::Unfinished => all.push("The run did not finish: not all cycles were measured.".to_owned()),
        }
        all.extend(text::load::warnings(&run.summary));
    }
    // Those of the summary are part of a result that was completed.
    let mut seen = BTreeSet::new();
    all.retain(|warning| seen.insert(warning.clone()));
    if all.is_empty() {
        return None;
    }
    let (first, more) = all.split_at(all.len().min(SHOWN));
    let (id, label) = super::heading_of(runs, "warnings");
    let mut section = new_section(Some("warnings"), &id, &label, tag, "What limits these figures");
    section.push(list(first));
    if !more.is_empty() {
        let details = section.add("details");
        details.add("summary").text(format_args!("{} more", more.len()));
        details.push(list(more));
    }
    Some(section)
}

fn list(warnings: &[String]) -> Element {
    let mut list = Element::new("ul");
    for warning in warnings {
        add_with_code(list.add("li"), warning);
    }
    list
}
