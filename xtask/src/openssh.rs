//! What the test of the real SSH tunnel needs: OpenSSH and its server, found or installed.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;
use crate::packages;
use crate::progress::Progress;
use crate::workspace::{Workspace, find_program, is_program};

/// What Debian calls them.
const PACKAGES: [&str; 2] = ["openssh-server", "openssh-client"];

/// Where systemd runs, Debian's package of the server starts it for everybody who can reach the machine.
const SYSTEMD: &str = "/run/systemd/system";

/// Where Debian has the server. It is not on the path of common users.
const SSHD: &str = "/usr/sbin/sshd";

/// OpenSSH's programs.
#[derive(Debug)]
pub(crate) struct OpenSsh {
    /// The server. It wants to be started by its whole path.
    sshd: PathBuf,
    /// The client.
    ssh: PathBuf,
}

impl OpenSsh {
    /// Finds both. With `install`, installs them where this user may and no service would begin to listen.
    pub(crate) fn find(workspace: &Workspace, progress: &Progress, install: bool) -> Result<Self, Failure> {
        if let Some(openssh) = Self::on_this_machine() {
            return Ok(openssh);
        }
        let starts_service = Path::new(SYSTEMD).exists();
        if install && starts_service {
            return Err(Failure::new(format!(
                "OpenSSH's server is missing, and installing it would start it as a service; type: \
                 sudo apt-get install --yes {}",
                PACKAGES.join(" ")
            )));
        }
        packages::require(workspace, progress, &PACKAGES, "one test goes through a real SSH tunnel", install)?;
        Self::on_this_machine().ok_or_else(|| Failure::new("OpenSSH was installed, but is not on the path"))
    }

    fn on_this_machine() -> Option<Self> {
        let sshd = find_program("sshd").or_else(|| Some(SSHD.into()).filter(|path: &PathBuf| is_program(path)));
        Some(Self { sshd: sshd?, ssh: find_program("ssh")? })
    }

    /// Tells a test where both are.
    pub(crate) fn describe_to(&self, tests: &mut Command) {
        tests.env("LAUNCELOT_SSHD", &self.sshd).env("LAUNCELOT_SSH", &self.ssh);
    }
}
