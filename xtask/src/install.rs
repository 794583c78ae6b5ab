//! Installs tools, and missing parts of the Rust toolchain. A tool is installed into a temporary folder, which is renamed
//! when it is complete.

use std::env;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

use crate::command::output_of;
use crate::failure::{Context, Failure};
use crate::progress::Progress;
use crate::tools::{Found, Tool, WASM_TARGET, cache, check_npm, find, folder};
use crate::workspace::{self, Workspace};

/// The environment with which cargo compiles tools without optimization. They have little to do; on two processors, trunk
/// compiles in less than 4 minutes instead of 13.
const UNOPTIMIZED: [(&str, &str); 5] = [
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0"),
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "256"),
    ("CARGO_PROFILE_RELEASE_DEBUG", "0"),
    ("CARGO_PROFILE_RELEASE_STRIP", "symbols"),
];

/// Installs the tools that are missing or broken, the quick ones first.
pub(crate) fn tools(workspace: &Workspace, progress: &Progress, tools: &[Tool]) -> Result<(), Failure> {
    let mut missing = Vec::new();
    for tool in tools {
        if find(workspace, *tool)?.path().is_none() {
            missing.push(*tool);
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    missing.sort_by_key(|tool| !tool.is_from_npm());
    eprintln!("Installing into {}:", cache()?.display());
    for tool in &missing {
        eprintln!("  {:<24}{}", format!("{} {}", tool.name(), tool.version(workspace)?), tool.duration());
    }
    missing.iter().try_for_each(|tool| install_one(workspace, progress, *tool))
}

fn install_one(workspace: &Workspace, progress: &Progress, tool: Tool) -> Result<(), Failure> {
    let version = tool.version(workspace)?;
    let folder = folder(tool, &version)?;
    let _lock = workspace::lock(&folder.with_added_extension("lock"))?;
    if find(workspace, tool)?.path().is_some() {
        // Another clone has installed it while this one waited for the lock.
        return Ok(());
    }
    let partial = folder.with_added_extension("partial");
    remove(&partial)?;
    fs::create_dir_all(&partial).context(|| format!("cannot create {}", partial.display()))?;
    let command = if tool.is_from_npm() {
        npm_install(workspace, tool, &version, &partial)?
    } else {
        cargo_install(workspace, tool, &version, &partial)
    };
    progress.run(&format!("{} {version}", tool.name()), command)?;
    // The build folder, about 1.4 GB, is not needed any more. If it cannot be removed, it does no harm.
    let _ = fs::remove_dir_all(partial.join("build"));
    remove(&folder)?;
    fs::rename(&partial, &folder).context(|| format!("cannot rename {}", partial.display()))?;
    match find(workspace, tool)? {
        Found::Working(_) => Ok(()),
        Found::Missing => {
            Err(Failure::new(format!("{} was installed, but is not in {}", tool.name(), folder.display())))
        }
        Found::Broken(why) => Err(Failure::new(format!("{} was installed, but does not run: {why}", tool.name()))),
    }
}

/// Returns the command that installs a tool with cargo. Default features of these tools are for downloading, which is
/// not needed here.
fn cargo_install(workspace: &Workspace, tool: Tool, version: &str, folder: &Path) -> Command {
    let mut command = workspace.command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["install", "--no-default-features", "--no-track", "--root"]).arg(folder);
    command.arg("--target-dir").arg(folder.join("build")).envs(UNOPTIMIZED);
    // The user's target and flags are meant for this workspace, not for its tools.
    command.env_remove("CARGO_BUILD_TARGET").env_remove("RUSTFLAGS");
    command.args(["--version", version, tool.package()]);
    match tool {
        // Not `--locked`: its lock file names a crate that was yanked.
        Tool::WasmBindgen => {
            command.args(["--bin", "wasm-bindgen"]).env("CARGO_RESOLVER_INCOMPATIBLE_RUST_VERSIONS", "fallback")
        }
        _ => command.arg("--locked"),
    };
    command
}

/// Returns the command that installs one npm package into `folder`, and writes nothing else.
fn npm_install(workspace: &Workspace, tool: Tool, version: &str, folder: &Path) -> Result<Command, Failure> {
    if let Err(why) = check_npm() {
        return Err(Failure::new(format!("cannot install {} from npm: {why}", tool.name())));
    }
    let mut command = workspace.command("npm");
    command.args(["install", "--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"]);
    command.args(["--loglevel", "error", "--prefix"]).arg(folder).arg(format!("{}@{version}", tool.package()));
    Ok(command)
}

/// Adds the standard library for WebAssembly. rustup adds it by itself only when it installs the toolchain.
pub(crate) fn add_wasm_target(workspace: &Workspace, progress: &Progress) -> Result<(), Failure> {
    let mut print = workspace.command("rustc");
    print.args(["--print", "target-libdir", "--target", WASM_TARGET]);
    if output_of(print).is_ok_and(|folder| Path::new(folder.trim()).is_dir()) {
        return Ok(());
    }
    let mut rustup = workspace.command("rustup");
    rustup.args(["target", "add", WASM_TARGET]);
    progress.run(WASM_TARGET, rustup)
}

/// Adds rustfmt and clippy to the Rust toolchain, if they are missing.
pub(crate) fn add_components(workspace: &Workspace, progress: &Progress) -> Result<(), Failure> {
    for (component, program) in [("rustfmt", "cargo-fmt"), ("clippy", "cargo-clippy")] {
        let mut version = workspace.command(program);
        version.arg("--version");
        if output_of(version).is_err() {
            let mut rustup = workspace.command("rustup");
            rustup.args(["component", "add", component]);
            progress.run(component, rustup)?;
        }
    }
    Ok(())
}

fn remove(folder: &Path) -> Result<(), Failure> {
    let removed = match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed,
    };
    removed.context(|| format!("cannot remove {}", folder.display()))
}
