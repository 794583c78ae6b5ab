//! The arguments of `launcelot-lab probe`, and what stands behind them.

use std::io::{self, Write};
use std::time::Duration;

use clap::Args;
use launcelot_protocol::PORT;
use thiserror::Error;

use super::cases;
use super::report::{self, Report};
use super::runner::{Prober, ReachError};
use super::verdict::Findings;

/// Whom to probe, and how to tell about it.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
DURATION is a number with its unit, as in 30s, 1.5min or 200ms.

The exit code is 0 if everything is as expected, 1 if something differs or the server cannot be
reached, and 2 if the command line is wrong. To serve one client at a time is a design, not a fault.")]
pub struct ProbeOptions {
    /// The server's name or address
    pub host: String,
    /// The server's port
    #[arg(default_value_t = PORT, value_parser = clap::value_parser!(u16).range(1..))]
    pub port: u16,
    /// Print the findings as JSON, in place of the table
    #[arg(long)]
    pub json: bool,
    /// How long to wait for a connection or an answer
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = timeout)]
    pub timeout: Duration,
}

/// Why the program fails.
#[derive(Debug, Error)]
pub enum ProbeError {
    /// There is no server.
    #[error(transparent)]
    Reach(#[from] ReachError),
    /// What is to be printed cannot be printed.
    #[error("cannot write to standard output")]
    Output(#[source] io::Error),
}

/// Probes a server with every case and prints what is found, each row of the table as soon as it is
/// known. A reader that has closed standard output has had enough, and is no failure.
///
/// # Errors
///
/// See [`ProbeError`].
pub fn run(options: &ProbeOptions) -> Result<Findings, ProbeError> {
    let prober = Prober::reach(&options.host, options.port, options.timeout)?;
    let mut output = io::stdout().lock();
    let (findings, printed) =
        if options.json { print_json(prober, &options.host, &mut output) } else { print_table(prober, &mut output) };
    match printed {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(ProbeError::Output(error)),
        _ => Ok(findings),
    }
}

fn print_json(prober: Prober, host: &str, output: &mut impl Write) -> (Findings, io::Result<()>) {
    let address = prober.address();
    let findings = prober.probe(&cases::table(), |_| {});
    let printed = serde_json::to_writer_pretty(&mut *output, &Report::new(host, address, &findings));
    (findings, printed.map_err(io::Error::from).and_then(|()| writeln!(output)))
}

fn print_table(prober: Prober, output: &mut impl Write) -> (Findings, io::Result<()>) {
    let mut printed = writeln!(output, "{}", report::heading());
    let findings = prober.probe(&cases::table(), |finding| {
        if printed.is_ok() {
            printed = writeln!(output, "{}", report::finding_row(finding));
        }
    });
    let printed = printed.and_then(|()| writeln!(output, "{}", report::summary(&findings)));
    (findings, printed)
}

fn timeout(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Err("without waiting, nothing is heard".to_owned()),
        parsed => parsed.map_err(|error| error.to_string()),
    }
}
