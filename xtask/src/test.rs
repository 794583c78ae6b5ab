//! All checks and tests in one run, as CI does it.

use std::process::Command;

use clap::Args;

use crate::cargo::{BROWSER_TESTS, WITH_TEST_FEATURES};
use crate::command;
use crate::failure::Failure;
use crate::licences;
use crate::output;
use crate::page;
use crate::parallel;
use crate::parts::{self, Parts};
use crate::progress::Progress;
use crate::requirements::Skips;
use crate::setup::Setup;
use crate::steps::Steps;
use crate::test_commands::Tests;
use crate::workspace::{Workspace, is_ci};

/// The options of the tests.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// Parts to run instead of all: format, clippy, docs, licences, a crate's folder, or page (the tests in a browser).
    ///
    /// A name may follow: `lab::tunnel` runs the tests of `lab` with `tunnel` in their names.
    #[arg(value_name = "NAME", value_parser = parts::parse_name)]
    names: Vec<String>,

    /// Install what is missing, also system packages, and fail if that is not possible.
    ///
    /// Without it, tests whose requirements are missing are skipped and counted.
    #[arg(long)]
    install: bool,

    /// Also run the tests that take more than ten seconds each.
    #[arg(long)]
    long: bool,
}

/// Checks, builds and tests, until the first step fails. The tests are one step, which runs all of them.
pub(crate) fn run(workspace: &Workspace, progress: &Progress, options: &Options) -> Result<(), Failure> {
    let parts = Parts::named(&options.names)?;
    let steps = Steps::default();
    let mut skips = Skips::default();
    let setup =
        steps.run("set-up", || Setup::find(workspace, progress, &parts, options.long, options.install, &mut skips))?;
    if is_ci() && parts.is_all() {
        steps.run("lock file", || lock_file_is_committed(workspace))?;
    }
    if parts.has_check("format") {
        let mut format = workspace.cargo("fmt");
        format.args(["--all", "--check"]);
        steps.run("format", || progress.run("cargo fmt", format))?;
    }
    // Linking the page's program takes long and uses one processor, so the tests are compiled meanwhile.
    let page = || {
        if setup.browser.is_none() {
            return Ok(None);
        }
        let program = steps.run("page: compile", || page::compile(workspace, progress))?;
        let bundle = || page::bundle_for_release(workspace, progress, &setup.optimizers, &program, true);
        let sizes = steps.run("page: bundle", bundle)?;
        Ok(Some((program, sizes)))
    };
    let has_browser = setup.browser.is_some();
    let has_trunk = setup.trunk.is_some();
    let (page, ()) = parallel::both(page, || compile(workspace, progress, &parts, &steps, has_browser, has_trunk))?;
    let run = Tests { workspace, parts: &parts, setup: &setup, long: options.long };
    if let Some((_, sizes)) = &page {
        output::print(&sizes.to_string());
    }
    let program = page.map(|(program, _)| program);
    let commands = run.commands(program.as_deref());
    let tests = || {
        if commands.is_empty() {
            return Ok(());
        }
        steps.run("tests", || run_all(progress, commands))
    };
    let mut checks = || checks(workspace, progress, &parts, &steps, &mut skips);
    if options.long {
        // Some of the long tests compare times, for which the machine should be idle.
        checks()?;
        tests()?;
    } else {
        // Tests wait much of their time, for timers and for the network.
        parallel::both(tests, checks)?;
    }
    steps.print();
    skips.print(workspace)
}

/// Runs all commands, so that one run shows everything that fails. Returns the first failure, and prints the others.
fn run_all(progress: &Progress, commands: Vec<Command>) -> Result<(), Failure> {
    let mut result = Ok(());
    for command in commands {
        match (progress.show(command), &result) {
            (Err(failure), Err(_)) => progress.print(&failure.to_string()),
            (Err(failure), Ok(())) => result = Err(failure),
            (Ok(()), _) => {}
        }
    }
    result
}

/// Compiles the tests and what they start, if all of them run.
fn compile(
    workspace: &Workspace,
    progress: &Progress,
    parts: &Parts,
    steps: &Steps,
    has_browser: bool,
    has_trunk: bool,
) -> Result<(), Failure> {
    if !parts.is_all() {
        return Ok(());
    }
    let mut compile = workspace.cargo("test");
    compile.args(["--workspace", "--no-run"]);
    if has_browser {
        compile.args(["--features", BROWSER_TESTS]);
    }
    steps.run("tests: compile", || progress.run("the tests", compile))?;
    if has_browser && has_trunk {
        steps.run("page for trunk", || page::compile_for_development(workspace, progress))?;
    }
    Ok(())
}

/// Runs clippy, rustdoc and the check of licences, with a low priority.
fn checks(
    workspace: &Workspace,
    progress: &Progress,
    parts: &Parts,
    steps: &Steps,
    skips: &mut Skips,
) -> Result<(), Failure> {
    if parts.has_check("clippy") {
        let mut clippy = workspace.cargo_with_low_priority("clippy");
        clippy.args(["--workspace", "--all-targets", "--features", BROWSER_TESTS, "--", "-D", "warnings"]);
        steps.run("clippy", || progress.run("clippy", clippy))?;
    }
    if parts.has_check("docs") {
        let mut docs = workspace.cargo_with_low_priority("doc");
        // Only the libraries are documented, not the programs. xtask is the only program without a library.
        docs.args(["--workspace", "--no-deps", "--lib", "--bin", "xtask", WITH_TEST_FEATURES])
            .env("RUSTDOCFLAGS", "-D warnings");
        steps.run("docs", || progress.run("cargo doc", docs))?;
    }
    if parts.has_check("licences") {
        steps.run("licences", || licences::check(workspace, progress, skips))?;
    }
    Ok(())
}

/// Fails if cargo had to change the lock file when it built this program.
fn lock_file_is_committed(workspace: &Workspace) -> Result<(), Failure> {
    let mut diff = workspace.command("git");
    diff.args(["diff", "--exit-code", "--", "Cargo.lock"]);
    command::run(diff, |_| ())
}
