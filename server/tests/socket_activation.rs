//! Listeners that systemd has opened (`--listen-fds`).

#![allow(clippy::unwrap_used, reason = "in a test, a panic reports the failure")]

mod support;

use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::process::{Command, Output};

use launcelot_testing::process::output;
use support::*;

/// A command that runs the program and passes its own standard input on as systemd passes a listener.
fn activated(listener: OwnedFd, arguments: &[&str]) -> Command {
    let script = "exec 3<&0 </dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec \"$0\" --listen-fds \"$@\"";
    let mut command = Command::new("sh");
    command.args(["-c", script, Program::PATH]).args(arguments).stdin(listener);
    command
}

fn code_and_errors(output: &Output) -> (Option<i32>, String) {
    assert_eq!(output.stdout, b"");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn every_design_serves_inherited_listeners() {
    each_design(|design| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        // A client that connects before the program has started is served as well.
        let mut early = Client::connect(port);
        early.send(NAME);
        let program = Program::from(&mut activated(listener.into(), &["--design", &name(design)]));
        assert_eq!(program.ready_line, format!("Ready and listening at '127.0.0.1' port {port}"));
        early.expect_answer(LANCELOT);
        drop(early);
        program.connect().ask(QUEST, GRAIL);
        assert_eq!(program.stop(), "");
    });
}

#[test]
fn listen_fds_without_inherited_listeners_is_an_error() {
    let output = output(Command::new(Program::PATH).arg("--listen-fds"));
    let (code, errors) = code_and_errors(&output);
    assert_eq!(code, Some(1));
    assert!(errors.contains("LISTEN_FDS") && errors.lines().count() == 1, "{errors}");
}

#[test]
fn an_inherited_descriptor_that_is_not_a_listener_is_an_error() {
    let (reader, _writer) = std::io::pipe().unwrap();
    let (code, errors) = code_and_errors(&output(&mut activated(reader.into(), &[])));
    assert_eq!(code, Some(1));
    assert!(errors.starts_with("launcelot-server: cannot use inherited listeners"), "{errors}");
}

#[test]
fn listen_fds_with_an_interface_is_an_invalid_argument() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (code, errors) = code_and_errors(&output(&mut activated(listener.into(), &["localhost"])));
    assert_eq!(code, Some(2));
    assert!(errors.contains("--listen-fds"), "{errors}");
}
