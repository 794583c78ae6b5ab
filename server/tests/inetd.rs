//! One conversation on standard input and output: started by a super-server, by a shell, or wrongly.

#![allow(clippy::unwrap_used, reason = "in a test, what does not hold is a failure")]

mod support;

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};

use launcelot_testing::process::output_with_stdin;
use launcelot_testing::sockets::accept;
use launcelot_testing::wait::join;
use rustix::process::{Pid, Signal, kill_process};
use support::*;

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(Program::PATH);
    command.args(["--design", "inetd"]).args(arguments);
    command
}

/// A client, and the program that was started for it as an inetd does.
struct Started {
    client: Client,
    child: Child,
}

impl Started {
    fn with(arguments: &[&str], stderr: impl FnOnce(&OwnedFd) -> Stdio) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = Client::at(listener.local_addr().unwrap());
        let socket = OwnedFd::from(accept(&listener));
        let mut command = command(arguments);
        command.stdout(socket.try_clone().unwrap()).stderr(stderr(&socket)).stdin(socket);
        let child = command.spawn().unwrap();
        Self { client, child }
    }

    /// As systemd does with `Accept=yes`.
    fn with_log(arguments: &[&str]) -> Self {
        Self::with(arguments, |_| Stdio::piped())
    }

    /// Waits for the program's end, which must be a good one; returns its log.
    fn end(mut self) -> String {
        drop(self.client);
        assert_eq!(wait(&mut self.child).code(), Some(0));
        let mut log = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        log
    }
}

#[test]
fn a_super_servers_client_is_answered_and_the_program_ends_with_it() {
    let mut started = Started::with_log(&["-v"]);
    started.client.ask(NAME, LANCELOT);
    started.client.ask(&[QUEST, "Why?", COLOR].concat(), &[GRAIL, UNKNOWN, BLUE].concat());
    let address = started.client.0.local_addr().unwrap();
    started.client.half_close();
    assert_eq!(started.client.hear_to_end(), "");
    let log = started.end();
    assert!(log.contains(&format!("the client left client={address} questions=4 unknown=1")), "{log}");
}

#[test]
fn the_log_of_an_inetd_that_gives_its_client_as_standard_error_is_not_for_the_client() {
    let mut started = Started::with(&["-vv"], |socket| socket.try_clone().unwrap().into());
    started.client.ask(NAME, LANCELOT);
    started.client.say("What is");
    started.client.half_close();
    assert_eq!(started.client.hear_to_end(), "");
    assert_eq!(wait(&mut started.child).code(), Some(0));
}

#[test]
fn what_ends_a_conversation_elsewhere_ends_it_here() {
    let mut started = Started::with_log(&[]);
    started.client.say(&"x".repeat(1024));
    assert_eq!(started.client.hear_to_end(), TOO_LONG);
    assert!(started.end().contains("its question was too long"));

    let mut idle = Started::with_log(&["--idle-timeout", "200ms", "-v"]);
    assert_eq!(idle.client.hear_to_end(), "");
    assert!(idle.end().contains("silent for too long"));

    let mut reset = Started::with_log(&[]);
    reset.client.say("What is");
    reset.client.reset();
    assert_eq!(wait(&mut reset.child).code(), Some(0));
}

#[test]
fn told_to_stop_it_lets_its_client_finish_but_not_for_ever() {
    let mut finishing = Started::with_log(&["--grace", "20s"]);
    finishing.client.ask(NAME, LANCELOT);
    kill_process(Pid::from_child(&finishing.child), Signal::TERM).unwrap();
    finishing.client.ask(QUEST, GRAIL);
    assert_eq!(finishing.end(), "");

    let mut staying = Started::with_log(&["--grace", "100ms"]);
    staying.client.ask(NAME, LANCELOT);
    kill_process(Pid::from_child(&staying.child), Signal::TERM).unwrap();
    staying.client.hear_hang_up();
    assert_eq!(staying.end(), "");
}

#[test]
fn a_pipe_is_served_too_and_nothing_is_said_but_answers() {
    let mut child = command(&[]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    // More than a pipe holds, so that writing has to wait for a reader, and reading for a writer.
    let writing = std::thread::spawn(move || {
        for _ in 0..20_000 {
            input.write_all(b"What is your name?\n").unwrap();
        }
    });
    let mut heard = String::new();
    child.stdout.take().unwrap().read_to_string(&mut heard).unwrap();
    join(writing, "the end of writing");
    assert!(heard == LANCELOT.repeat(20_000), "{} bytes", heard.len());
    assert_eq!(wait(&mut child).code(), Some(0));
}

#[test]
fn a_file_is_served_and_may_end_in_mid_question() {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"What is your quest?What is").unwrap();
    std::io::Seek::rewind(&mut file).unwrap();
    let output = output_with_stdin(command(&[]).stdin(file));
    assert_eq!(String::from_utf8_lossy(&output.stdout), GRAIL);
    assert!(String::from_utf8_lossy(&output.stderr).contains("in mid-question client=standard input"));
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_listener_is_no_client() {
    let listener = OwnedFd::from(TcpListener::bind("127.0.0.1:0").unwrap());
    let output = output_with_stdin(command(&[]).stdin(listener));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(errors.contains("--listen-fds") && errors.lines().count() == 1, "{errors}");
}
