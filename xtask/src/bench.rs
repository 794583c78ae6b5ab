//! Benchmarks of what cargo builds for release.

use std::ffi::OsString;

use clap::{Args, ValueEnum};

use crate::browser::Browser;
use crate::command::{self, Failure};
use crate::dist;
use crate::install;
use crate::progress::Progress;
use crate::workspace::Workspace;

/// What is measured, and how.
#[derive(Args, Debug)]
#[command(disable_help_flag = true)]
pub(crate) struct Options {
    /// What is measured.
    #[arg(value_enum)]
    what: What,

    /// What `launcelot-lab bench server` is told besides; `--help` lists it.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    /// The server's designs.
    Server,
    /// Asking from the page, beside plain JavaScript and the native client.
    Page,
}

/// How many questions everybody asks.
const QUESTIONS: &str = "5000";

/// Builds what is measured, and measures it.
pub(crate) fn run(workspace: &Workspace, progress: &Progress, options: &Options) -> Result<(), Failure> {
    match options.what {
        What::Server => server(workspace, progress, options),
        What::Page if options.arguments.is_empty() => page(workspace, progress),
        What::Page => Err(Failure::new("`bench page` takes no arguments")),
    }
}

/// Lets everybody ask through the same bridge.
fn page(workspace: &Workspace, progress: &Progress) -> Result<(), Failure> {
    let browser = Browser::ready(workspace, progress)?;
    let tools = install::all(workspace, progress)?;
    dist::build(workspace, progress, &tools, false)?;
    // It is a test, so that no demo has to compile a browser's driver.
    let bench = |arguments: &[&str]| {
        let mut bench = workspace.cargo();
        bench.args(["test", "--release", "--package", "launcelot-lab", "--test", "page_bench"]).args(arguments);
        bench
    };
    progress.run("the programs", bench(&["--no-run"]))?;
    let mut measure = bench(&["--quiet", "--", "--ignored", "--nocapture"]);
    measure.env("LAUNCELOT_BENCH_QUESTIONS", QUESTIONS);
    browser.tell(&mut measure);
    dist::tell(workspace, &tools, &mut measure);
    command::show(measure)
}

fn server(workspace: &Workspace, progress: &Progress, options: &Options) -> Result<(), Failure> {
    let mut server = workspace.cargo();
    // Each with the features that its users get, which building both in one go might unite.
    server.args(["build", "--release", "--package", "launcelot-server"]);
    progress.run("the server", server)?;
    let mut lab = workspace.cargo();
    lab.args(["build", "--release", "--package", "launcelot-lab"]);
    progress.run("the lab", lab)?;

    let mut bench = workspace.command(workspace.released("launcelot-lab"));
    bench.args(["bench", "server", "--server"]).arg(workspace.released("launcelot-server"));
    bench.args(&options.arguments);
    command::become_program(bench)
}
