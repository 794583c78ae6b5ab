//! Everything at once: what is missing installed, what has changed built, and all of it served.

use std::process::Command;

use clap::Args;

use crate::command::{self, Failure};
use crate::dist;
use crate::install;
use crate::ports::{self, Wanted};
use crate::progress::Progress;
use crate::workspace::Workspace;

/// What a person may choose about the demo.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// Open the page in a browser.
    #[arg(long)]
    open: bool,

    /// The port that the server listens at; 0 means any free one.
    #[arg(long, value_name = "N", default_value_t = 1060)]
    server_port: u16,

    /// The port that the longer wire to the server listens at; 0 means any free one.
    #[arg(long, value_name = "N", default_value_t = 1061)]
    tunnel_port: u16,

    /// The port that the page is served at; 0 means any free one.
    #[arg(long, value_name = "N", default_value_t = 8080)]
    page_port: u16,
}

/// Runs the demo until it is stopped.
pub(crate) fn run(workspace: &Workspace, progress: &Progress, options: &Options) -> Result<(), Failure> {
    ports::check(&[
        Wanted { who: "the server", option: "--server-port", port: options.server_port },
        Wanted { who: "the longer wire", option: "--tunnel-port", port: options.tunnel_port },
        Wanted { who: "the page", option: "--page-port", port: options.page_port },
    ])?;
    let tools = install::beside(workspace, progress, |meanwhile| {
        let mut programs = workspace.cargo();
        programs.args(["build", "--release", "--package", "launcelot-lab", "--package", "launcelot-client"]);
        progress.run("the programs", programs)?;
        if meanwhile.is_empty() {
            return Ok(());
        }
        // There is time to spare, and the page's program needs none of the tools to be compiled.
        progress.step("the page's program", |say| dist::compile(workspace, progress, say))
    })?;
    dist::build(workspace, progress, &tools, false)?;
    let client = workspace.released("launcelot-client");
    eprintln!("launcelot-client is {}", client.strip_prefix(&workspace.root).unwrap_or(&client).display());
    command::become_program(lab(workspace, options))
}

fn lab(workspace: &Workspace, options: &Options) -> Command {
    let mut lab = workspace.command(workspace.released("launcelot-lab"));
    lab.arg("--web").arg(workspace.page());
    lab.args(["--server-port", &options.server_port.to_string()]);
    lab.args(["--tunnel-port", &options.tunnel_port.to_string()]);
    lab.args(["--page-port", &options.page_port.to_string()]);
    if options.open {
        lab.arg("--open");
    }
    lab
}
