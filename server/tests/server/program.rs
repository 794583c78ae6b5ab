//! The program: its output, exit codes, signals and log.

use std::fs::File;
use std::net::{Ipv6Addr, SocketAddr, TcpListener};
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::support::*;
use clap::ValueEnum as _;
use launcelot_server::Design;
use launcelot_testing::attempts::{check, within_attempts};
use launcelot_testing::process::{Process, output};
use rustix::process::Signal;

/// Runs the program to its end and returns its exit code, standard output and standard error.
fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = output(Command::new(Program::PATH).args(arguments));
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn the_ready_line_names_the_address_at_which_the_server_answers() {
    each_design(|design| {
        let program = Program::start(&["--design", &name(design)]);
        assert_eq!(program.ready_line, format!("Ready and listening at 'localhost' port {}", program.port));
        program.connect().ask(NAME, LANCELOT);
        if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok() {
            Client::at(SocketAddr::from((Ipv6Addr::LOCALHOST, program.port))).ask(NAME, LANCELOT);
        }
        assert_eq!(program.stop(), "", "the log is empty unless -v is given");
    });
}

#[test]
fn invalid_arguments_exit_with_2() {
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
fn a_failure_is_one_line_and_exits_with_1() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let cases = [
        (["localhost", &port], format!("'localhost' port {port}: Address already in use")),
        (["192.0.2.1", "0"], "'192.0.2.1': not an address of this machine".to_owned()),
    ];
    for (arguments, expected) in cases {
        let (code, output, errors) = run(&arguments);
        assert_eq!((code, output.as_str()), (Some(1), ""), "{arguments:?}");
        assert!(errors.starts_with("launcelot-server: cannot listen on ") && errors.contains(&expected), "{errors}");
        assert_eq!(errors.lines().count(), 1, "{errors}");
    }
}

#[test]
fn sigint_and_sigterm_let_open_sessions_finish() {
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
            assert!(began.elapsed() < DEADLINE);
        }
    });
}

#[test]
fn a_session_that_is_cut_off_in_the_middle_of_a_question_is_logged() {
    each_design(|design| {
        // On a busy machine, a worker process may be killed before it logs, but not every time.
        within_attempts(3, || {
            let program = Program::start(&["--design", &name(design), "--grace", "200ms"]);
            let mut client = program.connect();
            client.ask(NAME, LANCELOT);
            client.send("What is your");
            program.signal(Signal::TERM);
            client.expect_closed();
            let (code, log) = program.end();
            assert_eq!(code, Some(0));
            check(log.contains("connection closed after the grace period in the middle of a question"), || log)
        });
    });
}

#[test]
fn a_second_signal_ends_the_program_at_once() {
    each_design(|design| {
        let program = Program::start(&["--design", &name(design), "--grace", "1h"]);
        let mut client = program.connect();
        client.ask(NAME, LANCELOT);
        program.signal(Signal::INT);
        // The listener is closed once the first signal has been handled.
        while std::net::TcpStream::connect(("127.0.0.1", program.port)).is_ok() {}
        program.signal(Signal::INT);
        assert_eq!(program.end().0, Some(0));
    });
}

#[test]
fn only_a_disconnect_in_the_middle_of_a_question_is_logged_as_a_warning() {
    type End = fn(Client);
    let cases: [(End, &str); 2] = [
        (drop, "client disconnected in the middle of a question"),
        (Client::reset, "connection failed (Connection reset by peer) in the middle of a question"),
    ];
    each_design(|design| {
        for (end, expected) in cases {
            let program = Program::start(&["--design", &name(design)]);
            let mut client = program.connect();
            let address = client.0.local_addr().unwrap().to_string();
            client.ask(NAME, LANCELOT);
            client.send("What is your");
            end(client);
            program.connect().ask(COLOR, BLUE);
            let log = program.stop();
            assert_eq!(log.lines().count(), 1, "{log}");
            assert!([" WARN ", expected, &address, "questions=1"].iter().all(|part| log.contains(part)), "{log}");
        }
    });
}

#[test]
fn the_verbose_option_logs_connections() {
    let program = Program::start(&["-v"]);
    let mut client = program.connect();
    let address = client.0.local_addr().unwrap().to_string();
    client.ask(&[NAME, "Why?"].concat(), &[LANCELOT, UNKNOWN].concat());
    client.half_close();
    client.read_to_end();
    let log = program.stop();
    let connected = format!("client connected client={address}");
    let disconnected = format!("client disconnected client={address} questions=2 unknown=1");
    assert!(log.contains(&connected) && log.contains(&disconnected), "{log}");
}

