//! `launcelot-bundle`: builds the page. `cargo xtask` runs it.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::UNIX_EPOCH;

use clap::Parser;
use launcelot_bundle::BundleError;
use launcelot_bundle::output::OutputFolder;
use launcelot_bundle::page::{Sources, build};

/// Builds the page from its compiled program.
#[derive(Parser, Debug)]
#[command(name = "launcelot-bundle")]
struct Arguments {
    /// The page's program, compiled for wasm32-unknown-unknown with relocations.
    #[arg(long, value_name = "FILE")]
    program: PathBuf,

    /// The folder with index.html.
    #[arg(long, value_name = "DIR")]
    web: PathBuf,

    /// The folder with the documentation.
    #[arg(long, value_name = "DIR")]
    docs: PathBuf,

    /// The folder to write the page to; replaces the page that it contains.
    #[arg(long, value_name = "DIR")]
    output: PathBuf,

    /// Make the program smaller with this wasm-opt.
    #[arg(long, value_name = "PROGRAM")]
    wasm_opt: Option<PathBuf>,

    /// Make the scripts smaller with this esbuild.
    #[arg(long, value_name = "PROGRAM")]
    esbuild: Option<PathBuf>,

    /// Build the page even if nothing has changed.
    #[arg(long)]
    force: bool,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("launcelot-bundle: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), String> {
    let sources = Sources {
        program: arguments.program.clone(),
        web: arguments.web.clone(),
        docs: arguments.docs.clone(),
        wasm_opt: arguments.wasm_opt.clone(),
        esbuild: arguments.esbuild.clone(),
    };
    build_into(&sources, &OutputFolder::new(&arguments.output), arguments.force).map_err(|error| error.to_string())
}

/// Builds the page, unless the page in `output` was built from the same inputs or `force` is set.
fn build_into(sources: &Sources, output: &OutputFolder, force: bool) -> Result<(), BundleError> {
    let inputs = inputs(sources)?;
    if force || !output.is_current(&inputs) {
        output.replace(&build(sources)?, &inputs)?;
    }
    Ok(())
}

/// Returns a text that changes with everything on which the page depends: its sources, this program, wasm-opt and esbuild.
fn inputs(sources: &Sources) -> Result<String, BundleError> {
    let bundler = std::env::current_exe().and_then(|path| version(&path)).unwrap_or_default();
    let wasm_opt = version_of_tool(sources.wasm_opt.as_deref())?;
    let esbuild = version_of_tool(sources.esbuild.as_deref())?;
    Ok(format!("{}, bundle {bundler}, wasm-opt {wasm_opt}, esbuild {esbuild}", sources.digest()?))
}

fn version_of_tool(path: Option<&Path>) -> Result<String, BundleError> {
    let Some(path) = path else { return Ok("none".to_owned()) };
    version(path).map_err(|source| BundleError::Read { path: path.to_owned(), source })
}

/// Returns a program's size and modification time, which change when another version replaces it.
fn version(program: &Path) -> io::Result<String> {
    let metadata = program.metadata()?;
    let modified = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(format!("{}-{}", metadata.len(), modified.as_nanos()))
}
