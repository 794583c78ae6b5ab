//! Installing the tools: said beforehand, into `.tools/`, and taken up again where it was interrupted.

use std::fs;
use std::process::Command;
use std::thread;

use crate::command::{Attempt, Failure, output_of};
use crate::progress::Progress;
use crate::tools::{BINARYEN, ESBUILD, NODE_MAJOR_MIN, TRUNK, Tool, Tools, WASM_TARGET};
use crate::workspace::Workspace;

/// The tools run for a second or two, so compiling them without optimization saves minutes: with
/// trunk's own release profile it takes 13 minutes on two cores, with this one less than 4.
const QUICK_PROFILE: [(&str, &str); 5] = [
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0"),
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "256"),
    ("CARGO_PROFILE_RELEASE_DEBUG", "0"),
    ("CARGO_PROFILE_RELEASE_STRIP", "symbols"),
];

/// Installs what is missing.
pub(crate) fn all(workspace: &Workspace, progress: &Progress) -> Result<Tools, Failure> {
    beside(workspace, progress, |_| Ok(()))
}

/// Installs what is missing, and does `other` work in the meantime, once the wasm target is there:
/// compiling trunk leaves a core idle for more than a minute. `other` is told what is being installed.
pub(crate) fn beside(
    workspace: &Workspace,
    progress: &Progress,
    other: impl FnOnce(&[Tool]) -> Result<(), Failure>,
) -> Result<Tools, Failure> {
    let tools = Tools::look(workspace)?;
    if tools.missing().is_empty() {
        other(&[])?;
        return Ok(tools);
    }
    let _lock = workspace.lock()?;
    // Looked for again, because whoever held the lock may have installed them.
    let tools = Tools::look(workspace)?;
    let missing = tools.missing();
    announce(&tools, &missing);
    let install = |tool: &Tool| progress.run(&tools.name(*tool), command(workspace, &tools, *tool)?);

    // The quick ones first, and not at once with others, so that a closed network is seen soon.
    for tool in missing.iter().filter(|tool| !is_compiled(**tool)) {
        match install(tool) {
            Err(failure) if tool.is_optional() => eprintln!("  going on without it, because {failure}"),
            done => done?,
        }
    }
    thread::scope(|scope| {
        // One after the other: they share a target folder, and cargo would make the second wait anyway.
        let compiling = scope.spawn(|| missing.iter().filter(|tool| is_compiled(**tool)).try_for_each(install));
        let done = other(&missing);
        compiling.join().unwrap_or_else(|_| Err(Failure::new("installing the tools panicked")))?;
        done
    })?;

    let tools = Tools::look(workspace)?;
    if let Some(tool) = tools.missing().iter().find(|tool| !tool.is_optional()) {
        return Err(Failure::new(format!("{} was installed, but does not work", tools.name(*tool))));
    }
    // 1.4 GB that nothing needs any more; if it cannot be removed, it is in nobody's way.
    let _ = fs::remove_dir_all(workspace.target.join("tools"));
    Ok(tools)
}

/// Adds what checking needs to the Rust toolchain; rustup does not where the toolchain was there before.
pub(crate) fn components(workspace: &Workspace, progress: &Progress) -> Result<(), Failure> {
    for (component, subcommand) in [("rustfmt", "fmt"), ("clippy", "clippy")] {
        let mut version = workspace.cargo();
        version.args([subcommand, "--version"]);
        if output_of(version).is_err() {
            let mut rustup = workspace.command("rustup");
            rustup.args(["component", "add", component]);
            progress.run(component, rustup)?;
        }
    }
    Ok(())
}

/// Installs one npm package by itself, with nothing written outside its own folder.
pub(crate) fn npm(workspace: &Workspace, package: &str, version: &str) -> Result<Command, Failure> {
    let folder = workspace.tools().join("npm").join(package);
    if folder.exists() {
        // An interrupted installation, or another version.
        fs::remove_dir_all(&folder).attempt(|| format!("cannot remove {}", folder.display()))?;
    }
    fs::create_dir_all(&folder).attempt(|| format!("cannot make {}", folder.display()))?;
    let mut command = workspace.command("npm");
    command.args(["install", "--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"]);
    command.args(["--loglevel", "error", "--prefix"]).arg(folder).arg(format!("{package}@{version}"));
    Ok(command)
}

fn announce(tools: &Tools, missing: &[Tool]) {
    if missing.is_empty() {
        return;
    }
    eprintln!("Building the page needs what this workspace lacks. Installing, once:");
    for tool in missing {
        let place = if *tool == Tool::WasmTarget { "by rustup" } else { "into .tools/" };
        eprintln!("  {:<24}{place:<14}{} ({})", tools.name(*tool), tool.purpose(), tool.duration());
    }
    let is_left_out = |tool, program: &Option<_>| program.is_none() && !missing.contains(&tool);
    if is_left_out(Tool::WasmOpt, &tools.wasm_opt) || is_left_out(Tool::Esbuild, &tools.esbuild) {
        eprintln!(
            "There is no npm with Node {NODE_MAJOR_MIN} or newer here to install wasm-opt and esbuild with: the page will be a \
             little larger without them."
        );
    }
}

fn is_compiled(tool: Tool) -> bool {
    matches!(tool, Tool::WasmBindgen | Tool::Trunk)
}

fn command(workspace: &Workspace, tools: &Tools, tool: Tool) -> Result<Command, Failure> {
    Ok(match tool {
        Tool::WasmTarget => {
            let mut command = workspace.command("rustup");
            command.args(["target", "add", WASM_TARGET]);
            command
        }
        Tool::WasmOpt => npm(workspace, BINARYEN.0, BINARYEN.1)?,
        Tool::Esbuild => npm(workspace, ESBUILD.0, ESBUILD.1)?,
        Tool::Trunk => {
            let mut command = cargo_install(workspace, "trunk", TRUNK);
            command.arg("--locked");
            command
        }
        Tool::WasmBindgen => {
            let mut command = cargo_install(workspace, "wasm-bindgen-cli", &tools.wasm_bindgen_wanted);
            // Not `--locked`: its lock file names a crate that was withdrawn.
            command.args(["--bin", "wasm-bindgen"]).env("CARGO_RESOLVER_INCOMPATIBLE_RUST_VERSIONS", "fallback");
            command
        }
    })
}

/// `--no-default-features`, because those are for downloading, which neither has to do here.
/// `--force`, because it is only run when there is none that works. What an interrupted run has
/// compiled is taken up again.
fn cargo_install(workspace: &Workspace, package: &str, version: &str) -> Command {
    let mut command = workspace.cargo();
    command.args(["install", "--no-default-features", "--force", "--root"]).arg(workspace.tools());
    command.arg("--target-dir").arg(workspace.target.join("tools"));
    command.args(["--version", version, package]).envs(QUICK_PROFILE);
    command
}
