//! Tools besides cargo: trunk for working on the page, wasm-opt and esbuild for a smaller page, geckodriver, axe-core and
//! clients of WebSockets for the tests.
//!
//! The tools are installed per user, each version into a folder of its own, where every clone of the repository finds
//! it ([`crate::install`]).

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::output_of;
use crate::failure::{Context, Failure};
use crate::output;
use crate::versions;
use crate::workspace::{Workspace, find_program, is_program};

/// The target of the page's program.
pub(crate) const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// The series of trunk that are accepted on the `PATH`.
const TRUNK_SERIES: [&str; 2] = ["0.21.", "0.22."];

/// The series of geckodriver that are accepted on the `PATH`. Older ones cannot give tests access to Firefox's settings.
const GECKODRIVER_SERIES: [&str; 2] = ["0.36.", "0.37."];

/// The oldest Node that runs the packages from npm.
pub(crate) const NODE_MAJOR_MIN: u32 = 18;

/// A tool that can be installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    /// Serves the page and rebuilds it after every change.
    Trunk,
    /// Writes the JavaScript glue; trunk calls it.
    WasmBindgen,
    /// Makes WebAssembly smaller.
    WasmOpt,
    /// Makes scripts smaller.
    Esbuild,
    /// Drives Firefox.
    Geckodriver,
    /// Finds accessibility violations in a page.
    Axe,
    /// A client of WebSockets in JavaScript.
    Ws,
    /// Node's own client of WebSockets, as a package.
    Undici,
    /// A viewer of remote desktops in a browser, of which the tests take the client of WebSockets.
    NoVnc,
}

impl Tool {
    /// The tools that `cargo xtask tools` installs. The others are for the tests only.
    pub(crate) const FOR_THE_PAGE: [Self; 4] = [Self::Trunk, Self::WasmBindgen, Self::WasmOpt, Self::Esbuild];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Trunk => "trunk",
            Self::WasmBindgen => "wasm-bindgen",
            Self::WasmOpt => "wasm-opt",
            Self::Esbuild => "esbuild",
            Self::Geckodriver => "geckodriver",
            Self::Axe => "axe-core",
            Self::Ws => "ws",
            Self::Undici => "undici",
            Self::NoVnc => "novnc",
        }
    }

    /// Returns the name of the tool's package.
    pub(crate) fn package(self) -> &'static str {
        match self {
            Self::Trunk => "trunk",
            Self::WasmBindgen => "wasm-bindgen-cli",
            Self::WasmOpt => "binaryen",
            Self::Esbuild => "esbuild",
            Self::Geckodriver => "geckodriver",
            Self::Axe => "axe-core",
            Self::Ws => "ws",
            Self::Undici => "undici",
            Self::NoVnc => "@novnc/novnc",
        }
    }

    pub(crate) fn is_from_npm(self) -> bool {
        matches!(self, Self::WasmOpt | Self::Esbuild) || self.is_library()
    }

    /// Returns whether this is not a program, but something that tests load.
    fn is_library(self) -> bool {
        matches!(self, Self::Axe | Self::Ws | Self::Undici | Self::NoVnc)
    }

    /// Returns the version to install. The version of wasm-bindgen must be that of the crate in `Cargo.lock`.
    pub(crate) fn version(self, workspace: &Workspace) -> Result<String, Failure> {
        Ok(match self {
            // The newest version that Rust 1.95 compiles.
            Self::Trunk => "0.21.14".to_owned(),
            Self::WasmBindgen => {
                let path = workspace.root.join("Cargo.lock");
                let lock_file = fs::read_to_string(&path).context(|| format!("cannot read {}", path.display()))?;
                let version = versions::locked(&lock_file, "wasm-bindgen");
                version
                    .ok_or_else(|| Failure::new(format!("{} does not contain wasm-bindgen", path.display())))?
                    .to_owned()
            }
            Self::WasmOpt => "132.0.0".to_owned(),
            Self::Esbuild => "0.28.2".to_owned(),
            Self::Geckodriver => "0.37.1".to_owned(),
            Self::Axe => "4.14.1".to_owned(),
            Self::Ws => "8.23.0".to_owned(),
            // The newest version for Node 18.
            Self::Undici => "6.29.1".to_owned(),
            Self::NoVnc => "1.7.0".to_owned(),
        })
    }

    /// Returns how long the installation takes, measured on two processors.
    pub(crate) fn duration(self) -> &'static str {
        match self {
            Self::Trunk => "3 to 4 minutes",
            Self::WasmBindgen | Self::Geckodriver => "1 to 2 minutes",
            Self::WasmOpt | Self::Esbuild | Self::Axe | Self::Ws | Self::Undici | Self::NoVnc => "a few seconds",
        }
    }

    /// Returns the path of the tool's program or script inside its folder.
    fn file(self, folder: &Path) -> PathBuf {
        match self {
            Self::Trunk | Self::WasmBindgen | Self::Geckodriver => folder.join("bin").join(self.name()),
            Self::WasmOpt => folder.join("node_modules/binaryen/bin/wasm-opt"),
            Self::Esbuild => folder.join("node_modules/esbuild/bin/esbuild"),
            Self::Axe => folder.join("node_modules/axe-core/axe.min.js"),
            Self::Ws | Self::Undici | Self::NoVnc => {
                folder.join("node_modules").join(self.package()).join("package.json")
            }
        }
    }

    /// Returns whether a version on the `PATH` may be used instead of the `wanted` one.
    fn accepts(self, found: &str, wanted: &str) -> bool {
        match self {
            Self::Trunk => TRUNK_SERIES.iter().any(|series| found.starts_with(series)),
            Self::Geckodriver => GECKODRIVER_SERIES.iter().any(|series| found.starts_with(series)),
            _ => found == wanted,
        }
    }
}

