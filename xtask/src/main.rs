//! The chores of the workspace: `cargo xtask demo`, `test`, `dist`, `tools`, `picture`, `bench`.
//!
//! Everything that they install goes into `.tools/`, everything that they build into cargo's target
//! folder; git ignores both. This crate is on the way of every demo, so it stays small to compile.

#[cfg(not(target_os = "linux"))]
compile_error!("Launcelot runs on Linux only: its tunnel waits with epoll_pwait2(2), and its server with poll(2)");

mod bench;
mod browser;
mod check;
mod command;
mod compress;
mod demo;
mod dist;
mod fingerprint;
mod install;
mod openssh;
mod packages;
mod picture;
mod ports;
mod progress;
mod shorten;
mod shrink;
mod sizes;
mod split;
mod tools;
mod versions;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::command::Failure;
use crate::progress::Progress;
use crate::tools::Tools;
use crate::workspace::Workspace;

/// The chores of this workspace.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,

    /// Show everything that cargo, trunk and npm say, in place of one line for each step.
    #[arg(long, short, global = true)]
    verbose: bool,
}

#[derive(Subcommand)]
enum Chore {
    /// Run everything: server, bridge and page, at http://localhost:8080.
    ///
    /// Installs what is missing, builds what has changed, and serves until Ctrl-C.
    Demo(demo::Options),

    /// Install what this workspace needs, then check and test all of it, as CI does.
    ///
    /// Formatting, clippy, documentation, the page and its size, and every test, those in a browser too.
    Test,

    /// Build the page for release into target/page, compressed, and print its sizes.
    Dist {
        /// Build it even if nothing has changed since the last time.
        #[arg(long)]
        force: bool,
    },

    /// Install what building the page needs into .tools/: wasm-bindgen, trunk, wasm-opt.
    Tools {
        /// Say what is there and what is missing, and install nothing. Exit code 1 if something is missing.
        #[arg(long)]
        check: bool,
    },

    /// Make the README's picture, docs/page.png, from the real page.
    Picture,

    /// Measure what the designs of the server can do and what it costs them, or what asking from the page costs.
    ///
    /// Builds the programs for release. The README's table comes from `cargo xtask bench server --markdown`.
    Bench(bench::Options),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let progress = Progress::start(arguments.verbose);
    match run(&arguments.chore, &progress) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprint!("{}", failure.said);
            eprintln!("cargo xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(chore: &Chore, progress: &Progress) -> Result<(), Failure> {
    let workspace = Workspace::find()?;
    match chore {
        Chore::Demo(options) => demo::run(&workspace, progress, options),
        Chore::Test => check::run(&workspace, progress),
        Chore::Dist { force } => {
            let tools = install::all(&workspace, progress)?;
            dist::build(&workspace, progress, &tools, *force)?.print();
            Ok(())
        }
        Chore::Tools { check: true } => {
            let tools = Tools::look(&workspace)?;
            tools::print(&workspace, &tools);
            tools::check(&tools)
        }
        Chore::Tools { check: false } => {
            let tools = install::all(&workspace, progress)?;
            tools::print(&workspace, &tools);
            println!("\nTo use them in web/: PATH=\"$PWD/../.tools/bin:$PATH\" trunk serve");
            Ok(())
        }
        Chore::Picture => picture::run(&workspace, progress),
        Chore::Bench(options) => bench::run(&workspace, progress, options),
    }
}
