//! The prober: our servers pass, servers that break the protocol do not, and the program says which.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::process::{Command, Output};
use std::thread;
use std::time::Duration;

use crate::support::fixtures::Server;
use crate::support::ports::ReservedPort;
use crate::support::process::output;
use crate::support::schema;
use crate::support::sockets;
use clap::ValueEnum as _;
use launcelot_lab::probe::cases::{self, Case};
use launcelot_lab::probe::transcript::Then;
use launcelot_lab::probe::{Finding, Findings, Prober, ServerState, Verdict};
use launcelot_protocol::EXCHANGES;
use launcelot_server::{Design, Options, Statistics, Stop};

/// Longer than anything here takes on a busy machine.
const HANGS: Duration = Duration::from_secs(20);

/// The timeout where a server is known to stay silent.
const SHORT: Duration = Duration::from_secs(1);

#[test]
fn every_design_passes_and_only_the_simple_one_serves_one_client_at_a_time() {
    // At the same time, since a probe mostly waits. Each of its waits has a deadline.
    thread::scope(|scope| {
        for design in Design::value_variants() {
            scope.spawn(|| design_passes(*design));
        }
    });
}

fn design_passes(design: Design) {
    let server = Server::start(design);
    let findings = probe(server.port, HANGS, &cases::table());
    for finding in &findings.all {
        let is_kept_waiting = design == Design::Simple && finding.behaviour.ends_with("and a second one");
        let expected = if is_kept_waiting { Verdict::OneAtATime } else { Verdict::AsExpected };
        assert_eq!(finding.verdict, expected, "{design:?}: {finding:?}");
    }
    assert!(findings.are_as_expected());
}

#[test]
fn a_server_that_a_super_server_starts_for_each_client_passes_too() {
    // A super-server. To the conversation a thread for each client is the same as a process.
    let address = sockets::serve_each(|client| {
        let (_stopper, stop) = Stop::pair().unwrap();
        let statistics = Statistics::new(&Options::default()).unwrap();
        let input = OwnedFd::from(client);
        let output = input.try_clone().unwrap();
        launcelot_server::converse(input, output, &Options::default(), &statistics, stop).unwrap();
    });
    let findings = probe(address.port(), HANGS, &cases::table());
    let as_expected = findings.count(Verdict::AsExpected);
    assert_eq!(as_expected, findings.all.len(), "{findings:?}");
}

#[test]
fn a_server_that_dies_is_dead_and_the_rest_is_not_run() {
    let port = misbehaving(|client| match converse(client, |question| answer_to(question).ok_or(Gone)) {
        Err(Gone) => Dies,
        Ok(()) => LivesOn,
    });
    let findings = probe(port, HANGS, &cases::table());
    let unknown = find(&findings, "an unknown question");
    assert_eq!((unknown.verdict, unknown.server), (Verdict::Differs, ServerState::Dead), "{unknown:?}");
    assert_eq!(unknown.seen.heard, b"");
    let after = findings.all.iter().skip_while(|finding| *finding != unknown).skip(1);
    assert!(after.clone().count() > 0 && after.clone().all(|finding| finding.verdict == Verdict::NotRun));
    assert_eq!((findings.server(), findings.are_as_expected()), (ServerState::Dead, false));
}

#[test]
fn a_server_that_hangs_is_hung_and_the_rest_is_not_run() {
    let port = misbehaving(|client| {
        // It waits for a question that it knows, and accepts no other client.
        let mut heard = Vec::new();
        let mut byte = [0];
        while client.read(&mut byte).is_ok_and(|count| count > 0) {
            heard.push(byte[0]);
            if let Some(answer) = answer_to(&heard) {
                heard.clear();
                send(client, answer.as_bytes());
            } else if heard.ends_with(b"?") {
                return Hangs;
            }
        }
        LivesOn
    });
    let cases =
        [only("a question byte by byte"), only("an unknown question"), only("half-close after asking")].concat();
    let findings = probe(port, SHORT, &cases);
    let [known, unknown, after] = &findings.all[..] else { panic!("{findings:?}") };
    assert_eq!((known.verdict, known.server), (Verdict::AsExpected, ServerState::Alive));
    assert_eq!((unknown.verdict, unknown.server), (Verdict::Differs, ServerState::Hung));
    assert_eq!(unknown.seen.then, Some(Then::Silence(SHORT)));
    assert_eq!((after.verdict, findings.server()), (Verdict::NotRun, ServerState::Hung));
}

#[test]
fn a_server_that_answers_only_the_first_of_two_questions_differs() {
    let port = misbehaving(|client| {
        let mut buffer = [0; 1024];
        while let Ok(count @ 1..) = client.read(&mut buffer) {
            let first = buffer[..count].split_inclusive(|byte| *byte == b'?').next().unwrap();
            send(client, answer_to(first).unwrap_or("Error: unknown question.").as_bytes());
        }
        LivesOn
    });
    let two = differing(probe(port, SHORT, &only("two questions in one segment")));
    assert_eq!(two.seen.heard, EXCHANGES[0].answer.as_bytes());
    assert_eq!((two.seen.then, two.server), (Some(Then::Silence(SHORT)), ServerState::Alive));
    assert_eq!(two.expected.heard, [EXCHANGES[0].answer, EXCHANGES[1].answer].concat().as_bytes());
}