/// The result of looking for a tool.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Found at this path, and it runs.
    Working(PathBuf),
    Missing,
    /// Found, but it does not run, for this reason.
    Broken(String),
}

impl Found {
    /// Returns the path of the tool; `None` if it is missing or does not run.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::Working(path) => Some(path),
            Self::Missing | Self::Broken(_) => None,
        }
    }
}

/// Finds a tool: in its folder, then on the `PATH`.
pub(crate) fn find(workspace: &Workspace, tool: Tool) -> Result<Found, Failure> {
    let version = tool.version(workspace)?;
    let installed = tool.file(&folder(tool, &version)?);
    if tool.is_library() {
        return Ok(if installed.is_file() { Found::Working(installed) } else { Found::Missing });
    }
    if is_program(&installed) {
        return Ok(match version_of(&installed) {
            Ok(_) => Found::Working(installed),
            Err(failure) => Found::Broken(failure.to_string()),
        });
    }
    if tool.is_from_npm() {
        // Only this version is used, because the page's limits of size depend on it.
        return Ok(Found::Missing);
    }
    if let Some(program) = find_program(tool.name())
        && version_of(&program).is_ok_and(|found| tool.accepts(&found, &version))
    {
        return Ok(Found::Working(program));
    }
    Ok(Found::Missing)
}

/// Returns the version that a program prints with `--version`. Fails if it does not run.
fn version_of(program: &Path) -> Result<String, Failure> {
    let mut command = Command::new(program);
    command.arg("--version");
    let text = output_of(command)?;
    let version = versions::find(&text).map(ToOwned::to_owned);
    version
        .ok_or_else(|| Failure::new(format!("`{} --version` printed no version: `{}`", program.display(), text.trim())))
}

/// Fails with the reason if packages from npm cannot be installed.
pub(crate) fn check_npm() -> Result<(), String> {
    if find_program("npm").is_none() {
        return Err("npm is not on the path".to_owned());
    }
    match node_major_version() {
        Some(major) if major >= NODE_MAJOR_MIN => Ok(()),
        Some(major) => Err(format!("Node {major} is older than {NODE_MAJOR_MIN}")),
        None => Err("Node is not on the path, or does not run".to_owned()),
    }
}

