//! Splitting the page's program in two: what a browser needs before it can ask the first question, and what it loads
//! after that, when it has time.
//!
//! The cut is where the page's crate marks it. What belongs to which part is found out by who calls whom, from the
//! relocations that the linker keeps on request; both parts are one program in one memory, and the second is loaded into
//! the first.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use wasm_split_cli_support::{Options, transform};

use crate::command::{Attempt, Failure};
use crate::progress::Progress;
use crate::shrink::{WASM, with_size};
use crate::tools::{Tools, WASM_TARGET};
use crate::workspace::Workspace;

/// The feature of the page's crate that marks the cut.
pub(crate) const FEATURE: &str = "split";

/// How the file of the part that is loaded later ends.
pub(crate) const LATER: &str = "-later.wasm";

/// What the splitter calls that part, after the name that the page's crate has for it.
const SPLIT: &str = "split_later.wasm";

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

/// Puts the two parts into `page` in the place of the whole program, which trunk has put there.
pub(crate) fn page(workspace: &Workspace, progress: &Progress, tools: &Tools, page: &Path) -> Result<(), Failure> {
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
    transform(options).map_err(|error| Failure::new(format!("{}: {error:#}", cannot())))?;
    // The name stands for the content, so that a browser never joins parts of two builds.
    let later = format!("{name}{LATER}");
    fs::rename(page.join(SPLIT), page.join(&later)).attempt(cannot)?;
    let link = page.join(link);
    let text = fs::read_to_string(&link).attempt(cannot)?;
    fs::write(&link, text.replace(SPLIT, &later)).attempt(cannot)?;

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
