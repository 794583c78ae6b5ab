//! What the test of the real SSH tunnel needs: OpenSSH and its server, found or installed.
//!
//! Unlike a browser it is not missed: where it is not to be had, that one test is left out, and this is said.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::packages;
use crate::progress::Progress;
use crate::workspace::Workspace;

/// What Debian calls them.
const PACKAGES: [&str; 2] = ["openssh-server", "openssh-client"];

/// Where systemd runs, Debian's package of the server starts it for everybody who can reach the machine.
const SYSTEMD: &str = "/run/systemd/system";

/// The test that needs them.
const TEST: &str = "the_questions_are_answered_through_a_real_ssh_tunnel";

/// OpenSSH, or why it is not there.
#[derive(Debug)]
pub(crate) enum OpenSsh {
    /// Both programs.
    There {
        /// The server. It wants to be started by its whole path.
        sshd: PathBuf,
        /// The client.
        ssh: PathBuf,
    },
    /// Why not, and what to type.
    Missing(String),
}

impl OpenSsh {
    /// Finds it, or installs it where this user may and it would not begin to serve the whole network.
    pub(crate) fn look(workspace: &Workspace, progress: &Progress) -> Self {
        if let Some(there) = find(workspace) {
            return there;
        }
        if Path::new(SYSTEMD).exists() {
            return Self::Missing(format!(
                "OpenSSH's server is not there, and installing it starts it as a service, which is yours to decide; type: \
                 sudo apt-get install --yes {}",
                PACKAGES.join(" ")
            ));
        }
        match packages::install(workspace, progress, &PACKAGES, "one test goes through a real SSH tunnel") {
            Ok(()) => {
                find(workspace).unwrap_or_else(|| Self::Missing("it was installed, but is not on the path".to_owned()))
            }
            Err(failure) => Self::Missing(failure.to_string()),
        }
    }

    /// Tells the tests where it is, or leaves out the one that needs it.
    pub(crate) fn tell(&self, tests: &mut Command) {
        match self {
            Self::There { sshd, ssh } => tests.env("LAUNCELOT_SSHD", sshd).env("LAUNCELOT_SSH", ssh),
            Self::Missing(_) => tests.args(["--skip", TEST]),
        };
    }

    /// What was skipped, if anything was.
    pub(crate) fn skipped(&self) -> Option<String> {
        match self {
            Self::There { .. } => None,
            Self::Missing(why) => Some(format!("1 test was skipped, {TEST}: {why}")),
        }
    }
}

fn find(workspace: &Workspace) -> Option<OpenSsh> {
    // Where Debian has the server, common users do not look for programs.
    let sshd = workspace
        .find_program("sshd")
        .or_else(|| Some("/usr/sbin/sshd".into()).filter(|path: &PathBuf| path.is_file()));
    Some(OpenSsh::There { sshd: sshd?, ssh: workspace.find_program("ssh")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_skipped_is_said_and_skipped() {
        let mut tests = Command::new("cargo");
        let missing = OpenSsh::Missing("type: apt-get install openssh-server".to_owned());
        missing.tell(&mut tests);
        assert_eq!(tests.get_args().collect::<Vec<_>>(), ["--skip", TEST]);
        let said = missing.skipped().unwrap();
        assert!(said.starts_with("1 test was skipped") && said.ends_with("openssh-server"), "{said}");
        let there = OpenSsh::There { sshd: "/usr/sbin/sshd".into(), ssh: "/usr/bin/ssh".into() };
        assert_eq!(there.skipped(), None);
    }

    #[test]
    fn the_test_that_may_be_skipped_is_there() {
        assert!(include_str!("../../lab/tests/ssh.rs").contains(&format!("async fn {TEST}()")));
    }
}
