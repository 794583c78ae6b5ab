//! Everything at once: compiled as far as it has changed, and served.

use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::Duration;

use clap::Args;

use crate::cargo::Programs;
use crate::command;
use crate::failure::Failure;
use crate::install;
use crate::page;
use crate::parallel;
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

/// The programs' profile: release, but quicker to compile.
const PROFILE: &str = "demo";

/// The processor time that a first start takes to compile everything.
const FIRST_START: Duration = Duration::from_secs(300);

/// Runs the demo until it is stopped.
pub(crate) fn run(workspace: &Workspace, progress: &Progress, options: &Options) -> Result<(), Failure> {
    ports::check(&[
        Wanted { who: "the server", option: "--server-port", port: options.server_port },
        Wanted { who: "the longer wire", option: "--tunnel-port", port: options.tunnel_port },
        Wanted { who: "the page", option: "--page-port", port: options.page_port },
    ])?;
    if !workspace.demo_page().exists() {
        announce_first_start();
    }
    install::add_wasm_target(workspace, progress)?;
    // The page's compile is the longest chain, so it begins first. What it leaves of the processors, the programs take.
    let page = || {
        let program = page::compile(workspace, progress)?;
        page::bundle_for_demo(workspace, progress, &program)
    };
    let (programs, ()) = parallel::both(|| programs(workspace, progress), page)?;
    let client = programs.path("launcelot-client")?;
    eprintln!("launcelot-client is {}", client.strip_prefix(&workspace.root).unwrap_or(&client).display());
    command::become_program(lab(workspace, programs.path("launcelot-lab")?, options))
}

/// Says once how long all of it takes, with every processor at work.
fn announce_first_start() {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let minutes = FIRST_START.as_secs().div_ceil(60 * processors as u64);
    let unit = if minutes == 1 { "minute" } else { "minutes" };
    eprintln!(
        "The first start compiles everything: about {minutes} {unit} on {processors} processors. Later starts take seconds."
    );
}

fn programs(workspace: &Workspace, progress: &Progress) -> Result<Programs, Failure> {
    let mut cargo = workspace.cargo("build");
    cargo.args(["--profile", PROFILE, "--package", "launcelot-lab", "--package", "launcelot-client"]);
    progress.step("the programs", |say| Programs::build(progress, cargo, say))
}

fn lab(workspace: &Workspace, program: PathBuf, options: &Options) -> Command {
    let mut lab = workspace.command(program);
    lab.arg("--web").arg(workspace.demo_page());
    lab.args(["--server-port", &options.server_port.to_string()]);
    lab.args(["--tunnel-port", &options.tunnel_port.to_string()]);
    lab.args(["--page-port", &options.page_port.to_string()]);
    if options.open {
        lab.arg("--open");
    }
    lab
}
