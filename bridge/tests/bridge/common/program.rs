//! The program `launcelot-bridge`, as people run it.

use std::fs;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use futures_util::SinkExt as _;
use launcelot_testing::process::Lines;
use rustix::process::{Pid, Signal, kill_process};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

use super::{receive_bytes, soon};

pub(crate) fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_launcelot-bridge"))
}

/// The running program; killed when dropped.
pub(crate) struct Running {
    pub(crate) child: Child,
    pub(crate) ready: Vec<String>,
    pub(crate) port: u16,
    log: Lines,
    logged: String,
}

impl Running {
    /// Starts `command` and reads its first `lines` lines, the first of which contains the port.
    pub(crate) fn start(command: &mut Command, lines: usize) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stdout = Lines::read("the bridge's output".to_owned(), child.stdout.take().unwrap());
        let ready: Vec<String> = (0..lines).map(|_| stdout.next()).collect();
        let port = ready[0].rsplit(' ').next().unwrap();
        let log = Lines::read("the bridge's log".to_owned(), child.stderr.take().unwrap());
        Self { child, port: port.parse().unwrap(), ready, log, logged: String::new() }
    }

    pub(crate) fn to(server: SocketAddr) -> Self {
        Self::start(program().args(["--listen", "127.0.0.1:0", "--target", &server.to_string()]), 1)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for the next line on standard error.
    pub(crate) fn next_logged(&mut self) -> String {
        let line = self.log.next();
        self.logged += &format!("{line}\n");
        line
    }

    /// Waits for the end of the program. Returns its exit code and its standard error.
    pub(crate) async fn ended(mut self) -> (Option<i32>, String) {
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        while let Some(line) = self.log.try_next() {
            self.logged += &format!("{line}\n");
        }
        (status.code(), std::mem::take(&mut self.logged))
    }

    pub(crate) fn virtual_bytes(&self) -> u64 {
        self.memory_bytes(0)
    }

    pub(crate) fn resident_bytes(&self) -> u64 {
        self.memory_bytes(1)
    }

    /// Returns a field of the program's statm (see proc_pid_statm(5)).
    fn memory_bytes(&self, field: usize) -> u64 {
        let statm = fs::read_to_string(format!("/proc/{}/statm", self.child.id())).unwrap();
        statm.split(' ').nth(field).unwrap().parse::<u64>().unwrap() * rustix::param::page_size() as u64
    }

    pub(crate) async fn check_echo(&self) {
        let (mut browser, _) = soon(connect_async(format!("ws://127.0.0.1:{}/ws", self.port))).await.unwrap();
        browser.send(Message::text("What?")).await.unwrap();
        assert_eq!(receive_bytes(&mut browser, 5).await, b"What?");
        browser.close(None).await.unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
