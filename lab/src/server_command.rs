//! Commands that start a server: they are split into words as by a shell, and contain `{port}` where the server expects its port.

use std::fs::File;
use std::io::{self, Seek as _, SeekFrom};
use std::ops::Range;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

use launcelot_endpoint::listen::Listeners;

use crate::server_process::{RunningGroup, ServerProcess};
use crate::watchdog::Watchdog;

/// The placeholder for the port in a command.
pub(crate) const PORT: &str = "{port}";

/// The ports to choose from. They are below the kernel's default range of ephemeral ports.
pub(crate) const PORTS: Range<u16> = 20_000..30_000;

/// How many ports are tried to find a free one.
const FREE_PORT_TRIES: usize = 100;

/// Splits a command into words. The placeholder must be among its arguments.
pub(crate) fn split(command: &str) -> Result<Vec<String>, String> {
    let words = shell_words::split(command).map_err(|error| error.to_string())?;
    if !words.iter().skip(1).any(|word| word.contains(PORT)) {
        return Err(format!("{PORT} must be among the command's arguments, where the server expects its port"));
    }
    Ok(words)
}

/// Returns a port that is free at both addresses of localhost.
pub(crate) fn free_port() -> Option<u16> {
    let mut ports = std::iter::repeat_with(|| fastrand::u16(PORTS)).take(FREE_PORT_TRIES);
    ports.find(|port| Listeners::bind("localhost", *port, 1).is_ok())
}

/// Starts a server at a port, in the process group of a watchdog. `stderr` is its standard error: what the server adds to it is read
/// at its end.
pub(crate) fn spawn(
    words: &[String],
    port: u16,
    stdout: Stdio,
    mut stderr: File,
    watchdog: Watchdog,
    running: &RunningGroup,
) -> io::Result<ServerProcess> {
    let mut words = words.iter().map(|word| word.replace(PORT, &port.to_string()));
    let program = words.next().ok_or(io::ErrorKind::InvalidInput)?;
    let mut command = Command::new(program);
    command.args(words).stdin(Stdio::null()).stdout(stdout).stderr(stderr.try_clone()?);
    let stderr_begin = stderr.seek(SeekFrom::End(0))?;
    let child = command.process_group(watchdog.group().as_raw_pid()).spawn()?;
    Ok(ServerProcess::new(child, stderr, stderr_begin, watchdog, running.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_has_the_placeholder_among_its_arguments() {
        assert_eq!(
            split("python3 'my server.py' --port={port}").unwrap(),
            ["python3", "my server.py", "--port={port}"]
        );
        for wrong in ["", "{port}", "server", "server 'open", "server {PORT}"] {
            assert!(split(wrong).is_err(), "{wrong}");
        }
    }
}
