//! The report on a load as HTML elements: the file that the lab writes and the page show the same.
//!
//! It says first what was found, then what limits it, then shows each chart with its table, and at the end how it was measured.
//!
//! - `sections`: the sections with charts; `series`: their figures; `scales`: their axes. `comparison`: that with the comparison;
//!   `provenance`: machine, versions, settings and command line; `warnings`: what limits the figures.
//! - [`tables`]: the tables as values, which other formats show too; `html_table`: a table as HTML.
//! - [`figures`]: what is read from a summary. [`pictures`]: the charts as files of their own.
//!
//! The style sheet is [`style::REPORT`](crate::style::REPORT), for what is inside an element with the class `load-report`.

mod comparison;
pub mod figures;
mod html_table;
pub mod pictures;
mod provenance;
mod scales;
mod sections;
mod series;
pub mod tables;
mod warnings;

use std::collections::BTreeMap;
use std::iter::once_with;

use launcelot_measure::load::{LoadMode, LoadResult, LoadSummary, Primary, ServerPrediction, prediction};
use launcelot_measure::text;
use launcelot_measure::unit::format_count;

use crate::Element;
use figures::level_unit;
use scales::Scales;

/// A report on the result of a load, or on several beside each other.
pub struct Report<'a> {
    runs: Vec<Run<'a>>,
    /// The figure by which servers are compared.
    primary: Primary,
    /// The tag of the headings of the report's parts.
    heading: &'static str,
}

/// A result with its figures.
struct Run<'a> {
    result: &'a LoadResult,
    summary: LoadSummary,
    /// What the model predicts, in the order of the servers.
    predictions: Vec<ServerPrediction>,
    /// What the levels count.
    unit: &'static str,
    /// How a server looks in every chart, by its name.
    looks: BTreeMap<&'a str, usize>,
    /// The end of all identities: empty for the single run of a document.
    id: String,
    /// The tag of the headings of its charts.
    heading: &'static str,
}

impl<'a> Run<'a> {
    fn new(result: &'a LoadResult, summary: LoadSummary, looks: BTreeMap<&'a str, usize>, number: Option<u32>) -> Self {
        Self {
            result,
            predictions: prediction::of_servers(result, &summary),
            summary,
            unit: level_unit(result),
            looks,
            id: number.map_or_else(String::new, |number| format!("-{number}")),
            heading: if number.is_some() { "h3" } else { "h2" },
        }
    }

    /// Returns the index that decides how a server looks.
    fn index(&self, name: &str) -> usize {
        self.looks.get(name).copied().unwrap_or(0)
    }

    /// Returns the number of the run among several.
    fn number(&self) -> &str {
        self.id.trim_start_matches('-')
    }

    /// Returns the identities of the headings that name a part of the run: its own, and of several runs that of the run.
    fn label(&self, id: &str) -> String {
        if self.id.is_empty() { id.to_owned() } else { format!("run{} {id}", self.id) }
    }

    /// Returns the identity of a heading in the part on this run, and the identities of the headings that name its section.
    fn heading_of(&self, id: &str) -> (String, String) {
        let id = format!("{id}{}", self.id);
        let label = self.label(&id);
        (id, label)
    }
}

impl<'a> Report<'a> {
    /// Creates the report of a document of its own, on one result, or on several whose charts have the same axes. Servers are
    /// compared by `primary`.
    pub fn new(results: &'a [LoadResult], primary: Primary) -> Self {
        let mut looks = BTreeMap::new();
        for server in results.iter().flat_map(|result| &result.plan.servers) {
            let next = looks.len();
            looks.entry(server.name.as_str()).or_insert(next);
        }
        let is_single = results.len() == 1;
        let run =
            |(result, number)| Run::new(result, LoadSummary::of(result), looks.clone(), (!is_single).then_some(number));
        Self { runs: results.iter().zip(1..).map(run).collect(), primary, heading: "h2" }
    }

    /// Creates the report on one result as a part of a document with several. Its identities end with `number`. The document
    /// has a heading of the second level, whose identity is `run-` and the number.
    ///
    /// Of the cycles that `summary` summarizes, `result` needs only those from which
    /// [`prediction::is_input`] says that the model takes its inputs.
    pub fn part(result: &'a LoadResult, summary: LoadSummary, number: u32) -> Self {
        let looks = result.plan.servers.iter().map(|server| server.name.as_str()).zip(0..).collect();
        Self { runs: vec![Run::new(result, summary, looks, Some(number))], primary: Primary::default(), heading: "h3" }
    }

    /// Returns the title: the names of the first servers, and the number of further ones.
    pub fn title(&self) -> String {
        let mut names: Vec<&str> = Vec::new();
        for server in self.runs.iter().flat_map(|run| &run.result.plan.servers) {
            if !names.contains(&server.name.as_str()) {
                names.push(&server.name);
            }
        }
        title(&names)
    }

    /// Returns what was measured, and what it shows, in sentences.
    pub fn head(&self) -> Vec<Element> {
        let mut head = Vec::new();
        for run in &self.runs {
            let mut paragraph = Element::new("p");
            paragraph.set("class", "scope").text(scope(run.result));
            head.push(paragraph);
        }
        head.push(self.findings());
        head
    }

