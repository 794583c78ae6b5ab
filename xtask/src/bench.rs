//! Benchmarks of what cargo builds for release.

use std::ffi::OsString;

use clap::{Args, ValueEnum};

use crate::command::{self, Failure};
use crate::progress::Progress;
use crate::workspace::Workspace;

/// What is measured, and how.
#[derive(Args, Debug)]
#[command(disable_help_flag = true)]
pub(crate) struct Options {
    /// What is measured.
    #[arg(value_enum)]
    what: What,

    /// What `launcelot-lab bench` is told besides; `--help` lists it.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    /// The server's designs.
    Server,
}

/// Builds the programs and measures them.
pub(crate) fn run(workspace: &Workspace, progress: &Progress, options: &Options) -> Result<(), Failure> {
    let What::Server = options.what;
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
