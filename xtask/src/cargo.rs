//! Cargo commands with the right features, and the paths of the programs that cargo has built.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::command;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::workspace::Workspace;

/// The feature with which the tests in a browser are compiled.
pub(crate) const BROWSER_TESTS: &str = "launcelot-lab/browser-tests";

/// An argument with which cargo gives libraries the features that tests need, even if there are no examples. So
/// libraries are compiled once for tests, documentation and the page's bundler.
pub(crate) const WITH_TEST_FEATURES: &str = "--examples";

/// Returns the command for the tests in a browser, in a release build, with further arguments.
pub(crate) fn browser_tests(workspace: &Workspace, arguments: &[&str]) -> Command {
    let mut cargo = workspace.cargo("test");
    cargo.args(["--release", "--package", "launcelot-lab", "--features", BROWSER_TESTS, "--test", "page"]);
    cargo.args(arguments);
    cargo
}

/// Returns the command that builds the programs of other packages that the tests of the lab start. It uses the same
/// builds of libraries as the tests.
pub(crate) fn programs_for_tests(workspace: &Workspace) -> Command {
    let mut cargo = workspace.cargo("build");
    cargo.args(["--workspace", WITH_TEST_FEATURES]);
    cargo.args(["--bin", "launcelot-server", "--bin", "launcelot-client", "--bin", "launcelot-bridge"]);
    cargo
}

/// The programs that a build made or found up to date, with their paths.
#[derive(Debug)]
pub(crate) struct Programs(Vec<(String, PathBuf)>);

impl Programs {
    /// Runs the `cargo build` in `cargo`, and passes the lines about its progress to `status`. The paths come from
    /// cargo's messages, because its environment and configuration files may change the target folder.
    pub(crate) fn build(progress: &Progress, mut cargo: Command, status: &dyn Fn(&str)) -> Result<Self, Failure> {
        cargo.arg("--message-format=json-render-diagnostics");
        // Warnings and errors are shown at once, not only when everything is compiled.
        let on_line = |line: &str| if is_status(line) { status(line) } else { progress.print(line) };
        let messages = if progress.is_verbose() {
            command::run_for_output(cargo, None)?
        } else {
            command::run_for_output(cargo, Some(&on_line)).map_err(Failure::without_output)?
        };
        Ok(Self(messages.lines().filter_map(program).collect()))
    }

    /// Returns the path of a program.
    pub(crate) fn path(&self, name: &str) -> Result<PathBuf, Failure> {
        let program = self.0.iter().find(|(found, _)| found == name);
        program.map(|(_, path)| path.clone()).ok_or_else(|| Failure::new(format!("cargo did not build {name}")))
    }
}

/// Returns true if a line that cargo prints is about its progress: `   Compiling syn v2.0.0`, with the verb
/// right-aligned in 12 columns.
fn is_status(line: &str) -> bool {
    line.split_at_checked(12).is_some_and(|(verb, rest)| {
        let verb = verb.trim_start();
        rest.starts_with(' ') && verb.starts_with(char::is_uppercase) && verb.chars().all(char::is_alphabetic)
    })
}

/// Returns the name and the path of the program in a message of cargo about a built program; `None` for other messages.
fn program(message: &str) -> Option<(String, PathBuf)> {
    let message: Value = serde_json::from_str(message).ok()?;
    if message["reason"] != "compiler-artifact" {
        return None;
    }
    let path = message["executable"].as_str()?;
    Some((message["target"]["name"].as_str()?.to_owned(), path.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_with_a_verb_are_status_and_all_others_are_diagnostics() {
        for status in ["   Compiling syn v2.0.119", "    Blocking waiting for file lock", "  Downloaded nix v0.31.4"] {
            assert!(is_status(status), "{status}");
        }
        for line in [
            "error: this file contains",
            "  --> client/src/main.rs:13:14",
            "   |",
            "13 | fn broken( {",
            "",
            "warning: unused",
        ] {
            assert!(!is_status(line), "{line}");
        }
    }

    #[test]
    fn only_messages_about_built_programs_contain_a_program() {
        let built = r#"{"reason":"compiler-artifact","target":{"kind":["bin"],"name":"launcelot-lab"},
            "executable":"/elsewhere/x86_64-unknown-linux-gnu/demo/launcelot-lab","fresh":true}"#;
        let expected = ("launcelot-lab".to_owned(), "/elsewhere/x86_64-unknown-linux-gnu/demo/launcelot-lab".into());
        assert_eq!(program(built), Some(expected));
        for other in [
            r#"{"reason":"compiler-artifact","target":{"kind":["lib"],"name":"syn"},"executable":null}"#,
            r#"{"reason":"build-finished","success":true}"#,
            "text",
        ] {
            assert_eq!(program(other), None, "{other}");
        }
    }
}