    /// Returns all sections. Each is made when the iterator is asked for it, so that a program can do something else in between.
    pub fn body(&self) -> impl Iterator<Item = Element> {
        let warnings = once_with(|| warnings::section(&self.runs, self.heading)).flatten();
        let comparison = once_with(|| comparison::section(&self.runs, self.primary, self.heading)).flatten();
        let runs = self.runs.iter().flat_map(|run| self.of_run(run));
        let provenance = self.runs.iter().map(|run| self.provenance(run));
        warnings.chain(runs).chain(comparison).chain(provenance)
    }

    /// Returns the sections of a run, after its heading if there are several runs.
    fn of_run<'b>(&'b self, run: &'b Run<'a>) -> impl Iterator<Item = Element> + use<'a, 'b> {
        let heading = (self.runs.len() > 1).then(|| {
            let mut heading = Element::new("h2");
            heading.set("class", "run").set("id", format_args!("run{}", run.id));
            heading.text(format_args!("Run {}: {}", run.number(), run.result.begun()));
            heading
        });
        heading.into_iter().chain(sections::sections(run, Scales::of(run, &self.runs)))
    }

    fn provenance(&self, run: &Run) -> Element {
        let heading = match self.runs.len() {
            1 => "How it was measured".to_owned(),
            _ => format!("How it was measured: run {}", run.number()),
        };
        provenance::section(run, self.heading, &heading)
    }

    /// Returns what the runs show, in sentences.
    fn findings(&self) -> Element {
        let mut findings = Element::new("div");
        findings.set("class", "finding");
        for run in &self.runs {
            if self.runs.len() > 1 {
                findings.add("p").set("class", "note").text(format_args!("Run {}", run.number()));
            }
            for sentence in text::load::meaning(&run.summary) {
                add_with_code(findings.add("p"), &sentence);
            }
        }
        findings
    }
}

/// Returns the identity of a heading for all runs together, and the identities of the headings that name its section.
fn heading_of(runs: &[Run], id: &str) -> (String, String) {
    match runs {
        [run] => run.heading_of(id),
        _ => (id.to_owned(), id.to_owned()),
    }
}

/// Creates a section with a heading, whose identity is `id`; `label` are the identities of all texts that name the section.
fn new_section(class: Option<&str>, id: &str, label: &str, tag: &'static str, heading: &str) -> Element {
    let mut section = Element::new("section");
    if let Some(class) = class {
        section.set("class", class);
    }
    section.set("aria-labelledby", label).add(tag).set("id", id).text(heading);
    section
}

fn title(names: &[&str]) -> String {
    match names {
        [] => "Load without servers".to_owned(),
        [only] => format!("{only} under load"),
        [one, other] => format!("{one} and {other} under load"),
        [first, second, _] => format!("{first}, {second} and 1 more server under load"),
        [first, second, rest @ ..] => format!("{first}, {second} and {} more servers under load", rest.len()),
    }
}

/// Returns what was measured, and when, in one line.
fn scope(result: &LoadResult) -> String {
    let levels = result.plan.mode.levels();
    let numbers = || levels.iter().map(|level| u64::from(level.number()));
    let unit = level_unit(result);
    let range = match (numbers().min(), numbers().max()) {
        (Some(lowest), Some(highest)) if lowest < highest => {
            format!("{} to {} {unit}", format_count(lowest), format_count(highest))
        }
        (_, highest) => format!("{} {unit}", format_count(highest.unwrap_or(0))),
    };
    let kind = match result.plan.mode {
        LoadMode::Closed { .. } => "closed loop",
        LoadMode::Open { .. } => "open loop",
    };
    let count = |number: usize, one: &str| format!("{number} {one}{}", if number == 1 { "" } else { "s" });
    let parts = [
        count(result.plan.servers.len(), "server"),
        range,
        count(result.plan.rounds as usize, "round"),
        kind.to_owned(),
        result.plan.link.map_or_else(|| "direct".to_owned(), |link| format!("link of {}", link.describe())),
        result.plan.faults.map_or_else(String::new, |faults| format!("faults: {}", faults.describe())),
        result.begun(),
    ];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(" · ")
}

/// Adds text, with what stands between backticks as code.
fn add_with_code(parent: &mut Element, text: &str) {
    for (index, part) in text.split('`').enumerate() {
        if index % 2 == 1 {
            parent.add("code").text(part);
        } else {
            parent.text(part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_name_the_first_servers() {
        let cases: [(&[&str], &str); 5] = [
            (&[], "Load without servers"),
            (&["a"], "a under load"),
            (&["a", "b"], "a and b under load"),
            (&["a", "b", "c"], "a, b and 1 more server under load"),
            (&["a", "b", "c", "d"], "a, b and 2 more servers under load"),
        ];
        for (names, expected) in cases {
            assert_eq!(title(names), expected);
        }
    }

    #[test]
    fn text_between_backticks_is_code() {
        let mut paragraph = Element::new("p");
        add_with_code(&mut paragraph, "`a<b` rose");
        assert_eq!(paragraph.to_string().trim_end(), "<p><code>a&lt;b</code> rose</p>");
    }
}
