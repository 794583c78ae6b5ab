//! Installing tools, what of the Rust toolchain is missing, and nothing else. An installation is moved into place when it
//! is complete.

use std::env;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::output_of;
use crate::failure::{Context, Failure};
use crate::progress::Progress;
use crate::tools::{Found, Tool, WASM_TARGET, cache, folder, look, npm_is_missing};
use crate::workspace::{self, Workspace};

/// The tools run for a second or two, so compiling them without optimization saves minutes: with trunk's own release
/// profile it takes 13 minutes on two processors, with this one less than 4.
const QUICK_PROFILE: [(&str, &str); 5] = [
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
        if look(workspace, *tool)?.path().is_none() {
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
    if look(workspace, tool)?.path().is_some() {
        // Another clone installed it while this one waited.
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
    // 1.4 GB that nothing needs any more; if it cannot be removed, it does no harm.
    let _ = fs::remove_dir_all(partial.join("build"));
    remove(&folder)?;
    fs::rename(&partial, &folder).context(|| format!("cannot rename {}", partial.display()))?;
    match look(workspace, tool)? {
        Found::There(_) => Ok(()),
        Found::Missing => {
            Err(Failure::new(format!("{} was installed, but is not in {}", tool.name(), folder.display())))
        }
        Found::Broken(why) => Err(Failure::new(format!("{} was installed, but does not run: {why}", tool.name()))),
    }
}

/// `--no-default-features`, because those are for downloading, which neither has to do here.
fn cargo_install(workspace: &Workspace, tool: Tool, version: &str, folder: &Path) -> Command {
    let mut command = workspace.command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["install", "--no-default-features", "--no-track", "--root"]).arg(folder);
    command.arg("--target-dir").arg(folder.join("build")).envs(QUICK_PROFILE);
    // A target or flags that the user chose for this workspace are not for its tools.
    command.env_remove("CARGO_BUILD_TARGET").env_remove("RUSTFLAGS");
    command.args(["--version", version, tool.package()]);
    match tool {
        // Not `--locked`: its lock file names a crate that was withdrawn.
        Tool::WasmBindgen => {
            command.args(["--bin", "wasm-bindgen"]).env("CARGO_RESOLVER_INCOMPATIBLE_RUST_VERSIONS", "fallback")
        }
        _ => command.arg("--locked"),
    };
    command
}

/// Installs one npm package with nothing written outside `folder`.
fn npm_install(workspace: &Workspace, tool: Tool, version: &str, folder: &Path) -> Result<Command, Failure> {
    if let Some(why) = npm_is_missing() {
        return Err(Failure::new(format!("{} comes from npm, and {why}", tool.name())));
    }
    let mut command = workspace.command("npm");
    command.args(["install", "--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"]);
    command.args(["--loglevel", "error", "--prefix"]).arg(folder).arg(format!("{}@{version}", tool.package()));
    Ok(command)
}

/// Installs wasm-opt if that is possible, or says that the page will be larger without it.
pub(crate) fn wasm_opt(workspace: &Workspace, progress: &Progress) -> Result<Option<PathBuf>, Failure> {
    let found = look(workspace, Tool::WasmOpt)?;
    let why = match found {
        Found::There(path) => return Ok(Some(path)),
        // Installing it again would bring the same.
        Found::Broken(why) => format!("wasm-opt does not run: {why}"),
        Found::Missing => match tools(workspace, progress, &[Tool::WasmOpt]) {
            Ok(()) => return Ok(look(workspace, Tool::WasmOpt)?.path().map(Path::to_owned)),
            Err(failure) => failure.to_string(),
        },
    };
    eprintln!("The page is larger than it could be: {why}");
    Ok(None)
}

/// Adds the standard library for WebAssembly. rustup does not do so by itself where the toolchain was there before.
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

/// Adds the components that checking needs.
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
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
    .context(|| format!("cannot remove {}", folder.display()))
}
