//! The screenshots for the documentation: of the page, and of a report on a load.

use std::ffi::OsStr;
use std::process::Command;

use launcelot_testing::process;

use crate::support::browser::Browser;
use crate::support::page_session::PageSession;

/// The largest size of the screenshot: every clone of the repository contains all its versions.
const PICTURE_MAX_BYTES: usize = 300_000;

/// The width of the page in CSS pixels.
const WIDTH: u32 = 1280;

/// Takes the screenshot of the page, with its legs.
#[tokio::test(flavor = "multi_thread")]
async fn the_screenshot_of_the_page_is_small_enough_for_the_documentation() {
    let session = PageSession::start().await;
    let browser = &session.browser;
    browser.look(WIDTH, "light").await;
    session.choose_tunnel().await;
    // The first runs warm up caches and branch predictors; the picture shows the run after them.
    for run in 1..=8 {
        browser.ask(run, "complete").await;
    }
    session.forget().await;
    session.ask(1).await;
    browser.wait_for("#where").await;
    browser.script("document.activeElement.blur()").await;
    // The screenshot ends below the legs.
    let end = "return document.querySelector('main > section').getBoundingClientRect().bottom + scrollY";
    let height = browser.script(end).await.as_f64().unwrap();
    let picture = browser.picture(WIDTH, height).await;
    keep(&picture, "page.png");
}

/// Checks the size of a screenshot, and writes it into the folder in `LAUNCELOT_PICTURES` if there is one.
fn keep(picture: &[u8], name: impl AsRef<OsStr>) {
    assert!(picture.len() < PICTURE_MAX_BYTES, "{} bytes", picture.len());
    if let Some(folder) = std::env::var_os("LAUNCELOT_PICTURES") {
        std::fs::write(std::path::Path::new(&folder).join(name.as_ref()), picture).unwrap();
    }
}

mod long_alone {
    use std::time::Duration;

    use super::*;

    /// The deadline of a load, which takes a minute and a half.
    const LOAD_DEADLINE: Duration = Duration::from_secs(300);

    #[tokio::test(flavor = "multi_thread")]
    async fn the_screenshot_of_a_report_on_a_load_is_small_enough_for_the_documentation() {
        let browser = Browser::start_alone().await;
        let folder = tempfile::tempdir().unwrap();
        let results = folder.path().join("results");
        let mut load = Command::new(env!("CARGO_BIN_EXE_launcelot-lab"));
        load.args(["load", "--designs", "simple,workers,threads,async", "--link", "ssh"]);
        load.args(["--clients", "1:2:5:10:15:20", "--duration", "900ms", "--rounds", "3"])
            .arg("--output")
            .arg(&results);
        let printed = process::output_within(LOAD_DEADLINE, &mut load);
        assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
        browser.look(WIDTH, "light").await;
        browser.client.goto(&format!("file://{}", results.join("report.html").display())).await.unwrap();
        // The screenshot ends below the first chart.
        let end = "return document.querySelector('figure').getBoundingClientRect().bottom + scrollY";
        let height = browser.script(end).await.as_f64().unwrap();
        keep(&browser.picture(WIDTH, height).await, "load.png");
    }
}
