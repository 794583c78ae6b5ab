//! The command line of the lab: completions, help, repeated `--listen` options, and a full standard output.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};

use launcelot_server::Design;
use launcelot_testing::http;

use crate::support::demo;
use crate::support::fixtures::Server;
use crate::support::ports::ReservedPort;
use crate::support::process::{Process, output};
use crate::support::{sockets, wait};

fn lab() -> Command {
    Command::new(env!("CARGO_BIN_EXE_launcelot-lab"))
}

/// Asks one question, and fails unless it is answered.
fn assert_answers(mut stream: TcpStream) {
    stream.write_all(b"What is your favorite color?").unwrap();
    let mut answer = [0; b"Blue.".len()];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"Blue.");
}

#[test]
fn completions_prints_a_script_for_the_shell() {
    let output = output(lab().args(["completions", "bash"]));
    let script = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(["launcelot-lab", "probe", "--link"].iter().all(|word| script.contains(word)), "{script}");
}

#[test]
fn the_help_of_the_tunnel_explains_in_which_step_its_example_shows_the_handshake() {
    let output = output(lab().args(["tunnel", "--help"]));
    let help = String::from_utf8(output.stdout).unwrap();
    let (_, example) = help.split_once("launcelot-client localhost 1061 --timing\n").unwrap();
    let explanation = example.replace('\n', " ");
    assert!(explanation.starts_with("It shows connecting as almost nothing and the first question as two round trips"));
}

#[test]
fn the_tunnel_listens_at_every_address_of_a_repeated_listen_option() {
    let server = Server::start(Design::Async);
    let mut command = lab();
    command.args(["tunnel", "--listen", "127.0.0.1:0", "--listen", "127.0.0.2:0"]);
    command.args(["--to", &format!("localhost:{}", server.port)]);
    let mut process = Process::start(command.stdin(Stdio::null()).stdout(Stdio::piped()));
    let lines = process.stdout();
    for address in ["127.0.0.1", "127.0.0.2"] {
        let ready = lines.next();
        let port = ready.strip_prefix(&format!("Ready and listening at '{address}' port ")).unwrap();
        let address: SocketAddr = format!("{address}:{port}").parse().unwrap();
        assert_answers(sockets::with_deadline(TcpStream::connect(address).unwrap()));
    }
}

#[test]
fn a_full_standard_output_does_not_end_the_tunnel() {
    let server = Server::start(Design::Async);
    let port = ReservedPort::new();
    let mut command = lab();
    command.args(["tunnel", "--listen", &format!("127.0.0.1:{}", port.number)]);
    command.args(["--to", &format!("localhost:{}", server.port)]);
    let full = File::options().write(true).open("/dev/full").unwrap();
    let _tunnel = Process::start(command.stdin(Stdio::null()).stdout(full));
    let stream = wait::until("the tunnel to listen", || TcpStream::connect(port.address()).ok());
    assert_answers(sockets::with_deadline(stream));
}

#[test]
fn a_full_standard_output_does_not_end_the_demo() {
    let page = tempfile::tempdir().unwrap();
    std::fs::write(page.path().join("index.html"), "<!doctype html><title>A page</title>").unwrap();
    let page_port = ReservedPort::new();
    let mut command = demo::command(page.path());
    command.args(["--server-port", "0", "--tunnel-port", "0", "--page-port", &page_port.number.to_string()]);
    let full = File::options().write(true).open("/dev/full").unwrap();
    let _demo = Process::start(command.stdin(Stdio::null()).stdout(full));
    wait::until("the demo to listen", || TcpStream::connect(page_port.address()).ok());
    assert_eq!(http::request(page_port.number, "GET /api/tunnel", "").status, 200);
}
