//! The demo: compiles what has changed, and starts everything.

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
use crate::ports::{self, PortOption};
use crate::progress::Progress;
use crate::workspace::Workspace;

/// The options of the demo.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// Open the page in a browser.
    #[arg(long)]
    open: bool,

    /// Compile everything, and start nothing.
    #[arg(long)]
    no_run: bool,

    /// The port of the server; 0 for any free port.
    #[arg(long, value_name = "N", default_value_t = 1060)]
    server_port: u16,

    /// The port of the emulated link to the server; 0 for any free port.
    #[arg(long, value_name = "N", default_value_t = 1061)]
    tunnel_port: u16,

    /// The port of the page and its bridge; 0 for any free port.
    #[arg(long, value_name = "N", default_value_t = 8080)]
    page_port: u16,
}

/// Cargo's profile of the demo's programs: like `release`, but quicker to compile.
const PROFILE: &str = "demo";

/// The measured processor time of compiling everything.
const FIRST_COMPILE: Duration = Duration::from_secs(300);

/// Compiles everything, then runs the demo until it is stopped. With `--no-run`, only compiles.
pub(crate) fn run(workspace: &Workspace, progress: &Progress, options: &Options) -> Result<(), Failure> {
    if !options.no_run {
        check_ports(options)?;
    }
    if !workspace.demo_page().exists() {
        announce_first_start();
    }
    install::add_wasm_target(workspace, progress)?;
    // Compiling the page takes longest and uses one processor for much of the time.
    let page = || {
        let program = page::compile(workspace, progress)?;
        page::bundle_for_demo(workspace, progress, &program)
    };
    let (programs, ()) = parallel::both(|| programs(workspace, progress), page)?;
    if options.no_run {
        return Ok(());
    }
    let client = programs.path("launcelot-client")?;
    eprintln!("launcelot-client is {}", client.strip_prefix(&workspace.root).unwrap_or(&client).display());
    command::replace_process(lab(workspace, programs.path("launcelot-lab")?, options))
}

/// Fails before anything is compiled if a port is not free.
fn check_ports(options: &Options) -> Result<(), Failure> {
    ports::check(&[
        PortOption { program: "the server", option: "--server-port", port: options.server_port },
        PortOption { program: "the emulated link", option: "--tunnel-port", port: options.tunnel_port },
        PortOption { program: "the page", option: "--page-port", port: options.page_port },
    ])
}

/// Prints an estimate of how long the first start takes: `FIRST_COMPILE` divided by the number of processors.
fn announce_first_start() {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let minutes = FIRST_COMPILE.as_secs().div_ceil(60 * processors as u64);
    let unit = if minutes == 1 { "minute" } else { "minutes" };
    eprintln!(
        "The first start compiles everything: about {minutes} {unit} on {processors} processors. Later starts take seconds."
    );
}

fn programs(workspace: &Workspace, progress: &Progress) -> Result<Programs, Failure> {
    let mut cargo = workspace.cargo("build");
    cargo.args(["--profile", PROFILE, "--package", "launcelot-lab", "--package", "launcelot-client"]);
    progress.step("the programs", |status| Programs::build(progress, cargo, status))
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
