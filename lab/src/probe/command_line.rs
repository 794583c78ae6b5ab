//! The arguments of `launcelot-lab probe`, and what stands behind them.

use std::io::{self, Write};
use std::thread;
use std::time::Duration;

use clap::Args;
use launcelot_endpoint::stop::StopSignals;
use launcelot_protocol::PORT;
use thiserror::Error;

use super::cases;
use super::report::{self, Report};
use super::runner::{Prober, ReachError, Timeouts, probe_anew};
use super::started::{StartCommand, StartError};
use super::verdict::{Finding, Findings};

/// What a shell reports of a program that Ctrl-C has ended.
const STOPPED_EXIT_CODE: i32 = 130;

/// Whom to probe, and how to tell about it.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
DURATION is a number with its unit, as in 30s, 1.5min or 200ms.

The exit code is 0 if everything is as expected, 1 if something differs or the server cannot be
reached, and 2 if the command line is wrong. To serve one client at a time is a design, not a fault.

Example: a server that may die of what is done to it, and still gets its whole table
  launcelot-lab probe --start 'python3 server.py {port}'")]
pub struct ProbeOptions {
    /// The server's name or address
    #[arg(required_unless_present = "start")]
    pub host: Option<String>,
    /// The server's port
    #[arg(default_value_t = PORT, value_parser = clap::value_parser!(u16).range(1..))]
    pub port: u16,
    /// Start the server anew for each behaviour, at the port that takes the place of {port}, and end it afterwards
    #[arg(long, value_name = "COMMAND", conflicts_with_all = ["host", "port"])]
    pub start: Option<StartCommand>,
    /// How long a server that is started may take until it listens
    #[arg(long, value_name = "DURATION", default_value = "60s", requires = "start", value_parser = timeout)]
    pub start_timeout: Duration,
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
    /// The server cannot be started.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The signals cannot be caught that end the program.
    #[error("cannot wait for signals")]
    Signals(#[source] io::Error),
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
    let mut output = Output { is_json: options.json, printed: Ok(()), to: io::stdout().lock() };
    let findings = match (&options.start, &options.host) {
        (Some(command), _) => {
            end_with_signals(command.clone())?;
            output.begin();
            let timeouts = Timeouts { start: options.start_timeout, answer: options.timeout };
            let findings = probe_anew(command, timeouts, &cases::table(), |finding| output.row(finding))?;
            output.end(&findings, &Report::started(command.text(), &findings));
            findings
        }
        (None, host) => {
            let host = host.as_deref().unwrap_or_default();
            let prober = Prober::reach(host, options.port, options.timeout)?;
            let address = prober.address();
            output.begin();
            let findings = prober.probe(&cases::table(), |finding| output.row(finding));
            output.end(&findings, &Report::new(host, address, &findings));
            findings
        }
    };
    match output.printed {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(ProbeError::Output(error)),
        _ => Ok(findings),
    }
}

/// The table, row by row, or the whole report in the end. After a failure nothing more is written.
struct Output<W> {
    is_json: bool,
    printed: io::Result<()>,
    to: W,
}

impl<W: Write> Output<W> {
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
        if !self.is_json {
            self.line(&report::summary(findings));
            return;
        }
        match serde_json::to_string_pretty(report) {
            Ok(text) => self.line(&text),
            Err(error) => self.printed = Err(error.into()),
        }
    }

    fn line(&mut self, text: &str) {
        if self.printed.is_ok() {
            self.printed = writeln!(self.to, "{text}");
        }
    }
}

/// Ends the server that runs when this program is asked to end: being in a process group of its own, it does not get
/// the terminal's Ctrl-C.
fn end_with_signals(command: StartCommand) -> Result<(), ProbeError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().map_err(ProbeError::Signals)?;
    let mut signals = {
        let _context = runtime.enter();
        StopSignals::catch().map_err(ProbeError::Signals)?
    };
    thread::spawn(move || {
        runtime.block_on(signals.next());
        command.kill_running();
        std::process::exit(STOPPED_EXIT_CODE);
    });
    Ok(())
}

fn timeout(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Err("without waiting, nothing is heard".to_owned()),
        parsed => parsed.map_err(|error| error.to_string()),
    }
}
