//! Benchmarks of release builds of the programs.

use std::ffi::OsString;

use clap::{Args, Subcommand};

use crate::browser::Browser;
use crate::cargo::{self, Programs};
use crate::command;
use crate::failure::Failure;
use crate::firefox::Firefox;
use crate::page;
use crate::progress::Progress;
use crate::workspace::Workspace;

#[derive(Subcommand, Debug)]
pub(crate) enum Benchmark {
    /// Compare the server's designs on open connections, in about nine minutes.
    ///
    /// The table in docs/server.md comes from `cargo xtask bench server --markdown`.
    Server(Forwarded),

    /// Compare the server's designs with many clients at once, in about five minutes.
    Designs(Forwarded),

    /// Compare the lateness of the load generator's clients with that of a loop of timers, in about a minute.
    Generator(Forwarded),

    /// Compare asking from the page with plain JavaScript and the native client: single runs, and many questions.
    ///
    /// In Chromium, and, if it is installed, also many questions in Firefox.
    Page,

    /// Compare the bridge with the server alone and with other bridges, in about ten minutes.
    ///
    /// The tables in docs/bridge.md come from `cargo xtask bench bridge --markdown`.
    Bridge(Forwarded),

    /// Measure what it costs the server to be observed by the lab.
    Observe(Forwarded),
}

#[derive(Args, Debug)]
pub(crate) struct Forwarded {
    /// Options passed on to the `launcelot-lab bench` subcommand of the same name; docs/lab.md lists them, and
    /// `-- --help` prints them.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "LAB_OPTIONS")]
    options: Vec<OsString>,
}

/// The package of the lab, and its program.
const PACKAGE: &str = "launcelot-lab";

/// Number of questions that each client asks in the benchmark of the page.
const QUESTIONS: &str = "5000";

/// Builds the programs that a benchmark needs, and runs it.
pub(crate) fn run(workspace: &Workspace, progress: &Progress, benchmark: &Benchmark) -> Result<(), Failure> {
    match benchmark {
        Benchmark::Server(forwarded) => of_lab(workspace, progress, "server", forwarded),
        Benchmark::Page => page(workspace, progress),
        Benchmark::Designs(forwarded) => of_lab(workspace, progress, "designs", forwarded),
        Benchmark::Generator(forwarded) => of_lab(workspace, progress, "generator", forwarded),
        Benchmark::Bridge(forwarded) => bridge(workspace, progress, forwarded),
        Benchmark::Observe(forwarded) => of_lab(workspace, progress, "observe", forwarded),
    }
}

/// Runs the benchmark of the page, which is a test of the lab, so that the demo need not compile a WebDriver client.
fn page(workspace: &Workspace, progress: &Progress) -> Result<(), Failure> {
    let browser = Browser::find(workspace, progress, false)?;
    page::build_for_release(workspace, progress)?;
    progress.run("the programs", cargo::browser_tests(workspace, &["--no-run"]))?;
    let bench = |tests: &str| {
        let mut bench = cargo::browser_tests(workspace, &["--quiet", "--", tests, "--nocapture"]);
        bench.env("LAUNCELOT_BENCH_QUESTIONS", QUESTIONS).env("LAUNCELOT_PAGE", workspace.page());
        browser.set_env(&mut bench);
        bench
    };
    command::show(bench("page_bench::"))?;
    match Firefox::find(workspace, progress, false) {
        Ok(firefox) => {
            let mut bench = bench("page_bench::all_clients_");
            firefox.set_env(&mut bench);
            command::show(bench)
        }
        Err(failure) => {
            eprintln!("Not measured in Firefox: {failure}");
            Ok(())
        }
    }
}

/// Builds the bridge, the smallest one, and the lab, which contains the server.
fn bridge(workspace: &Workspace, progress: &Progress, forwarded: &Forwarded) -> Result<(), Failure> {
    let bridge = build_for_release(workspace, progress, "launcelot-bridge")?.path("launcelot-bridge")?;
    let mut cargo = workspace.cargo("build");
    cargo.args(["--release", "--package", "launcelot-bridge", "--example", "smallest"]);
    progress.step("the smallest bridge", |status| Programs::build(progress, cargo, status))?;
    let lab = build_for_release(workspace, progress, PACKAGE)?.path(PACKAGE)?;
    let smallest = bridge.with_file_name("examples").join("smallest");
    let mut bench = workspace.command(lab);
    bench.args(["bench", "bridge", "--bridge"]).arg(bridge).arg("--smallest").arg(smallest).args(&forwarded.options);
    command::replace_process(bench)
}

/// Runs a benchmark of the lab, which starts itself as a server.
fn of_lab(workspace: &Workspace, progress: &Progress, name: &str, forwarded: &Forwarded) -> Result<(), Failure> {
    let mut bench = workspace.command(build_for_release(workspace, progress, PACKAGE)?.path(PACKAGE)?);
    bench.args(["bench", name]).args(&forwarded.options);
    command::replace_process(bench)
}

/// Builds a package alone, so that it has the features that its users get.
fn build_for_release(workspace: &Workspace, progress: &Progress, package: &str) -> Result<Programs, Failure> {
    let mut cargo = workspace.cargo("build");
    cargo.args(["--release", "--package", package]);
    progress.step(package, |status| Programs::build(progress, cargo, status))
}
