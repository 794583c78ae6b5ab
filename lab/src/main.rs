//! `launcelot-lab`: the demo, or a single instrument.

use std::process::ExitCode;

use clap::CommandFactory as _;
use clap::error::ErrorKind;
use launcelot_endpoint::{command_line, failure, log};
use launcelot_lab::bench::generator::GeneratorError;
use launcelot_lab::bench::{self, options::Benchmark};
use launcelot_lab::command_line::{CommandLine, Instrument};
use launcelot_lab::load::run::LoadError;
use launcelot_lab::{demo, load, merge, probe, report, tunnel, watchdog};
use launcelot_server::{program, worker};
use rustix::process::{Signal, set_parent_process_death_signal};

const NAME: &str = "launcelot-lab";

fn main() -> ExitCode {
    if let Some(code) = worker::run_if_worker() {
        return code;
    }
    let command_line: CommandLine = command_line::parse();
    log::to_stderr(command_line.verbosity.verbose);
    match &command_line.instrument {
        None => {
            if let Err(bad_port) = command_line.demo.check() {
                CommandLine::command().error(ErrorKind::ValueValidation, bad_port).exit();
            }
            failure::exit_code(NAME, demo::run(&command_line.demo))
        }
        Some(Instrument::Probe(options)) => match probe::command_line::run(options) {
            Ok(findings) if !findings.are_as_expected() => ExitCode::FAILURE,
            result => failure::exit_code(NAME, result),
        },
        Some(Instrument::Load(options)) => load_exit_code(load::command_line::run(options)),
        Some(Instrument::Report(options)) => {
            report::run(options).unwrap_or_else(|error| failure::exit_code::<()>(NAME, Err(error)))
        }
        Some(Instrument::Merge(options)) => failure::exit_code(NAME, merge::run(options)),
        Some(Instrument::Serve(options)) => {
            end_with_parent();
            failure::exit_code(NAME, program::run(options))
        }
        Some(Instrument::Watchdog) => failure::exit_code(NAME, watchdog::run()),
        Some(Instrument::Tunnel(options)) => failure::exit_code(NAME, tunnel::command_line::run(options)),
        Some(Instrument::Bench(Benchmark::Server(options))) => load_exit_code(bench::server::run(options)),
        Some(Instrument::Bench(Benchmark::Designs(options))) => load_exit_code(bench::designs::run(options)),
        Some(Instrument::Bench(Benchmark::Generator(options))) => generator_exit_code(bench::generator::run(options)),
        Some(Instrument::Bench(Benchmark::Bridge(options))) => failure::exit_code(NAME, bench::bridge::run(options)),
        Some(Instrument::Bench(Benchmark::Observe(options))) => failure::exit_code(NAME, bench::observe::run(options)),
    }
}

fn load_exit_code(result: Result<ExitCode, LoadError>) -> ExitCode {
    match result {
        Ok(code) => code,
        Err(LoadError::Plan(error)) => load::command_line::usage_error(&error),
        Err(error) => failure::exit_code::<()>(NAME, Err(error)),
    }
}

fn generator_exit_code(result: Result<ExitCode, GeneratorError>) -> ExitCode {
    match result {
        Err(GeneratorError::Load(error)) => load_exit_code(Err(error)),
        result => result.unwrap_or_else(|error| failure::exit_code::<()>(NAME, Err(error))),
    }
}

/// Ends this process when the lab is killed that has started it.
fn end_with_parent() {
    if let Err(errno) = set_parent_process_death_signal(Some(Signal::TERM)) {
        tracing::warn!("cannot ask for a signal at the end of the lab: {errno}");
    }
}