#[test]
fn a_closed_or_full_standard_output_does_not_stop_the_server() {
    let (reader, closed) = std::io::pipe().unwrap();
    drop(reader);
    let full = File::options().write(true).open("/dev/full").unwrap();
    for stdout in [Stdio::from(closed), Stdio::from(full)] {
        let mut command = Command::new(Program::PATH);
        command.args(["127.0.0.1", "0", "-v"]).stdout(stdout).stderr(Stdio::piped());
        let mut process = Process::start(&mut command);
        let line = process.stderr().next();
        let (_, address) = line.split_once("listening address=").expect(&line);
        Client::at(address.parse().unwrap()).ask(NAME, LANCELOT);
    }
}

#[test]
fn the_server_answers_at_every_address_that_listen_names() {
    each_design(|design| {
        let arguments = ["--design", &name(design), "--listen", "127.0.0.1:0", "--listen", "127.0.0.2:0"];
        let mut program = Program::from(Command::new(Program::PATH).args(arguments));
        assert_eq!(program.ready_line, format!("Ready and listening at '127.0.0.1' port {}", program.port));
        let second_line = program.next_line();
        let port = second_line.strip_prefix("Ready and listening at '127.0.0.2' port ").expect(&second_line);
        program.connect().ask(NAME, LANCELOT);
        Client::at(SocketAddr::from(([127, 0, 0, 2], port.parse().unwrap()))).ask(NAME, LANCELOT);
        assert_eq!(program.stop(), "");
    });
}

#[test]
fn completions_name_the_options_and_designs() {
    for shell in ["bash", "zsh", "fish"] {
        let (code, script, errors) = run(&["completions", shell]);
        assert_eq!((code, errors.as_str()), (Some(0), ""), "{shell}");
        for part in ["listen-fds", "max-connections", "per-core"] {
            assert!(script.contains(part), "{part} is missing in the script for {shell}");
        }
    }
}

#[test]
fn a_closed_standard_error_does_not_stop_the_server() {
    each_design(|design| {
        let mut program = Program::start(&["-v", "--design", &name(design)]);
        drop(program.process.child.stderr.take());
        for _ in 0..3 {
            program.connect().ask(NAME, LANCELOT);
        }
        program.stop();
    });
}

/// Checks that the program uses little processor time while a client waits. On a busy machine, it may still be starting.
#[track_caller]
fn check_no_busy_waiting(program: &Program, waiting: &mut Client) {
    within_attempts(10, || {
        let before = program.processor_time();
        waiting.expect_silence();
        let used = program.processor_time() - before;
        check(used < SILENCE / 4, || format!("busy waiting: {used:?} in {SILENCE:?}"))
    });
}

#[test]
fn a_lack_of_descriptors_delays_clients_until_others_disconnect() {
    each_design(|design| {
        let program = Program::start_with_descriptors(24, &["--design", &name(design), "--workers", "24"]);
        let mut clients: Vec<Client> = (0..24).map(|_| program.connect()).collect();
        for client in &mut clients {
            client.send(COLOR);
        }
        let mut waiting = program.connect();
        waiting.send(QUEST);
        waiting.expect_silence();
        check_no_busy_waiting(&program, &mut waiting);
        clients[0].expect_answer(BLUE);
        drop(clients);
        waiting.expect_answer(GRAIL);
        drop(waiting);
        let log = program.stop();
        // The simple design serves one client at a time and does not run out of descriptors.
        if design != Design::Simple {
            assert!(log.contains("WARN") && log.contains("Too many open files"), "{log}");
        }
    });
}

#[test]
fn a_lack_of_threads_delays_clients_until_others_disconnect() {
    let program = Program::start(&["--design", "threads"]);
    // One thread serves this client, and a second one waits for the next client. The first thread ends with its client. The
    // limit is set only then, when the memory in use is known: a thread that starts with almost no memory left aborts the
    // process.
    let mut first = program.connect();
    first.ask(NAME, LANCELOT);
    program.wait_for_threads("client", 2);
    drop(first);
    program.wait_for_threads("client", 1);
    // Enough for buffers, but not for the stack of another thread.
    program.limit_growth(Some(1024 * 1024));
    let mut clients: Vec<Client> = (0..4).map(|_| program.connect()).collect();
    clients.iter_mut().for_each(|client| client.send(COLOR));
    let mut waiting = clients.pop().unwrap();
    waiting.expect_silence();
    check_no_busy_waiting(&program, &mut waiting);
    clients[0].expect_answer(BLUE);
    program.limit_growth(None);
    waiting.expect_answer(BLUE);
    drop((clients, waiting));
    let log = program.stop();
    assert!(log.contains("WARN") && log.contains("Resource temporarily unavailable"), "{log}");
}

#[test]
fn help_contains_every_default_and_an_example() {
    let (code, output, _) = run(&["--help"]);
    assert_eq!(code, Some(0));
    let designs = Design::value_variants().iter().map(|design| name(*design)).chain(["inetd".to_owned()]);
    let defaults = ["1060", "localhost", "10000", "5m", "5s", "4096", "10]", "Example"].map(str::to_owned);
    for part in designs.chain(defaults) {
        assert!(output.contains(&part), "{part} is missing in:\n{output}");
    }
}