#[test]
fn a_wrong_answer_differs_even_if_by_a_single_byte() {
    for (wrong, then) in [("No, yellow.", None), ("Blue.\n", None), ("blue.", None), ("", Some(Then::EndOfStream))] {
        let port = misbehaving(move |client| {
            let mut buffer = [0; 1024];
            if client.read(&mut buffer).is_ok_and(|count| count > 0) {
                send(client, wrong.as_bytes());
            }
            LivesOn
        });
        let mut case = only("an idle client and a second one");
        case[0].steps.retain(|step| step.client == cases::Client::Second);
        let finding = differing(probe(port, HANGS, &case));
        assert_eq!((&*finding.seen.heard, finding.seen.then), (wrong.as_bytes(), then));
    }
}

#[test]
fn a_server_that_does_not_close_after_too_long_a_question_differs() {
    let port = misbehaving(|client| {
        let mut said = [0; 1024];
        let too_long = client.read_exact(&mut said).is_ok();
        send(client, if too_long { "Error: question too long." } else { "Blue." }.as_bytes());
        let _ = client.read(&mut [0]);
        LivesOn
    });
    let finding = differing(probe(port, SHORT, &only("a question that is too long")));
    assert_eq!(finding.seen.heard, finding.expected.heard);
    assert_eq!((finding.seen.then, finding.expected.then), (Some(Then::Silence(SHORT)), Some(Then::EndOfStream)));
}

#[test]
fn a_server_that_drops_its_answers_on_a_half_close_differs() {
    let port = misbehaving(|client| {
        let mut said = Vec::new();
        let mut buffer = [0; 1024];
        // It answers a single question at once. It reads several to the end, and forgets them.
        while let Ok(count @ 1..) = client.read(&mut buffer) {
            said.extend_from_slice(&buffer[..count]);
            if let Some(answer) = answer_to(&said) {
                said.clear();
                send(client, answer.as_bytes());
            }
        }
        LivesOn
    });
    let finding = differing(probe(port, HANGS, &only("half-close after asking")));
    assert_eq!((finding.seen.heard, finding.seen.then), (Vec::new(), Some(Then::EndOfStream)));
    assert_eq!(finding.server, ServerState::Alive);
}

#[test]
fn a_server_that_resets_differs_from_one_that_closes() {
    let port = misbehaving(|client| {
        let mut buffer = [0; 1024];
        while let Ok(count @ 1..) = client.read(&mut buffer) {
            let Some(answer) = answer_to(&buffer[..count]) else { break };
            send(client, answer.as_bytes());
        }
        socket2::SockRef::from(&*client).set_linger(Some(Duration::ZERO)).unwrap();
        LivesOn
    });
    let finding = differing(probe(port, HANGS, &only("end of stream between questions")));
    assert_eq!((&*finding.seen.heard, finding.seen.then), (&b"Blue."[..], Some(Then::Reset)));
    assert_eq!(finding.server, ServerState::Alive);
}

#[test]
fn a_server_that_takes_everything_from_a_client_that_never_reads_differs() {
    let port = misbehaving(|client| {
        // It reads everything and answers nothing of it.
        let mut buffer = [0; 64 * 1024];
        while let Ok(count @ 1..) = client.read(&mut buffer) {
            if let Some(answer) = answer_to(&buffer[..count]) {
                send(client, answer.as_bytes());
            }
        }
        LivesOn
    });
    let finding = differing(probe(port, HANGS, &only("a deaf client and a second one")));
    assert!(matches!(finding.seen.then, Some(Then::TookBytes(_))), "{finding:?}");
    assert_eq!(finding.expected.then, Some(Then::Backpressure));
}

#[test]
fn a_server_that_forgets_a_client_that_reads_late_differs() {
    // It reads once, answers what it has read, and goes on to the next client.
    let port = misbehaving(|client| {
        let mut buffer = [0; 1024];
        if let Ok(count @ 1..) = client.read(&mut buffer) {
            let first = buffer[..count].split_inclusive(|byte| *byte == b'?').next().unwrap();
            send(client, answer_to(first).unwrap_or_default().as_bytes());
        }
        LivesOn
    });
    let finding = differing(probe(port, HANGS, &only("a deaf client and a second one")));
    assert!(finding.seen != finding.expected && finding.server == ServerState::Alive, "{finding:?}");
}

#[test]
fn the_program_prints_a_table_that_ends_with_a_sentence() {
    let server = Server::start(Design::Async);
    let output = probe_program(server.port, &["--timeout", "20s"]);
    let text = stdout(&output);
    let rows: Vec<&str> = text.lines().collect();
    assert_eq!(rows.len(), cases::table().len() + 2, "{text}");
    for (row, case) in rows[1..].iter().zip(cases::table()) {
        assert!(row.starts_with(case.behaviour) && row.contains("✓ as expected    alive   "), "{row}");
    }
    let count = cases::table().len();
    assert_eq!(*rows.last().unwrap(), format!("{count} of {count} as expected; the server survived."));
    assert_eq!((output.status.code(), &*output.stderr), (Some(0), &b""[..]));
}

