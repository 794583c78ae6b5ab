//! All checks and tests in one run, as CI does it.

use std::path::PathBuf;
use std::process::Command;
use std::sync::mpsc::{self, Sender};

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
use crate::test_commands::{Commands, Tests};
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
    let program = compile(workspace, progress, &parts, &setup, &steps)?;
    let prepare_page = || prepare_page(workspace, progress, &setup, &steps);
    let commands = Tests { workspace, parts: &parts, setup: &setup, long: options.long }.commands(program.as_deref());
    let mut checks = || checks(workspace, progress, &parts, &steps, &mut skips);
    if commands.is_empty() {
        checks()?;
    } else if options.long {
        prepare_page()?;
        // Some of the long tests compare times, for which the machine should be idle.
        checks()?;
        steps.run("tests", || run_in_turn(progress, commands))?;
    } else {
        // Tests wait much of their time, for timers and for the network. The checks lock cargo's folder while they
        // compile, so the tests have to be started before.
        let (started, are_running) = mpsc::channel();
        let tests = || steps.run("tests", || run_in_parallel(progress, commands, started, prepare_page));
        let checks = || {
            are_running.into_iter().for_each(drop);
            checks()
        };
        parallel::both(tests, checks)?;
    }
    steps.print();
    skips.print(workspace)
}

/// Builds the page and compiles the tests, as far as they are needed. Returns the page's program.
///
/// Linking the page's program takes long and uses one processor, so the tests are compiled meanwhile. What makes the page's
/// files from it is compiled before them, so that this need not wait for the tests.
fn compile(
    workspace: &Workspace,
    progress: &Progress,
    parts: &Parts,
    setup: &Setup,
    steps: &Steps,
) -> Result<Option<PathBuf>, Failure> {
    if setup.browser.is_none() {
        compile_tests(workspace, progress, parts, steps, false)?;
        return Ok(None);
    }
    let (bundlers_compiled, bundlers) = mpsc::channel();
    let page = move || {
        let program = steps.run("page: compile", || page::compile(workspace, progress))?;
        let bundlers = bundlers.recv().map_err(|_| Failure::new("the page's bundler could not be compiled"))?;
        let bundle = || page::bundle_for_release(workspace, progress, &setup.optimizers, &program, &bundlers, true);
        output::print(&steps.run("page: bundle", bundle)?);
        Ok(program)
    };
    // The sender is dropped when this ends, so that the page does not wait without end.
    let tests = move || {
        let bundlers = steps.run("bundler: compile", || page::compile_bundlers(workspace, progress))?;
        // If the page could not be compiled, the channel is closed, and that failure is reported.
        let _ = bundlers_compiled.send(bundlers);
        compile_tests(workspace, progress, parts, steps, true)
    };
    let (program, ()) = parallel::both(page, tests)?;
    Ok(Some(program))
}

/// Compiles the tests and what they start, if all of them run.
fn compile_tests(
    workspace: &Workspace,
    progress: &Progress,
    parts: &Parts,
    steps: &Steps,
    has_browser: bool,
) -> Result<(), Failure> {
    if !parts.is_all() {
        return Ok(());
    }
    let mut compile = workspace.cargo("test");
    compile.args(["--workspace", "--no-run"]);
    if has_browser {
        compile.args(["--features", BROWSER_TESTS]);
    }
    steps.run("tests: compile", || progress.run("the tests", compile))
}

/// Compiles the page for the tests of trunk, if they run.
fn prepare_page(workspace: &Workspace, progress: &Progress, setup: &Setup, steps: &Steps) -> Result<(), Failure> {
    match setup.trunk {
        Some(_) => steps.run("page for trunk", || page::compile_for_development(workspace, progress)),
        None => Ok(()),
    }
}

/// Runs all commands one after the other, so that one run shows everything that fails.
fn run_in_turn(progress: &Progress, commands: Commands) -> Result<(), Failure> {
    let Commands { native, page, firefox, alone } = commands;
    let commands = native.into_iter().chain(page).chain(firefox).chain(alone);
    first_of(progress, commands.filter_map(|command| progress.show(command, &mut |_| ()).err()).collect())
}

/// Runs the native tests, those in Chromium and those in Firefox in parallel, and then those that must be alone.
///
/// `prepare_page` is called before the tests in a browser. `started` is dropped when they are running, and when the others
/// are.
fn run_in_parallel(
    progress: &Progress,
    commands: Commands,
    started: Sender<()>,
    prepare_page: impl FnOnce() -> Result<(), Failure> + Send,
) -> Result<(), Failure> {
    let Commands { native, page, firefox, alone } = commands;
    let (native_started, native_is_running) = mpsc::channel();
    // The output of one command at a time is printed as it comes.
    let show = |command: Command, on_line: &mut dyn FnMut(&str)| progress.show(command, on_line);
    let show_afterwards = |command: Command, on_line: &mut dyn FnMut(&str)| progress.show_afterwards(command, on_line);
    let is_only_native = page.is_empty();
    let native = || {
        if is_only_native {
            failures_of(native, native_started, show)
        } else {
            failures_of(native, native_started, show_afterwards)
        }
    };
    let in_browsers = || {
        // Compiling locks cargo's folder, so the other tests are started before.
        native_is_running.into_iter().for_each(drop);
        if let Err(failure) = prepare_page() {
            return vec![failure];
        }
        let firefox_started = started.clone();
        let (mut failures, in_firefox) = parallel::independently(
            || failures_of(page, started, show),
            || failures_of(firefox, firefox_started, show_afterwards),
        );
        failures.extend(in_firefox);
        failures
    };
    let (mut failures, of_page) = parallel::independently(native, in_browsers);
    failures.extend(of_page);
    failures.extend(alone.into_iter().filter_map(|command| progress.show(command, &mut |_| ()).err()));
    first_of(progress, failures)
}

/// Runs commands one after the other with `run`, which passes on the lines that they print. Drops `started` when the
/// first test is running. Returns the failures.
fn failures_of(
    commands: Vec<Command>,
    started: Sender<()>,
    run: impl Fn(Command, &mut dyn FnMut(&str)) -> Result<(), Failure>,
) -> Vec<Failure> {
    let mut started = Some(started);
    let mut on_line = |line: &str| {
        if line.starts_with("running ") {
            started = None;
        }
    };
    commands.into_iter().filter_map(|command| run(command, &mut on_line).err()).collect()
}

/// Returns the first failure, and prints the others.
fn first_of(progress: &Progress, failures: Vec<Failure>) -> Result<(), Failure> {
    let mut failures = failures.into_iter();
    let Some(first) = failures.next() else { return Ok(()) };
    failures.for_each(|failure| progress.print(&failure.to_string()));
    Err(first)
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
