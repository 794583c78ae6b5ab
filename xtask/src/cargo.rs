//! What cargo builds, and where it says that it put it.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::command::{self, Failure};
use crate::progress::Progress;

/// The programs that a build made, or found up to date.
#[derive(Debug)]
pub(crate) struct Programs(Vec<(String, PathBuf)>);

impl Programs {
    /// Runs a `cargo build`. The target folder, the profile's folder and the target triple are cargo's to know, from the
    /// environment and from any of its configuration files, so it is asked for the path of each program.
    pub(crate) fn build(progress: &Progress, mut cargo: Command, say: &dyn Fn(&str)) -> Result<Self, Failure> {
        cargo.arg("--message-format=json-render-diagnostics");
        let heard = (!progress.is_verbose()).then_some(say);
        let messages = command::run_for_output(cargo, heard)?;
        Ok(Self(messages.lines().filter_map(program).collect()))
    }

    /// The path of a program.
    pub(crate) fn path(&self, name: &str) -> Result<PathBuf, Failure> {
        let program = self.0.iter().find(|(found, _)| found == name);
        program.map(|(_, path)| path.clone()).ok_or_else(|| Failure::new(format!("cargo built no program {name}")))
    }
}

/// The name and path in a message about a program that was built.
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
    fn only_messages_about_programs_name_one() {
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
