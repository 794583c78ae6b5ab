//! The demo's server simulates work if it is told so.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

#[test]
fn the_demo_server_takes_as_long_for_each_answer_as_it_is_told() {
    let page = tempfile::tempdir().unwrap();
    std::fs::write(page.path().join("index.html"), "<!doctype html><title>A page</title>").unwrap();
    let mut lab = Command::new(env!("CARGO_BIN_EXE_launcelot-lab"))
        .arg("--web")
        .arg(page.path())
        .args(["--server-port", "0", "--tunnel-port", "0", "--page-port", "0", "--think", "150ms"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(lab.stdout.take().unwrap()).lines();
    let said = lines.nth(1).unwrap().unwrap();
    let port = said.split("localhost ").nth(1).unwrap().split('`').next().unwrap().parse().unwrap();
    let mut client = TcpStream::connect(("127.0.0.1", port)).unwrap();
    for _ in 0..2 {
        let began = Instant::now();
        client.write_all(b"What is your favorite color?").unwrap();
        client.read_exact(&mut [0; b"Blue.".len()]).unwrap();
        assert!(began.elapsed() >= Duration::from_millis(150));
    }
    lab.kill().unwrap();
    lab.wait().unwrap();
}
