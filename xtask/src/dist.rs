//! The page for release: built by trunk, made smaller by wasm-opt, compressed.
//!
//! It is built aside and moved into place when it is whole, so that what lies in its place is
//! always a page, and it is only built when something that it is made of has changed.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::Command;

use thousands::Separable as _;

use crate::command::{Attempt, Failure};
use crate::compress;
use crate::fingerprint;
use crate::progress::Progress;
use crate::sizes::Sizes;
use crate::tools::{Tools, WASM_TARGET};
use crate::workspace::Workspace;

/// What the page is made of, and how: this crate holds the recipe.
const INPUTS: [&str; 8] =
    ["web", "charts", "measure", "protocol", "Cargo.lock", "Cargo.toml", "rust-toolchain.toml", "xtask/src"];

/// Asks Node, which wasm-opt needs anyway, whether a browser would accept a file.
const VALIDATE: &str = "process.exit(WebAssembly.validate(require('fs').readFileSync(process.argv[1])) ? 0 : 1)";

/// Builds the page, if anything has changed or `force` says so, and measures it.
pub(crate) fn build(workspace: &Workspace, progress: &Progress, tools: &Tools, force: bool) -> Result<Sizes, Failure> {
    let _lock = workspace.lock()?;
    let page = workspace.page();
    let record = page.with_extension("fingerprint");
    let fingerprint = fingerprint::of(&workspace.root, &INPUTS, &tools.versions())
        .attempt(|| "cannot read what the page is made of".to_owned())?;

    // The sizes are on record too: a file that was lost or cut short since is built again.
    let recorded = |sizes: &Sizes| format!("{fingerprint}\n{sizes}");
    if let Ok(sizes) = Sizes::of(&page)
        && fs::read_to_string(&record).is_ok_and(|text| text == recorded(&sizes))
        && !force
    {
        return Ok(sizes);
    }
    let next = page.with_extension("next");
    progress.step("the page", |say| make(workspace, progress, tools, &next, say))?;
    let cannot = || format!("cannot put the new page into {}", page.display());
    // Without its record no page counts as finished, whatever happens between here and there.
    remove(&record).attempt(cannot)?;
    remove(&page).attempt(cannot)?;
    fs::rename(&next, &page).attempt(cannot)?;
    let sizes = Sizes::of(&page).attempt(|| format!("cannot measure {}", page.display()))?;
    fs::write(&record, recorded(&sizes)).attempt(cannot)?;
    Ok(sizes)
}

/// Compiles the page's programs, which needs no tool but cargo.
pub(crate) fn compile(workspace: &Workspace, progress: &Progress, say: &dyn Fn(&str)) -> Result<(), Failure> {
    // Trunk compiles one program after the other; cargo both at once. Trunk then finds them done.
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--package", "launcelot-web", "--bins", "--profile", "web", "--target", WASM_TARGET]);
    progress.command(cargo, say)
}

/// Tells a test where the page is, and trunk, which serves another one.
pub(crate) fn tell(workspace: &Workspace, tools: &Tools, command: &mut Command) {
    command.env("LAUNCELOT_PAGE", workspace.page());
    if let Some(trunk) = &tools.trunk {
        command.env("LAUNCELOT_TRUNK", &trunk.path);
    }
}

fn make(
    workspace: &Workspace,
    progress: &Progress,
    tools: &Tools,
    next: &Path,
    say: &dyn Fn(&str),
) -> Result<(), Failure> {
    compile(workspace, progress, say)?;
    remove(next).attempt(|| format!("cannot remove {}", next.display()))?;
    bundle(workspace, progress, tools, next, say)?;
    if let Some(wasm_opt) = &tools.wasm_opt {
        optimize(workspace, progress, &wasm_opt.path, next, say)?;
    }
    say("compressing");
    compress::folder(next).attempt(|| "cannot compress the page".to_owned())
}

/// Runs trunk, which must download nothing.
fn bundle(
    workspace: &Workspace,
    progress: &Progress,
    tools: &Tools,
    next: &Path,
    say: &dyn Fn(&str),
) -> Result<(), Failure> {
    let trunk =
        tools.trunk.as_ref().ok_or_else(|| Failure::new("there is no trunk: `cargo xtask tools` installs it"))?;
    let mut command = workspace.command(&trunk.path);
    command.current_dir(workspace.root.join("web"));
    command.args(["build", "--release", "--offline", "--skip-version-check", "--dist"]).arg(next);
    // Trunk takes this variable for a switch, and stops at any value but `true` and `false`.
    command.env_remove("NO_COLOR");
    progress.command(command, say)
}

/// Makes each WebAssembly file smaller, and tells `index.html`, which names their sizes for the
/// page's progress while loading.
fn optimize(
    workspace: &Workspace,
    progress: &Progress,
    wasm_opt: &Path,
    next: &Path,
    say: &dyn Fn(&str),
) -> Result<(), Failure> {
    let cannot = || "cannot make the page smaller".to_owned();
    let index = next.join("index.html");
    let mut html = fs::read_to_string(&index).attempt(cannot)?;
    let wasm = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "wasm");
    for path in compress::files(next).attempt(cannot)?.into_iter().filter(wasm) {
        let large = fs::metadata(&path).attempt(cannot)?.len();
        let smaller = path.with_extension("smaller");
        // It reads the features to keep to from the file itself. Functions whose names are alike are alike as a rule,
        // and compress better side by side: by 800 bytes.
        let mut command = workspace.command(wasm_opt);
        command.args(["-Oz", "--reorder-functions-by-name", "--strip-producers", "-o"]).arg(&smaller).arg(&path);
        progress.command(command, say)?;
        let mut node = workspace.command("node");
        node.args(["--eval", VALIDATE]).arg(&smaller);
        progress.command(node, say)?;

        fs::rename(&smaller, &path).attempt(cannot)?;
        let small = fs::metadata(&path).attempt(cannot)?.len();
        say(&format!("{} bytes of wasm made {}", large.separate_with_commas(), small.separate_with_commas()));
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        html = with_size(&html, &name, large, small);
    }
    fs::write(&index, html).attempt(cannot)
}

/// Trunk's start script with another size for one file: `'/page_bg.wasm', 190606`.
fn with_size(html: &str, name: &str, from: u64, to: u64) -> String {
    html.replace(&format!("{name}', {from},"), &format!("{name}', {to},"))
}

/// Removes a file or a folder, or finds that it is not there.
fn remove(path: &Path) -> io::Result<()> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_script_is_told_the_new_size_of_its_own_file_only() {
        let html = "init, '/page-1a_bg.wasm', 190606, initializer() … '/other_bg.wasm', 190606,";
        let expected = "init, '/page-1a_bg.wasm', 118393, initializer() … '/other_bg.wasm', 190606,";
        assert_eq!(with_size(html, "page-1a_bg.wasm", 190_606, 118_393), expected);
    }

    #[test]
    fn everything_that_the_page_is_made_of_is_there() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        fingerprint::of(root, &INPUTS, "").unwrap();
    }
}
