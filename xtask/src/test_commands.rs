//! The commands that run the tests: which of them run beside others, which alone, and in which browser.

use std::env;
use std::path::Path;
use std::process::Command;
use std::thread;

use crate::cargo::{self, BROWSER_TESTS};
use crate::firefox;
use crate::parts::Parts;
use crate::requirements::Requirement;
use crate::setup::{Setup, Trunk};
use crate::workspace::Workspace;

/// The environment variable with the number of tests that a test program runs at once.
const THREADS_VARIABLE: &str = "RUST_TEST_THREADS";

/// The paths of the modules whose tests take more than ten seconds each.
const LONG: [&str; 2] = ["long::", "long_alone::"];

/// The path of the modules `alone` and `long_alone`, whose tests compare times: no other tests may run beside them.
const ALONE: &str = "alone::";

/// The arguments with which cargo compiles those that compare times: unoptimized clients would be short of processors
/// before the servers that they measure.
const OPTIMIZED: [&str; 2] = ["--profile", "demo"];

/// The name of the tests in a browser.
const PAGE_TESTS: &str = "page";

/// The arguments that select the whole workspace, so that libraries have the same features in all commands, and are
/// compiled once.
const WHOLE_WORKSPACE: [&str; 3] = ["--workspace", "--features", BROWSER_TESTS];

/// The commands that run tests.
#[derive(Debug, Default)]
pub(crate) struct Commands {
    /// The tests that need no browser.
    pub(crate) native: Vec<Command>,
    /// The tests in Chromium.
    pub(crate) page: Vec<Command>,
    /// The tests in Firefox.
    pub(crate) firefox: Vec<Command>,
    /// The tests that compare times. Nothing may run beside them.
    pub(crate) alone: Vec<Command>,
}

impl Commands {
    /// Returns whether all lists are empty.
    pub(crate) fn is_empty(&self) -> bool {
        [&self.native, &self.page, &self.firefox, &self.alone].into_iter().all(Vec::is_empty)
    }
}

/// The selected tests.
pub(crate) struct Tests<'a> {
    pub(crate) workspace: &'a Workspace,
    pub(crate) parts: &'a Parts,
    pub(crate) setup: &'a Setup,
    /// Whether the long tests run, too.
    pub(crate) long: bool,
}

impl Tests<'_> {
    /// Returns the commands that run the selected tests. Tests in a browser run only if the page's `program` has been
    /// compiled.
    pub(crate) fn commands(&self, program: Option<&Path>) -> Commands {
        let mut commands = Commands::default();
        if self.parts.has_bridge() && self.long {
            let mut tests = self.workspace.cargo("test");
            tests.args(["--package", "launcelot-bridge", "--features", "tls", "--test", "bridge", "--", "tls::"]);
            commands.native.push(tests);
        }
        if self.parts.is_all() {
            commands.native.push(without_alone(self.configure(self.native_tests(), program, &[])));
            commands.native.push(self.documentation_tests());
            commands.native.extend(self.hdrhistogram(&[]));
        } else {
            self.add_packages(&mut commands, program);
        }
        if let (Some(filters), Some(program)) = (self.parts.page(), program) {
            self.add_page(&mut commands, program, filters);
        }
        if self.parts.has_whole_lab() {
            commands.alone.extend(self.alone_in_lab());
        }
        commands
    }

    /// Adds the tests of the selected packages.
    fn add_packages(&self, commands: &mut Commands, program: Option<&Path>) {
        if self.parts.has_lab() {
            commands.native.push(cargo::programs_for_tests(self.workspace));
        }
        for (package, filter) in self.parts.packages() {
            let mut tests = self.workspace.cargo("test");
            tests.args(["--package", package]);
            if filter.as_deref().is_some_and(names_alone) {
                tests.args(OPTIMIZED);
                commands.alone.push(one_at_a_time(self.configure(tests, program, filter.as_slice())));
            } else {
                commands.native.push(without_alone(self.configure(tests, program, filter.as_slice())));
            }
            if *package == "launcelot-measure" {
                commands.native.extend(self.hdrhistogram(filter.as_slice()));
            }
        }
    }

    /// Adds the tests in a browser that have one of the `filters` in their names, or all tests if `filters` is empty.
    fn add_page(&self, commands: &mut Commands, program: &Path, filters: &[String]) {
        let tests = self.configure(self.page_tests(), Some(program), filters);
        if filters.is_empty() {
            commands.page.push(without_alone(tests));
            commands.alone.push(self.alone_on_page(program));
        } else if filters.iter().any(|filter| names_alone(filter)) {
            commands.alone.push(one_at_a_time(tests));
        } else {
            // Of these, a test that must be alone waits for the others.
            commands.page.push(tests);
        }
        commands.firefox.extend(self.in_firefox(program, filters));
    }

    /// Returns the command for all tests in the workspace but those in a browser and those in documentation.
    fn native_tests(&self) -> Command {
        let mut tests = self.workspace.cargo("test");
        tests.args(WHOLE_WORKSPACE).args(["--lib", "--bins"]);
        for name in self.workspace.integration_tests.iter().filter(|name| *name != PAGE_TESTS) {
            tests.args(["--test", name]);
        }
        tests
    }

    /// Returns the command that runs the examples in the documentation of the libraries.
    fn documentation_tests(&self) -> Command {
        let mut tests = self.workspace.cargo("test");
        tests.args(WHOLE_WORKSPACE).args(["--doc", "--no-fail-fast"]);
        tests
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
        tests.args(WHOLE_WORKSPACE).args(["--test", PAGE_TESTS]);
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
            if env::var_os(THREADS_VARIABLE).is_none() {
                // They run beside those in Chromium.
                tests.env(THREADS_VARIABLE, "2");
            }
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
            tests.args(WHOLE_WORKSPACE);
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
