//! The prober: the workspace's servers pass, and faulty servers do not.

mod faulty_server;
mod other_words;
mod program;
mod started_servers;

use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::thread;
use std::time::Duration;

use clap::ValueEnum as _;
use launcelot_lab::probe::cases::{self, Case};
use launcelot_lab::probe::transcript::SocketEvent;
use launcelot_lab::probe::{Finding, Findings, Prober, ServerState, Verdict};
use launcelot_protocol::{EXCHANGES, Script};
use launcelot_server::{Design, Options, Statistics, Stop};

use crate::support::attempts::{check, within_attempts};
use crate::support::fixtures::Server;
use crate::support::sockets;
use faulty_server::Afterwards::{Continue, Exit, Hang};
use faulty_server::{UnknownQuestion, answer_to, converse, faulty_server, send};

/// A timeout that no server in these tests reaches, even on a busy machine.
const LONG_TIMEOUT: Duration = Duration::from_secs(20);

/// The timeout of tests in which the server does not answer.
const SHORT_TIMEOUT: Duration = Duration::from_secs(3);

#[test]
fn every_design_passes_and_only_the_simple_one_serves_one_client_at_a_time() {
    // The designs are probed in parallel, since a prober mostly waits.
    thread::scope(|scope| {
        for design in Design::value_variants() {
            scope.spawn(|| design_passes(*design));
        }
    });
}

fn design_passes(design: Design) {
    let server = Server::start(design);
    // A busy machine may delay an answer beyond what a case allows, but not every time.
    within_attempts(3, || {
        let findings = probe(server.port, LONG_TIMEOUT, &built_in_cases());
        for finding in &findings.all {
            let is_delayed = design == Design::Simple && finding.behaviour.ends_with("client and another");
            let expected = if is_delayed { Verdict::OneAtATime } else { Verdict::AsExpected };
            check(finding.verdict == expected, || format!("{design:?}: {finding:?} instead of {expected:?}"))?;
        }
        assert!(findings.are_as_expected(), "{design:?}");
        Ok(())
    });
}

#[test]
fn a_server_on_standard_input_and_output_passes() {
    // A super-server would start a process for each client. Here a thread serves each client.
    let address = sockets::serve_each(|client| {
        let (_stopper, stop) = Stop::pair().unwrap();
        let statistics = Statistics::new(&Options::default()).unwrap();
        let input = OwnedFd::from(client);
        let output = input.try_clone().unwrap();
        launcelot_server::converse(input, output, &Options::default(), &statistics, stop).unwrap();
    });
    let findings = probe(address.port(), LONG_TIMEOUT, &built_in_cases());
    let as_expected = findings.count(Verdict::AsExpected);
    assert_eq!(as_expected, findings.all.len(), "{findings:?}");
}

#[test]
fn the_cases_after_the_end_of_a_server_are_not_run() {
    let port = faulty_server(|client| match converse(client, |question| answer_to(question).ok_or(UnknownQuestion)) {
        Err(UnknownQuestion) => Exit,
        Ok(()) => Continue,
    });
    let findings = probe(port, LONG_TIMEOUT, &built_in_cases());
    let unknown = find(&findings, "an unknown question");
    assert_eq!((unknown.verdict, unknown.server), (Verdict::Differs, ServerState::Dead), "{unknown:?}");
    assert_eq!(unknown.received.bytes, b"");
    let after = findings.all.iter().skip_while(|finding| *finding != unknown).skip(1);
    assert!(after.clone().count() > 0 && after.clone().all(|finding| finding.verdict == Verdict::NotRun));
    assert_eq!((findings.server(), findings.are_as_expected()), (ServerState::Dead, false));
}

#[test]
fn the_cases_after_a_hang_of_a_server_are_not_run() {
    let port = faulty_server(|client| {
        // After an unknown question, this server hangs and serves no other client.
        let mut question = Vec::new();
        let mut byte = [0];
        while client.read(&mut byte).is_ok_and(|count| count > 0) {
            question.push(byte[0]);
            if let Some(answer) = answer_to(&question) {
                question.clear();
                send(client, answer.as_bytes());
            } else if question.ends_with(b"?") {
                return Hang;
            }
        }
        Continue
    });
    let cases =
        [only("a question byte by byte"), only("an unknown question"), only("half-close after the questions")].concat();
    let findings = probe(port, SHORT_TIMEOUT, &cases);
    let [known, unknown, after] = &findings.all[..] else { panic!("{findings:?}") };
    assert_eq!((known.verdict, known.server), (Verdict::AsExpected, ServerState::Alive));
    assert_eq!((unknown.verdict, unknown.server), (Verdict::Differs, ServerState::Hung));
    assert_eq!(unknown.received.event, Some(SocketEvent::Timeout(SHORT_TIMEOUT)));
    assert_eq!((after.verdict, findings.server()), (Verdict::NotRun, ServerState::Hung));
}

#[test]
fn a_server_that_answers_only_the_first_of_two_questions_differs() {
    let port = faulty_server(|client| {
        let mut buffer = [0; 1024];
        while let Ok(count @ 1..) = client.read(&mut buffer) {
            let first = buffer[..count].split_inclusive(|byte| *byte == b'?').next().unwrap();
            send(client, answer_to(first).unwrap_or("Error: unknown question.").as_bytes());
        }
        Continue
    });
    let two = differing(probe(port, SHORT_TIMEOUT, &only("two questions in one segment")));
    assert_eq!(two.received.bytes, EXCHANGES[0].answer.as_bytes());
    assert_eq!((two.received.event, two.server), (Some(SocketEvent::Timeout(SHORT_TIMEOUT)), ServerState::Alive));
    assert_eq!(two.expected.bytes, [EXCHANGES[0].answer, EXCHANGES[1].answer].concat().as_bytes());
}

