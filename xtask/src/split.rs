//! Splitting the page's program: what a browser needs before it can ask the first question, and what it loads after
//! that, when it has time or when it is wanted.
//!
//! The cuts are where the page's crate marks them. What belongs to which part is found out by who calls whom, from the
//! relocations that the linker keeps on request; all parts are one program in one memory, and the others are loaded into
//! the first.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use wasm_split_cli_support::{Options, transform};

use crate::command::{Attempt, Failure};
use crate::dist::Making;
use crate::shrink::{WASM, with_size};
use crate::tools::WASM_TARGET;

/// The feature of the page's crate that marks the cuts.
pub(crate) const FEATURE: &str = "split";

/// Has cargo build a program that can be split: with its relocations, and with no place of this machine in it.
pub(crate) fn prepare(command: &mut Command) {
    let mut flags = vec!["-Clink-arg=--emit-relocs".to_owned()];
    if let Some(cargo) = cargo_home() {
        flags.push(format!("--remap-path-prefix={}=cargo", cargo.display()));
    }
    command.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
}

fn cargo_home() -> Option<PathBuf> {
    std::env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| Some(std::env::home_dir()?.join(".cargo")))
}

/// Puts the parts into `page` in the place of the whole program, which trunk has put there.
pub(crate) fn page(Making { workspace, progress, tools, page, .. }: &Making) -> Result<(), Failure> {
    let cannot = || "cannot split the page's program".to_owned();
    let name = name_of_program(page).attempt(cannot)?;
    let whole = page.join(format!("{name}{WASM}"));
    let size_before = fs::metadata(&whole).attempt(cannot)?.len();
    let program = fs::read(workspace.target.join(WASM_TARGET).join("web/launcelot-web.wasm")).attempt(cannot)?;

    // The name under which the part that is loaded first is handed to wasm-bindgen.
    let first = page.join(format!("{name}.wasm"));
    let (link, script) = (format!("./{name}-parts.js"), format!("./{name}.js"));
    let mut options = Options::new(&program);
    options.output_dir = page;
    options.main_out_path = &first;
    options.link_name = &link;
    options.main_module = &script;
    let split = transform(options).map_err(|error| Failure::new(format!("{}: {error:#}", cannot())))?;
    // A name stands for the content, so that a browser never joins parts of two builds.
    let link = page.join(link);
    let mut text = fs::read_to_string(&link).attempt(cannot)?;
    for part in split.split_modules {
        let given = part.file_name().unwrap_or_default().to_string_lossy();
        let wanted = format!("{name}-{}", given.trim_start_matches("split_"));
        text = text.replace(&format!("\"./{given}\""), &format!("\"./{wanted}\""));
        fs::rename(&part, page.join(wanted)).attempt(cannot)?;
    }
    fs::write(&link, text).attempt(cannot)?;

    let wasm_bindgen = tools.wasm_bindgen.as_ref().ok_or_else(|| Failure::new("there is no wasm-bindgen"))?;
    let mut bind = workspace.command(&wasm_bindgen.path);
    bind.args(["--target", "web", "--no-typescript", "--keep-lld-exports", "--out-name", &name, "--out-dir"])
        .arg(page)
        .arg(&first);
    progress.command(bind, &|_| ())?;
    fs::remove_file(&first).attempt(cannot)?;

    let index = page.join("index.html");
    let html = fs::read_to_string(&index).attempt(cannot)?;
    let size = fs::metadata(&whole).attempt(cannot)?.len();
    fs::write(index, with_size(&html, &format!("{name}{WASM}"), size_before, size)).attempt(cannot)
}

/// The program's name with the digest that trunk gives it.
fn name_of_program(page: &Path) -> io::Result<String> {
    let names = fs::read_dir(page)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let names = names.collect::<io::Result<Vec<String>>>()?;
    let name = names.iter().find_map(|name| name.strip_suffix(WASM));
    name.map(ToOwned::to_owned).ok_or_else(|| io::Error::other("trunk has built none"))
}
