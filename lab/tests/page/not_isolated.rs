//! The page without cross-origin isolation, as behind a proxy that removes the headers for it.

use std::time::Duration;

use launcelot_protocol::EXCHANGES;
use launcelot_server::Options;

use super::reverse_proxy::{PATH, Path, start_proxy};
use crate::support::browser::{Browser, FAILED_WEB_SOCKET};
use crate::support::fixtures::{Bridge, Server};
use crate::support::page;

/// The headers that make a page cross-origin isolated.
const ISOLATION: [&str; 2] = ["cross-origin-opener-policy", "cross-origin-embedder-policy"];

/// The server's work on each answer: longer than a step of any browser's clock.
const THINK: Duration = Duration::from_millis(20);

#[tokio::test(flavor = "multi_thread")]
async fn the_page_works_without_cross_origin_isolation_and_says_that_its_clock_is_coarser() {
    let server = Server::start_with(&Options { think: THINK.into(), ..Options::default() });
    let bridge = Bridge::start(server.port, Some(page::built()));
    let proxy = start_proxy(bridge.port, Path::Removed, &ISOLATION).await;
    let browser = Browser::start().await;
    browser.open(&format!("http://localhost:{proxy}{PATH}/")).await;
    assert_eq!(browser.script("return window.crossOriginIsolated").await, false);

    browser.ask(1, "complete").await;
    let rows = browser.rows().await;
    for (row, exchange) in rows[1..].iter().zip(EXCHANGES) {
        assert_eq!((row.question.as_str(), row.answer.as_str()), (exchange.question, exchange.answer));
        assert!(row.took() > 0.0, "{row:?}");
    }
    assert!(browser.text("#clock").await.contains("make it coarser because the page is not cross-origin isolated"));
    assert!(browser.text("#clock").await.contains("Without isolation, timers are coarse too"));
    let step = browser.script("return Number(document.querySelector('#clock').dataset.stepNs)").await;
    assert!(
        step.as_f64().unwrap() >= 50_000.0,
        "a clock without isolation steps by 100 µs or more, and this one by {step} ns"
    );

    // Without shared memory, a timer alone wakes the worker when a round is due.
    browser.ask_rounds(20, "#one-connection", "30", "complete").await;
    assert!(browser.limits().await.starts_with("20 samples · "));
    browser.assert_console_is_quiet(&[FAILED_WEB_SOCKET]).await;
}
