//! Servers with other questions, answers or end characters than the usual ones, probed with a script.

use std::io::{BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Output};
use std::sync::Arc;

use launcelot_client::script;
use launcelot_lab::probe::cases;
use launcelot_lab::probe::transcript::SocketEvent;
use launcelot_lab::probe::{Finding, Verdict};
use launcelot_protocol::exchange::QUESTION_MAX_BYTES;
use launcelot_protocol::{Framing, Script};

use super::{LONG_TIMEOUT, built_in_cases, find, probe};
use crate::support::markdown::workspace;
use crate::support::process::output;
use crate::support::sockets;

/// The example script.
const APHORISMS: &str = "docs/scripts/aphorisms.toml";

fn aphorisms() -> Script {
    script::read(&workspace().join(APHORISMS)).unwrap()
}

/// Starts a server that answers with the words of `script`, and `unknown` to other questions.
fn server(script: Script, unknown: &'static str) -> SocketAddr {
    let script = Arc::new(script);
    sockets::serve_each(move |client| serve(&script, unknown, client))
}

fn serve(script: &Script, unknown: &str, mut client: TcpStream) {
    client.set_nodelay(true).unwrap();
    let framing = script.framing();
    let reader = BufReader::new(client.try_clone().unwrap());
    let mut question = String::new();
    // A client may reset the connection.
    for byte in reader.bytes().map_while(Result::ok) {
        if question.is_empty() && byte.is_ascii_whitespace() {
            continue;
        }
        question.push(byte.into());
        if byte == framing.question_end() {
            let answer = script.answer_to(&question).unwrap_or(unknown);
            if client.write_all(answer.as_bytes()).is_err() {
                return;
            }
            question.clear();
        } else if question.len() == QUESTION_MAX_BYTES {
            let reply = format!("Error: question too long{}", char::from(framing.answer_end()));
            let _ = client.write_all(reply.as_bytes());
            return;
        }
    }
}

/// Fails unless every behaviour of the server is as expected with `script`.
#[track_caller]
fn assert_passes(server: SocketAddr, script: &Script) {
    let findings = probe(server.port(), LONG_TIMEOUT, &cases::table(script));
    for finding in &findings.all {
        assert_eq!(finding.verdict, Verdict::AsExpected, "{finding:?}");
    }
}

/// Runs only the case with an unknown question, against a server that answers it with `answer`. The script does not say
/// how unknown questions are answered.
fn probe_unknown(answer: &'static str) -> Finding {
    let exchanges = [("Why?".to_owned(), "So.".to_owned())];
    let script = Script::new(Framing::default(), exchanges, None).unwrap();
    let mut cases = cases::table(&script);
    cases.retain(|case| case.behaviour == "an unknown question");
    let findings = probe(server(script, answer).port(), LONG_TIMEOUT, &cases);
    find(&findings, "an unknown question").clone()
}

#[test]
fn a_server_with_other_words_passes_with_its_script() {
    assert_passes(server(aphorisms(), "Error: unknown aphorism."), &aphorisms());
}

#[test]
fn a_server_with_other_end_characters_passes_with_its_script() {
    let exchanges = [("PING;", "PONG.!"), ("Who?;", "Me!")];
    let exchanges = exchanges.map(|(question, answer)| (question.to_owned(), answer.to_owned()));
    let script = Script::new(Framing::new(';', '!').unwrap(), exchanges, None).unwrap();
    assert_passes(server(script.clone(), "What!"), &script);
}

#[test]
fn without_an_answer_in_the_script_any_answer_to_an_unknown_question_is_accepted() {
    for answer in ["Error: unknown aphorism.", "No."] {
        let finding = probe_unknown(answer);
        assert_eq!(finding.verdict, Verdict::AsExpected, "{answer:?}: {finding:?}");
    }
}

#[test]
fn an_unknown_question_must_have_exactly_one_answer_that_is_complete_and_not_too_long() {
    let too_long = "x".repeat(2 * QUESTION_MAX_BYTES).leak();
    for answer in ["One.Two.", "One.\n", too_long] {
        let finding = probe_unknown(answer);
        assert_eq!(finding.verdict, Verdict::Differs, "{answer:?}: {finding:?}");
        assert_eq!(finding.expected.event, Some(SocketEvent::AnyAnswer('.')));
        assert_eq!(finding.expected.describe(&finding.received, 80), "an answer that ends with '.'");
    }
}

#[test]
fn an_answer_that_the_script_does_not_contain_differs() {
    let address = server(aphorisms(), "Error: unknown aphorism.");
    let findings = probe(address.port(), LONG_TIMEOUT, &built_in_cases());
    let as_expected = findings.all.iter().filter(|finding| finding.verdict == Verdict::AsExpected);
    let as_expected: Vec<&str> = as_expected.map(|finding| finding.behaviour).collect();
    assert_eq!(as_expected, ["a question that is too long", "close before the answers"]);
}

fn probe_program(address: SocketAddr, script: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_launcelot-lab"));
    command.current_dir(workspace()).args(["probe", "127.0.0.1", &address.port().to_string()]);
    output(command.args(["--timeout", "20s", "--script", script]))
}

#[test]
fn the_program_probes_with_the_script_of_its_option() {
    let address = server(aphorisms(), "Error: unknown aphorism.");
    let output = probe_program(address, APHORISMS);
    let text = std::str::from_utf8(&output.stdout).unwrap();
    assert!(text.ends_with("15 of 15 as expected.\nThe server is alive.\n"), "{text}");
    assert_eq!((output.status.code(), &*output.stderr), (Some(0), &b""[..]));
}

#[test]
fn a_script_that_cannot_be_read_is_one_line_and_exits_with_1() {
    let output = probe_program(server(aphorisms(), "No."), "Cargo.toml");
    let stderr = std::str::from_utf8(&output.stderr).unwrap();
    assert!(stderr.starts_with("launcelot-lab: cannot read script Cargo.toml: line "), "{stderr}");
    assert!(stderr.contains(": unknown field `"), "{stderr}");
    assert_eq!((output.status.code(), stderr.lines().count(), output.stdout.len()), (Some(1), 1, 0), "{stderr}");
}
