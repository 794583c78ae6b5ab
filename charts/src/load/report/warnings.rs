//! The section with what limits the figures.

use std::collections::BTreeSet;

use launcelot_measure::load::RunStatus;
use launcelot_measure::text;

use super::{Run, with_code};

/// The number of warnings that are shown at once. Further ones can be unfolded.
const SHOWN: usize = 8;

/// Returns the section; nothing if there are no warnings.
pub(super) fn section(runs: &[Run], tag: &str) -> String {
    let mut all: Vec<String> = Vec::new();
    for run in runs {
        all.extend(run.result.provenance.iter().flat_map(|from| from.warnings.iter().cloned()));
        match run.result.status {
            RunStatus::Completed => {}
            RunStatus::Interrupted => all.push("The run was interrupted: not all cycles were measured.".to_owned()),
            RunStatus::Unfinished => all.push("The run did not end: not all cycles were measured.".to_owned()),
        }
        all.extend(text::load::warnings(&run.summary));
    }
    // Those of the summary are part of a result that was completed.
    let mut seen = BTreeSet::new();
    all.retain(|warning| seen.insert(warning.clone()));
    if all.is_empty() {
        return String::new();
    }
    let items: Vec<String> = all.iter().map(|warning| format!("<li>{}</li>\n", with_code(warning))).collect();
    let (first, more) = items.split_at(items.len().min(SHOWN));
    let (id, label) = super::heading_of(runs, "warnings");
    let mut html = format!(
        "<section class=\"warnings\" aria-labelledby=\"{label}\">\n<{tag} id=\"{id}\">What limits these figures</{tag}>\n<ul>\n{}</ul>\n",
        first.concat()
    );
    if !more.is_empty() {
        html += &format!("<details><summary>{} more</summary>\n<ul>\n{}</ul>\n</details>\n", more.len(), more.concat());
    }
    html + "</section>\n"
}
