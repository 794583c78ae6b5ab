//! The picture of the page, from the real page.

use crate::support::browser::Browser;
use crate::support::fixtures::Lab;
use crate::support::page;

/// A picture that is larger has no place in a repository.
const PICTURE_MAX_BYTES: usize = 300_000;

/// In CSS pixels.
const WIDTH: u32 = 1280;

/// Writes it where `LAUNCELOT_PICTURE` says, if it says so.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a browser; `cargo xtask picture` runs it"]
async fn the_page_can_be_pictured() {
    let lab = Lab::start(&page::built(), &[]);
    let browser = Browser::start().await;
    browser.look(WIDTH, "light").await;
    browser.open(&format!("http://localhost:{}/", lab.page_port)).await;
    browser.click("#tunnel").await;
    browser.wait_for("#measured[data-rtt-us]").await;
    // The first runs warm up caches and branch predictors; the one that is shown comes after them.
    for run in 1..=8 {
        browser.ask(run, "complete").await;
    }
    browser.client.refresh().await.unwrap();
    browser.wait_for("#ask[aria-disabled=false]").await;
    browser.wait_for("#tunnel").await;
    browser.click("#tunnel").await;
    browser.wait_for("#measured[data-rtt-us]").await;
    browser.ask(1, "complete").await;
    browser.wait_for("#where").await;
    browser.script("document.activeElement.blur()").await;
    // Down to the legs of the way.
    let end = "return document.querySelector('main > section').getBoundingClientRect().bottom + scrollY";
    let height = browser.script(end).await.as_f64().unwrap();
    let picture = browser.picture(WIDTH, height).await;
    assert!(picture.len() < PICTURE_MAX_BYTES, "{} bytes", picture.len());
    if let Some(path) = std::env::var_os("LAUNCELOT_PICTURE") {
        std::fs::write(path, picture).unwrap();
    }
}
