//! Benchmarks of what cargo builds for release.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::browser::Browser;
use crate::cargo::{BROWSER_TESTS, Programs};
use crate::command;
use crate::failure::Failure;
use crate::page;
use crate::progress::Progress;
use crate::workspace::Workspace;

/// What is measured, and how.
#[derive(Args, Debug)]
#[command(disable_help_flag = true)]
pub(crate) struct Options {
    /// What is measured.
    #[arg(value_enum)]
    what: What,

    /// Further arguments of `launcelot-lab bench server` or `observe`; `--help` lists them.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    /// The server's designs.
    Server,
    /// Asking from the page, compared with plain JavaScript and the native client: single runs and many questions.
    Page,
    /// What it costs the server to be observed by the lab.
    Observe,
}

/// How many questions each client asks.
const QUESTIONS: &str = "5000";

/// Builds what is measured, and measures it.
pub(crate) fn run(workspace: &Workspace, progress: &Progress, options: &Options) -> Result<(), Failure> {
    match options.what {
        What::Server => server(workspace, progress, options),
        What::Page if options.arguments.is_empty() => page(workspace, progress),
        What::Observe => observe(workspace, progress, options),
        What::Page => Err(Failure::new("`bench page` takes no arguments")),
    }
}

/// Compares clients that ask through the same bridge.
fn page(workspace: &Workspace, progress: &Progress) -> Result<(), Failure> {
    let browser = Browser::find(workspace, progress, false)?;
    page::build_for_release(workspace, progress)?;
    // It is a test, so that no demo has to compile a browser's driver.
    let bench = |arguments: &[&str]| {
        let mut bench = workspace.cargo("test");
        bench
            .args(["--release", "--package", "launcelot-lab", "--features", BROWSER_TESTS, "--test", "page"])
            .args(arguments);
        bench
    };
    progress.run("the programs", bench(&["--no-run"]))?;
    let mut measure = bench(&["--quiet", "--", "page_bench::", "--nocapture"]);
    measure.env("LAUNCELOT_BENCH_QUESTIONS", QUESTIONS).env("LAUNCELOT_PAGE", workspace.page());
    browser.describe_to(&mut measure);
    command::show(measure)
}

fn server(workspace: &Workspace, progress: &Progress, options: &Options) -> Result<(), Failure> {
    // Each with the features that its users get, which building both in one go might unite.
    let server = release(workspace, progress, "launcelot-server")?;
    let lab = release(workspace, progress, "launcelot-lab")?;
    let mut bench = workspace.command(lab);
    bench.args(["bench", "server", "--server"]).arg(server).args(&options.arguments);
    command::become_program(bench)
}

fn observe(workspace: &Workspace, progress: &Progress, options: &Options) -> Result<(), Failure> {
    let mut bench = workspace.command(release(workspace, progress, "launcelot-lab")?);
    bench.args(["bench", "observe"]).args(&options.arguments);
    command::become_program(bench)
}

/// Builds a program for release, and returns its path.
fn release(workspace: &Workspace, progress: &Progress, package: &str) -> Result<PathBuf, Failure> {
    let mut cargo = workspace.cargo("build");
    cargo.args(["--release", "--package", package]);
    progress.step(package, |say| Programs::build(progress, cargo, say)?.path(package))
}
