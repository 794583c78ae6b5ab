//! The command line, and what stands behind it.

use std::io::{self, Write};
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use launcelot_endpoint::address::parse_host_port;
use launcelot_endpoint::command_line::Verbosity;
use launcelot_endpoint::failure::one_line;
use launcelot_endpoint::output::Output;
use launcelot_measure::{Order, Run};
use launcelot_protocol::Question;
use thiserror::Error;

use crate::ask::{Account, AskError, Plan, ask_and_account};
use crate::export::{Export, ExportError};
use crate::lab::{self, LabError, LabTrace};
use crate::race::{RaceResult, race};
use crate::report;
use crate::target::Target;

/// Asks a Launcelot server three questions and prints the answers, one a line.
///
/// Examples:
///   launcelot-client localhost
///   launcelot-client localhost 1061 --timing
///   launcelot-client ws://localhost:8080/ws/tunnel --trace
///   launcelot-client localhost 1061 --race
///   launcelot-client ws://localhost:8080/ws --pipelined --json
#[derive(Debug, Clone, Parser)]
#[command(name = "launcelot-client", version, verbatim_doc_comment)]
pub struct CommandLine {
    /// A server's name or address, or the URL of a bridge: ws://HOST:PORT/ws
    host: String,
    /// The server's port [default: 1060]
    port: Option<u16>,
    /// Print a table of when each step began and ended, and the kernel's own view, after the answers
    #[arg(long)]
    timing: bool,
    /// Print what the program did, step by step, how much of it was waiting, and where on the way the time
    /// went, if the way leads through a lab that watches
    #[arg(long)]
    trace: bool,
    /// The lab to ask for that: HOST:PORT of its page [default: where the bridge is]
    #[arg(long, value_name = "HOST:PORT", value_parser = parse_host_port, requires = "trace", conflicts_with_all = ["race", "json"])]
    lab: Option<(String, u16)>,
    /// Ask in three ways, one after the other, and draw them: one at a time, sent ahead, a connection each
    #[arg(long, conflicts_with_all = ["timing", "trace", "pipelined"])]
    race: bool,
    /// Print the run with all its times as JSON, in place of the answers; with --race, the runs of each way
    #[arg(long, conflicts_with_all = ["timing", "trace"])]
    json: bool,
    /// Write the times of each question into a file, too, with --trace also the legs of its way: .json, .csv, .hlog (HdrHistogram) or .trace.json (Chrome, Perfetto)
    #[arg(long, value_name = "FILE", value_parser = Export::parse)]
    export: Option<Export>,
    /// Send all questions ahead, without waiting for the answers before them
    #[arg(long)]
    pipelined: bool,
    /// Ask this in place of the three questions; may be given several times
    #[arg(long, value_name = "QUESTION", value_parser = Question::new)]
    ask: Vec<Question>,
    /// How long to wait for an address, a connection or an answer
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = humantime::parse_duration)]
    timeout: Duration,
    /// How much to log.
    #[command(flatten)]
    pub verbosity: Verbosity,
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
    /// The file to be written cannot be written.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// What is to be printed cannot be printed.
    #[error("cannot write to standard output")]
    Output(#[source] io::Error),
}

impl CommandLine {
    /// What is to be asked, and what the dialogue is called where somebody watches. What the command line says wrongly ends
    /// the program with exit code 2.
    fn plan(&self) -> (Plan, String) {
        let target = Target::parse(&self.host, self.port);
        let target = target.unwrap_or_else(|why| Self::command().error(ErrorKind::ValueValidation, why).exit());
        let name = lab::new_name();
        let (target, name) = if self.trace { target.named(name) } else { (target, name) };
        let order = if self.pipelined { Order::SentAhead } else { Order::OneAtATime };
        let questions = if self.ask.is_empty() { Question::the_three() } else { self.ask.clone() };
        (Plan { target, order, questions, timeout: self.timeout }, name)
    }
}

/// Asks as the command line says and prints what is wanted. A standard output that is closed (`… | head -1`) or full ends
/// nothing; that it is full is reported at the end.
///
/// # Errors
///
/// See [`RunError`].
pub fn run(command_line: &CommandLine) -> Result<(), RunError> {
    let (plan, name) = command_line.plan();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(RunError::Runtime)?;
    let mut output = Output::stdout();
    if command_line.race {
        let (raced, result) = runtime.block_on(race(&plan));
        let printed = print_race(command_line, &raced, &mut output).and_then(|()| output.finish());
        return end(result, command_line.export.as_ref().map(|export| export.race(raced)), printed);
    }
    let on_answer = |answer: &str| if command_line.json { Ok(()) } else { writeln!(output, "{answer}") };
    let (mut account, result) = runtime.block_on(ask_and_account(&plan, on_answer));
    let mut seen = Err(LabError::Nobody);
    if command_line.trace {
        let asked = lab::seen(&plan.target, command_line.lab.as_ref(), &name, account.local, plan.timeout);
        seen = runtime.block_on(asked);
        if let Ok(LabTrace { trace, handshake: Some(handshake), .. }) = &seen {
            account.run.attribute_handshake(trace, *handshake);
        }
    }
    let mut printed = print(command_line, &account.run, &mut output);
    if command_line.trace {
        printed = printed.and_then(|()| print_trace(&account, &plan.target, &seen, &mut output));
    }
    let printed = printed.and_then(|()| output.finish());
    // A run that broke is worth keeping too.
    end(result, command_line.export.as_ref().map(|export| export.run(account.run, seen.ok())), printed)
}

/// Of what failed, what matters most: why not everything was answered, then the file, then what is printed.
fn end(
    asked: Result<(), AskError>,
    exported: Option<Result<(), ExportError>>,
    printed: io::Result<()>,
) -> Result<(), RunError> {
    asked?;
    exported.unwrap_or(Ok(()))?;
    printed.map_err(RunError::Output)
}

/// Prints what the program did, and where on the way the time went.
fn print_trace(
    account: &Account,
    target: &Target,
    seen: &Result<LabTrace, LabError>,
    output: &mut impl Write,
) -> io::Result<()> {
    write!(output, "\n{}", report::trace::trace(account, target))?;
    write!(output, "\n{}", report::legs::legs(&account.run, seen.as_ref().map_err(|why| one_line(why))))?;
    output.flush()
}

/// Prints the three ways.
fn print_race(command_line: &CommandLine, raced: &RaceResult, output: &mut impl Write) -> io::Result<()> {
    if command_line.json {
        serde_json::to_writer_pretty(&mut *output, raced)?;
        writeln!(output)?;
    } else {
        write!(output, "{}", report::race::race(raced))?;
    }
    output.flush()
}

/// Prints what goes beyond the answers.
fn print(command_line: &CommandLine, run: &Run, output: &mut impl Write) -> io::Result<()> {
    if command_line.json {
        serde_json::to_writer_pretty(&mut *output, run)?;
        writeln!(output)?;
    }
    if command_line.timing {
        write!(output, "\n{}", report::timing::timing(run))?;
    }
    output.flush()
}
