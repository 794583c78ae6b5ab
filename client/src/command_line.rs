//! The command line of the client.

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use launcelot_endpoint::address::parse_host_port;
use launcelot_endpoint::command_line::Verbosity;
use launcelot_endpoint::failure::one_line;
use launcelot_endpoint::output::Output;
use launcelot_measure::{Order, Run};
use launcelot_protocol::{Framing, Question};
use thiserror::Error;

use crate::ask::{AskError, DialogueConfig, DialogueRecord, ask_recorded};
use crate::export::{Export, ExportError};
use crate::lab::{self, LabError, LabTrace};
use crate::race::{RaceResult, race};
use crate::report;
use crate::script::{self, ScriptFileError};
use crate::target::Target;
use crate::wrong_answer::{self, WrongAnswer};

/// Asks a Launcelot server three questions and prints the answers, one per line.
///
/// Examples:
///   launcelot-client localhost
///   launcelot-client localhost 1061 --timing
///   launcelot-client ws://localhost:8080/ws/tunnel --trace
///   launcelot-client localhost 1061 --race --lab localhost:8080
///   launcelot-client ws://localhost:8080/ws --pipelined --json
///   launcelot-client localhost --script docs/scripts/aphorisms.toml
#[derive(Debug, Clone, Parser)]
#[command(name = "launcelot-client", version, verbatim_doc_comment)]
pub struct CommandLine {
    /// The server's host name or address, or the URL of a bridge: ws://HOST:PORT/ws
    host: String,
    /// The server's port [default: 1060]
    port: Option<u16>,
    /// Print a table with the start, end and duration of each step, and the kernel's round-trip times, after the answers
    #[arg(long)]
    timing: bool,
    /// Print a table of the client's operations with the time that each worked and waited, and, if a lab recorded the
    /// dialogue, where on the path the time went
    #[arg(long, group = "observed")]
    trace: bool,
    /// The lab to request the trace from (--trace), or the durations of its tunnel's handshakes (--race): HOST:PORT of
    /// the lab's page [default: with --trace, host and port of the bridge]
    #[arg(long, value_name = "HOST:PORT", value_parser = parse_host_port, requires = "observed")]
    lab: Option<(String, u16)>,
    /// Ask all questions in three ways that take turns, and draw when each question was asked and answered: one at a
    /// time, sent ahead (pipelining), over a connection each
    #[arg(long, group = "observed", conflicts_with_all = ["timing", "trace", "pipelined"])]
    race: bool,
    /// Print the run with all its times as JSON instead of the answers; with --race, the runs of each way
    #[arg(long, conflicts_with_all = ["timing", "trace"])]
    json: bool,
    /// Also write the times into a file, with --trace also the legs: .json, .csv, .hlog (HdrHistogram) or .trace.json (Chrome,
    /// Perfetto)
    #[arg(long, value_name = "FILE", value_parser = Export::parse)]
    export: Option<Export>,
    /// Send all questions without waiting for the answers (pipelining)
    #[arg(long)]
    pipelined: bool,
    /// Ask this question instead of the three questions; may be given several times
    #[arg(long, value_name = "QUESTION", value_parser = Question::new)]
    ask: Vec<Question>,
    /// Ask the questions of this script instead, and fail if an answer is not the one it expects (a TOML file)
    #[arg(long, value_name = "FILE", conflicts_with = "ask")]
    script: Option<PathBuf>,
    /// The timeout of each step, such as resolving the host name, connecting, or waiting for an answer
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = humantime::parse_duration)]
    timeout: Duration,
    /// How much the program logs.
    #[command(flatten)]
    pub verbosity: Verbosity,
}

