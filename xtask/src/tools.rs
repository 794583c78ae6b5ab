//! Tools beside cargo: trunk for working on the page, wasm-opt for a smaller page, axe-core for the tests.
//!
//! They are installed per user, each version into a folder of its own, so that a second clone finds them (`install`).

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::output_of;
use crate::failure::{Context, Failure};
use crate::versions;
use crate::workspace::{Workspace, find_program, is_program};

/// What the page is compiled for.
pub(crate) const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// The trunks that are good enough when they are on the path already.
const GOOD_TRUNKS: [&str; 2] = ["0.21.", "0.22."];

/// The oldest Node that runs what comes from npm.
pub(crate) const NODE_MAJOR_MIN: u32 = 18;

/// A tool that can be installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    /// Builds the page at every change and serves it.
    Trunk,
    /// What trunk joins Rust to JavaScript with.
    WasmBindgen,
    /// Makes WebAssembly smaller.
    WasmOpt,
    /// Finds what keeps people with a screen reader or a keyboard out of a page.
    Axe,
}

impl Tool {
    /// What `cargo xtask tools` is about. axe-core is for the tests only.
    pub(crate) const FOR_THE_PAGE: [Self; 3] = [Self::Trunk, Self::WasmBindgen, Self::WasmOpt];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Trunk => "trunk",
            Self::WasmBindgen => "wasm-bindgen",
            Self::WasmOpt => "wasm-opt",
            Self::Axe => "axe-core",
        }
    }

    /// The package that the tool comes in.
    pub(crate) fn package(self) -> &'static str {
        match self {
            Self::Trunk => "trunk",
            Self::WasmBindgen => "wasm-bindgen-cli",
            Self::WasmOpt => "binaryen",
            Self::Axe => "axe-core",
        }
    }

    pub(crate) fn is_from_npm(self) -> bool {
        matches!(self, Self::WasmOpt | Self::Axe)
    }

    /// The version to install. wasm-bindgen's command line must be of the version of the crate.
    pub(crate) fn version(self, workspace: &Workspace) -> Result<String, Failure> {
        Ok(match self {
            // The newest that Rust 1.95 compiles.
            Self::Trunk => "0.21.14".to_owned(),
            Self::WasmBindgen => {
                let path = workspace.root.join("Cargo.lock");
                let lock_file = fs::read_to_string(&path).context(|| format!("cannot read {}", path.display()))?;
                let version = versions::locked(&lock_file, "wasm-bindgen");
                version.ok_or_else(|| Failure::new("Cargo.lock names no wasm-bindgen"))?.to_owned()
            }
            Self::WasmOpt => "132.0.0".to_owned(),
            Self::Axe => "4.14.1".to_owned(),
        })
    }

    /// How long installing it takes, measured on two processors.
    pub(crate) fn duration(self) -> &'static str {
        match self {
            Self::Trunk => "3 to 4 minutes",
            Self::WasmBindgen => "1 to 2 minutes",
            Self::WasmOpt | Self::Axe => "a few seconds",
        }
    }

    /// The tool's program or script inside the folder that it is installed into.
    fn file(self, folder: &Path) -> PathBuf {
        match self {
            Self::Trunk | Self::WasmBindgen => folder.join("bin").join(self.name()),
            Self::WasmOpt => folder.join("node_modules/binaryen/bin/wasm-opt"),
            Self::Axe => folder.join("node_modules/axe-core/axe.min.js"),
        }
    }

    /// Whether a version on the path is as good as the one that would be installed.
    fn is_good(self, found: &str, wanted: &str) -> bool {
        match self {
            Self::Trunk => GOOD_TRUNKS.iter().any(|good| found.starts_with(good)),
            Self::WasmBindgen | Self::WasmOpt | Self::Axe => found == wanted,
        }
    }
}

/// Whether a tool is there.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// At this path, and it runs.
    There(PathBuf),
    /// Not there.
    Missing,
    /// There, but it does not run, for this reason.
    Broken(String),
}

impl Found {
    /// The path of a tool that is there and runs.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::There(path) => Some(path),
            Self::Missing | Self::Broken(_) => None,
        }
    }
}

/// Looks for a tool: where it would be installed, then on the path.
pub(crate) fn look(workspace: &Workspace, tool: Tool) -> Result<Found, Failure> {
    let version = tool.version(workspace)?;
    let installed = tool.file(&folder(tool, &version)?);
    if tool == Tool::Axe {
        return Ok(if installed.is_file() { Found::There(installed) } else { Found::Missing });
    }
    if is_program(&installed) {
        return Ok(match says_version(&installed) {
            Ok(_) => Found::There(installed),
            Err(failure) => Found::Broken(failure.to_string()),
        });
    }
    // wasm-opt is only used in one version: the page's limit of size depends on it.
    let Some(on_path) = find_program(tool.name()).filter(|_| !tool.is_from_npm()) else { return Ok(Found::Missing) };
    let is_good = says_version(&on_path).is_ok_and(|found| tool.is_good(&found, &version));
    Ok(if is_good { Found::There(on_path) } else { Found::Missing })
}

