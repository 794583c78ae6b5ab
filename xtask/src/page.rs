//! The page: cargo compiles its program, and `launcelot-bundle` makes the files that a browser loads.
//!
//! The bundler is a program of its own, started from here, so that this crate stays quick to compile and the page's
//! program is compiled meanwhile.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cargo::{Programs, WITH_TEST_FEATURES};
use crate::command;
use crate::failure::Failure;
use crate::install;
use crate::optimizers::Optimizers;
use crate::progress::Progress;
use crate::tools::WASM_TARGET;
use crate::workspace::Workspace;

/// The page's crate and its program.
const PACKAGE: &str = "launcelot-web";

/// Compiles the page's program, which needs no tool but cargo, and returns its path.
pub(crate) fn compile(workspace: &Workspace, progress: &Progress) -> Result<PathBuf, Failure> {
    progress.step("the page's program", |status| {
        let mut cargo = workspace.cargo("build");
        cargo.args(["--package", PACKAGE, "--features", "split", "--profile", "web", "--target", WASM_TARGET]);
        cargo.env("CARGO_ENCODED_RUSTFLAGS", rust_flags());
        Programs::build(progress, cargo, status)?.path(PACKAGE)
    })
}

/// Compiles the page as `trunk serve` does, so that the tests of trunk find it compiled.
pub(crate) fn compile_for_development(workspace: &Workspace, progress: &Progress) -> Result<(), Failure> {
    let mut cargo = workspace.cargo("build");
    cargo.args(["--package", PACKAGE, "--target", WASM_TARGET]);
    progress.run("the page's program, for trunk", cargo)
}

/// Flags that keep relocations, in which the splitter reads the calls between functions, and keep this machine's paths out
/// of the program.
fn rust_flags() -> String {
    let mut flags = vec!["-Clink-arg=--emit-relocs".to_owned()];
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| env::home_dir().map(|home| home.join(".cargo")));
    if let Some(home) = home {
        flags.push(format!("--remap-path-prefix={}=cargo", home.display()));
    }
    flags.join("\u{1f}")
}

/// Builds the demo's page from its compiled program. It is neither optimized nor compressed, because its browser is on the
/// same machine.
pub(crate) fn bundle_for_demo(workspace: &Workspace, progress: &Progress, program: &Path) -> Result<(), Failure> {
    let _lock = workspace.lock()?;
    let arguments = ["--package", "launcelot-bundle", "--no-default-features"];
    let bundler = bundler(workspace, progress, &arguments)?.path("launcelot-bundle")?;
    let bundle = bundle(workspace, &bundler, program, &workspace.demo_page());
    progress.run("the page", bundle)
}

/// Compiles the programs that make a release build of the page, with the features that the tests have.
pub(crate) fn compile_bundlers(workspace: &Workspace, progress: &Progress) -> Result<Programs, Failure> {
    let arguments = ["--workspace", "--bin", "launcelot-bundle", "--bin", "launcelot-compress", WITH_TEST_FEATURES];
    bundler(workspace, progress, &arguments)
}

/// Makes a release build of the page from its compiled program: optimized as far as there are optimizers, and compressed. Returns
/// the table of its sizes. With `check`, fails if a size exceeds its limit.
pub(crate) fn bundle_for_release(
    workspace: &Workspace,
    progress: &Progress,
    optimizers: &Optimizers,
    program: &Path,
    bundlers: &Programs,
    check: bool,
) -> Result<String, Failure> {
    let _lock = workspace.lock()?;
    let mut bundle = bundle(workspace, &bundlers.path("launcelot-bundle")?, program, &workspace.page());
    optimizers.add_to(&mut bundle);
    progress.run("the page", bundle)?;
    let mut compress = workspace.command(bundlers.path("launcelot-compress")?);
    compress.arg(workspace.page());
    if check {
        compress.arg("--check");
    }
    progress.step("the page, compressed", |_| command::run_for_output(compress, None))
}

/// Installs what a release build of the page needs, compiles and builds it. Returns the table of its sizes.
pub(crate) fn build_for_release(workspace: &Workspace, progress: &Progress) -> Result<String, Failure> {
    install::add_wasm_target(workspace, progress)?;
    let optimizers = Optimizers::install(workspace, progress)?;
    let program = compile(workspace, progress)?;
    let bundlers = compile_bundlers(workspace, progress)?;
    bundle_for_release(workspace, progress, &optimizers, &program, &bundlers, false)
}

fn bundler(workspace: &Workspace, progress: &Progress, arguments: &[&str]) -> Result<Programs, Failure> {
    let mut cargo = workspace.cargo("build");
    cargo.args(arguments);
    progress.step("the page's bundler", |status| Programs::build(progress, cargo, status))
}

fn bundle(workspace: &Workspace, bundler: &Path, program: &Path, page: &Path) -> Command {
    let mut bundle = workspace.command(bundler);
    bundle.arg("--program").arg(program).arg("--web").arg(workspace.root.join("web"));
    bundle.arg("--docs").arg(workspace.root.join("docs")).arg("--output").arg(page);
    bundle
}
