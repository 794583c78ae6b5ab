//! Packages of the system, for the tests only: installed on request, where this user may.

use std::fs;
use std::process::Command;

use crate::command::output_of;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::workspace::{Workspace, find_program};

/// Installs packages of Debian or one of its kin if `install` is set and this user may; otherwise fails with the command
/// to type. `why` they are needed is a clause such as `the tests drive a browser`.
pub(crate) fn require(
    workspace: &Workspace,
    progress: &Progress,
    packages: &[&str],
    why: &str,
    install: bool,
) -> Result<(), Failure> {
    let names = packages.join(" ");
    let Some(apt) = find_program("apt-get") else {
        return Err(Failure::new(format!("{why}: install what Debian calls {names}, then try again")));
    };
    if !install {
        return Err(Failure::new(format!("{why}; type: cargo xtask test --install, or apt-get install {names}")));
    }
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

/// Which Linux this is, as os-release(5) calls it: `debian`, `ubuntu`, `fedora`; empty if it does not say.
pub(crate) fn distribution() -> String {
    let says = fs::read_to_string("/etc/os-release").unwrap_or_default();
    id_in(&says).to_owned()
}

fn id_in(os_release: &str) -> &str {
    os_release.lines().find_map(|line| line.strip_prefix("ID=")).unwrap_or_default().trim_matches(['"', '\''])
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distribution_says_its_name() {
        let debian = "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID=\"12\"\nID=debian\n";
        let cases = [(debian, "debian"), ("ID_LIKE=debian\nID=\"ubuntu\"\n", "ubuntu"), ("", "")];
        for (text, id) in cases {
            assert_eq!(id_in(text), id);
        }
    }
}
