//! The tools that building the page needs: which of them are there, and in which version.

use std::fs;
use std::path::{Path, PathBuf};

use crate::command::{Attempt, Failure, output_of};
use crate::versions;
use crate::workspace::Workspace;

/// What the page is compiled for.
pub(crate) const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// The trunk that is installed; it is the newest that Rust 1.95 builds.
pub(crate) const TRUNK: &str = "0.21.14";

/// The trunks that are good enough when they are there already.
const GOOD_TRUNKS: [&str; 2] = ["0.21.", "0.22."];

/// The npm package that wasm-opt comes in, and its version.
pub(crate) const BINARYEN: (&str, &str) = ("binaryen", "132.0.0");

/// The npm package that makes scripts smaller, and its version.
pub(crate) const ESBUILD: (&str, &str) = ("esbuild", "0.28.2");

/// The oldest Node that runs what comes from npm.
pub(crate) const NODE_MAJOR_MIN: u32 = 18;

/// One thing that building the page needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    /// The standard library compiled for WebAssembly, from rustup.
    WasmTarget,
    /// Joins Rust to JavaScript.
    WasmBindgen,
    /// Builds and bundles the page.
    Trunk,
    /// Makes WebAssembly smaller. The page can do without.
    WasmOpt,
    /// Makes scripts smaller. The page can do without.
    Esbuild,
}

impl Tool {
    /// In the order in which they are installed: the longest first of those that are compiled.
    const ALL: [Self; 5] = [Self::WasmTarget, Self::Trunk, Self::WasmBindgen, Self::WasmOpt, Self::Esbuild];

    /// What it is for, and why not another version.
    pub(crate) fn purpose(self) -> &'static str {
        match self {
            Self::WasmTarget => "Rust's standard library for the page",
            Self::WasmBindgen => "joins Rust to JavaScript; must be the version in Cargo.lock",
            Self::Trunk => "builds the page",
            Self::WasmOpt => "makes the page smaller; from npm",
            Self::Esbuild => "makes the page's scripts smaller; from npm",
        }
    }

    /// Whether the page can be built without it.
    pub(crate) fn is_optional(self) -> bool {
        matches!(self, Self::WasmOpt | Self::Esbuild)
    }

    /// How long installing it takes. Measured on two cores.
    pub(crate) fn duration(self) -> &'static str {
        match self {
            Self::WasmTarget | Self::WasmOpt | Self::Esbuild => "a few seconds",
            Self::WasmBindgen => "1 to 2 minutes",
            Self::Trunk => "3 to 4 minutes",
        }
    }
}

/// A program that is there, in a version that is good.
#[derive(Debug)]
pub(crate) struct Program {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// Which version it says that it is.
    pub(crate) version: String,
}

/// Which tools are there.
#[derive(Debug)]
pub(crate) struct Tools {
    /// The version of wasm-bindgen in Cargo.lock, which its command line must have too.
    pub(crate) wasm_bindgen_wanted: String,
    /// The programs, each only in a version that is good.
    pub(crate) wasm_bindgen: Option<Program>,
    pub(crate) trunk: Option<Program>,
    pub(crate) wasm_opt: Option<Program>,
    pub(crate) esbuild: Option<Program>,
    has_wasm_target: bool,
    /// Whether there is npm, and a Node that is new enough for what comes from it.
    has_npm: bool,
}

impl Tools {
    /// Looks for them in `.tools/` and on the path.
    pub(crate) fn look(workspace: &Workspace) -> Result<Self, Failure> {
        let lock_file =
            fs::read_to_string(workspace.root.join("Cargo.lock")).attempt(|| "cannot read Cargo.lock".to_owned())?;
        let wasm_bindgen_wanted = versions::locked(&lock_file, "wasm-bindgen")
            .ok_or_else(|| Failure::new("Cargo.lock names no wasm-bindgen: has the page lost it?"))?
            .to_owned();
        let has_node = node_major(workspace).is_some_and(|major| major >= NODE_MAJOR_MIN);
        let from_npm = |package, name| from_npm(workspace, package, name).filter(|_| has_node);
        Ok(Self {
            wasm_bindgen: program(workspace, "wasm-bindgen").filter(|found| found.version == wasm_bindgen_wanted),
            wasm_bindgen_wanted,
            trunk: program(workspace, "trunk").filter(|found| is_good_trunk(&found.version)),
            wasm_opt: from_npm(BINARYEN, "wasm-opt"),
            esbuild: from_npm(ESBUILD, "esbuild"),
            has_wasm_target: has_wasm_target(workspace),
            has_npm: has_node && workspace.find_program("npm").is_some(),
        })
    }

    /// What has to be installed. What comes from npm is not missed where there is none.
    pub(crate) fn missing(&self) -> Vec<Tool> {
        Tool::ALL
            .into_iter()
            .filter(|tool| match tool {
                Tool::WasmTarget => !self.has_wasm_target,
                Tool::WasmBindgen => self.wasm_bindgen.is_none(),
                Tool::Trunk => self.trunk.is_none(),
                Tool::WasmOpt => self.wasm_opt.is_none() && self.has_npm,
                Tool::Esbuild => self.esbuild.is_none() && self.has_npm,
            })
            .collect()
    }

