//! The page for release: built by trunk, made smaller, compressed.
//!
//! It is built aside and moved into place when it is whole, so that what lies in its place is
//! always a page, and it is only built when something that it is made of has changed.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::process::Command;

use crate::command::{Attempt, Failure};
use crate::compress;
use crate::fingerprint;
use crate::progress::Progress;
use crate::shrink;
use crate::sizes::Sizes;
use crate::split;
use crate::tools::{Tools, WASM_TARGET};
use crate::workspace::Workspace;

/// What the page is made of, and how: this crate holds the recipe.
const INPUTS: [&str; 8] =
    ["web", "charts", "measure", "protocol", "Cargo.lock", "Cargo.toml", "rust-toolchain.toml", "xtask/src"];

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
    progress.step("the page", |say| make(&Making { workspace, progress, tools, page: &next, say }))?;
    let cannot = || format!("cannot put the new page into {}", page.display());
    // Without its record no page counts as finished, whatever happens between here and there.
    remove(&record).attempt(cannot)?;
    remove(&page).attempt(cannot)?;
    fs::rename(&next, &page).attempt(cannot)?;
    let sizes = Sizes::of(&page).attempt(|| format!("cannot measure {}", page.display()))?;
    fs::write(&record, recorded(&sizes)).attempt(cannot)?;
    Ok(sizes)
}

/// Compiles the page's program, which needs no tool but cargo.
pub(crate) fn compile(workspace: &Workspace, progress: &Progress, say: &dyn Fn(&str)) -> Result<(), Failure> {
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--package", "launcelot-web", "--features", split::FEATURE]);
    cargo.args(["--profile", "web", "--target", WASM_TARGET]);
    split::prepare(&mut cargo);
    progress.command(cargo, say)
}

/// Tells a test where the page is, and trunk, which serves another one.
pub(crate) fn tell(workspace: &Workspace, tools: &Tools, command: &mut Command) {
    command.env("LAUNCELOT_PAGE", workspace.page());
    if let Some(trunk) = &tools.trunk {
        command.env("LAUNCELOT_TRUNK", &trunk.path);
    }
}

/// A page that is being made: what of, where, and who is told how far it is.
pub(crate) struct Making<'a> {
    pub(crate) workspace: &'a Workspace,
    pub(crate) progress: &'a Progress,
    pub(crate) tools: &'a Tools,
    /// The folder that it is made in.
    pub(crate) page: &'a Path,
    pub(crate) say: &'a dyn Fn(&str),
}

fn make(making: &Making) -> Result<(), Failure> {
    let Making { workspace, page, say, .. } = making;
    // Trunk leaves what wasm-bindgen made for another build there, and would take it along.
    let leftover = workspace.target.join("wasm-bindgen");
    remove(&leftover).attempt(|| format!("cannot remove {}", leftover.display()))?;
    remove(page).attempt(|| format!("cannot remove {}", page.display()))?;
    bundle(making)?;
    say("splitting");
    split::page(making)?;
    shrink::page(making)?;
    say("compressing");
    compress::folder(page).attempt(|| "cannot compress the page".to_owned())
}

/// Runs trunk, which must download nothing.
fn bundle(Making { workspace, progress, tools, page, say }: &Making) -> Result<(), Failure> {
    let trunk =
        tools.trunk.as_ref().ok_or_else(|| Failure::new("there is no trunk: `cargo xtask tools` installs it"))?;
    let mut command = workspace.command(&trunk.path);
    command.current_dir(workspace.root.join("web"));
    command.args(["build", "--release", "--offline", "--skip-version-check", "--features", split::FEATURE, "--dist"]);
    command.arg(page);
    split::prepare(&mut command);
    // Trunk takes this variable for a switch, and stops at any value but `true` and `false`.
    command.env_remove("NO_COLOR");
    progress.command(command, say)
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
    fn everything_that_the_page_is_made_of_is_there() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        fingerprint::of(root, &INPUTS, "").unwrap();
    }
}
