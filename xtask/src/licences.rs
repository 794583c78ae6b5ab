//! Licences, advisories and duplicates of the dependencies, by cargo-deny where it is installed (`deny.toml`).

use crate::command::output_of;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::requirements::Skips;
use crate::workspace::{Workspace, find_program};

/// Checks what can be checked without a network; advisories only where their database can be fetched.
pub(crate) fn check(workspace: &Workspace, progress: &Progress, skips: &mut Skips) -> Result<(), Failure> {
    let Some(deny) = find_program("cargo-deny") else {
        skips.check(
            "licences, advisories and duplicates",
            "cargo-deny is missing; type: cargo install cargo-deny".to_owned(),
        );
        return Ok(());
    };
    let command = |arguments: &[&str]| {
        let mut command = workspace.command(&deny);
        command.args(arguments);
        command
    };
    if let Err(failure) = output_of(command(&["fetch", "db"])) {
        skips.check("advisories", format!("their database cannot be fetched ({failure})"));
        return progress.run("cargo deny", command(&["--offline", "check", "licenses", "bans", "sources"]));
    }
    progress.run("cargo deny", command(&["check"]))
}
