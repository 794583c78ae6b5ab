//! All checks and tests in one run, as CI does it.

use std::env;
use std::path::Path;
use std::process::Command;
use std::thread;

use clap::Args;

use crate::cargo::{self, BROWSER_TESTS, WITH_TEST_FEATURES};
use crate::command;
use crate::failure::Failure;
use crate::firefox;
use crate::licences;
use crate::output;
use crate::page;
use crate::parallel;
use crate::parts::{self, Parts};
use crate::progress::Progress;
use crate::requirements::{Requirement, Skips};
use crate::setup::{Setup, Trunk};
use crate::steps::Steps;
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

/// The environment variable with the number of tests that a test program runs at once.
const THREADS_VARIABLE: &str = "RUST_TEST_THREADS";

/// The paths of the modules whose tests take more than ten seconds each.
const LONG: [&str; 2] = ["long::", "long_alone::"];

/// The path of the modules `alone` and `long_alone`, whose tests compare times: no other tests may run beside them.
const ALONE: &str = "alone::";

/// The arguments with which cargo compiles those that compare times: unoptimized clients would be short of processors
/// before the servers that they measure.
const OPTIMIZED: [&str; 2] = ["--profile", "demo"];

/// Checks, builds and tests, until the first step fails.
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

/// The tests as commands.
struct Tests<'a> {
    workspace: &'a Workspace,
    parts: &'a Parts,
    setup: &'a Setup,
    long: bool,
}

