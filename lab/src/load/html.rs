//! The report on a load: one self-contained HTML file, which needs no network and no script.
//!
//! It says first what was found, then what limits it, then shows each chart with its table, and at the end how it was measured.
//!
//! - `charts`: the sections with charts; `series`: their figures; `scales`: their axes. `comparison`: the section with the comparison.
//! - `table`: tables as HTML. `provenance`: machine, versions, settings and command line.

mod charts;
mod comparison;
mod provenance;
#[cfg(test)]
pub(crate) mod sample;
mod scales;
mod series;
mod table;

use std::collections::BTreeSet;

use launcelot_charts::Escaped;
use launcelot_charts::style;
use launcelot_measure::load::{LoadMode, LoadResult, LoadSummary, Primary, RunStatus};
use launcelot_measure::text;
use launcelot_measure::unit::format_count;

use super::figures::level_unit;
use scales::Scales;

/// The style sheet of the page, for colours and typography, and that of the report.
const BASE: &str = include_str!("../../../web/style/base.css");
const REPORT: &str = include_str!("html/report.css");

/// The number of warnings that are shown at once. Further ones can be unfolded.
const WARNINGS_SHOWN: usize = 8;

/// A result with its figures.
struct Measured<'a> {
    result: &'a LoadResult,
    summary: LoadSummary,
    /// What the levels count.
    unit: &'static str,
    /// The names of the servers of all results: the position of a name decides how its line looks in every chart.
    names: &'a [&'a str],
    /// The identity of the run in the document: empty for a single one.
    id: String,
}

impl Measured<'_> {
    /// Returns the index that decides how a server looks.
    fn index(&self, name: &str) -> usize {
        self.names.iter().position(|known| *known == name).unwrap_or(0)
    }

    /// Returns the number of the run among several.
    fn number(&self) -> &str {
        self.id.trim_start_matches('-')
    }

    /// Returns the identities of the headings that name a part of the run: its own, and of several runs that of the run.
    fn label(&self, id: &str) -> String {
        if self.id.is_empty() { id.to_owned() } else { format!("run{} {id}", self.id) }
    }
}

/// Returns the report on one result, or on several whose charts have the same axes. Servers are compared by `primary`.
pub fn report(results: &[LoadResult], primary: Primary) -> String {
    let mut names: Vec<&str> = Vec::new();
    for server in results.iter().flat_map(|result| &result.plan.servers) {
        if !names.contains(&server.name.as_str()) {
            names.push(&server.name);
        }
    }
    let runs: Vec<Measured> = results
        .iter()
        .enumerate()
        .map(|(index, result)| Measured {
            result,
            summary: LoadSummary::of(result),
            unit: level_unit(&result.plan.mode),
            names: &names,
            id: if results.len() > 1 { format!("-{}", index + 1) } else { String::new() },
        })
        .collect();
    let title = title(&names);
    let style = [BASE, style::CHARTS, style::LOAD, REPORT].concat();
    let mut html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n<title>{0}</title>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta name=\"color-scheme\" content=\"light dark\"/>\n<style>\n{style}</style>\n</head>\n<body>\n\
         <header class=\"masthead\">\n<p class=\"name\">Launcelot · many clients at once</p>\n<h1>{0}</h1>\n",
        Escaped(&title)
    );
    for run in &runs {
        html += &format!("<p class=\"scope\">{}</p>\n", Escaped(&scope(run.result)));
    }
    html += &findings(&runs);
    html += "</header>\n<main>\n";
    html += &warnings(&runs);
    for run in &runs {
        if runs.len() > 1 {
            let begun = run.result.provenance.first().map_or("", |from| from.begun.as_str());
            html += &format!("<h2 class=\"run\" id=\"run{}\">Run {}: {}</h2>\n", run.id, run.number(), Escaped(begun));
        }
        html += &charts::sections(run, &Scales::of(run, &runs));
    }
    html += &comparison::section(&runs, primary);
    for run in &runs {
        html += &provenance::section(run);
    }
    html + "</main>\n</body>\n</html>\n"
}

/// Returns the title: the names of the first servers, and the number of further ones.
fn title(names: &[&str]) -> String {
    match names {
        [] => "Load without servers".to_owned(),
        [only] => format!("{only} under load"),
        [one, other] => format!("{one} and {other} under load"),
        [first, second, rest @ ..] => format!("{first}, {second} and {} more servers under load", rest.len()),
    }
    .replace("1 more servers", "1 more server")
}

/// Returns what was measured, and when, in one line.
fn scope(result: &LoadResult) -> String {
    let levels = result.plan.mode.levels();
    let numbers = || levels.iter().map(|level| u64::from(level.number()));
    let unit = level_unit(&result.plan.mode);
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
    let begun = result.provenance.first().map_or("", |from| from.begun.as_str());
    let parts = [
        count(result.plan.servers.len(), "server"),
        range,
        count(result.plan.rounds as usize, "round"),
        kind.to_owned(),
        result.plan.link.map_or_else(|| "direct".to_owned(), |link| format!("link of {}", link.describe())),
        begun.to_owned(),
    ];
    parts.join(" · ")
}

