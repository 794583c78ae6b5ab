//! Listeners that systemd has opened (`--listen-fds`).

#![allow(clippy::unwrap_used, reason = "in a test, what does not hold is a failure")]

mod support;

use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::process::{Command, Output};

use launcelot_testing::process::output;
use support::*;

/// A command that passes what is its standard input on as systemd would, and runs the program.
fn activated(listener: OwnedFd, arguments: &[&str]) -> Command {
    let script = "exec 3<&0 </dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec \"$0\" --listen-fds \"$@\"";
    let mut command = Command::new("sh");
    command.args(["-c", script, Program::PATH]).args(arguments).stdin(listener);
    command
}

fn errors_of(output: &Output) -> (Option<i32>, String) {
    assert_eq!(output.stdout, b"");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn every_design_takes_over_the_listeners_it_is_given() {
    each_design(|design| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        // Who came before the program started is served as well.
        let mut early = Client::connect(port);
        early.say(NAME);
        let program = Program::from(&mut activated(listener.into(), &["--design", &name(design)]));
        assert_eq!(program.ready_line, format!("Ready and listening at '127.0.0.1' port {port}"));
        early.hear(LANCELOT);
        drop(early);
        program.connect().ask(QUEST, GRAIL);
        assert_eq!(program.stop(), "");
    });
}

#[test]
fn without_listeners_to_take_over_it_says_so() {
    let output = output(Command::new(Program::PATH).arg("--listen-fds"));
    let (code, errors) = errors_of(&output);
    assert_eq!(code, Some(1));
    assert!(errors.contains("LISTEN_FDS") && errors.lines().count() == 1, "{errors}");
}

#[test]
fn what_is_no_listener_is_refused() {
    let (reader, _writer) = std::io::pipe().unwrap();
    let (code, errors) = errors_of(&output(&mut activated(reader.into(), &[])));
    assert_eq!(code, Some(1));
    assert!(errors.starts_with("launcelot-server: cannot take over the listeners"), "{errors}");
}

#[test]
fn an_address_of_ones_own_is_a_wrong_call() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (code, errors) = errors_of(&output(&mut activated(listener.into(), &["localhost"])));
    assert_eq!(code, Some(2));
    assert!(errors.contains("--listen-fds"), "{errors}");
}
