//! The `launcelot-lab probe` command.

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use launcelot_client::script::{self, ScriptFileError};
use launcelot_endpoint::output::Output;
use launcelot_protocol::{PORT, Script};
use thiserror::Error;

use super::cases;
use super::report::{self, Report};
use super::runner::{ConnectError, Prober, probe_with_server_per_case};
use super::start_command::{StartCommand, StartError, Timeouts};
use super::verdict::{Finding, Findings};
use crate::durations::parse_positive;
use crate::stop_signals::{INTERRUPTED_EXIT_CODE, on_stop_signal};

/// The arguments of `launcelot-lab probe`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
DURATION is a number with a unit, such as 30s, 1.5min or 200ms.

The exit code is 0 if everything is as expected, 1 if something differs or the
server cannot be reached, and 2 for a usage error. Serving one client at a time
is a design, not a fault.

Example: test a server that may crash, with a server process for each behaviour
  launcelot-lab probe --start 'python3 server.py {port}'

Example: test a server that is asked for aphorisms
  launcelot-lab probe localhost --script docs/scripts/aphorisms.toml")]
pub struct ProbeOptions {
    /// Name or address of the server
    #[arg(required_unless_present = "start")]
    pub host: Option<String>,
    /// Port of the server
    #[arg(default_value_t = PORT, value_parser = clap::value_parser!(u16).range(1..))]
    pub port: u16,
    /// Start a server with this command for each test and stop it afterwards; {port} becomes a free port
    #[arg(long, value_name = "COMMAND", conflicts_with_all = ["host", "port"])]
    pub start: Option<StartCommand>,
    /// How long to wait for a started server to listen
    #[arg(long, value_name = "DURATION", default_value = "60s", requires = "start", value_parser = parse_positive)]
    pub start_timeout: Duration,
    /// Test with the questions and answers of this script instead of the three questions (a TOML file)
    #[arg(long, value_name = "FILE")]
    pub script: Option<PathBuf>,
    /// Print the findings as JSON instead of a table
    #[arg(long)]
    pub json: bool,
    /// The timeout of connecting, and of each answer
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = parse_positive)]
    pub timeout: Duration,
}

/// Why `launcelot-lab probe` fails.
#[derive(Debug, Error)]
pub enum ProbeError {
    /// The script cannot be read.
    #[error(transparent)]
    Script(#[from] ScriptFileError),
    /// The server cannot be reached.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The server cannot be started.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The signal handlers could not be installed.
    #[error("cannot install handlers for SIGINT and SIGTERM")]
    Signals(#[source] io::Error),
    /// Standard output cannot be written, for example because the disk is full.
    #[error("cannot write to standard output")]
    Output(#[source] io::Error),
}

/// Probes a server with every case and prints the findings, each row of the table as soon as it is known. A closed standard
/// output is not a failure.
///
/// # Errors
///
/// See [`ProbeError`].
pub fn run(options: &ProbeOptions) -> Result<Findings, ProbeError> {
    let script = match &options.script {
        Some(path) => script::read(path)?,
        None => Script::default(),
    };
    let cases = cases::table(&script);
    let mut printer = Printer { is_json: options.json, output: Output::stdout() };
    let findings = match (&options.start, &options.host) {
        (Some(command), _) => {
            let on_exit = command.clone();
            on_stop_signal(move || {
                on_exit.kill_running();
                std::process::exit(INTERRUPTED_EXIT_CODE.into());
            })
            .map_err(ProbeError::Signals)?;
            printer.begin();
            let timeouts = Timeouts { start: options.start_timeout, answer: options.timeout };
            let findings = probe_with_server_per_case(command, timeouts, &cases, |finding| printer.row(finding))?;
            printer.end(&findings, &Report::with_server_per_case(command.text(), &findings));
            findings
        }
        (None, host) => {
            let host = host.as_deref().unwrap_or_default();
            let prober = Prober::connect(host, options.port, options.timeout)?;
            let address = prober.address();
            printer.begin();
            let findings = prober.probe(&cases, |finding| printer.row(finding));
            printer.end(&findings, &Report::new(host, address, &findings));
            findings
        }
    };
    printer.output.finish().map_err(ProbeError::Output)?;
    Ok(findings)
}

/// Prints the table row by row, or the JSON at the end.
struct Printer {
    is_json: bool,
    output: Output,
}

impl Printer {
    fn begin(&mut self) {
        if !self.is_json {
            self.line(&report::heading());
        }
    }

    fn row(&mut self, finding: &Finding) {
        if !self.is_json {
            self.line(&report::finding_row(finding));
        }
    }

    fn end(&mut self, findings: &Findings, report: &Report<'_>) {
        if self.is_json {
            // Cannot fail: `Output` returns its errors only from `finish`, and the report has no maps with keys that JSON lacks.
            let _ = serde_json::to_writer_pretty(&mut self.output, report);
            self.line("");
        } else {
            self.line(&report::summary(findings));
        }
    }

    fn line(&mut self, text: &str) {
        // The output keeps its first failure.
        let _ = writeln!(self.output, "{text}");
    }
}