/// Returns the section with the warnings; nothing if there are none.
fn warnings(runs: &[Measured]) -> String {
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
    let (first, more) = items.split_at(items.len().min(WARNINGS_SHOWN));
    let mut html = format!(
        "<section class=\"warnings\" aria-labelledby=\"warnings\">\n<h2 id=\"warnings\">What limits these figures</h2>\n<ul>\n{}</ul>\n",
        first.concat()
    );
    if !more.is_empty() {
        html += &format!("<details><summary>{} more</summary>\n<ul>\n{}</ul>\n</details>\n", more.len(), more.concat());
    }
    html + "</section>\n"
}

/// Returns what the runs show, in sentences.
fn findings(runs: &[Measured]) -> String {
    let mut html = String::from("<div class=\"finding\">\n");
    for run in runs {
        if !run.id.is_empty() {
            html += &format!("<p class=\"note\">Run {}</p>\n", run.number());
        }
        for sentence in text::load::meaning(&run.summary) {
            html += &format!("<p>{}</p>\n", with_code(&sentence));
        }
    }
    html + "</div>\n"
}

/// Returns text as HTML, with what stands between backticks as code.
fn with_code(text: &str) -> String {
    let mut html = String::new();
    for (index, part) in text.split('`').enumerate() {
        let part = Escaped(part);
        html += &if index % 2 == 1 { format!("<code>{part}</code>") } else { part.to_string() };
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html_of(results: &[LoadResult]) -> String {
        report(results, Primary::default())
    }

    fn text() -> String {
        html_of(&[sample::result(&["simple", "<script>alert(1)</script>", "poll"], &[1, 5, 20])])
    }

    /// Checks that tags are closed in the order in which they were opened, and returns their names.
    fn tags(html: &str) -> Vec<String> {
        let mut open: Vec<&str> = Vec::new();
        let mut names = Vec::new();
        let body = html.split_once('>').unwrap().1;
        let style = body.find("<style>").unwrap() + 7..body.find("</style>").unwrap();
        let markup = [&body[..style.start], &body[style.end..]].concat();
        for tag in markup.split('<').skip(1).map(|rest| rest.split_once('>').unwrap().0) {
            let name = tag.trim_start_matches('/').split([' ', '/', '\n']).next().unwrap();
            if tag.starts_with('/') {
                let position = markup.find(&format!("<{tag}>")).unwrap();
                assert_eq!(open.pop(), Some(name), "near byte {position}");
            } else {
                names.push(name.to_owned());
                if !tag.ends_with('/') {
                    open.push(name);
                }
            }
            assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        }
        assert!(open.is_empty(), "{open:?}");
        names
    }

    #[test]
    fn the_report_is_well_formed_and_loads_nothing() {
        let html = text();
        let names = tags(&html);
        for loads in ["script", "link", "img", "iframe", "object", "image", "use"] {
            assert!(!names.iter().any(|name| name == loads), "{loads}");
        }
        let addresses = html.replace("http://www.w3.org/2000/svg", "");
        for part in ["http://", "https://", "url(", "@import", " src="] {
            assert!(!addresses.contains(part), "{part}");
        }
    }

    #[test]
    fn every_chart_has_a_name_and_its_section_a_table() {
        let html = text();
        let sections: Vec<&str> = html.split("<section").filter(|section| section.contains("load-chart\"")).collect();
        assert!(sections.len() >= 3, "{}", sections.len());
        for section in sections {
            let charts = section.matches(r#"role="img""#).count();
            assert!(charts > 0 && section.matches("<table").count() >= charts, "{section}");
            assert_eq!(section.matches(r#"role="img" aria-label=""#).count(), charts);
        }
    }

    #[test]
    fn names_of_servers_are_text() {
        let html = text();
        assert!(!html.contains("<script") && html.contains("&lt;script&gt;alert(1)"));
    }

    #[test]
    fn ids_are_unique_even_in_a_report_on_two_runs() {
        let run = sample::result(&["simple"], &[1, 5]);
        let html = html_of(&[run.clone(), run]);
        tags(&html);
        let mut ids: Vec<&str> = html.split(" id=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all);
        let labels = html.split("labelledby=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
        let labels: Vec<&str> = labels.collect();
        assert!(labels.iter().flat_map(|label| label.split(' ')).all(|label| ids.contains(&label)));
        let mut names = labels.clone();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), labels.len(), "regions are told apart by their names");
    }

    #[test]
    fn a_run_without_cycles_has_a_report_that_says_so() {
        let mut run = sample::result(&["simple"], &[1]);
        run.cycles.clear();
        run.status = RunStatus::Unfinished;
        let html = html_of(&[run]);
        tags(&html);
        assert!(html.contains("The run did not end"), "{html}");
    }

    #[test]
    fn a_warning_that_the_run_has_said_already_stands_once_in_its_report() {
        let mut run = sample::result(&["simple", "workers"], &[16, 20]);
        let warnings = text::load::warnings(&LoadSummary::of(&run));
        assert!(warnings.len() >= 2, "{warnings:?}");
        run.provenance[0].warnings.extend(warnings.clone());
        let html = report(&[run], Primary::default());
        for warning in warnings {
            assert_eq!(html.matches(&with_code(&warning)).count(), 1, "{warning}");
        }
    }

    #[test]
    fn a_server_has_the_same_look_in_both_runs() {
        let html = html_of(&[sample::result(&["a", "b"], &[1, 5]), sample::result(&["b"], &[1, 5])]);
        let second = html.split("<h2 class=\"run\"").nth(2).unwrap();
        assert!(
            second.contains("<g class=\"series-1\"><title>b</title>") && !second.contains("<g class=\"series-0\">")
        );
    }

    #[test]
    fn two_runs_have_the_same_axes_if_their_levels_count_the_same() {
        let labels = |html: &str, run: usize| -> Vec<String> {
            let section = html.split("<h2 class=\"run\"").nth(run).unwrap();
            let ticks = section.split("text-anchor=\"end\">").skip(1);
            ticks.map(|tick| tick.split('<').next().unwrap().to_owned()).collect()
        };
        let mut slow = sample::result(&["poll"], &[1, 20]);
        for cycle in &mut slow.cycles {
            cycle.counts.dialogues /= 10;
        }
        let html = html_of(&[sample::result(&["poll"], &[1, 5, 100]), slow.clone()]);
        assert_eq!(labels(&html, 1), labels(&html, 2));
        slow.plan.mode = LoadMode::Open {
            rates: vec![1, 20],
            arrivals: launcelot_measure::load::Arrivals::Steady,
            per: launcelot_measure::load::RatedUnit::Dialogue,
            max_in_flight: 10,
        };
        for cycle in &mut slow.cycles {
            cycle.cycle.level = launcelot_measure::load::Level::Rate(cycle.cycle.level.number());
        }
        let html = html_of(&[sample::result(&["poll"], &[1, 5, 100]), slow]);
        assert_ne!(labels(&html, 1), labels(&html, 2), "clients and rates have no axis in common");
    }

    #[test]
    fn servers_are_compared_by_the_primary_figure() {
        let result = sample::rounds(6, &["simple", "poll"], &[1, 20]);
        let html = report(&[result], "questions@1".parse().unwrap());
        assert!(html.contains("Questions a second at 1 client, as a multiple of the baseline"), "{html}");
    }

    #[test]
    fn titles_name_the_first_servers() {
        let cases: [(&[&str], &str); 4] = [
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
    fn the_report_says_what_it_shows_and_compares_the_servers() {
        let html = text();
        let finding = html.split("class=\"finding\"").nth(1).unwrap().split("</div>").next().unwrap();
        assert!(finding.contains("<code>simple</code>") && finding.contains("&lt;script&gt;"), "{finding}");
        assert!(html.contains("Too few rounds to tell whether the servers differ: 3 of at least 6."), "{html}");
        let twice = html_of(&[sample::rounds(6, &["simple", "poll"], &[1, 20])]);
        assert!(twice.contains("95\u{a0}% interval") && twice.contains(">difference</td>"), "{twice}");
    }

    #[test]
    fn a_prediction_is_a_thin_line_with_a_table() {
        let html = text();
        assert!(html.contains("class=\"model\"") && html.contains("Dialogues per second that the model predicts"));
        let without = html_of(&[sample::result(&["simple"], &[2, 5])]);
        assert!(!without.contains("class=\"model\""), "a single client was not measured");
    }

    #[test]
    fn text_between_backticks_is_code() {
        assert_eq!(with_code("`a<b` rose"), "<code>a&lt;b</code> rose");
    }

    /// Writes a report on 8 designs at 9 levels, to look at.
    #[test]
    #[ignore = "writes a file"]
    fn write_a_sample() {
        let designs = ["simple", "inetd", "processes", "workers", "threads", "poll", "async", "per-core"];
        let html = html_of(&[sample::result(&designs, &[1, 2, 3, 5, 7, 10, 13, 16, 20])]);
        std::fs::write(std::env::var("LAUNCELOT_SAMPLE").unwrap(), html).unwrap();
        let two = [sample::result(&designs[..2], &[1, 20]), sample::result(&designs[1..3], &[1, 100, 1_000])];
        std::fs::write(std::env::var("LAUNCELOT_SAMPLE").unwrap() + ".two.html", html_of(&two)).unwrap();
    }
}
