//! The findings, as a table for a person and as JSON for a program.
//!
//! The table can be printed row by row while the probing goes on. What was heard is escaped, so that
//! each character of it is one column wide.

use std::net::SocketAddr;

use serde::Serialize;

use super::transcript::Transcript;
use super::verdict::{Finding, Findings, ServerState, Verdict};

/// With these widths, no row of the table is wider than 100 columns.
const BEHAVIOUR_COLUMNS: usize = 32;
const VERDICT_COLUMNS: usize = 15;
const SERVER_COLUMNS: usize = 6;
const SEEN_COLUMNS: usize = 41;

/// What is left for how the server died, from the verdict's column on.
const DEATH_COLUMNS: usize = 100 - BEHAVIOUR_COLUMNS - "  died: ".len();

/// How much is shown to a program, in bytes or so.
const JSON_COLUMNS: usize = 60;

/// The heads of the columns.
pub fn heading() -> String {
    row("behaviour", "verdict", "server", "seen")
}

/// A finding as a row; one that differs has a second line with what was expected.
pub fn finding_row(finding: &Finding) -> String {
    let verdict = match finding.verdict {
        Verdict::AsExpected => "✓ as expected",
        Verdict::OneAtATime => "• one at a time",
        Verdict::Differs => "✗ differs",
        Verdict::NotRun => "– not run",
    };
    let (server, seen) = match finding.verdict {
        Verdict::NotRun => ("", server_is_gone(finding.server).to_owned()),
        Verdict::OneAtATime => {
            const WHEN: &str = ", once the first had left";
            (state(finding.server), seen(finding, SEEN_COLUMNS - WHEN.len()) + WHEN)
        }
        Verdict::AsExpected | Verdict::Differs => (state(finding.server), seen(finding, SEEN_COLUMNS)),
    };
    let mut rows = row(finding.behaviour, verdict, server, &seen);
    if let Some(expected) = expected(finding, SEEN_COLUMNS - "expected ".len()) {
        rows += "\n";
        rows += &row("", "", "", &format!("expected {expected}"));
    }
    if let Some(death) = &finding.death {
        rows += "\n";
        rows += &row("", &format!("died: {}", shortened(death, DEATH_COLUMNS)), "", "");
    }
    rows
}

/// The findings in a sentence.
pub fn summary(findings: &Findings) -> String {
    let count = |verdict| findings.count(verdict);
    let mut parts = vec![format!("{} of {} as expected", count(Verdict::AsExpected), findings.all.len())];
    let others = [
        (count(Verdict::OneAtATime), "as its design has it (one client at a time)"),
        (count(Verdict::Differs), "not as expected"),
        (count(Verdict::NotRun), "not run"),
    ];
    parts.extend(others.iter().filter(|(count, _)| *count > 0).map(|(count, words)| format!("{count} {words}")));
    let server = match findings.server() {
        _ if findings.started_anew => survival(findings),
        ServerState::Alive => "the server survived".to_owned(),
        ServerState::Dead => "the server died".to_owned(),
        ServerState::Hung => "the server hangs".to_owned(),
    };
    format!("{}; {server}.", parts.join(", "))
}

/// What became of the servers that had one behaviour each.
fn survival(findings: &Findings) -> String {
    let died = (findings.count_left(ServerState::Dead), "died of");
    let hung = (findings.count_left(ServerState::Hung), "hung after");
    let parts: Vec<String> = [died, hung]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, verb)| format!("{verb} {count}"))
        .collect();
    let ends = if parts.is_empty() { "survived every one".to_owned() } else { parts.join(" and ") };
    format!("the server, started anew for each, {ends}")
}

fn shortened(text: &str, columns: usize) -> String {
    if text.chars().count() <= columns {
        return text.to_owned();
    }
    text.chars().take(columns - 1).chain(['…']).collect()
}

/// What a program reads; `schema/probe.schema.json` describes it.
#[derive(Debug, Serialize)]
pub struct Report<'a> {
    host: Option<&'a str>,
    port: Option<u16>,
    address: Option<SocketAddr>,
    command: Option<&'a str>,
    as_expected: bool,
    one_client_at_a_time: bool,
    server: ServerState,
    behaviours: Vec<Behaviour>,
}

#[derive(Debug, Serialize)]
struct Behaviour {
    behaviour: &'static str,
    verdict: Verdict,
    seen: Option<String>,
    expected: Option<String>,
    server: Option<ServerState>,
    death: Option<String>,
}

impl<'a> Report<'a> {
    /// What was found about the server that was asked for as `host` and found at `address`.
    pub fn new(host: &'a str, address: SocketAddr, findings: &Findings) -> Self {
        let (port, address) = (Some(address.port()), Some(address));
        Self { host: Some(host), port, address, ..Self::of(findings) }
    }

    /// What was found about the servers that `command` has started.
    pub fn started(command: &'a str, findings: &Findings) -> Self {
        Self { command: Some(command), ..Self::of(findings) }
    }

    fn of(findings: &Findings) -> Self {
        Self {
            host: None,
            port: None,
            address: None,
            command: None,
            as_expected: findings.are_as_expected(),
            one_client_at_a_time: findings.count(Verdict::OneAtATime) > 0,
            server: findings.server(),
            behaviours: findings.all.iter().map(Behaviour::from).collect(),
        }
    }
}

impl From<&Finding> for Behaviour {
    fn from(finding: &Finding) -> Self {
        let was_run = finding.verdict != Verdict::NotRun;
        Self {
            behaviour: finding.behaviour,
            verdict: finding.verdict,
            seen: was_run.then(|| seen(finding, JSON_COLUMNS)),
            expected: expected(finding, JSON_COLUMNS),
            server: was_run.then_some(finding.server),
            death: finding.death.clone(),
        }
    }
}

