//! The report on a load: one self-contained HTML file, which needs no network and no script.
//!
//! This is the document around a [`Report`], which the page shows too. The document is text, because it is only ever a file.

use launcelot_charts::load::report::Report;
use launcelot_charts::{Element, Escaped, style};
use launcelot_measure::load::{LoadResult, Primary};

/// The style sheet of the page, for colours and typography, and that of the document.
const BASE: &str = include_str!("../../../web/style/base.css");
const DOCUMENT: &str = include_str!("report.css");

/// Returns the report on one result, or on several whose charts have the same axes. Servers are compared by `primary`.
pub fn report(results: &[LoadResult], primary: Primary) -> String {
    let report = Report::new(results, primary);
    let style = [BASE, style::CHARTS, style::LOAD, style::REPORT, DOCUMENT].concat();
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n<title>{title}</title>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta name=\"color-scheme\" content=\"light dark\"/>\n<style>\n{style}</style>\n</head>\n\
         <body class=\"load-report\">\n<header class=\"masthead\">\n<p class=\"name\">Launcelot · many clients at once</p>\n\
         <h1>{title}</h1>\n{head}</header>\n<main>\n{body}</main>\n</body>\n</html>\n",
        title = Escaped(&report.title()),
        head = text_of(report.head()),
        body = text_of(report.body()),
    )
}

fn text_of(elements: impl IntoIterator<Item = Element>) -> String {
    elements.into_iter().map(|element| element.to_string()).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use launcelot_measure::LinkSettings;
    use launcelot_measure::load::fixtures::sample;
    use launcelot_measure::load::{LinkFaults, LoadMode, LoadSummary, RunStatus};
    use launcelot_measure::text;

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
    fn a_report_in_a_page_has_identities_of_its_own_and_no_styles_in_attributes() {
        let run = sample::rounds(6, &["simple", "poll"], &[1, 20]);
        let report = Report::part(&run, LoadSummary::of(&run), 3);
        let html = text_of(report.head()) + &text_of(report.body());
        let ids: Vec<&str> = html.split(" id=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        assert!(ids.len() > 10 && ids.iter().all(|id| id.contains("-3")), "{ids:?}");
        let labels = html.split("labelledby=\"").skip(1).flat_map(|rest| rest.split('"').next().unwrap().split(' '));
        for label in labels {
            assert!(label == "run-3" || ids.contains(&label), "{label}");
        }
        assert!(!html.contains("style=") && !html.contains("<h2"), "the page's policy forbids styles in attributes");
    }

    #[test]
    fn a_run_without_cycles_has_a_report_that_says_so() {
        let mut run = sample::result(&["simple"], &[1]);
        run.cycles.clear();
        run.status = RunStatus::Unfinished;
        let html = html_of(&[run]);
        tags(&html);
        assert!(html.contains("The run did not finish"), "{html}");
    }

    #[test]
    fn a_warning_that_the_run_has_said_already_stands_once_in_its_report() {
        let mut run = sample::result(&["simple", "workers"], &[16, 20]);
        let warnings = text::load::warnings(&LoadSummary::of(&run));
        assert!(warnings.len() >= 2, "{warnings:?}");
        run.provenance[0].warnings.extend(warnings.clone());
        let html = report(&[run], Primary::default());
        for warning in warnings {
            // The name of the server is marked as code.
            let words = warning.rsplit('`').next().unwrap();
            assert_eq!(html.matches(words).count(), 1, "{warning}");
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
        assert!(html.contains("Questions per second at 1 client, as a multiple of the baseline"), "{html}");
    }

    #[test]
    fn the_report_says_what_it_shows_and_compares_the_servers() {
        let html = text();
        let finding = html.split("class=\"finding\"").nth(1).unwrap().split("</div>").next().unwrap();
        assert!(finding.contains("<code>simple</code>") && finding.contains("&lt;script&gt;"), "{finding}");
        assert!(
            html.contains("Too few rounds to tell whether the servers differ: 3, but at least 6 are needed."),
            "{html}"
        );
        let twice = html_of(&[sample::rounds(6, &["simple", "poll"], &[1, 20])]);
        assert!(twice.contains("95\u{a0}% interval") && twice.contains(">difference</td>"), "{twice}");
    }

    #[test]
    fn faults_of_the_link_are_in_the_scope_and_at_the_end() {
        let mut run = sample::result(&["simple"], &[1, 5]);
        run.plan.link = Some(LinkSettings::default());
        run.plan.faults = Some(LinkFaults {
            slice_bytes: Some(3),
            reset_after_bytes: Some(1),
            stall_after_bytes: Some(8_000),
            slow_close: Duration::from_secs(1),
        });
        let words = "faults: at most 3 bytes together, a reset after 1 byte, a stall after 8,000 bytes, closes delayed by 1\u{a0}s";
        assert_eq!(html_of(&[run]).matches(words).count(), 2);
    }

    #[test]
    fn a_prediction_is_a_thin_line_with_a_table() {
        let html = text();
        assert!(html.contains("class=\"model\"") && html.contains("Dialogues per second predicted by the model"));
        let without = html_of(&[sample::result(&["simple"], &[2, 5])]);
        assert!(!without.contains("class=\"model\""), "a single client was not measured");
    }
}
