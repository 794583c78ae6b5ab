//! OpenSSH's client and server for the test of a real SSH tunnel: found, or installed on request.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;
use crate::packages;
use crate::progress::Progress;
use crate::workspace::{Workspace, find_program, is_program};

/// Debian's packages.
const PACKAGES: [&str; 2] = ["openssh-server", "openssh-client"];

/// Debian's path of the server, which is not on the `PATH` of common users.
const SSHD: &str = "/usr/sbin/sshd";

/// The paths of OpenSSH's programs.
#[derive(Debug)]
pub(crate) struct OpenSsh {
    /// The absolute path of sshd, which refuses to be started by a relative path.
    sshd: PathBuf,
    ssh: PathBuf,
}

impl OpenSsh {
    /// Finds `ssh` and `sshd`. With `install`, installs them, as far as this user may and no service would start.
    pub(crate) fn find(workspace: &Workspace, progress: &Progress, install: bool) -> Result<Self, Failure> {
        if let Some(openssh) = Self::on_this_machine() {
            return Ok(openssh);
        }
        let why = "some tests go through a real SSH server";
        packages::require_without_services(workspace, progress, &PACKAGES, why, install)?;
        Self::on_this_machine().ok_or_else(|| Failure::new("OpenSSH was installed, but is not on the path"))
    }

    fn on_this_machine() -> Option<Self> {
        let ssh = find_program("ssh")?;
        let sshd = match find_program("sshd") {
            Some(sshd) => sshd,
            None if is_program(Path::new(SSHD)) => SSHD.into(),
            None => return None,
        };
        Some(Self { sshd, ssh })
    }

    /// Passes the paths to a test.
    pub(crate) fn set_env(&self, tests: &mut Command) {
        tests.env("LAUNCELOT_SSHD", &self.sshd).env("LAUNCELOT_SSH", &self.ssh);
    }
}