#[test]
fn the_program_exits_with_0_for_a_design_of_one_client_at_a_time() {
    let server = Server::start(Design::Simple);
    let output = probe_program(server.port, &["--timeout", "20s"]);
    let text = stdout(&output);
    assert!(text.contains("• one at a time  alive   \"Blue.\", once the first had left"), "{text}");
    assert!(text.ends_with("as its design has it (one client at a time); the server survived.\n"), "{text}");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn the_program_exits_with_1_if_anything_differs() {
    let port = misbehaving(|client| match client.read(&mut [0; 1024]) {
        Ok(0) | Err(_) => LivesOn,
        Ok(_) => Dies,
    });
    let output = probe_program(port, &["--timeout", "20s"]);
    let text = stdout(&output);
    assert!(text.contains("✗ differs        dead    "), "{text}");
    assert!(text.contains(r#"  expected "My name is Sir Lance"#), "{text}");
    assert!(text.contains("– not run                the server is gone\n"), "{text}");
    assert!(text.starts_with("behaviour ") && text.ends_with("; the server died.\n"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    assert_eq!((output.status.code(), &*output.stderr), (Some(1), &b""[..]));
}

#[test]
fn the_json_keeps_to_its_schema_whatever_is_found() {
    let dying = misbehaving(|client| match converse(client, |question| answer_to(question).ok_or(Gone)) {
        Err(Gone) => Dies,
        Ok(()) => LivesOn,
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
                schema::assert_valid(include_str!("../../schema/probe.schema.json"), &value);
                assert_eq!(value["behaviours"].as_array().unwrap().len(), cases::table().len());
                assert_eq!(value["as_expected"], as_expected);
                assert_eq!(value["one_client_at_a_time"], one_at_a_time);
                assert_eq!(value["server"], state);
                assert_eq!(output.status.code(), Some(code), "{value:#}");
            });
        }
    });
}

#[test]
fn a_refused_connection_is_one_line_and_exit_code_1() {
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
    assert!(stderr.starts_with("launcelot-lab: cannot find 'no-such-host.invalid': "), "{stderr}");
    assert_eq!((output.status.code(), stderr.lines().count()), (Some(1), 1));
}

#[test]
fn invalid_arguments_exit_with_2() {
    let cases: [(&[&str], &str); 6] = [
        (&["probe"], "HOST"),
        (&["probe", "localhost", "port"], "invalid value 'port'"),
        (&["probe", "localhost", "0"], "invalid value '0'"),
        (&["probe", "localhost", "--timeout", "0s"], "without waiting, nothing is heard"),
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

/// The state of a server after a client.
enum Afterwards {
    LivesOn,
    Dies,
    Hangs,
}
use Afterwards::{Dies, Hangs, LivesOn};

/// A server that breaks the protocol: one client at a time, each served by `serve`.
fn misbehaving(serve: impl Fn(&mut TcpStream) -> Afterwards + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            match serve(&mut client) {
                LivesOn => {}
                Dies => return,
                // With the listener and the client still open.
                Hangs => thread::park(),
            }
        }
    });
    port
}

/// The server has met a question that makes it die.
struct Gone;

/// Answers each question by itself until the client closes, or `answer` cannot.
fn converse(client: &mut TcpStream, answer: impl Fn(&[u8]) -> Result<&'static str, Gone>) -> Result<(), Gone> {
    let mut question = Vec::new();
    let mut byte = [0];
    while client.read(&mut byte).is_ok_and(|count| count > 0) {
        question.push(byte[0]);
        if byte == *b"?" {
            send(client, answer(&question)?.as_bytes());
            question.clear();
        }
    }
    Ok(())
}

fn answer_to(question: &[u8]) -> Option<&'static str> {
    launcelot_protocol::exchange::answer_to(question)
}

/// Writes to a client that may have closed.
fn send(client: &mut TcpStream, words: &[u8]) {
    let _: io::Result<()> = client.write_all(words);
}

fn probe(port: u16, timeout: Duration, cases: &[Case]) -> Findings {
    let mut told = Vec::new();
    let findings =
        Prober::reach("127.0.0.1", port, timeout).unwrap().probe(cases, |finding| told.push(finding.clone()));
    assert_eq!(findings.all, told);
    findings
}

/// The table with one case only.
fn only(behaviour: &str) -> Vec<Case> {
    let case = cases::table().into_iter().find(|case| case.behaviour == behaviour);
    vec![case.unwrap_or_else(|| panic!("no case {behaviour:?}"))]
}

fn find<'a>(findings: &'a Findings, behaviour: &str) -> &'a Finding {
    findings.all.iter().find(|finding| finding.behaviour == behaviour).unwrap()
}

/// The only finding, which differs.
#[track_caller]
fn differing(findings: Findings) -> Finding {
    assert!(!findings.are_as_expected());
    let [finding] = <[Finding; 1]>::try_from(findings.all).unwrap();
    assert_eq!(finding.verdict, Verdict::Differs, "{finding:?}");
    finding
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
