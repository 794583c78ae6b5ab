//! The chores of the workspace: `cargo xtask demo`, `test`, `examples`, `dist`, `tools`, `picture`, `bench`.
//!
//! Tools are installed per user (see [`tools`]); everything that is built goes into cargo's target folder. This crate is
//! compiled before the first demo, so it must compile quickly: heavy dependencies belong into `bundle/`.

#[cfg(not(target_os = "linux"))]
compile_error!(
    "Launcelot runs on Linux only: its tunnel waits with epoll_pwait2(2), and its server with poll(2). \
     On other systems, use the Containerfile."
);

mod bench;
mod browser;
mod cargo;
mod command;
mod demo;
mod examples;
mod failure;
mod firefox;
mod hdrhistogram;
mod install;
mod interoperability;
mod licences;
mod openssh;
mod optimizers;
mod output;
mod packages;
mod page;
mod parallel;
mod parts;
mod picture;
mod ports;
mod progress;
mod requirements;
mod setup;
mod steps;
mod test;
mod test_commands;
mod tools;
mod versions;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::bench::Benchmark;
use crate::failure::Failure;
use crate::optimizers::Optimizers;
use crate::progress::Progress;
use crate::tools::Tool;
use crate::workspace::Workspace;

/// Development tasks of this workspace.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_help_subcommand = true, max_term_width = 80)]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,

    /// Show everything that cargo and npm print instead of one line for each step.
    #[arg(long, short, global = true)]
    verbose: bool,
}

#[derive(Subcommand)]
enum Chore {
    /// Run everything: server, emulated link, bridge and page, at http://localhost:8080.
    ///
    /// Compiles what has changed, and serves until Ctrl-C.
    Demo(demo::Options),

    /// Check and test everything, or the named parts.
    ///
    /// Formatting, clippy, documentation, licences, the page and its size, and every test, also in a browser. CI runs
    /// `cargo xtask test --install`.
    Test(test::Options),

    /// Run the examples in README.md and docs/, and rewrite output that has changed.
    Examples,

    /// Make a release build of the page in target/page, optimized and compressed, and print its sizes.
    Dist,

    /// Install the tools for working on the page, per user: trunk, its wasm-bindgen, wasm-opt, esbuild.
    Tools {
        /// Print which tools are installed, and install nothing. The exit code is 1 if one is missing.
        #[arg(long)]
        check: bool,
    },

    /// Take the documents' pictures: docs/page.png of the real page, docs/load.png of a report on a load.
    Picture,

    /// Measure the server's designs, the page, or the cost of being observed.
    ///
    /// Makes a release build of the programs first.
    #[command(subcommand)]
    Bench(Benchmark),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let progress = Progress::start(arguments.verbose);
    match run(&arguments.chore, &progress) {
        Ok(()) => ExitCode::SUCCESS,
        Err(mut failure) => {
            failure.show_output();
            eprintln!("cargo xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(chore: &Chore, progress: &Progress) -> Result<(), Failure> {
    let workspace = Workspace::find()?;
    match chore {
        Chore::Demo(options) => demo::run(&workspace, progress, options),
        Chore::Test(options) => test::run(&workspace, progress, options),
        Chore::Examples => examples::run(&workspace, progress),
        Chore::Dist => {
            output::print(&page::build_for_release(&workspace, progress)?.to_string());
            Ok(())
        }
        Chore::Tools { check } => page_tools(&workspace, progress, *check),
        Chore::Picture => picture::run(&workspace, progress),
        Chore::Bench(benchmark) => bench::run(&workspace, progress, benchmark),
    }
}

fn page_tools(workspace: &Workspace, progress: &Progress, check: bool) -> Result<(), Failure> {
    if !check {
        install::add_wasm_target(workspace, progress)?;
        install::tools(workspace, progress, &[Tool::Trunk, Tool::WasmBindgen])?;
        Optimizers::install(workspace, progress)?;
    }
    let is_complete = tools::print(workspace)?;
    if check && !is_complete {
        return Err(Failure::new("a tool is missing; type: cargo xtask tools"));
    }
    let path = tools::path_for_trunk(workspace)?;
    output::print(&format!("\nTo use them: PATH=\"{path}:$PATH\" trunk serve\n"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;
    use clap::error::ErrorKind;

    use super::*;

    fn parse(arguments: &[&str]) -> Result<Chore, ErrorKind> {
        let parsed = Arguments::try_parse_from([&["cargo xtask"], arguments].concat());
        parsed.map(|arguments| arguments.chore).map_err(|error| error.kind())
    }

    #[test]
    fn every_chore_and_every_benchmark_has_help() {
        for chore in Arguments::command().get_subcommands() {
            assert_eq!(parse(&[chore.get_name(), "--help"]).err(), Some(ErrorKind::DisplayHelp), "{chore}");
            for benchmark in chore.get_subcommands() {
                let arguments = [chore.get_name(), benchmark.get_name(), "--help"];
                assert_eq!(parse(&arguments).err(), Some(ErrorKind::DisplayHelp), "{benchmark}");
            }
        }
    }

    #[test]
    fn benchmarks_pass_options_on_to_the_lab() {
        for arguments in
            [&["bench", "server", "--markdown", "--rounds", "1"][..], &["bench", "observe", "--", "--help"]]
        {
            assert!(matches!(parse(arguments), Ok(Chore::Bench(_))), "{arguments:?}");
        }
        assert_eq!(parse(&["bench", "page", "--markdown"]).err(), Some(ErrorKind::UnknownArgument));
    }
}
