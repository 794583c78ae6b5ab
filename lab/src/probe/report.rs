//! The findings as a table for a person and as JSON for a program.
//!
//! The table is printed row by row while the prober runs. Received bytes are escaped, so that each character is one column
//! wide.

use std::net::SocketAddr;

use serde::Serialize;

use super::transcript::Transcript;
use super::verdict::{Finding, Findings, ServerState, Verdict};

/// The width of a line.
const LINE_COLUMNS: usize = 80;

const BEHAVIOUR_COLUMNS: usize = 32;
const VERDICT_COLUMNS: usize = 15;

/// The indentation of the lines below a row.
const INDENT: &str = "    ";

/// About how many characters the JSON shows of received or expected data.
const JSON_COLUMNS: usize = 60;

/// Returns the head of the table.
pub fn heading() -> String {
    row("behaviour", "verdict", "server")
}

/// Returns a finding as a row of the table. A finding that is not as expected has further lines: what was received,
/// what was expected, and how the server exited, as far as each is known.
pub fn finding_row(finding: &Finding) -> String {
    let verdict = match finding.verdict {
        Verdict::AsExpected => "✓ as expected",
        Verdict::OneAtATime => "• one at a time",
        Verdict::Differs => "✗ differs",
        Verdict::NotRun => "– not run",
    };
    let mut lines = vec![row(finding.behaviour, verdict, state(finding.server))];
    match finding.verdict {
        Verdict::AsExpected | Verdict::NotRun => {}
        Verdict::OneAtATime => {
            const AFTER: &str = " after the first client had left";
            let width = LINE_COLUMNS - INDENT.len() - "received ".len() - AFTER.len();
            lines.push(format!("{INDENT}received {}{AFTER}", received(finding, width)));
        }
        Verdict::Differs => {
            let width = LINE_COLUMNS - INDENT.len() - "received ".len();
            lines.push(format!("{INDENT}received {}", received(finding, width)));
            lines.push(format!("{INDENT}expected {}", expected(finding, width)));
        }
    }
    if let Some(exit) = &finding.exit {
        lines.push(shortened(&format!("{INDENT}the server exited: {exit}"), LINE_COLUMNS));
    }
    lines.join("\n")
}

/// Returns the summary: a line with the number of each verdict, and one about the server.
pub fn summary(findings: &Findings) -> String {
    let mut counts = vec![format!("{} of {} as expected", findings.count(Verdict::AsExpected), findings.all.len())];
    let others = [
        (Verdict::OneAtATime, "with one client at a time"),
        (Verdict::Differs, "different"),
        (Verdict::NotRun, "not run"),
    ];
    for (verdict, name) in others {
        let count = findings.count(verdict);
        if count > 0 {
            counts.push(format!("{count} {name}"));
        }
    }
    let server = match findings.server() {
        _ if findings.has_server_per_case => servers_summary(findings),
        ServerState::Alive => "The server is alive.".to_owned(),
        ServerState::Dead => "The server is dead: it accepts no connections.".to_owned(),
        ServerState::Hung => "The server is hung: it does not answer.".to_owned(),
    };
    format!("{}.\n{server}", counts.join(", "))
}

/// Returns a sentence: after how many cases the server that was started for the case was dead or hung.
fn servers_summary(findings: &Findings) -> String {
    let mut failures = Vec::new();
    for state in [ServerState::Dead, ServerState::Hung] {
        let count = findings.count_left(state);
        if count > 0 {
            failures.push(format!("{} after {count}", self::state(state)));
        }
    }
    let result = if failures.is_empty() { "alive after every case".to_owned() } else { failures.join(" and ") };
    format!("The server, restarted for each case, was {result}.")
}

fn shortened(text: &str, columns: usize) -> String {
    if text.chars().count() <= columns {
        return text.to_owned();
    }
    text.chars().take(columns - 1).chain(['…']).collect()
}

/// The findings as JSON. `schema/probe.schema.json` describes it.
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
    received: Option<String>,
    expected: Option<String>,
    server: Option<ServerState>,
    exit: Option<String>,
}

impl<'a> Report<'a> {
    /// Creates the report on a server that was running, with its name as it was given and its address.
    pub fn new(host: &'a str, address: SocketAddr, findings: &Findings) -> Self {
        let port = Some(address.port());
        Self { host: Some(host), port, address: Some(address), ..Self::of(findings) }
    }

    /// Creates the report on servers that `command` has started.
    pub fn with_server_per_case(command: &'a str, findings: &Findings) -> Self {
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
        let differs = finding.verdict == Verdict::Differs;
        Self {
            behaviour: finding.behaviour,
            verdict: finding.verdict,
            received: was_run.then(|| received(finding, JSON_COLUMNS)),
            expected: differs.then(|| expected(finding, JSON_COLUMNS)),
            server: was_run.then_some(finding.server),
            exit: finding.exit.clone(),
        }
    }
}

fn received(finding: &Finding, columns: usize) -> String {
    finding.received.describe(&finding.expected, columns)
}

