//! The `launcelot-lab probe` command: what it prints, and its exit codes.

use std::io::Read as _;
use std::process::{Command, Output};
use std::thread;

use launcelot_server::Design;

use super::built_in_cases;
use super::faulty_server::Afterwards::{Continue, Exit};
use super::faulty_server::{UnknownQuestion, answer_to, converse, faulty_server};
use crate::support::fixtures::Server;
use crate::support::ports::ReservedPort;
use crate::support::process::output;
use crate::support::schema;

#[test]
fn the_program_prints_a_table_and_a_summary() {
    let server = Server::start(Design::Async);
    let output = probe_program(server.port, &["--timeout", "20s"]);
    let text = stdout(&output);
    let rows: Vec<&str> = text.lines().collect();
    assert_eq!(rows.len(), 1 + built_in_cases().len() + 2, "{text}");
    for (row, case) in rows[1..].iter().zip(built_in_cases()) {
        assert!(row.starts_with(case.behaviour) && row.ends_with("✓ as expected    alive"), "{row}");
    }
    let count = built_in_cases().len();
    let summary = [format!("{count} of {count} as expected."), "The server is alive.".to_owned()];
    assert_eq!(rows[1 + count..], summary);
    assert_eq!((output.status.code(), &*output.stderr), (Some(0), &b""[..]));
}

#[test]
fn one_client_at_a_time_exits_with_0() {
    let server = Server::start(Design::Simple);
    let output = probe_program(server.port, &["--timeout", "20s"]);
    let text = stdout(&output);
    assert!(
        text.contains("• one at a time  alive\n    received \"Blue.\" after the first client had left\n"),
        "{text}"
    );
    assert!(text.ends_with(" 2 with one client at a time.\nThe server is alive.\n"), "{text}");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_difference_exits_with_1() {
    let port = faulty_server(|client| match client.read(&mut [0; 1024]) {
        Ok(0) | Err(_) => Continue,
        Ok(_) => Exit,
    });
    let output = probe_program(port, &["--timeout", "20s"]);
    let text = stdout(&output);
    assert!(text.contains("✗ differs        dead\n"), "{text}");
    assert!(text.contains(r#"    expected "My name is Sir Lance"#), "{text}");
    assert!(text.contains("– not run        dead\n"), "{text}");
    assert!(
        text.starts_with("behaviour ") && text.ends_with("\nThe server is dead: it accepts no connections.\n"),
        "{text}"
    );
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert_eq!((output.status.code(), &*output.stderr), (Some(1), &b""[..]));
}

#[test]
fn the_json_matches_its_schema_for_every_verdict() {
    let dying = faulty_server(|client| match converse(client, |question| answer_to(question).ok_or(UnknownQuestion)) {
        Err(UnknownQuestion) => Exit,
        Ok(()) => Continue,
    });
    let [modern, simple] = [Design::Async, Design::Simple].map(Server::start);
    let cases = [
        (modern.port, 0, true, false, "alive"),
        (simple.port, 0, true, true, "alive"),
        (dying, 1, false, false, "dead"),
    ];
    thread::scope(|scope| {
        for (port, code, as_expected, one_at_a_time, state) in cases {
            scope.spawn(move || {
                let output = probe_program(port, &["--json", "--timeout", "20s"]);
                let value: serde_json::Value = serde_json::from_str(stdout(&output)).unwrap();
                schema::assert_valid(include_str!("../../../schema/probe.schema.json"), &value);
                assert_eq!(value["behaviours"].as_array().unwrap().len(), built_in_cases().len());
                assert_eq!(value["as_expected"], as_expected);
                assert_eq!(value["one_client_at_a_time"], one_at_a_time);
                assert_eq!(value["server"], state);
                assert_eq!(output.status.code(), Some(code), "{value:#}");
            });
        }
    });
}

#[test]
fn a_refused_connection_is_one_line_and_exits_with_1() {
    let reserved = ReservedPort::new();
    let port = reserved.number;
    let refused = format!("launcelot-lab: cannot connect to '127.0.0.1' port {port}: Connection refused\n");
    for options in [&[][..], &["--json"], &["-v"]] {
        let output = probe_program(port, options);
        assert_eq!(std::str::from_utf8(&output.stderr).unwrap(), refused);
        assert_eq!((output.status.code(), stdout(&output)), (Some(1), ""));
    }
    let output = output(lab().args(["probe", "no-such-host.invalid"]));
    let stderr = std::str::from_utf8(&output.stderr).unwrap();
    assert!(stderr.starts_with("launcelot-lab: cannot resolve 'no-such-host.invalid': "), "{stderr}");
    assert_eq!((output.status.code(), stderr.lines().count()), (Some(1), 1));
}

#[test]
fn invalid_arguments_exit_with_2() {
    let cases: [(&[&str], &str); 6] = [
        (&["probe"], "HOST"),
        (&["probe", "localhost", "port"], "invalid value 'port'"),
        (&["probe", "localhost", "0"], "invalid value '0'"),
        (&["probe", "localhost", "--timeout", "0s"], "it must be longer than 0s"),
        (&["probe", "localhost", "--timeout", "soon"], "invalid value 'soon'"),
        (&["--open", "probe", "localhost"], "cannot be used with"),
    ];
    for (arguments, expected) in cases {
        let output = output(lab().args(arguments));
        let stderr = std::str::from_utf8(&output.stderr).unwrap();
        assert!(stderr.contains(expected), "{arguments:?}: {stderr}");
        assert_eq!((output.status.code(), stdout(&output)), (Some(2), ""), "{arguments:?}");
    }
}

fn lab() -> Command {
    Command::new(env!("CARGO_BIN_EXE_launcelot-lab"))
}

fn probe_program(port: u16, options: &[&str]) -> Output {
    output(lab().args(["probe", "127.0.0.1", &port.to_string()]).args(options))
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}
