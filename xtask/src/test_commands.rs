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
    pub(crate) fn commands(&self, program: Option<&Path>) -> Vec<Command> {
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