fn node_major_version() -> Option<u32> {
    let mut command = Command::new(find_program("node")?);
    command.arg("--version");
    let text = output_of(command).ok()?;
    versions::major(text.trim().strip_prefix('v')?)
}

/// Prints the state of each tool. Returns whether all of them work.
pub(crate) fn print(workspace: &Workspace) -> Result<bool, Failure> {
    let mut is_complete = true;
    for tool in Tool::FOR_THE_PAGE {
        let found = find(workspace, tool)?;
        is_complete &= found.path().is_some();
        let state = match &found {
            Found::Working(path) => path.display().to_string(),
            Found::Missing => "missing".to_owned(),
            Found::Broken(why) => format!("does not run: {why}"),
        };
        let name_and_version = format!("{} {}", tool.name(), tool.version(workspace)?);
        output::print(&format!("{name_and_version:<24}{state}\n"));
    }
    Ok(is_complete)
}

/// Returns the folders of trunk and of the wasm-bindgen that it calls, as the beginning of a `PATH`.
pub(crate) fn path_for_trunk(workspace: &Workspace) -> Result<String, Failure> {
    let mut folders = Vec::new();
    for tool in [Tool::Trunk, Tool::WasmBindgen] {
        if let Some(folder) = find(workspace, tool)?.path().and_then(Path::parent) {
            folders.push(folder.display().to_string());
        }
    }
    Ok(folders.join(":"))
}

/// Returns the folder of one version of a tool.
pub(crate) fn folder(tool: Tool, version: &str) -> Result<PathBuf, Failure> {
    Ok(cache()?.join(format!("{}-{version}", tool.name())))
}

/// Returns this user's cache folder for Launcelot (XDG Base Directory Specification).
pub(crate) fn cache() -> Result<PathBuf, Failure> {
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = cache.or_else(|| Some(env::home_dir()?.join(".cache")));
    cache
        .map(|cache| cache.join("launcelot"))
        .ok_or_else(|| Failure::new("cannot find a folder for tools: neither XDG_CACHE_HOME nor HOME is set"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trunk_and_geckodriver_are_accepted_by_series_and_other_tools_by_exact_version() {
        let cases = [
            (Tool::Trunk, "0.21.0", true),
            (Tool::Trunk, "0.22.3", true),
            (Tool::Trunk, "0.20.3", false),
            (Tool::Trunk, "0.2.1", false),
            (Tool::Geckodriver, "0.36.0", true),
            (Tool::Geckodriver, "0.35.0", false),
            (Tool::WasmBindgen, "0.2.130", true),
            (Tool::WasmBindgen, "0.2.129", false),
        ];
        for (tool, version, is_accepted) in cases {
            assert_eq!(tool.accepts(version, "0.2.130"), is_accepted, "{tool:?} {version}");
        }
    }

    #[test]
    fn a_program_without_a_version_is_an_error_with_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("wasm-opt");
        let version = |script: &str| {
            // Written by another process: a file that is open for writing in any process cannot be executed, and what
            // another test starts meanwhile would inherit it.
            let write = "printf '#!/bin/sh\n%s\n' \"$1\" > \"$0\" && chmod 755 \"$0\"";
            assert!(Command::new("sh").args(["-c", write]).arg(&program).arg(script).status().unwrap().success());
            version_of(&program).map_err(|failure| failure.to_string())
        };
        assert_eq!(version("echo wasm-opt version 132"), Ok("132".to_owned()));
        assert_eq!(version("exit 1"), Err("`wasm-opt --version` failed (exit status: 1)".to_owned()));
        assert!(version("echo spam").unwrap_err().ends_with("printed no version: `spam`"));
    }
}
