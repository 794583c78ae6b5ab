//! The program and its terminal: standard output that is closed or full, logs, and completions.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::thread::{self, JoinHandle};

use launcelot_protocol::Conversation;
use launcelot_testing::process::{Process, output};
use launcelot_testing::sockets::accept;
use launcelot_testing::wait::join;

fn client() -> Command {
    Command::new(env!("CARGO_BIN_EXE_launcelot-client"))
}

/// Starts a server for one client. Returns the server's port, and a thread that returns everything that the client
/// sent.
fn server() -> (u16, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = thread::spawn(move || {
        let mut stream = accept(&listener);
        let mut conversation = Conversation::new();
        let mut received = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            let count = stream.read(&mut buffer).unwrap();
            if count == 0 {
                return String::from_utf8(received).unwrap();
            }
            received.extend_from_slice(&buffer[..count]);
            let mut replies = Vec::new();
            conversation.feed(&buffer[..count], &mut replies);
            stream.write_all(&replies).unwrap();
        }
    });
    (port, serving)
}

/// Runs the client with `stdout` as its standard output. Returns the client's exit code, its standard error and the
/// questions that it sent.
fn run_with(stdout: Stdio) -> (Option<i32>, String, String) {
    let (port, serving) = server();
    let mut command = client();
    command.args(["127.0.0.1", &port.to_string()]).stdout(stdout).stderr(Stdio::piped());
    let mut process = Process::start(&mut command);
    let errors = process.stderr();
    let code = process.wait().code();
    let errors: Vec<String> = std::iter::from_fn(|| errors.try_next()).collect();
    (code, errors.join("\n"), join(serving, "the end of the conversation"))
}

const QUESTIONS: &str = "What is your name?What is your quest?What is your favorite color?";

#[test]
fn all_questions_are_sent_although_standard_output_is_closed() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    assert_eq!(run_with(writer.into()), (Some(0), String::new(), QUESTIONS.to_owned()));
}

#[test]
fn a_full_standard_output_is_reported_after_all_questions_were_sent() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let error = "launcelot-client: cannot write to standard output: No space left on device".to_owned();
    assert_eq!(run_with(full.into()), (Some(1), error, QUESTIONS.to_owned()));
}

#[test]
fn verbose_logs_the_addresses_that_are_tried_to_standard_error() {
    let (port, _serving) = server();
    let output = output(client().args(["127.0.0.1", &port.to_string(), "--verbose"]));
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.contains(&format!("connecting to 127.0.0.1:{port}")), "{errors}");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn completions_are_printed_for_a_shell() {
    for shell in ["bash", "zsh", "fish"] {
        let output = output(client().args(["completions", shell]));
        let script = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && script.contains("pipelined"), "{shell}: {script}");
    }
}
