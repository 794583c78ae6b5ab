//! The README's picture of the page, taken of the page itself.

use std::fs;

use thousands::Separable as _;

use crate::browser::Browser;
use crate::cargo;
use crate::failure::{Context, Failure};
use crate::output;
use crate::page;
use crate::progress::Progress;
use crate::workspace::Workspace;

/// The picture's path from the workspace's top, as the README links to it.
const PATH: &str = "docs/page.png";

/// The largest size of the picture. Every clone of the repository contains all its versions.
const MAX_BYTES: u64 = 300_000;

/// Builds the page, has a browser take the picture, and copies it to its path if it is small enough.
pub(crate) fn run(workspace: &Workspace, progress: &Progress) -> Result<(), Failure> {
    let browser = Browser::find(workspace, progress, false)?;
    page::build_for_release(workspace, progress)?;

    let taken = workspace.target.join("page.png");
    // A test of the lab takes the picture, so that the demo need not compile a WebDriver client.
    let mut test = cargo::browser_tests(workspace, &["--", "picture::"]);
    test.env("LAUNCELOT_PICTURE", &taken).env("LAUNCELOT_PAGE", workspace.page());
    browser.set_env(&mut test);
    progress.run("the picture", test)?;

    let size = fs::metadata(&taken).context(|| format!("cannot read {}", taken.display()))?.len();
    if size > MAX_BYTES {
        return Err(Failure::new(format!(
            "the picture is too large: {} has {} bytes, at most {} are allowed",
            taken.display(),
            size.separate_with_commas(),
            MAX_BYTES.separate_with_commas(),
        )));
    }
    // Copied, not moved: the target folder may be on another file system.
    fs::copy(&taken, workspace.root.join(PATH)).context(|| format!("cannot copy the picture to {PATH}"))?;
    output::print(&format!("{PATH}: {} bytes\n", size.separate_with_commas()));
    Ok(())
}