/// Describes what was expected of a case that differs.
fn expected(finding: &Finding, columns: usize) -> String {
    if finding.received == finding.expected {
        "the server to be alive afterwards".to_owned()
    } else if finding.expected == Transcript::default() {
        "a connection".to_owned()
    } else {
        finding.expected.describe(&finding.received, columns)
    }
}

fn state(server: ServerState) -> &'static str {
    match server {
        ServerState::Alive => "alive",
        ServerState::Dead => "dead",
        ServerState::Hung => "hung",
    }
}

fn row(behaviour: &str, verdict: &str, server: &str) -> String {
    format!("{behaviour:BEHAVIOUR_COLUMNS$}  {verdict:VERDICT_COLUMNS$}  {server}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use launcelot_protocol::Script;

    use super::*;
    use crate::probe::cases;
    use crate::probe::transcript::SocketEvent;
    use crate::probe::verdict::Observation;

    fn received(text: &str, event: Option<SocketEvent>) -> Transcript {
        Transcript { bytes: text.into(), event }
    }

    fn finding(behaviour: &'static str, received: Transcript, expected: Transcript, was_delayed: bool) -> Finding {
        Finding::new(behaviour, Observation { received, expected, was_delayed }, ServerState::Alive)
    }

    #[test]
    fn the_table_has_a_row_for_each_finding_and_ends_with_a_summary() {
        let three = "My name is Sir Lancelot of Camelot.To seek the Holy Grail.Blue.";
        let timeout = Some(SocketEvent::Timeout(Duration::from_secs(5)));
        let findings = Findings {
            all: vec![
                finding("three questions", received(three, None), received(three, None), false),
                finding("a second client", received("Blue.", None), received("Blue.", None), true),
                finding("two questions", received(&three[..35], timeout), received(&three[..58], None), false),
                Finding {
                    server: ServerState::Dead,
                    verdict: Verdict::Differs,
                    ..finding("reset", received("Blue.", None), received("Blue.", None), false)
                },
                Finding::not_run("half-close", ServerState::Dead),
            ],
            has_server_per_case: false,
        };
        let mut table = heading() + "\n";
        for finding in &findings.all {
            table += &finding_row(finding);
            table += "\n";
        }
        table += &summary(&findings);
        let expected = [
            r#"behaviour                         verdict          server"#,
            r#"three questions                   ✓ as expected    alive"#,
            r#"a second client                   • one at a time  alive"#,
            r#"    received "Blue." after the first client had left"#,
            r#"two questions                     ✗ differs        alive"#,
            r#"    received "My name is Sir Lancelot of Camelot.", then nothing for 5s"#,
            r#"    expected "My name is Sir Lancelot of Camelot.To seek the Holy Grail.""#,
            r#"reset                             ✗ differs        dead"#,
            r#"    received "Blue.""#,
            r#"    expected the server to be alive afterwards"#,
            r#"half-close                        – not run        dead"#,
            r#"1 of 5 as expected, 1 with one client at a time, 2 different, 1 not run."#,
            r#"The server is dead: it accepts no connections."#,
        ];
        assert_eq!(table.lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn the_exit_of_a_server_has_a_line_and_the_summary_counts_dead_servers() {
        let blue = || received("Blue.", None);
        let dead = |exit: &str| Finding {
            server: ServerState::Dead,
            verdict: Verdict::Differs,
            exit: Some(exit.to_owned()),
            ..finding("reset", blue(), blue(), false)
        };
        let hung = Finding { server: ServerState::Hung, ..dead("") };
        let rows = finding_row(&dead("exit code 1: KeyError"));
        assert_eq!(rows.lines().last(), Some("    the server exited: exit code 1: KeyError"));
        assert!(finding_row(&dead(&"x".repeat(200))).lines().all(|line| line.chars().count() <= LINE_COLUMNS));
        let summary_of = |all: Vec<Finding>| summary(&Findings { all, has_server_per_case: true });
        let fine = || finding("reset", blue(), blue(), false);
        assert_eq!(
            summary_of(vec![fine(), dead(""), hung.clone(), dead("")]),
            "1 of 4 as expected, 3 different.\nThe server, restarted for each case, was dead after 2 and hung after 1."
        );
        assert_eq!(
            summary_of(vec![fine()]),
            "1 of 1 as expected.\nThe server, restarted for each case, was alive after every case."
        );
    }

    #[test]
    fn no_line_is_wider_than_80_columns() {
        let text = "\0".repeat(2000);
        let timeout = || Some(SocketEvent::Timeout(Duration::from_millis(59_999)));
        for case in cases::table(&Script::default()) {
            assert!(case.behaviour.chars().count() <= BEHAVIOUR_COLUMNS, "{}", case.behaviour);
            for finding in [
                finding(case.behaviour, received(&text, None), received("Blue.", None), false),
                finding(case.behaviour, received("Blue.", timeout()), received(&text, None), false),
                finding(case.behaviour, received("Blue.", None), received("Blue.", None), true),
            ] {
                for line in finding_row(&finding).lines() {
                    assert!(line.chars().count() <= LINE_COLUMNS, "{line}");
                }
            }
        }
    }
}
