//! One client on standard input and output (`--design inetd`): a connection, a pipe or a file.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};

use crate::support::*;
use launcelot_testing::process::{Process, output_with_stdin};
use launcelot_testing::sockets::accept;
use launcelot_testing::wait::join;
use rustix::process::Signal;

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(Program::PATH);
    command.args(["--design", "inetd"]).args(arguments);
    command
}

/// A client, and the program that was started for it as inetd starts programs.
struct Started {
    client: Client,
    process: Process,
}

impl Started {
    fn with(arguments: &[&str], stderr: impl FnOnce(&OwnedFd) -> Stdio) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = Client::at(listener.local_addr().unwrap());
        let socket = OwnedFd::from(accept(&listener));
        let mut command = command(arguments);
        command.stdout(socket.try_clone().unwrap()).stderr(stderr(&socket)).stdin(socket);
        Self { client, process: Process::start(&mut command) }
    }

    /// Starts the program as systemd does with `Accept=yes`: standard error is not the connection.
    fn with_log(arguments: &[&str]) -> Self {
        Self::with(arguments, |_| Stdio::piped())
    }

    /// Disconnects, checks that the program exits with 0, and returns its log.
    fn end(mut self) -> String {
        drop(self.client);
        assert_eq!(self.process.wait().code(), Some(0));
        let mut log = String::new();
        self.process.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        log
    }
}

#[test]
fn the_program_serves_the_connection_that_inetd_passes_and_ends_with_it() {
    let mut started = Started::with_log(&["-v"]);
    started.client.ask(NAME, LANCELOT);
    started.client.ask(&[QUEST, "Why?", COLOR].concat(), &[GRAIL, UNKNOWN, BLUE].concat());
    let address = started.client.0.local_addr().unwrap();
    started.client.half_close();
    assert_eq!(started.client.read_to_end(), "");
    let log = started.end();
    assert!(log.contains(&format!("client disconnected client={address} questions=4 unknown=1")), "{log}");
}

#[test]
fn the_log_is_not_sent_to_the_client_if_standard_error_is_the_connection() {
    let mut started = Started::with(&["-vv"], |socket| socket.try_clone().unwrap().into());
    started.client.ask(NAME, LANCELOT);
    started.client.send("What is");
    started.client.half_close();
    assert_eq!(started.client.read_to_end(), "");
    assert_eq!(started.process.wait().code(), Some(0));
}

#[test]
fn the_question_limit_the_idle_timeout_and_a_reset_end_the_session() {
    let mut started = Started::with_log(&[]);
    started.client.send(&"x".repeat(1024));
    assert_eq!(started.client.read_to_end(), TOO_LONG);
    assert!(started.end().contains("connection closed, the question was too long"));

    let mut idle = Started::with_log(&["--idle-timeout", "200ms", "-v"]);
    assert_eq!(idle.client.read_to_end(), "");
    assert!(idle.end().contains("connection closed after the idle timeout"));

    let mut reset = Started::with_log(&[]);
    reset.client.send("What is");
    reset.client.reset();
    assert_eq!(reset.process.wait().code(), Some(0));
}

#[test]
fn sigterm_lets_the_client_finish_within_the_grace_period() {
    let mut finishing = Started::with_log(&["--grace", "20s"]);
    finishing.client.ask(NAME, LANCELOT);
    finishing.process.signal(Signal::TERM);
    finishing.client.ask(QUEST, GRAIL);
    assert_eq!(finishing.end(), "");

    let mut staying = Started::with_log(&["--grace", "100ms"]);
    staying.client.ask(NAME, LANCELOT);
    staying.process.signal(Signal::TERM);
    staying.client.expect_closed();
    assert_eq!(staying.end(), "");
}

#[test]
fn a_pipe_is_served_and_receives_nothing_but_answers() {
    let mut process = Process::start(command(&[]).stdin(Stdio::piped()).stdout(Stdio::piped()));
    let mut input = process.child.stdin.take().unwrap();
    // More than fits into a pipe, so the writer has to wait for the reader and the other way round.
    let writing = std::thread::spawn(move || {
        for _ in 0..20_000 {
            input.write_all(b"What is your name?\n").unwrap();
        }
    });
    let mut answers = String::new();
    process.child.stdout.take().unwrap().read_to_string(&mut answers).unwrap();
    join(writing, "the end of writing");
    assert!(answers == LANCELOT.repeat(20_000), "{} bytes", answers.len());
    assert_eq!(process.wait().code(), Some(0));
}

#[test]
fn a_file_is_served_and_may_end_in_the_middle_of_a_question() {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"What is your quest?What is").unwrap();
    std::io::Seek::rewind(&mut file).unwrap();
    let output = output_with_stdin(command(&[]).stdin(file));
    assert_eq!(String::from_utf8_lossy(&output.stdout), GRAIL);
    assert!(String::from_utf8_lossy(&output.stderr).contains("in the middle of a question client=standard input"));
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_listener_on_standard_input_is_an_error() {
    let listener = OwnedFd::from(TcpListener::bind("127.0.0.1:0").unwrap());
    let output = output_with_stdin(command(&[]).stdin(listener));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(errors.contains("--listen-fds") && errors.lines().count() == 1, "{errors}");
}