/// Why the program failed.
#[derive(Debug, Error)]
pub enum RunError {
    /// The script could not be read.
    #[error(transparent)]
    Script(#[from] ScriptFileError),
    /// Not all questions were answered.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// An answer is not the one that the script expects.
    #[error(transparent)]
    WrongAnswer(#[from] WrongAnswer),
    /// The event loop could not be created.
    #[error("cannot create an event loop")]
    Runtime(#[source] io::Error),
    /// The export file could not be written.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// Standard output could not be written.
    #[error("cannot write to standard output")]
    Output(#[source] io::Error),
}

impl CommandLine {
    /// Returns the configuration of the dialogue, and the name under which a lab records it. Exits with code 2 if the
    /// target is invalid.
    fn config(&self) -> (DialogueConfig, String) {
        let target = Target::parse(&self.host, self.port);
        let target = target.unwrap_or_else(|why| Self::command().error(ErrorKind::ValueValidation, why).exit());
        let name = lab::random_dialogue_name();
        let (target, name) = if self.trace { target.with_dialogue_name(name) } else { (target, name) };
        let order = if self.pipelined { Order::SentAhead } else { Order::OneAtATime };
        let questions = if self.ask.is_empty() { Question::the_three() } else { self.ask.clone() };
        (DialogueConfig { target, order, questions, framing: Framing::default(), timeout: self.timeout }, name)
    }
}

/// Runs the client. Answers that arrived before a failure are printed.
///
/// A closed standard output (`… | head -1`) or a full one does not end the dialogue; a full one is reported at the end.
///
/// # Errors
///
/// See [`RunError`].
pub fn run(command_line: &CommandLine) -> Result<(), RunError> {
    let (mut config, name) = command_line.config();
    let script = command_line.script.as_deref().map(script::read).transpose()?;
    if let Some(script) = &script {
        config.questions = script.questions();
        config.framing = script.framing();
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(RunError::Runtime)?;
    let mut output = Output::stdout();
    let began = SystemTime::now();
    if command_line.race {
        let (race, result) = runtime.block_on(race(&config, command_line.lab.as_ref()));
        let printed = print_race(command_line, &race, &mut output).and_then(|()| output.finish());
        let checked = script.as_ref().map_or(Ok(()), |script| wrong_answer::check(script, race.runs()));
        let exported = command_line.export.as_ref().map(|export| export.race(race, began, script.as_ref()));
        return first_error(result, checked, exported, printed);
    }
    let on_answer = |answer: &str| {
        if !command_line.json {
            // `output` keeps its first error, which `finish` returns.
            let _ = writeln!(output, "{answer}");
        }
    };
    let (mut record, result) = runtime.block_on(ask_recorded(&config, on_answer));
    let mut lab_trace = Err(LabError::NoLab);
    if command_line.trace {
        let lab = command_line.lab.as_ref();
        let fetched = lab::fetch_trace(&config.target, lab, &name, record.local, config.timeout);
        lab_trace = runtime.block_on(fetched);
        if let Ok(LabTrace { trace, handshake: Some(handshake), .. }) = &lab_trace {
            record.run.attribute_handshake(trace, *handshake);
        }
    }
    let mut printed = print(command_line, &record.run, &mut output);
    if command_line.trace {
        printed = printed.and_then(|()| print_trace(&record, &config.target, &lab_trace, &mut output));
    }
    let printed = printed.and_then(|()| output.finish());
    let checked = script.as_ref().map_or(Ok(()), |script| wrong_answer::check(script, [&record.run]));
    // A run that failed is exported too.
    let export = command_line.export.as_ref();
    let exported = export.map(|export| export.run(record.run, began, lab_trace.ok(), script.as_ref()));
    first_error(result, checked, exported, printed)
}

/// Returns the first error in this order: the dialogue, a wrong answer, the export, standard output.
fn first_error(
    asked: Result<(), AskError>,
    checked: Result<(), WrongAnswer>,
    exported: Option<Result<(), ExportError>>,
    printed: io::Result<()>,
) -> Result<(), RunError> {
    asked?;
    checked?;
    exported.unwrap_or(Ok(()))?;
    printed.map_err(RunError::Output)
}

/// Prints the table of operations, and where on the path the time went.
fn print_trace(
    record: &DialogueRecord,
    target: &Target,
    lab_trace: &Result<LabTrace, LabError>,
    output: &mut impl Write,
) -> io::Result<()> {
    write!(output, "\n{}", report::trace::trace(record, target))?;
    write!(output, "\n{}", report::legs::legs(&record.run, lab_trace.as_ref().map_err(|why| one_line(why))))?;
    output.flush()
}

/// Prints a race as JSON (`--json`) or as a drawing with sentences.
fn print_race(command_line: &CommandLine, race: &RaceResult, output: &mut impl Write) -> io::Result<()> {
    if command_line.json {
        serde_json::to_writer_pretty(&mut *output, race)?;
        writeln!(output)?;
    } else {
        write!(output, "{}", report::race::race(race))?;
    }
    output.flush()
}

/// Prints the run as JSON with `--json`, as a table with `--timing`, otherwise nothing.
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