    /// The name of a tool, with the version that is there or will be.
    pub(crate) fn name(&self, tool: Tool) -> String {
        let version = |program: &Option<Program>, wanted: &str| match program {
            Some(program) => program.version.clone(),
            None => wanted.to_owned(),
        };
        match tool {
            Tool::WasmTarget => WASM_TARGET.to_owned(),
            Tool::WasmBindgen => format!("wasm-bindgen {}", self.wasm_bindgen_wanted),
            Tool::Trunk => format!("trunk {}", version(&self.trunk, TRUNK)),
            Tool::WasmOpt => format!("wasm-opt {}", version(&self.wasm_opt, BINARYEN.1)),
            Tool::Esbuild => format!("esbuild {}", version(&self.esbuild, ESBUILD.1)),
        }
    }

    /// Everything about the tools that the finished page depends on.
    pub(crate) fn versions(&self) -> String {
        Tool::ALL
            .map(|tool| match tool {
                Tool::WasmOpt if self.wasm_opt.is_none() => "no wasm-opt".to_owned(),
                Tool::Esbuild if self.esbuild.is_none() => "no esbuild".to_owned(),
                _ => self.name(tool),
            })
            .join(", ")
    }

    fn place(&self, tool: Tool) -> Option<&Path> {
        match tool {
            Tool::WasmTarget => None,
            Tool::WasmBindgen => self.wasm_bindgen.as_ref(),
            Tool::Trunk => self.trunk.as_ref(),
            Tool::WasmOpt => self.wasm_opt.as_ref(),
            Tool::Esbuild => self.esbuild.as_ref(),
        }
        .map(|program| program.path.as_path())
    }
}

/// Says what is there and what is missing.
pub(crate) fn print(workspace: &Workspace, tools: &Tools) {
    let missing = tools.missing();
    for tool in Tool::ALL {
        let state = match (missing.contains(&tool), tools.place(tool)) {
            (true, _) => "missing".to_owned(),
            (false, Some(path)) => path.strip_prefix(&workspace.root).unwrap_or(path).display().to_string(),
            (false, None) if tool.is_optional() => {
                format!("not there, and no npm with Node {NODE_MAJOR_MIN}: the page is a little larger")
            }
            (false, None) => "installed".to_owned(),
        };
        println!("{:<24}{state}", tools.name(tool));
    }
}

/// Fails if anything is missing.
pub(crate) fn check(tools: &Tools) -> Result<(), Failure> {
    if tools.missing().is_empty() {
        return Ok(());
    }
    Err(Failure::new("something is missing: `cargo xtask tools` installs it"))
}

fn program(workspace: &Workspace, name: &str) -> Option<Program> {
    let path = workspace.find_program(name)?;
    let mut command = workspace.command(&path);
    command.arg("--version");
    // A program that does not even say its version is as good as none.
    let text = output_of(command).ok()?;
    Some(Program { path, version: versions::said(&text)?.to_owned() })
}

/// Only the one from npm, by what its package says: starting it would take half a second.
fn from_npm(workspace: &Workspace, (package, version): (&str, &str), program: &str) -> Option<Program> {
    let installed = npm_package(workspace, package);
    let path = installed.join("bin").join(program);
    let is_good = is_npm_version(&installed, version) && path.is_file();
    is_good.then(|| Program { path, version: version.to_owned() })
}

/// Which Node is there.
pub(crate) fn node_major(workspace: &Workspace) -> Option<u32> {
    let mut node = workspace.command(workspace.find_program("node")?);
    node.arg("--version");
    versions::major(output_of(node).ok()?.trim().strip_prefix('v')?)
}

/// Where an npm package is installed. Each has a folder of its own: npm removes what it did not just install.
pub(crate) fn npm_package(workspace: &Workspace, package: &str) -> PathBuf {
    workspace.tools().join("npm").join(package).join("node_modules").join(package)
}

/// Whether an npm package is installed in one version.
pub(crate) fn is_npm_version(installed: &Path, version: &str) -> bool {
    fs::read_to_string(installed.join("package.json"))
        .is_ok_and(|manifest| manifest.contains(&format!("\"version\": \"{version}\"")))
}

fn has_wasm_target(workspace: &Workspace) -> bool {
    let mut command = workspace.command("rustc");
    command.args(["--print", "target-libdir", "--target", WASM_TARGET]);
    output_of(command).is_ok_and(|folder| Path::new(folder.trim()).is_dir())
}

fn is_good_trunk(version: &str) -> bool {
    GOOD_TRUNKS.iter().any(|good| version.starts_with(good))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_trunk_of_the_two_series_is_good() {
        let cases = [(TRUNK, true), ("0.21.0", true), ("0.22.3", true), ("0.20.3", false), ("0.2.1", false)];
        for (version, good) in cases {
            assert_eq!(is_good_trunk(version), good, "{version}");
        }
    }

    #[test]
    fn what_comes_from_npm_is_missed_only_where_there_is_npm() {
        let there = |version: &str| Some(Program { path: PathBuf::new(), version: version.to_owned() });
        let mut tools = Tools {
            wasm_bindgen_wanted: "0.2.130".to_owned(),
            wasm_bindgen: there("0.2.130"),
            trunk: None,
            wasm_opt: None,
            esbuild: None,
            has_wasm_target: true,
            has_npm: false,
        };
        assert_eq!(tools.missing(), [Tool::Trunk]);
        tools.has_npm = true;
        assert_eq!(tools.missing(), [Tool::Trunk, Tool::WasmOpt, Tool::Esbuild]);
        assert!(tools.versions().ends_with("no wasm-opt, no esbuild"));
    }
}
