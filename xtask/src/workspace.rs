//! The folders of this workspace, and commands started in it.

use std::collections::BTreeSet;
use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::command::output_of;
use crate::failure::{Context, Failure};

/// The environment variable that decides whether cargo compiles incrementally.
const INCREMENTAL_VARIABLE: &str = "CARGO_INCREMENTAL";

/// The folders of the workspace.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// The folder of the root `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Cargo's target folder.
    pub(crate) target: PathBuf,
    /// The names of all integration tests.
    pub(crate) integration_tests: BTreeSet<String>,
    /// Whether the target folder had nothing of this workspace when this program started.
    is_first_build: bool,
}

impl Workspace {
    /// Finds the folders with `cargo metadata`. Cargo runs in the current folder, because a relative `CARGO_TARGET_DIR`
    /// refers to it.
    pub(crate) fn find() -> Result<Self, Failure> {
        // `cargo run` sets the variable. If the program is started by hand, the path from its compilation is used.
        let here = env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
        let mut metadata = Command::new(cargo());
        metadata.args(["metadata", "--no-deps", "--format-version", "1", "--manifest-path"]);
        metadata.arg(here.join("Cargo.toml"));
        let output = output_of(metadata)?;
        let metadata: Value = serde_json::from_str(&output)
            .map_err(|error| Failure::new(format!("cannot parse the output of `cargo metadata`: {error}")))?;
        let folder = |name: &str| {
            let folder = metadata[name].as_str().map(PathBuf::from);
            folder.ok_or_else(|| Failure::new(format!("the output of `cargo metadata` has no {name}")))
        };
        let target = folder("target_directory")?;
        Ok(Self {
            root: folder("workspace_root")?,
            is_first_build: !has_library(&target),
            target,
            integration_tests: integration_tests(&metadata),
        })
    }

    /// Returns the folder of the page's release build. The demo's page has its own, so that neither replaces the other.
    pub(crate) fn page(&self) -> PathBuf {
        self.target.join("page")
    }

    /// Returns the folder of the demo's page, which is neither optimized nor compressed.
    pub(crate) fn demo_page(&self) -> PathBuf {
        self.target.join("demo-page")
    }

    /// Makes a command that runs in the workspace's root.
    pub(crate) fn command(&self, program: impl Into<OsString>) -> Command {
        let mut command = Command::new(program.into());
        command.current_dir(&self.root);
        command
    }

    /// Makes a cargo command. On CI it fails if the lock file is not up to date.
    pub(crate) fn cargo(&self, subcommand: &str) -> Command {
        self.with_subcommand(self.command(cargo()), subcommand)
    }

    /// Like [`cargo`](Self::cargo), but with the lowest priority: it takes the processor time that other processes leave.
    pub(crate) fn cargo_with_low_priority(&self, subcommand: &str) -> Command {
        let mut command = self.command("nice");
        command.args(["-n", "19"]).arg(cargo());
        self.with_subcommand(command, subcommand)
    }

    fn with_subcommand(&self, mut command: Command, subcommand: &str) -> Command {
        command.arg(subcommand).env("CARGO_TARGET_DIR", &self.target);
        if self.is_first_build && env::var_os(INCREMENTAL_VARIABLE).is_none() {
            // Preparing for the next build costs a tenth of the time, and cargo does that when something has changed.
            command.env(INCREMENTAL_VARIABLE, "0");
        }
        if is_ci() && subcommand != "fmt" {
            command.arg("--locked");
        }
        command
    }

    /// Waits until no other thread or process builds a page, and keeps others from building one until the returned file
    /// is dropped.
    pub(crate) fn lock(&self) -> Result<File, Failure> {
        lock(&self.target.join("xtask.lock"))
    }
}

/// Whether a target folder has a library of this workspace. `xtask` itself, which has been compiled, has none.
fn has_library(target: &Path) -> bool {
    let files = fs::read_dir(target.join("debug/deps")).into_iter().flatten().flatten();
    files.into_iter().any(|file| file.file_name().to_string_lossy().starts_with("liblauncelot_"))
}

/// Returns the names of the integration tests in the output of `cargo metadata`.
fn integration_tests(metadata: &Value) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        for target in package["targets"].as_array().into_iter().flatten() {
            if target["kind"][0] == "test" {
                names.extend(target["name"].as_str().map(str::to_owned));
            }
        }
    }
    names
}

/// Creates a file if it is missing, and locks it until the returned file is dropped. Waits if another process has
/// locked it.
pub(crate) fn lock(path: &Path) -> Result<File, Failure> {
    let cannot_lock = || format!("cannot lock {}", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).context(cannot_lock)?;
    }
    let file = File::create(path).context(cannot_lock)?;
    if file.try_lock().is_err() {
        eprintln!("  waiting for another cargo xtask to finish …");
        file.lock().context(cannot_lock)?;
    }
    Ok(file)
}

/// Returns whether this runs as continuous integration.
pub(crate) fn is_ci() -> bool {
    env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false")
}

/// Finds a program on the `PATH`.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).map(|folder| folder.join(name)).find(|path| is_program(path))
}

/// Returns whether a path is an executable file.
pub(crate) fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

/// Returns the cargo that runs this program.
fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}
