//! The demo, `launcelot-lab` without a command, as a child process.

use std::path::Path;
use std::process::{Command, Stdio};

use super::ports::ReservedPort;
use super::process::Process;

/// The arguments with which the system chooses every port of the demo.
pub(crate) const ANY_PORTS: [&str; 6] = ["--server-port", "0", "--tunnel-port", "0", "--page-port", "0"];

/// A running demo and its ports.
pub(crate) struct Demo {
    pub(crate) page_port: u16,
    pub(crate) server_port: u16,
    pub(crate) tunnel_port: u16,
    pub(crate) process: Process,
}

impl Demo {
    /// Starts a demo that serves the page in `web`, with further arguments.
    pub(crate) fn start(web: &Path, arguments: &[&str]) -> Self {
        let mut command = command(web);
        command.args(ANY_PORTS).args(arguments);
        Self::run(&mut command)
    }

    /// Starts a demo at the reserved ports for the server, the tunnel and the page.
    pub(crate) fn start_at(ports: &[ReservedPort; 3], web: &Path) -> Self {
        let mut command = command(web);
        for (option, port) in ["--server-port", "--tunnel-port", "--page-port"].iter().zip(ports) {
            command.arg(option).arg(port.number.to_string());
        }
        Self::run(&mut command)
    }

    fn run(command: &mut Command) -> Self {
        let mut process = Process::start(command.stdout(Stdio::piped()));
        let lines = process.stdout();
        let printed = [lines.next(), lines.next(), lines.next()].join("\n");
        let mut rest = printed.as_str();
        let mut number_after = |words: &str| {
            let (_, after) = rest.split_once(words).unwrap_or_else(|| panic!("no {words:?} in {rest:?}"));
            rest = after;
            after.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap()
        };
        let page_port = number_after("Open http://localhost:");
        let server_port = number_after("launcelot-client localhost ");
        let tunnel_port = number_after("launcelot-client localhost ");
        Self { page_port, server_port, tunnel_port, process }
    }

    /// Returns the URL of the page.
    pub(crate) fn page_url(&self) -> String {
        format!("http://localhost:{}/", self.page_port)
    }
}

/// Returns the demo's command, without ports.
pub(crate) fn command(web: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_launcelot-lab"));
    command.arg("--web").arg(web);
    command
}
