//! System packages for the tests, installed on request as far as this user may.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::command::output_of;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::workspace::{Workspace, find_program};

/// Installs packages on Debian and its derivatives, if `install` is set and this user may; otherwise fails with the
/// command to type. `why` is a clause such as `the tests drive a browser`.
pub(crate) fn require(
    workspace: &Workspace,
    progress: &Progress,
    packages: &[&str],
    why: &str,
    install: bool,
) -> Result<(), Failure> {
    let names = packages.join(" ");
    let Some(apt) = find_program("apt-get") else {
        return Err(Failure::new(format!("{why}: install the equivalents of Debian's {names}")));
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
            // sudo does not pass the environment on.
            command.args(["-n", "env", "DEBIAN_FRONTEND=noninteractive"]).arg(&apt);
        }
        command.env("DEBIAN_FRONTEND", "noninteractive").args(arguments);
        command
    };
    eprintln!("Installing Debian packages, because {why} (about a minute): {names}");
    progress.run("package lists", command(&["update"]))?;
    let mut install = command(&["install", "--yes", "--no-install-recommends"]);
    install.args(packages);
    progress.run(&names, install)
}

/// A folder that exists where systemd runs. There, installing Debian's package of a server starts it as a service, which
/// others on the network may reach.
const SYSTEMD: &str = "/run/systemd/system";

/// Like [`require`], for packages of servers: installs them only where that does not start a service.
pub(crate) fn require_without_services(
    workspace: &Workspace,
    progress: &Progress,
    packages: &[&str],
    why: &str,
    install: bool,
) -> Result<(), Failure> {
    if install && Path::new(SYSTEMD).exists() {
        let names = packages.join(" ");
        return Err(Failure::new(format!(
            "{why}, but installing {names} would start services; type: sudo apt-get install --yes {names}"
        )));
    }
    require(workspace, progress, packages, why, install)
}

/// Returns the distribution's name in os-release(5): `debian`, `ubuntu`, `fedora`; empty if there is none.
pub(crate) fn distribution() -> String {
    let os_release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    id_in(&os_release).to_owned()
}

fn id_in(os_release: &str) -> &str {
    os_release.lines().find_map(|line| line.strip_prefix("ID=")).unwrap_or_default().trim_matches(['"', '\''])
}

#[derive(Clone, Copy)]
enum Rights {
    Root,
    Sudo,
}

/// Returns how this user may install packages without a password; `None` if not at all.
fn rights(workspace: &Workspace) -> Option<Rights> {
    let output = |program: &str, arguments: &[&str]| {
        let mut command: Command = workspace.command(program);
        command.args(arguments);
        output_of(command)
    };
    if output("id", &["-u"]).is_ok_and(|id| id.trim() == "0") {
        return Some(Rights::Root);
    }
    output("sudo", &["-n", "true"]).is_ok().then_some(Rights::Sudo)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_found_in_os_release() {
        let debian = "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID=\"12\"\nID=debian\n";
        let cases = [(debian, "debian"), ("ID_LIKE=debian\nID=\"ubuntu\"\n", "ubuntu"), ("", "")];
        for (text, id) in cases {
            assert_eq!(id_in(text), id);
        }
    }
}
