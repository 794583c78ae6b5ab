//! Packages of the system, for the tests only: installed where this user may.

use std::process::Command;

use crate::command::{Failure, output_of};
use crate::progress::Progress;
use crate::workspace::Workspace;

/// Installs packages of Debian or one of its kin, or says what to type. `why` they are needed is
/// a clause such as `the tests drive a browser`.
pub(crate) fn install(workspace: &Workspace, progress: &Progress, packages: &[&str], why: &str) -> Result<(), Failure> {
    let names = packages.join(" ");
    let Some(apt) = workspace.find_program("apt-get") else {
        return Err(Failure::new(format!("{why}: install what Debian calls {names}, then try again")));
    };
    let Some(rights) = rights(workspace) else {
        let by_hand = format!("sudo apt-get update && sudo apt-get install --yes {names}");
        return Err(Failure::new(format!("{why}, and this user may not install packages; type: {by_hand}")));
    };
    let command = |arguments: &[&str]| {
        let mut command = match rights {
            Rights::Root => workspace.command(&apt),
            Rights::Sudo => workspace.command("sudo"),
        };
        if let Rights::Sudo = rights {
            // It does not pass the environment on.
            command.args(["-n", "env", "DEBIAN_FRONTEND=noninteractive"]).arg(&apt);
        }
        command.env("DEBIAN_FRONTEND", "noninteractive").args(arguments);
        command
    };
    eprintln!("Installing Debian packages, because {why} (about a minute): {names}");
    progress.run("package lists", command(&["update"]))?;
    let install: Vec<&str> = ["install", "--yes", "--no-install-recommends"].iter().chain(packages).copied().collect();
    progress.run(&names, command(&install))
}

#[derive(Clone, Copy)]
enum Rights {
    Root,
    Sudo,
}

/// How this user may install packages, without being asked for a password.
fn rights(workspace: &Workspace) -> Option<Rights> {
    let says = |program: &str, arguments: &[&str]| {
        let mut command: Command = workspace.command(program);
        command.args(arguments);
        output_of(command)
    };
    if says("id", &["-u"]).is_ok_and(|id| id.trim() == "0") {
        return Some(Rights::Root);
    }
    says("sudo", &["-n", "true"]).is_ok().then_some(Rights::Sudo)
}
