//! Where things are in this workspace, and programs started in it.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{Attempt, Failure};

/// The folders of the workspace.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// Where the root `Cargo.toml` is.
    pub(crate) root: PathBuf,
    /// Cargo's target folder.
    pub(crate) target: PathBuf,
}

impl Workspace {
    /// The workspace that this program was built from, and the target folder that it was built into.
    pub(crate) fn find() -> Result<Self, Failure> {
        // Cargo says at run time where the crate is; the compiled-in place serves a start by hand.
        let here = env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
        let root = here.parent().unwrap_or(&here).to_owned();
        // This program is TARGET/debug/xtask.
        let program = env::current_exe().attempt(|| "cannot find this program's own place".to_owned())?;
        let target = program.ancestors().nth(2).map_or_else(|| root.join("target"), Path::to_owned);
        Ok(Self { root, target })
    }

    /// Where tools are installed. Ignored by git; deleting it undoes every installation.
    pub(crate) fn tools(&self) -> PathBuf {
        self.root.join(".tools")
    }

    /// The finished page.
    pub(crate) fn page(&self) -> PathBuf {
        self.target.join("page")
    }

    /// A command run at the workspace's top, with the workspace's own tools first on its path.
    pub(crate) fn command(&self, program: impl Into<OsString>) -> Command {
        let mut command = Command::new(program.into());
        command.current_dir(&self.root);
        // A path that cannot be joined has a separator inside; then the children's path is ours.
        if let Ok(path) = env::join_paths(self.path()) {
            command.env("PATH", path);
        }
        command
    }

    /// The cargo that runs this program.
    pub(crate) fn cargo(&self) -> Command {
        self.command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
    }

    /// The program of this name that a command of this workspace would find.
    pub(crate) fn find_program(&self, name: &str) -> Option<PathBuf> {
        self.path().map(|folder| folder.join(name)).find(|path| is_program(path))
    }

    /// Where cargo puts a program of this workspace that it builds for release.
    pub(crate) fn released(&self, name: &str) -> PathBuf {
        self.target.join("release").join(name)
    }

    /// Waits until no other chore installs or builds here; others wait until the result is dropped.
    pub(crate) fn lock(&self) -> Result<File, Failure> {
        let path = self.target.join("xtask.lock");
        let cannot = || format!("cannot lock {}", path.display());
        fs::create_dir_all(&self.target).attempt(cannot)?;
        let file = File::create(&path).attempt(cannot)?;
        if file.try_lock().is_err() {
            eprintln!("  waiting for another cargo xtask to finish …");
            file.lock().attempt(cannot)?;
        }
        Ok(file)
    }

    fn path(&self) -> impl Iterator<Item = PathBuf> {
        let path = env::var_os("PATH").unwrap_or_default();
        let folders: Vec<PathBuf> = env::split_paths(&path).collect();
        [self.tools().join("bin")].into_iter().chain(folders)
    }
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}
