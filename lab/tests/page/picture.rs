//! The screenshot of the page for the documentation.

use crate::support::page_session::PageSession;

/// The largest size of the screenshot: every clone of the repository contains all its versions.
const PICTURE_MAX_BYTES: usize = 300_000;

/// The width of the page in CSS pixels.
const WIDTH: u32 = 1280;

/// Takes the screenshot, and writes it to the path in `LAUNCELOT_PICTURE` if there is one.
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
    assert!(picture.len() < PICTURE_MAX_BYTES, "{} bytes", picture.len());
    if let Some(path) = std::env::var_os("LAUNCELOT_PICTURE") {
        std::fs::write(path, picture).unwrap();
    }
}
