//! The README's picture of the page, made from the page itself.

use std::fs;

use thousands::Separable as _;

use crate::browser::Browser;
use crate::command::{Attempt, Failure};
use crate::dist;
use crate::install;
use crate::progress::Progress;
use crate::workspace::Workspace;

/// Where the README looks for it, from the workspace's top.
const PLACE: &str = "docs/page.png";

/// A picture that every clone carries for ever, in each of its versions.
const LIMIT_BYTES: u64 = 300_000;

/// Builds the page, lets a browser take the picture, and puts it into its place if it is small enough.
pub(crate) fn run(workspace: &Workspace, progress: &Progress) -> Result<(), Failure> {
    let browser = Browser::ready(workspace, progress)?;
    let tools = install::all(workspace, progress)?;
    dist::build(workspace, progress, &tools, false)?;

    let taken = workspace.target.join("page.png");
    // The photographer is a test, so that no demo has to compile a browser's driver.
    let mut camera = workspace.cargo();
    camera.args(["test", "--release", "--package", "launcelot-lab", "--test", "picture", "--", "--ignored"]);
    camera.env("LAUNCELOT_PICTURE", &taken);
    browser.tell(&mut camera);
    dist::tell(workspace, &tools, &mut camera);
    progress.run("the picture", camera)?;

    let size = fs::metadata(&taken).attempt(|| "no picture was taken".to_owned())?.len();
    if size >= LIMIT_BYTES {
        let (size, limit) = (size.separate_with_commas(), LIMIT_BYTES.separate_with_commas());
        let place = taken.display();
        return Err(Failure::new(format!(
            "the picture is too large: {size} bytes, not under {limit}; it is at {place}"
        )));
    }
    let place = workspace.root.join(PLACE);
    let cannot = || format!("cannot put the picture into {PLACE}");
    fs::create_dir_all(workspace.root.join("docs")).attempt(cannot)?;
    // Copied, not moved: the target folder may be on another disk.
    fs::copy(&taken, &place).attempt(cannot)?;
    println!("{PLACE}: {} bytes", size.separate_with_commas());
    Ok(())
}