impl Tests<'_> {
    /// Returns the commands that run the selected tests. Tests in a browser run only if the page's `program` has been
    /// compiled.
    fn commands(&self, program: Option<&Path>) -> Vec<Command> {
        let mut commands = Vec::new();
        if self.parts.has_bridge() && self.long {
            let mut tests = self.workspace.cargo("test");
            tests.args(["--package", "launcelot-bridge", "--features", "tls", "--test", "bridge", "--", "tls::"]);
            commands.push(tests);
        }
        if self.parts.is_all() {
            let mut tests = self.workspace.cargo("test");
            tests.arg("--workspace");
            if program.is_some() {
                tests.args(["--features", BROWSER_TESTS]);
            }
            commands.push(without_alone(self.configure(tests, program, &[])));
            commands.extend(self.hdrhistogram(&[]));
            if let Some(program) = program {
                commands.push(self.alone_on_page(program));
                commands.extend(self.in_firefox(program, &[]));
            }
            commands.extend(self.alone_in_lab());
            return commands;
        }
        if self.parts.has_lab() {
            commands.push(cargo::programs_for_tests(self.workspace));
        }
        for (package, filter) in self.parts.packages() {
            let mut tests = self.workspace.cargo("test");
            tests.args(["--package", package]);
            if filter.as_deref().is_some_and(names_alone) {
                tests.args(OPTIMIZED);
                commands.push(one_at_a_time(self.configure(tests, program, filter.as_slice())));
            } else {
                commands.push(without_alone(self.configure(tests, program, filter.as_slice())));
            }
            if *package == "launcelot-lab" && filter.is_none() {
                commands.extend(self.alone_in_lab());
            }
            if *package == "launcelot-measure" {
                commands.extend(self.hdrhistogram(filter.as_slice()));
            }
        }
        if let (Some(filters), Some(program)) = (self.parts.page(), program) {
            let tests = self.configure(self.page_tests(), Some(program), filters);
            if filters.is_empty() {
                commands.extend([without_alone(tests), self.alone_on_page(program)]);
            } else if filters.iter().any(|filter| names_alone(filter)) {
                commands.push(one_at_a_time(tests));
            } else {
                // Of these, a test that must be alone waits for the others.
                commands.push(tests);
            }
            commands.extend(self.in_firefox(program, filters));
        }
        commands
    }

    /// Returns the command that runs the tests in a browser that need the machine for themselves.
    fn alone_on_page(&self, program: &Path) -> Command {
        one_at_a_time(self.configure(self.page_tests(), Some(program), &[ALONE.to_owned()]))
    }

    /// Returns the command that runs the tests of the lab that need the machine for themselves, if long tests are selected.
    fn alone_in_lab(&self) -> Option<Command> {
        if !self.long {
            return None;
        }
        let mut tests = self.workspace.cargo("test");
        tests.args(OPTIMIZED).args(["--package", "launcelot-lab", "--test", "lab"]);
        tests.args(["--", ALONE]);
        Some(one_at_a_time(tests))
    }

    /// Returns the command for the tests in a browser.
    fn page_tests(&self) -> Command {
        let mut tests = self.workspace.cargo("test");
        // The whole workspace is selected, so that libraries have the features that they are compiled with otherwise.
        tests.args(["--workspace", "--features", BROWSER_TESTS, "--test", "page"]);
        tests
    }

    /// Returns the command that runs tests in Firefox, if it was found: with `--long` all that can run there, otherwise
    /// the few that are chosen for it.
    fn in_firefox(&self, program: &Path, filters: &[String]) -> Option<Command> {
        let firefox = self.setup.firefox.as_ref()?;
        let mut tests;
        if self.long {
            tests = self.configure(self.page_tests(), Some(program), filters);
            for (name, _) in firefox::ONLY_IN_CHROMIUM {
                tests.args(["--skip", name]);
            }
        } else {
            let few = firefox::few(filters);
            if few.is_empty() {
                return None;
            }
            tests = self.configure(self.page_tests(), Some(program), &few);
            tests.arg("--exact");
        }
        firefox.set_env(&mut tests);
        Some(tests)
    }

    /// Returns the command that runs the tests that read logs with PyPI's `hdrhistogram`, if it was found. A plain
    /// `cargo test` ignores them.
    fn hdrhistogram(&self, filters: &[String]) -> Option<Command> {
        let python = self.setup.hdrhistogram.as_ref()?;
        let mut tests = self.workspace.cargo("test");
        if self.parts.is_all() {
            // The whole workspace is selected, so that libraries have the features that they are compiled with otherwise.
            tests.args(["--workspace", "--features", BROWSER_TESTS]);
        } else {
            tests.args(["--package", "launcelot-measure"]);
        }
        tests.args(["--test", "measure"]).env("LAUNCELOT_HDRHISTOGRAM", python);
        tests.args(["--", "--ignored"]).args(filters);
        Some(tests)
    }

    /// Sets the environment variables with the paths that tests need. Skips long tests, unless they are selected, and
    /// tests whose requirements are missing.
    fn configure(&self, mut tests: Command, program: Option<&Path>, filters: &[String]) -> Command {
        let Setup { browser, openssh, has_python, has_namespaces, trunk, interoperability, .. } = self.setup;
        if env::var_os(THREADS_VARIABLE).is_none() {
            tests.env(THREADS_VARIABLE, test_threads().to_string());
        }
        if let Some(program) = program {
            tests.env("LAUNCELOT_PAGE", self.workspace.page()).env("LAUNCELOT_PROGRAM", program);
        }
        tests.args(["--no-fail-fast", "--"]).args(filters);
        if !self.long {
            LONG.iter().for_each(|module| skip_all(&mut tests, module));
        }
        match openssh {
            Some(openssh) => openssh.set_env(&mut tests),
            None => skip(&mut tests, Requirement::OpenSsh),
        }
        if !has_python {
            skip(&mut tests, Requirement::Python);
        }
        if !has_namespaces {
            skip(&mut tests, Requirement::Namespaces);
        }
        match trunk {
            Some(Trunk { program, path }) => {
                tests.env("LAUNCELOT_TRUNK", program).env("PATH", path);
            }
            None => skip(&mut tests, Requirement::Trunk),
        }
        if let Some(browser) = browser {
            browser.set_env(&mut tests);
        }
        interoperability.set_env(&mut tests);
        for requirement in interoperability.missing() {
            skip(&mut tests, *requirement);
        }
        tests
    }
}

/// Returns three times the number of processors, because most tests wait for other processes and for the network.
fn test_threads() -> usize {
    3 * thread::available_parallelism().map_or(1, usize::from)
}

/// Whether a filter selects only tests that need the machine for themselves.
fn names_alone(filter: &str) -> bool {
    filter.split("::").any(|module| module == "alone" || module == "long_alone")
}

/// Leaves out the tests that need the machine for themselves.
fn without_alone(mut tests: Command) -> Command {
    skip_all(&mut tests, ALONE);
    tests
}

/// Runs the tests one after the other.
fn one_at_a_time(mut tests: Command) -> Command {
    tests.arg("--test-threads=1");
    tests
}

/// Skips the tests that have this requirement.
fn skip(tests: &mut Command, requirement: Requirement) {
    let (_, prefixes) = requirement.tests();
    prefixes.iter().for_each(|prefix| skip_all(tests, prefix));
}

/// Skips the tests with `part` in their names.
fn skip_all(tests: &mut Command, part: &str) {
    tests.args(["--skip", part]);
}
