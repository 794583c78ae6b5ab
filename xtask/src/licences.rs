//! Checks the dependencies' licences, advisories and duplicates with cargo-deny, where it is installed (`deny.toml`).

use crate::command::output_of;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::requirements::Skips;
use crate::workspace::{Workspace, find_program};

/// Runs cargo-deny. Without a network, advisories are skipped, because their database cannot be fetched.
pub(crate) fn check(workspace: &Workspace, progress: &Progress, skips: &mut Skips) -> Result<(), Failure> {
    let Some(deny) = find_program("cargo-deny") else {
        skips.add_check(
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
        skips.add_check("advisories", format!("cannot fetch their database: {failure}"));
        return progress.run("cargo deny", command(&["--offline", "check", "licenses", "bans", "sources"]));
    }
    progress.run("cargo deny", command(&["check"]))
}
