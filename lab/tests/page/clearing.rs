//! Everything that was measured, removed at once.

use crate::support::page_session::PageSession;

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_removed_from_the_page_and_the_storage_once_it_was_confirmed() {
    let session = PageSession::start().await;
    let browser = &session.browser;
    let focused = "return document.activeElement.id";
    let stored = "return Object.keys(localStorage).length";
    assert_eq!(browser.script("return document.querySelector('#clear')").await, serde_json::Value::Null);
    session.ask(1).await;
    session.ask_in_rounds().await;
    let frames = "return [...document.querySelectorAll('#dialogue td, #dialogue th')]
        .filter((cell) => getComputedStyle(cell).borderLeftStyle !== 'none').length";
    assert_eq!(browser.script(frames).await, 0, "only what asks for a confirmation has a frame");
    browser.wait_for("#clear[aria-disabled=false]").await;
    browser.click("#clear").await;
    browser.wait_for("#keep:focus").await;
    browser.assert_accessible("asked whether to clear").await;
    browser.click("#keep").await;
    browser.wait_for("#clear:focus").await;
    browser.wait_for("#dialogue[data-run='1']").await;
    browser.click("#clear").await;
    browser.wait_for("#clear-now").await;
    browser.click("#clear-now").await;
    browser.wait_for("#dialogue:not([data-run='1'])").await;
    assert_eq!(browser.script(focused).await, "ask");
    assert_eq!(browser.script(stored).await, 0);
    session.open().await;
    assert_eq!(browser.script("return document.querySelectorAll('#kept-rounds li, #runs tr').length").await, 0);
    browser.assert_console_is_quiet(&[]).await;
}
