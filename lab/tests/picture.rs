//! The picture of the page, from the real page.

#![allow(clippy::unwrap_used, reason = "in a test, a panic is how a failure is told")]

mod support;

use launcelot_server::Design;
use support::browser::Browser;
use support::house::{Bridge, Server};
use support::page;

/// A picture that is larger has no place in a repository.
const PICTURE_MAX_BYTES: usize = 300_000;

/// Writes it where `LAUNCELOT_PICTURE` says, if it says so.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a browser; `cargo xtask picture` runs it"]
async fn the_page_can_be_pictured() {
    let server = Server::start(Design::Async, 0);
    let bridge = Bridge::start(0, server.port, Some(page::built()));
    let browser = Browser::start().await;
    browser.look(1280, "light").await;
    browser.open(&format!("http://localhost:{}/", bridge.port)).await;
    // The first runs warm up caches and branch predictors; the ones that are shown come after them.
    for run in 1..=8 {
        browser.ask(run, "complete").await;
    }
    browser.client.refresh().await.unwrap();
    browser.wait_for("#ask[aria-disabled=false]").await;
    browser.ask(1, "complete").await;
    browser.click("#sent-ahead").await;
    browser.ask(2, "complete").await;
    browser.click("#one-at-a-time").await;
    browser.ask(3, "complete").await;
    browser.click("#runs [data-run='2'] button").await;
    browser.wait_for("#dialogue .ghost").await;
    browser.script("document.activeElement.blur()").await;
    let picture = browser.picture().await;
    assert!(picture.len() < PICTURE_MAX_BYTES, "{} bytes", picture.len());
    if let Some(path) = std::env::var_os("LAUNCELOT_PICTURE") {
        std::fs::write(path, picture).unwrap();
    }
}
