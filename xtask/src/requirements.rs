//! Requirements of some tests besides cargo, and what is skipped without them.

use crate::cargo::BROWSER_TESTS;
use crate::command::output_of;
use crate::failure::Failure;
use crate::firefox;
use crate::output;
use crate::workspace::Workspace;

/// A requirement of some tests. Without it they are skipped, or `cargo xtask test --install` fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Requirement {
    /// Chromium, its driver, and axe-core.
    Browser,
    /// Firefox and geckodriver, for the few tests that an ordinary run also runs there.
    Firefox,
    /// Firefox and geckodriver, for all tests that can run there.
    FirefoxLong,
    /// PyPI's `hdrhistogram`. Without it, `cargo test` ignores its tests.
    HdrHistogram,
    /// curl.
    Curl,
    /// HAProxy.
    HaProxy,
    /// nginx.
    Nginx,
    /// The clients in JavaScript, and Node.
    NodeClients,
    /// noVNC, and Chromium.
    NoVnc,
    /// OpenSSH and its server.
    OpenSsh,
    /// PostgreSQL, which is not installed for the tests.
    PostgreSql,
    /// Python 3, in which servers that are not ours are written.
    Python,
    /// Namespaces of network and mounts, which containers may forbid.
    Namespaces,
    /// The clients in Python.
    PythonClients,
    /// Redis.
    Redis,
    /// The server of OpenSSH, behind the bridge.
    Sshd,
    /// trunk and its wasm-bindgen.
    Trunk,
}

impl Requirement {
    /// Returns the test program and the prefixes of the names of the tests.
    pub(crate) fn tests(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Browser | Self::FirefoxLong => ("page", &[]),
            Self::Curl => ("bridge", &["long::curl::"]),
            Self::Firefox => ("page", &firefox::FEW),
            Self::HaProxy => ("bridge", &["long::haproxy::"]),
            Self::HdrHistogram => ("measure", &["hlog_in_python::"]),
            Self::Nginx => ("bridge", &["long::nginx::"]),
            Self::NodeClients => ("bridge", &["long::node::"]),
            Self::NoVnc => ("bridge", &["long::browser::"]),
            Self::OpenSsh => ("lab", &["ssh::"]),
            Self::PostgreSql => ("bridge", &["long::postgresql::"]),
            Self::Python => ("lab", &["probe::started_servers::", "load_faulty_servers::"]),
            Self::Namespaces => ("lab", &["load_namespaces::"]),
            Self::PythonClients => ("bridge", &["long::python::"]),
            Self::Redis => ("bridge", &["long::redis::"]),
            Self::Sshd => ("bridge", &["long::sshd::"]),
            Self::Trunk => ("page", &["trunk::"]),
        }
    }

    /// Returns the names of tests that have the prefixes, but do not belong to the requirement.
    fn exceptions(self) -> Vec<&'static str> {
        match self {
            Self::FirefoxLong => firefox::ONLY_IN_CHROMIUM.iter().map(|(name, _)| *name).collect(),
            _ => Vec::new(),
        }
    }

    fn description(self) -> &'static str {
        match self {
            Self::Browser => "in a browser",
            Self::Curl => "with curl",
            Self::Firefox | Self::FirefoxLong => "in Firefox",
            Self::HaProxy => "behind HAProxy",
            Self::HdrHistogram => "with PyPI's hdrhistogram",
            Self::Nginx => "behind nginx",
            Self::NodeClients => "with clients in JavaScript",
            Self::NoVnc => "with noVNC",
            Self::PostgreSql => "before PostgreSQL",
            Self::PythonClients => "with clients in Python",
            Self::Redis => "before Redis",
            Self::Sshd => "before sshd",
            Self::OpenSsh => "through a real SSH tunnel",
            Self::Python => "of servers in Python",
            Self::Namespaces => "in namespaces of their own",
            Self::Trunk => "of `trunk serve`",
        }
    }
}

/// The skipped tests and checks.
#[derive(Debug, Default)]
pub(crate) struct Skips(Vec<Skip>);

#[derive(Debug)]
enum Skip {
    Tests(Requirement, String),
    Check(&'static str, String),
}

impl Skips {
    /// Returns `found` if the requirement was found. If it is missing, fails if it is `mandatory`; otherwise adds its
    /// tests to the skipped ones.
    pub(crate) fn unless_found<T>(
        &mut self,
        requirement: Requirement,
        mandatory: bool,
        found: Result<T, Failure>,
    ) -> Result<Option<T>, Failure> {
        match found {
            Ok(found) => Ok(Some(found)),
            Err(failure) if mandatory => Err(failure),
            Err(failure) => {
                self.0.push(Skip::Tests(requirement, failure.to_string()));
                Ok(None)
            }
        }
    }

    /// Adds a skipped check.
    pub(crate) fn add_check(&mut self, what: &'static str, why: String) {
        self.0.push(Skip::Check(what, why));
    }

    /// Prints a line for each skipped requirement, with the number of its tests, and for each skipped check.
    pub(crate) fn print(&self, workspace: &Workspace) -> Result<(), Failure> {
        for skip in &self.0 {
            match skip {
                Skip::Tests(requirement, why) => {
                    let count = count_tests(workspace, *requirement)?;
                    let tests = if count == 1 { "test" } else { "tests" };
                    output::print(&format!("Skipped: {count} {tests} {}: {why}\n", requirement.description()));
                }
                Skip::Check(what, why) => output::print(&format!("Skipped: {what}: {why}\n")),
            }
        }
        Ok(())
    }
}

/// Returns the number of tests that have the requirement.
fn count_tests(workspace: &Workspace, requirement: Requirement) -> Result<usize, Failure> {
    let (program, names) = requirement.tests();
    let mut list = workspace.cargo("test");
    list.args(["--quiet", "--workspace", "--features", BROWSER_TESTS, "--test", program, "--", "--list"]).args(names);
    for exception in requirement.exceptions() {
        list.args(["--skip", exception]);
    }
    Ok(output_of(list)?.lines().filter(|line| line.ends_with(": test")).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_requirement_is_a_failure_only_if_it_is_mandatory() {
        let missing = || Err::<(), _>(Failure::new("no sshd"));
        let mut skips = Skips::default();
        assert_eq!(skips.unless_found(Requirement::OpenSsh, true, missing()).unwrap_err().to_string(), "no sshd");
        assert!(skips.0.is_empty());
        assert!(skips.unless_found(Requirement::OpenSsh, false, missing()).unwrap().is_none());
        assert!(matches!(&skips.0[..], [Skip::Tests(Requirement::OpenSsh, why)] if why == "no sshd"));
    }
}