fn seen(finding: &Finding, columns: usize) -> String {
    finding.seen.beside(&finding.expected, columns)
}

/// What was expected, if that was not seen.
fn expected(finding: &Finding, columns: usize) -> Option<String> {
    if finding.verdict != Verdict::Differs {
        return None;
    }
    Some(if finding.seen == finding.expected {
        "the server to survive it".to_owned()
    } else if finding.expected == Transcript::default() {
        "a connection".to_owned()
    } else {
        finding.expected.beside(&finding.seen, columns)
    })
}

fn state(server: ServerState) -> &'static str {
    match server {
        ServerState::Alive => "alive",
        ServerState::Dead => "dead",
        ServerState::Hung => "hung",
    }
}

fn server_is_gone(server: ServerState) -> &'static str {
    match server {
        ServerState::Hung => "the server answers nobody",
        ServerState::Alive | ServerState::Dead => "the server is gone",
    }
}

fn row(behaviour: &str, verdict: &str, server: &str, seen: &str) -> String {
    let row = format!("{behaviour:BEHAVIOUR_COLUMNS$}  {verdict:VERDICT_COLUMNS$}  {server:SERVER_COLUMNS$}  {seen}");
    row.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::probe::cases;
    use crate::probe::transcript::Then;
    use crate::probe::verdict::Observation;

    fn heard(text: &str, then: Option<Then>) -> Transcript {
        Transcript { heard: text.into(), then }
    }

    fn finding(behaviour: &'static str, seen: Transcript, expected: Transcript, kept_waiting: bool) -> Finding {
        Finding::judged(behaviour, Observation { seen, expected, kept_waiting }, ServerState::Alive)
    }

    #[test]
    fn the_table_lines_up_and_ends_with_a_sentence() {
        let three = "My name is Sir Lancelot of Camelot.To seek the Holy Grail.Blue.";
        let silence = Some(Then::Silence(Duration::from_secs(5)));
        let findings = Findings {
            all: vec![
                finding("three questions", heard(three, None), heard(three, None), false),
                finding("a second client", heard("Blue.", None), heard("Blue.", None), true),
                finding("two questions", heard(&three[..35], silence), heard(&three[..58], None), false),
                Finding {
                    server: ServerState::Dead,
                    verdict: Verdict::Differs,
                    ..finding("reset", heard("Blue.", None), heard("Blue.", None), false)
                },
                Finding::not_run("half-close", ServerState::Dead),
            ],
            started_anew: false,
        };
        let mut lines = vec![heading()];
        lines.extend(
            findings.all.iter().flat_map(|finding| finding_row(finding).lines().map(str::to_owned).collect::<Vec<_>>()),
        );
        lines.push(summary(&findings));
        let expected = [
            r#"behaviour                         verdict          server  seen"#,
            r#"three questions                   ✓ as expected    alive   "My name is Sir Lancelot of Camelot.To…""#,
            r#"a second client                   • one at a time  alive   "Blue.", once the first had left"#,
            r#"two questions                     ✗ differs        alive   "… Camelot.", then nothing for 5s"#,
            r#"                                                           expected "…lot of Camelot.To seek the H…""#,
            r#"reset                             ✗ differs        dead    "Blue.""#,
            r#"                                                           expected the server to survive it"#,
            r#"half-close                        – not run                the server is gone"#,
            r#"1 of 5 as expected, 1 as its design has it (one client at a time), 2 not as expected, 1 not run; the server died."#,
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn how_a_server_died_has_a_line_and_the_summary_counts_deaths() {
        let blue = || heard("Blue.", None);
        let died = |death: &str| Finding {
            server: ServerState::Dead,
            verdict: Verdict::Differs,
            death: Some(death.to_owned()),
            ..finding("reset", blue(), blue(), false)
        };
        let hung = Finding { server: ServerState::Hung, ..died("") };
        let rows = finding_row(&died("exit code 1: KeyError"));
        assert_eq!(rows.lines().last(), Some("                                  died: exit code 1: KeyError"));
        assert!(finding_row(&died(&"x".repeat(200))).lines().all(|line| line.chars().count() <= 100));
        let summary_of = |all: Vec<Finding>| summary(&Findings { all, started_anew: true });
        let fine = || finding("reset", blue(), blue(), false);
        assert_eq!(
            summary_of(vec![fine(), died(""), hung.clone(), died("")]),
            "1 of 4 as expected, 3 not as expected; the server, started anew for each, died of 2 and hung after 1."
        );
        assert_eq!(
            summary_of(vec![fine()]),
            "1 of 1 as expected; the server, started anew for each, survived every one."
        );
    }

    #[test]
    fn no_row_is_wider_than_a_hundred_columns() {
        let text = "\0".repeat(2000);
        let then = || Some(Then::Silence(Duration::from_millis(59_999)));
        for case in cases::table() {
            assert!(case.behaviour.chars().count() <= BEHAVIOUR_COLUMNS, "{}", case.behaviour);
            for finding in [
                finding(case.behaviour, heard(&text, None), heard("Blue.", None), false),
                finding(case.behaviour, heard("Blue.", then()), heard(&text, None), false),
                finding(case.behaviour, heard("Blue.", None), heard("Blue.", None), true),
            ] {
                for line in finding_row(&finding).lines() {
                    assert!(line.chars().count() <= 100, "{line}");
                }
            }
        }
    }
}
