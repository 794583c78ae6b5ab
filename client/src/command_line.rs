//! The command line, and what stands behind it.

use std::io::{self, Write};
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use launcelot_measure::{Order, Run};
use launcelot_protocol::Question;
use thiserror::Error;

use crate::ask::{AskError, Plan, ask};
use crate::report;
use crate::target::Target;

/// Asks a Launcelot server three questions and prints the answers, one a line.
///
/// Examples:
///   launcelot-client localhost
///   launcelot-client localhost 1061 --timing
///   launcelot-client ws://localhost:8080/ws --pipelined --json
#[derive(Debug, Clone, Parser)]
#[command(name = "launcelot-client", version, verbatim_doc_comment)]
pub struct CommandLine {
    /// A server's name or address, or the URL of a bridge: ws://HOST:PORT/ws
    host: String,
    /// The server's port [default: 1060]
    port: Option<u16>,
    /// Print a table of when each step began and ended, after the answers
    #[arg(long)]
    timing: bool,
    /// Print the run with all its times as JSON, in place of the answers
    #[arg(long, conflicts_with = "timing")]
    json: bool,
    /// Send all questions ahead, without waiting for the answers before them
    #[arg(long)]
    pipelined: bool,
    /// Ask this in place of the three questions; may be given several times
    #[arg(long, value_name = "QUESTION", value_parser = Question::new)]
    ask: Vec<Question>,
    /// How long to wait for an address, a connection or an answer
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = humantime::parse_duration)]
    timeout: Duration,
}

/// Why the program fails.
#[derive(Debug, Error)]
pub enum RunError {
    /// Not everything was answered.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// The system gives no event loop.
    #[error("cannot wait for sockets")]
    Runtime(#[source] io::Error),
    /// What is to be printed cannot be printed.
    #[error("cannot write to standard output")]
    Output(#[source] io::Error),
}

impl CommandLine {
    /// What is to be asked. What the command line says wrongly ends the program with exit code 2.
    fn plan(&self) -> Plan {
        let target = Target::parse(&self.host, self.port);
        let target = target.unwrap_or_else(|why| Self::command().error(ErrorKind::ValueValidation, why).exit());
        let order = if self.pipelined { Order::SentAhead } else { Order::OneAtATime };
        let questions = if self.ask.is_empty() { Question::the_three() } else { self.ask.clone() };
        Plan { target, order, questions, timeout: self.timeout }
    }
}

/// Asks as the command line says and prints what is wanted. What had come before a failure is printed.
/// A reader that has closed standard output (`… | head -1`) has what it wanted, and is no failure.
///
/// # Errors
///
/// See [`RunError`].
pub fn run(command_line: &CommandLine) -> Result<(), RunError> {
    match ask_and_print(command_line) {
        Err(RunError::Output(error) | RunError::Ask(AskError::Output(error)))
            if error.kind() == io::ErrorKind::BrokenPipe =>
        {
            Ok(())
        }
        result => result,
    }
}

fn ask_and_print(command_line: &CommandLine) -> Result<(), RunError> {
    let plan = command_line.plan();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(RunError::Runtime)?;
    let mut output = io::stdout().lock();
    let on_answer = |answer: &str| if command_line.json { Ok(()) } else { writeln!(output, "{answer}") };
    let (run, result) = runtime.block_on(ask(&plan, on_answer));
    print(command_line, &run, &mut output).map_err(RunError::Output)?;
    Ok(result?)
}

/// Prints what goes beyond the answers.
fn print(command_line: &CommandLine, run: &Run, output: &mut impl Write) -> io::Result<()> {
    if command_line.json {
        serde_json::to_writer_pretty(&mut *output, run)?;
        writeln!(output)?;
    }
    if command_line.timing {
        write!(output, "\n{}", report::timing(run))?;
    }
    output.flush()
}
