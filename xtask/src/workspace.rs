//! Where things are in this workspace, and programs started in it.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::command::output_of;
use crate::failure::{Context, Failure};

/// The folders of the workspace.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// Where the root `Cargo.toml` is.
    pub(crate) root: PathBuf,
    /// Cargo's target folder.
    pub(crate) target: PathBuf,
}

impl Workspace {
    /// Asks cargo, in the folder that this program was started in: a relative `CARGO_TARGET_DIR` counts from there.
    pub(crate) fn find() -> Result<Self, Failure> {
        // Cargo says at run time where this crate is; the compiled-in place serves a start by hand.
        let here = env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
        let mut metadata = Command::new(cargo());
        metadata.args(["metadata", "--no-deps", "--format-version", "1", "--manifest-path"]);
        metadata.arg(here.join("Cargo.toml"));
        let output = output_of(metadata)?;
        let metadata: Value = serde_json::from_str(&output)
            .map_err(|error| Failure::new(format!("cannot read what `cargo metadata` printed: {error}")))?;
        let folder = |name: &str| {
            let folder = metadata[name].as_str().map(PathBuf::from);
            folder.ok_or_else(|| Failure::new(format!("`cargo metadata` printed no {name}")))
        };
        Ok(Self { root: folder("workspace_root")?, target: folder("target_directory")? })
    }

    /// The page for release. That of the demo is another, so that neither is built again for the other.
    pub(crate) fn page(&self) -> PathBuf {
        self.target.join("page")
    }

    /// The demo's page, which is neither optimized nor compressed.
    pub(crate) fn demo_page(&self) -> PathBuf {
        self.target.join("demo-page")
    }

    /// A command run at the workspace's top.
    pub(crate) fn command(&self, program: impl Into<OsString>) -> Command {
        let mut command = Command::new(program.into());
        command.current_dir(&self.root);
        command
    }

    /// A cargo command. On CI the lock file must be complete.
    pub(crate) fn cargo(&self, subcommand: &str) -> Command {
        let mut command = self.command(cargo());
        command.arg(subcommand).env("CARGO_TARGET_DIR", &self.target);
        if is_ci() && subcommand != "fmt" {
            command.arg("--locked");
        }
        command
    }

    /// Waits until no other chore builds a page here; others wait until the result is dropped.
    pub(crate) fn lock(&self) -> Result<File, Failure> {
        lock(&self.target.join("xtask.lock"))
    }
}

/// Locks a file, which is created if need be, until the result is dropped.
pub(crate) fn lock(path: &Path) -> Result<File, Failure> {
    let cannot = || format!("cannot lock {}", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).context(cannot)?;
    }
    let file = File::create(path).context(cannot)?;
    if file.try_lock().is_err() {
        eprintln!("  waiting for another cargo xtask to finish …");
        file.lock().context(cannot)?;
    }
    Ok(file)
}

/// Whether this runs as continuous integration.
pub(crate) fn is_ci() -> bool {
    env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false")
}

/// The program of this name on the path.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).map(|folder| folder.join(name)).find(|path| is_program(path))
}

/// Whether a file is there that may be executed.
pub(crate) fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

/// The cargo that runs this program.
fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}
