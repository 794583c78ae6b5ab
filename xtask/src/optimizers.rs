//! The programs that make a release build of the page smaller: wasm-opt for WebAssembly, esbuild for scripts. The page is
//! complete without them.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;
use crate::install;
use crate::progress::Progress;
use crate::tools::{Found, Tool, find};
use crate::workspace::Workspace;

/// The paths of the programs, as far as they were found.
#[derive(Debug, Default)]
pub(crate) struct Optimizers {
    wasm_opt: Option<PathBuf>,
    esbuild: Option<PathBuf>,
}

impl Optimizers {
    pub(crate) fn find(workspace: &Workspace) -> Result<Self, Failure> {
        let path = |tool| Ok(find(workspace, tool)?.path().map(Path::to_owned));
        Ok(Self { wasm_opt: path(Tool::WasmOpt)?, esbuild: path(Tool::Esbuild)? })
    }

    /// Finds or installs the programs. If that is not possible, prints that the page is larger than it could be.
    pub(crate) fn install(workspace: &Workspace, progress: &Progress) -> Result<Self, Failure> {
        let path = |tool| find_or_install(workspace, progress, tool);
        Ok(Self { wasm_opt: path(Tool::WasmOpt)?, esbuild: path(Tool::Esbuild)? })
    }

    /// Has the bundler use the programs.
    pub(crate) fn add_to(&self, bundle: &mut Command) {
        if let Some(wasm_opt) = &self.wasm_opt {
            bundle.arg("--wasm-opt").arg(wasm_opt);
        }
        if let Some(esbuild) = &self.esbuild {
            bundle.arg("--esbuild").arg(esbuild);
        }
    }
}

fn find_or_install(workspace: &Workspace, progress: &Progress, tool: Tool) -> Result<Option<PathBuf>, Failure> {
    let mut found = find(workspace, tool)?;
    if found == Found::Missing {
        if let Err(failure) = install::tools(workspace, progress, &[tool]) {
            eprintln!("The page is larger than it could be: {failure}");
            return Ok(None);
        }
        found = find(workspace, tool)?;
    }
    if let Found::Broken(why) = &found {
        eprintln!("The page is larger than it could be: {} does not run: {why}", tool.name());
    }
    Ok(found.path().map(Path::to_owned))
}