/// The version that a program says it is. A program that does not run says none.
fn says_version(program: &Path) -> Result<String, Failure> {
    let mut command = Command::new(program);
    command.arg("--version");
    let text = output_of(command)?;
    let version = versions::said(&text).map(ToOwned::to_owned);
    version.ok_or_else(|| Failure::new(format!("{} does not say its version: `{}`", program.display(), text.trim())))
}

/// Why nothing can be installed from npm, if so.
pub(crate) fn npm_is_missing() -> Option<String> {
    if find_program("npm").is_none() {
        return Some("there is no npm".to_owned());
    }
    let node = find_program("node").and_then(|node| says_version_of_node(&node));
    match node {
        Some(major) if major >= NODE_MAJOR_MIN => None,
        Some(major) => Some(format!("Node is version {major}, older than {NODE_MAJOR_MIN}")),
        None => Some("there is no Node that runs".to_owned()),
    }
}

fn says_version_of_node(node: &Path) -> Option<u32> {
    let mut command = Command::new(node);
    command.arg("--version");
    versions::major(output_of(command).ok()?.trim().strip_prefix('v')?)
}

/// Prints what is there and what is missing. Returns whether everything is there.
pub(crate) fn print(workspace: &Workspace) -> Result<bool, Failure> {
    let mut is_complete = true;
    for tool in Tool::FOR_THE_PAGE {
        let found = look(workspace, tool)?;
        is_complete &= found.path().is_some();
        let state = match &found {
            Found::There(path) => path.display().to_string(),
            Found::Missing => "missing".to_owned(),
            Found::Broken(why) => format!("does not run: {why}"),
        };
        println!("{:<24}{state}", format!("{} {}", tool.name(), tool.version(workspace)?));
    }
    Ok(is_complete)
}

/// The folders of trunk and of the wasm-bindgen that it calls, as the beginning of a `PATH`.
pub(crate) fn path_for_trunk(workspace: &Workspace) -> Result<String, Failure> {
    let mut folders = Vec::new();
    for tool in [Tool::Trunk, Tool::WasmBindgen] {
        if let Some(folder) = look(workspace, tool)?.path().and_then(Path::parent) {
            folders.push(folder.display().to_string());
        }
    }
    Ok(folders.join(":"))
}

/// The folder of one version of a tool.
pub(crate) fn folder(tool: Tool, version: &str) -> Result<PathBuf, Failure> {
    Ok(cache()?.join(format!("{}-{version}", tool.name())))
}

/// Where this user's programs keep what can be had again (XDG Base Directory Specification).
pub(crate) fn cache() -> Result<PathBuf, Failure> {
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = cache.or_else(|| Some(env::home_dir()?.join(".cache")));
    cache.map(|cache| cache.join("launcelot")).ok_or_else(|| Failure::new("this user has no home folder for tools"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_trunk_of_the_two_series_is_good_and_other_tools_must_be_of_one_version() {
        let cases = [
            (Tool::Trunk, "0.21.0", true),
            (Tool::Trunk, "0.22.3", true),
            (Tool::Trunk, "0.20.3", false),
            (Tool::Trunk, "0.2.1", false),
            (Tool::WasmBindgen, "0.2.130", true),
            (Tool::WasmBindgen, "0.2.129", false),
        ];
        for (tool, version, good) in cases {
            assert_eq!(tool.is_good(version, "0.2.130"), good, "{tool:?} {version}");
        }
    }

    #[test]
    fn a_program_that_does_not_run_says_no_version_but_why() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("wasm-opt");
        let says = |script: &str| {
            // Written by another process: a file that is open for writing in any process cannot be executed, and what
            // another test starts meanwhile would inherit it.
            let write = "printf '#!/bin/sh\n%s\n' \"$1\" > \"$0\" && chmod 755 \"$0\"";
            assert!(Command::new("sh").args(["-c", write]).arg(&program).arg(script).status().unwrap().success());
            says_version(&program).map_err(|failure| failure.to_string())
        };
        assert_eq!(says("echo wasm-opt version 132"), Ok("132".to_owned()));
        assert_eq!(says("exit 1"), Err("`wasm-opt --version` failed (exit status: 1)".to_owned()));
        assert!(says("echo spam").unwrap_err().ends_with("does not say its version: `spam`"));
    }
}
