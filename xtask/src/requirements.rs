//! What some tests need beside cargo, and what is skipped without it.

use crate::cargo::BROWSER_TESTS;
use crate::command::output_of;
use crate::failure::Failure;
use crate::workspace::Workspace;

/// What some tests need. `cargo xtask test --install` fails without it; otherwise those tests are skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Requirement {
    /// Chromium, its driver, and axe-core.
    Browser,
    /// OpenSSH and its server.
    OpenSsh,
    /// Python 3, in which a server of other people is written.
    Python,
    /// trunk and its wasm-bindgen.
    Trunk,
}

impl Requirement {
    /// The test program that has the tests, and what their names have in common.
    pub(crate) fn tests(self) -> (&'static str, &'static str) {
        match self {
            Self::Browser => ("page", ""),
            Self::OpenSsh => ("lab", "ssh::"),
            Self::Python => ("lab", "probe::started_servers::"),
            Self::Trunk => ("page", "trunk::"),
        }
    }

    fn description(self) -> &'static str {
        match self {
            Self::Browser => "in a browser",
            Self::OpenSsh => "through a real SSH tunnel",
            Self::Python => "of a server in Python",
            Self::Trunk => "of `trunk serve`",
        }
    }
}

/// What was skipped, and why.
#[derive(Debug, Default)]
pub(crate) struct Skips(Vec<Skip>);

#[derive(Debug)]
enum Skip {
    Tests(Requirement, String),
    Check(&'static str, String),
}

impl Skips {
    /// What was found of a requirement. If it was not, its tests are skipped, unless it `must` be there.
    pub(crate) fn take<T>(
        &mut self,
        requirement: Requirement,
        must: bool,
        found: Result<T, Failure>,
    ) -> Result<Option<T>, Failure> {
        match found {
            Ok(found) => Ok(Some(found)),
            Err(failure) if must => Err(failure),
            Err(failure) => {
                self.0.push(Skip::Tests(requirement, failure.to_string()));
                Ok(None)
            }
        }
    }

    /// A check that was not made.
    pub(crate) fn check(&mut self, what: &'static str, why: String) {
        self.0.push(Skip::Check(what, why));
    }

    /// Prints a line for each, with the number of tests.
    pub(crate) fn print(&self, workspace: &Workspace) -> Result<(), Failure> {
        for skip in &self.0 {
            match skip {
                Skip::Tests(requirement, why) => {
                    let (program, names) = requirement.tests();
                    let count = count_tests(workspace, program, names)?;
                    let tests = if count == 1 { "test" } else { "tests" };
                    println!("Skipped: {count} {tests} {}: {why}", requirement.description());
                }
                Skip::Check(what, why) => println!("Skipped: {what}: {why}"),
            }
        }
        Ok(())
    }
}

/// How many tests of a program have `names` in their names.
fn count_tests(workspace: &Workspace, program: &str, names: &str) -> Result<usize, Failure> {
    let mut list = workspace.cargo("test");
    list.args(["--quiet", "--workspace", "--features", BROWSER_TESTS, "--test", program, "--", "--list", names]);
    Ok(output_of(list)?.lines().filter(|line| line.ends_with(": test")).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_requirement_is_a_failure_only_where_it_must_be_there() {
        let missing = || Err::<(), _>(Failure::new("no sshd"));
        let mut skips = Skips::default();
        assert_eq!(skips.take(Requirement::OpenSsh, true, missing()).unwrap_err().to_string(), "no sshd");
        assert!(skips.0.is_empty());
        assert!(skips.take(Requirement::OpenSsh, false, missing()).unwrap().is_none());
        assert!(matches!(&skips.0[..], [Skip::Tests(Requirement::OpenSsh, why)] if why == "no sshd"));
    }
}
