//! The README's picture of the page, made from the page itself.

use std::fs;

use thousands::Separable as _;

use crate::browser::Browser;
use crate::cargo::BROWSER_TESTS;
use crate::failure::{Context, Failure};
use crate::page;
use crate::progress::Progress;
use crate::workspace::Workspace;

/// Where the README looks for it, from the workspace's top.
const PLACE: &str = "docs/page.png";

/// Every clone carries each version of the picture.
const LIMIT_BYTES: u64 = 300_000;

/// Builds the page, lets a browser take the picture, and puts it into its place if it is small enough.
pub(crate) fn run(workspace: &Workspace, progress: &Progress) -> Result<(), Failure> {
    let browser = Browser::find(workspace, progress, false)?;
    page::build_for_release(workspace, progress)?;

    let taken = workspace.target.join("page.png");
    // The photographer is a test, so that no demo has to compile a browser's driver.
    let mut camera = workspace.cargo("test");
    camera.args([
        "--release",
        "--package",
        "launcelot-lab",
        "--features",
        BROWSER_TESTS,
        "--test",
        "page",
        "--",
        "picture::",
    ]);
    camera.env("LAUNCELOT_PICTURE", &taken).env("LAUNCELOT_PAGE", workspace.page());
    browser.describe_to(&mut camera);
    progress.run("the picture", camera)?;

    let size = fs::metadata(&taken).context(|| "no picture was taken".to_owned())?.len();
    if size >= LIMIT_BYTES {
        let (size, limit) = (size.separate_with_commas(), LIMIT_BYTES.separate_with_commas());
        let place = taken.display();
        return Err(Failure::new(format!(
            "the picture is too large: {size} bytes, not under {limit}; it is at {place}"
        )));
    }
    let place = workspace.root.join(PLACE);
    let cannot = || format!("cannot put the picture into {PLACE}");
    fs::create_dir_all(workspace.root.join("docs")).context(cannot)?;
    // Copied, not moved: the target folder may be on another disk.
    fs::copy(&taken, &place).context(cannot)?;
    println!("{PLACE}: {} bytes", size.separate_with_commas());
    Ok(())
}
