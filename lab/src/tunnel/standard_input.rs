//! Changes of the link's settings, read from standard input while `launcelot-lab tunnel` runs.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::thread;
use std::time::Duration;

use clap::Parser;
use launcelot_endpoint::output;
use nix::errno::Errno;
use nix::sys::signal::{SigSet, Signal};

use super::TunnelHandle;
use super::options::LinkOptions;

/// The pause between two attempts of a background job to read the terminal.
const BACKGROUND_RETRY_DELAY: Duration = Duration::from_secs(1);

/// A line of link options.
#[derive(Debug, Parser)]
#[command(no_binary_name = true, disable_help_flag = true)]
struct Line {
    #[command(flatten)]
    link: LinkOptions,
}

/// Applies each line of standard input to the tunnel's settings, until the end of the input.
///
/// Runs on a thread whose end the program does not wait for: printing blocks it while standard output is a full pipe.
pub(super) fn apply_lines(tunnel: &TunnelHandle) {
    // The terminal sends SIGTTIN to a background job that reads it, and that stops the job. If the reading thread blocks
    // the signal, the read fails with EIO instead.
    let mut stops = SigSet::empty();
    stops.add(Signal::SIGTTIN);
    let _ = stops.thread_block();
    let mut input = io::stdin().lock();
    let mut line = Vec::new();
    loop {
        line.clear();
        match input.read_until(b'\n', &mut line) {
            Ok(0) => return,
            Ok(_) => apply(tunnel, &String::from_utf8_lossy(&line)),
            Err(error) if is_background_read(&error) => thread::sleep(BACKGROUND_RETRY_DELAY),
            Err(_) => return,
        }
    }
}

/// Returns true if a read failed because the process is a background job of a terminal. The job may be in the
/// foreground later.
fn is_background_read(error: &io::Error) -> bool {
    error.raw_os_error() == Some(Errno::EIO as i32) && io::stdin().is_terminal()
}

/// Applies one line and prints the new settings, or, on standard error, what is wrong with the line. A closed standard
/// error is ignored.
fn apply(tunnel: &TunnelHandle, line: &str) {
    if line.trim().is_empty() {
        return;
    }
    match Line::try_parse_from(line.split_whitespace()) {
        Ok(Line { link }) => {
            let settings = tunnel.update(|settings| link.apply_to(settings));
            output::print(&format!("Link settings: {settings}\n"));
        }
        Err(error) => {
            let message = error.to_string();
            let first_line = message.lines().next().unwrap_or_default();
            let _ = writeln!(io::stderr(), "launcelot-lab: {}", first_line.trim_start_matches("error: "));
        }
    }
}