#[test]
fn an_answer_that_is_wrong_by_one_byte_differs() {
    for (wrong, event) in [("No, yellow.", None), ("Blue.\n", None), ("blue.", None), ("", Some(SocketEvent::End))] {
        let port = faulty_server(move |client| {
            let mut buffer = [0; 1024];
            if client.read(&mut buffer).is_ok_and(|count| count > 0) {
                send(client, wrong.as_bytes());
            }
            Continue
        });
        let mut case = only("an idle client and another");
        case[0].steps.retain(|step| step.client == cases::CaseClient::Second);
        let finding = differing(probe(port, LONG_TIMEOUT, &case));
        assert_eq!((&*finding.received.bytes, finding.received.event), (wrong.as_bytes(), event));
    }
}

#[test]
fn a_server_that_does_not_close_after_too_long_a_question_differs() {
    let port = faulty_server(|client| {
        let mut question = [0; 1024];
        let too_long = client.read_exact(&mut question).is_ok();
        send(client, if too_long { "Error: question too long." } else { "Blue." }.as_bytes());
        let _ = client.read(&mut [0]);
        Continue
    });
    let finding = differing(probe(port, SHORT_TIMEOUT, &only("a question that is too long")));
    assert_eq!(finding.received.bytes, finding.expected.bytes);
    assert_eq!(
        (finding.received.event, finding.expected.event),
        (Some(SocketEvent::Timeout(SHORT_TIMEOUT)), Some(SocketEvent::End))
    );
}

#[test]
fn dropping_answers_on_a_half_close_is_reported_as_a_difference() {
    let port = faulty_server(|client| {
        let mut question = Vec::new();
        let mut buffer = [0; 1024];
        // This server answers a question that it reads alone, and drops questions that it reads together.
        while let Ok(count @ 1..) = client.read(&mut buffer) {
            question.extend_from_slice(&buffer[..count]);
            if let Some(answer) = answer_to(&question) {
                question.clear();
                send(client, answer.as_bytes());
            }
        }
        Continue
    });
    let finding = differing(probe(port, LONG_TIMEOUT, &only("half-close after the questions")));
    assert_eq!((finding.received.bytes, finding.received.event), (Vec::new(), Some(SocketEvent::End)));
    assert_eq!(finding.server, ServerState::Alive);
}

#[test]
fn a_server_that_resets_differs_from_one_that_closes() {
    let port = faulty_server(|client| {
        let mut buffer = [0; 1024];
        while let Ok(count @ 1..) = client.read(&mut buffer) {
            let Some(answer) = answer_to(&buffer[..count]) else { break };
            send(client, answer.as_bytes());
        }
        socket2::SockRef::from(&*client).set_linger(Some(Duration::ZERO)).unwrap();
        Continue
    });
    let finding = differing(probe(port, LONG_TIMEOUT, &only("end of stream between questions")));
    assert_eq!((&*finding.received.bytes, finding.received.event), (&b"Blue."[..], Some(SocketEvent::Reset)));
    assert_eq!(finding.server, ServerState::Alive);
}

#[test]
fn a_server_without_backpressure_differs() {
    let port = faulty_server(|client| {
        // This server reads everything, and answers only a question that it reads alone.
        let mut buffer = [0; 64 * 1024];
        while let Ok(count @ 1..) = client.read(&mut buffer) {
            if let Some(answer) = answer_to(&buffer[..count]) {
                send(client, answer.as_bytes());
            }
        }
        Continue
    });
    let finding = differing(probe(port, LONG_TIMEOUT, &only("a non-reading client and another")));
    assert!(matches!(finding.received.event, Some(SocketEvent::NoBackpressure(_))), "{finding:?}");
    assert_eq!(finding.expected.event, Some(SocketEvent::Backpressure));
}

#[test]
fn closing_the_connection_of_a_client_that_does_not_read_yet_is_reported_as_a_difference() {
    // This server reads once, answers the first question, and closes the connection.
    let port = faulty_server(|client| {
        let mut buffer = [0; 1024];
        if let Ok(count @ 1..) = client.read(&mut buffer) {
            let first = buffer[..count].split_inclusive(|byte| *byte == b'?').next().unwrap();
            send(client, answer_to(first).unwrap_or_default().as_bytes());
        }
        Continue
    });
    let finding = differing(probe(port, LONG_TIMEOUT, &only("a non-reading client and another")));
    assert!(finding.received != finding.expected && finding.server == ServerState::Alive, "{finding:?}");
}

fn probe(port: u16, timeout: Duration, cases: &[Case]) -> Findings {
    let mut reported = Vec::new();
    let prober = Prober::connect("127.0.0.1", port, timeout).unwrap();
    let findings = prober.probe(cases, |finding| reported.push(finding.clone()));
    assert_eq!(findings.all, reported);
    findings
}

/// Returns all cases with the three questions.
fn built_in_cases() -> Vec<Case> {
    cases::table(&Script::default())
}

/// Returns a list of only the case with this name.
fn only(behaviour: &str) -> Vec<Case> {
    let case = built_in_cases().into_iter().find(|case| case.behaviour == behaviour);
    vec![case.unwrap_or_else(|| panic!("no case {behaviour:?}"))]
}

fn find<'a>(findings: &'a Findings, behaviour: &str) -> &'a Finding {
    findings.all.iter().find(|finding| finding.behaviour == behaviour).unwrap()
}

/// Returns the only finding, which must differ.
#[track_caller]
fn differing(findings: Findings) -> Finding {
    assert!(!findings.are_as_expected());
    let [finding] = <[Finding; 1]>::try_from(findings.all).unwrap();
    assert_eq!(finding.verdict, Verdict::Differs, "{finding:?}");
    finding
}
