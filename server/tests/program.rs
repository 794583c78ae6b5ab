//! The real program: its lines, its exit codes, its signals, and its log.

#![allow(clippy::unwrap_used, reason = "in a test, what does not hold is a failure")]

mod support;

use std::net::{Ipv6Addr, SocketAddr, TcpListener};
use std::process::{Command, Stdio};
use std::time::Instant;

use clap::ValueEnum as _;
use launcelot_server::Design;
use launcelot_testing::process::{Lines, output};
use rustix::process::Signal;
use support::*;

/// Runs it to its end; returns its exit code, standard output and standard error.
fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = output(Command::new(Program::PATH).args(arguments));
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn it_says_where_it_listens_and_answers_there() {
    each_design(|design| {
        let program = Program::start(&["--design", &name(design)]);
        assert_eq!(program.ready_line, format!("Ready and listening at 'localhost' port {}", program.port));
        program.connect().ask(NAME, LANCELOT);
        if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok() {
            Client::at(SocketAddr::from((Ipv6Addr::LOCALHOST, program.port))).ask(NAME, LANCELOT);
        }
        assert_eq!(program.stop(), "", "quiet unless asked");
    });
}

#[test]
fn a_wrong_call_is_one_clear_message_and_exit_code_2() {
    let cases: [(&[&str], &str); 5] = [
        (
            &["--design", "magic"],
            "[possible values: simple, poll, threads, workers, processes, async, per-core, inetd]",
        ),
        (&["localhost", "65536"], "65536"),
        (&["--max-connections", "0"], "--max-connections"),
        (&["--idle-timeout", "soon"], "--idle-timeout"),
        (&["--shrubbery"], "--shrubbery"),
    ];
    for (arguments, expected) in cases {
        let (code, output, errors) = run(arguments);
        assert_eq!((code, output.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(errors.contains(expected), "{arguments:?}: {errors}");
    }
}

#[test]
fn a_failure_is_one_line_and_exit_code_1() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let cases = [
        (["localhost", &port], format!("'localhost' port {port}: address already in use")),
        (["192.0.2.1", "0"], "'192.0.2.1': not an address of this machine".to_owned()),
    ];
    for (arguments, expected) in cases {
        let (code, output, errors) = run(&arguments);
        assert_eq!((code, output.as_str()), (Some(1), ""), "{arguments:?}");
        assert!(errors.starts_with("launcelot-server: cannot listen at ") && errors.contains(&expected), "{errors}");
        assert_eq!(errors.lines().count(), 1, "{errors}");
    }
}

#[test]
fn either_signal_lets_open_conversations_finish() {
    each_design(|design| {
        for signal in [Signal::INT, Signal::TERM] {
            let program = Program::start(&["--design", &name(design), "--grace", "20s"]);
            let mut client = program.connect();
            client.ask(NAME, LANCELOT);
            let began = Instant::now();
            program.signal(signal);
            client.ask(QUEST, GRAIL);
            drop(client);
            assert_eq!(program.end(), (Some(0), String::new()));
            assert!(began.elapsed() < HANGS);
        }
    });
}

#[test]
fn a_conversation_in_mid_question_is_cut_off_after_the_grace_and_logged() {
    each_design(|design| {
        let program = Program::start(&["--design", &name(design), "--grace", "200ms"]);
        let mut client = program.connect();
        client.ask(NAME, LANCELOT);
        client.say("What is your");
        program.signal(Signal::TERM);
        client.hear_hang_up();
        let (code, log) = program.end();
        assert_eq!(code, Some(0));
        assert!(log.contains("the server stopped in mid-question"), "{log}");
    });
}

#[test]
fn a_second_signal_ends_it_at_once() {
    each_design(|design| {
        let program = Program::start(&["--design", &name(design), "--grace", "1h"]);
        let mut client = program.connect();
        client.ask(NAME, LANCELOT);
        program.signal(Signal::INT);
        // The listener is closed when the first signal has been heard.
        while std::net::TcpStream::connect(("127.0.0.1", program.port)).is_ok() {}
        program.signal(Signal::INT);
        assert_eq!(program.end().0, Some(0));
    });
}

#[test]
fn leaving_in_mid_question_is_logged_for_that_client_and_ordinary_leaving_is_not() {
    type Leave = fn(Client);
    let partings: [(Leave, &str); 2] = [
        (drop, "the client left in mid-question"),
        (Client::reset, "the connection broke (Connection reset by peer) in mid-question"),
    ];
    each_design(|design| {
        for (leave, expected) in partings {
            let program = Program::start(&["--design", &name(design)]);
            let mut client = program.connect();
            let address = client.0.local_addr().unwrap().to_string();
            client.ask(NAME, LANCELOT);
            client.say("What is your");
            leave(client);
            program.connect().ask(COLOR, BLUE);
            let log = program.stop();
            assert_eq!(log.lines().count(), 1, "{log}");
            assert!([" WARN ", expected, &address, "questions=1"].iter().all(|part| log.contains(part)), "{log}");
        }
    });
}

#[test]
fn with_v_it_logs_who_comes_and_goes() {
    let program = Program::start(&["-v"]);
    let mut client = program.connect();
    let address = client.0.local_addr().unwrap().to_string();
    client.ask(&[NAME, "Why?"].concat(), &[LANCELOT, UNKNOWN].concat());
    client.half_close();
    client.hear_to_end();
    let log = program.stop();
    let came = format!("a client came client={address}");
    let left = format!("the client left client={address} questions=2 unknown=1");
    assert!(log.contains(&came) && log.contains(&left), "{log}");
}

#[test]
fn nobody_need_read_its_standard_output() {
    let mut command = Command::new(Program::PATH);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut child = command.args(["localhost", "0", "-v"]).stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
    let line = Lines::read("the server's log".to_owned(), child.stderr.take().unwrap()).next();
    let port = line.rsplit("port=").next().and_then(|port| port.parse().ok());
    Client::connect(port.expect(&line)).ask(NAME, LANCELOT);
    child.kill().unwrap();
    wait(&mut child);
}

#[test]
fn nobody_need_read_its_log() {
    each_design(|design| {
        let mut program = Program::start(&["-v", "--design", &name(design)]);
        drop(program.child.stderr.take());
        for _ in 0..3 {
            program.connect().ask(NAME, LANCELOT);
        }
        program.stop();
    });
}

#[test]
fn without_descriptors_it_waits_and_then_goes_on() {
    each_design(|design| {
        let program = Program::start_with_descriptors(24, &["--design", &name(design), "--workers", "24"]);
        let mut inside: Vec<Client> = (0..24).map(|_| program.connect()).collect();
        for client in &mut inside {
            client.say(COLOR);
        }
        let mut outside = program.connect();
        outside.say(QUEST);
        outside.hear_nothing();
        let before = program.processor_time();
        outside.hear_nothing();
        let used = program.processor_time() - before;
        assert!(used < SILENCE / 4, "it spins: {used:?} in {SILENCE:?}");
        inside[0].hear(BLUE);
        drop(inside);
        outside.hear(GRAIL);
        drop(outside);
        let log = program.stop();
        // The simple design has one client at a time, and descriptors enough.
        if design != Design::Simple {
            assert!(log.contains("WARN") && log.contains("Too many open files"), "{log}");
        }
    });
}

#[test]
fn without_threads_it_waits_and_then_goes_on() {
    let program = Program::start(&["--design", "threads"]);
    // One thread attends this client, the next waits for another. With the client, the first goes: not before that is it
    // known how much memory is left, and a thread that starts with next to none takes the process with it.
    let mut first = program.connect();
    first.ask(NAME, LANCELOT);
    program.wait_for_threads("client", 2);
    drop(first);
    program.wait_for_threads("client", 1);
    // Room for buffers, but not for the stack of another thread.
    program.limit_growth(Some(1024 * 1024));
    let mut clients: Vec<Client> = (0..4).map(|_| program.connect()).collect();
    clients.iter_mut().for_each(|client| client.say(COLOR));
    let mut outside = clients.pop().unwrap();
    outside.hear_nothing();
    let before = program.processor_time();
    outside.hear_nothing();
    let used = program.processor_time() - before;
    assert!(used < SILENCE / 4, "it spins: {used:?} in {SILENCE:?}");
    clients[0].hear(BLUE);
    program.limit_growth(None);
    outside.hear(BLUE);
    drop((clients, outside));
    let log = program.stop();
    assert!(log.contains("WARN") && log.contains("Resource temporarily unavailable"), "{log}");
}

#[test]
fn help_names_every_default_and_an_example() {
    let (code, output, _) = run(&["--help"]);
    assert_eq!(code, Some(0));
    let designs = Design::value_variants().iter().map(|design| name(*design)).chain(["inetd".to_owned()]);
    let defaults = ["1060", "localhost", "10000", "5m", "5s", "4096", "10]", "Example"].map(str::to_owned);
    for part in designs.chain(defaults) {
        assert!(output.contains(&part), "{part} is missing in:\n{output}");
    }
}
