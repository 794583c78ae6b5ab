//! The pictures in the documents, taken of the page and of a report themselves.

use std::fs;

use thousands::Separable as _;

use crate::browser::Browser;
use crate::cargo;
use crate::failure::{Context, Failure};
use crate::output;
use crate::page;
use crate::progress::Progress;
use crate::workspace::Workspace;

/// The names of the pictures in `docs`, where the documents link to them.
const NAMES: [&str; 2] = ["page.png", "load.png"];

/// The largest size of a picture. Every clone of the repository contains all its versions.
const MAX_BYTES: u64 = 300_000;

/// Builds the page, has a browser take the pictures, and copies those into `docs` that are small enough.
pub(crate) fn run(workspace: &Workspace, progress: &Progress) -> Result<(), Failure> {
    let browser = Browser::find(workspace, progress, false)?;
    page::build_for_release(workspace, progress)?;

    // Tests of the lab take the pictures, so that the demo need not compile a WebDriver client.
    let mut tests = cargo::browser_tests(workspace, &["--", "picture::"]);
    tests.env("LAUNCELOT_PICTURES", &workspace.target).env("LAUNCELOT_PAGE", workspace.page());
    browser.set_env(&mut tests);
    progress.run("the pictures", tests)?;
    NAMES.iter().try_for_each(|name| copy(workspace, name))
}

/// Copies a picture. It is not moved, because the target folder may be on another file system.
fn copy(workspace: &Workspace, name: &str) -> Result<(), Failure> {
    let taken = workspace.target.join(name);
    let size = fs::metadata(&taken).context(|| format!("cannot read {}", taken.display()))?.len();
    if size > MAX_BYTES {
        return Err(Failure::new(format!(
            "the picture is too large: {} has {} bytes, at most {} are allowed",
            taken.display(),
            size.separate_with_commas(),
            MAX_BYTES.separate_with_commas(),
        )));
    }
    let path = format!("docs/{name}");
    fs::copy(&taken, workspace.root.join(&path)).context(|| format!("cannot copy the picture to {path}"))?;
    output::print(&format!("{path}: {} bytes\n", size.separate_with_commas()));
    Ok(())
}
