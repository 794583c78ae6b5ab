//! Many rounds with a lab behind the bridge: whose queue it was, and over which link they went.

use std::time::Duration;

use fantoccini::Locator;
use serde_json::{Value, json};

use crate::support::attempts::{check, within_attempts_async};
use crate::support::browser::Browser;
use crate::support::page_session::PageSession;
use crate::support::wait;

/// Chooses a link by the name of its button, and waits until it is in force.
async fn choose_link(browser: &Browser, name: &str, rtt: Duration) {
    let button = Locator::XPath(&format!("//button[.='{name}']"));
    browser.client.find(button).await.unwrap().click().await.unwrap();
    browser.wait_for(&format!("#measured[data-nominal-us='{}'][data-rtt-us]", rtt.as_micros())).await;
}

/// What is said of the pace, once it contains these words. The lab is asked when the rounds are over.
async fn said_of_the_pace(browser: &Browser, words: &str) -> String {
    browser.click("#at-due").await;
    wait::until_async(&format!("{words:?}"), async || {
        let said = browser.text("#stopwatch-why").await;
        said.contains(words).then_some(said)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_is_named_after_the_server_that_is_busy_or_after_the_connection_across_a_continent() {
    const BUSY: &str = "because the server was busy with the question before";
    const ON_ITS_WAY: &str = "a connection carries one question at a time (head-of-line blocking)";
    let session = PageSession::start_with(&["--think", "5ms"]).await;
    let browser = &session.browser;
    // On a busy machine most of an answer's time may be neither the server's nor the link's.
    within_attempts_async(5, async || {
        browser.ask_rounds(40, "#one-connection", "5", "complete").await;
        let said = said_of_the_pace(browser, " because the ").await;
        assert!(said.contains("the queue grew"), "{said}");
        check(said.contains(BUSY), || said)
    })
    .await;
    let series = "fetch('/api/series/series-' + document.querySelector('#many-rounds').dataset.run)
        .then((answer) => answer.json()).then(arguments[0])";
    let series = browser.client.execute_async(series, Vec::new()).await.unwrap();
    assert_eq!(series["answers"], 44, "those of the warm-up too: {series}");
    assert!(series["thinking_us"].as_f64().unwrap() >= 44.0 * 5_000.0, "{series}");
    browser.open(&session.demo.page_url()).await;
    said_of_the_pace(browser, BUSY).await;

    session.choose_tunnel().await;
    choose_link(browser, "across a continent", Duration::from_millis(70)).await;
    browser.ask_rounds(40, "#one-connection", "20", "complete").await;
    let said = said_of_the_pace(browser, ON_ITS_WAY).await;
    assert!(said.contains("the queue grew") && !said.contains("busy"), "{said}");
    let document: Value = serde_json::from_str(&session.export("json", ".json").await).unwrap();
    let means =
        document["rounds"].as_array().unwrap().iter().map(|rounds| rounds["thinking_mean_us"].as_f64().unwrap());
    assert!(means.clone().all(|mean| mean >= 5_000.0), "{:?}", means.collect::<Vec<_>>());
    browser.assert_console_is_quiet(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_thinking_in_a_series_with_a_connection_each_is_that_of_all_its_connections() {
    let session = PageSession::start_with(&["--think", "1ms"]).await;
    let browser = &session.browser;
    browser.ask_rounds(20, "#each-connection", "", "complete").await;
    browser.wait_for("#export-json").await;
    let document: Value = wait::until_async("the lab’s answer", async || {
        let document: Value = serde_json::from_str(&session.export("json", ".json").await).unwrap();
        document["rounds"][0]["thinking_mean_us"].is_number().then_some(document)
    })
    .await;
    assert!(document["rounds"][0]["thinking_mean_us"].as_f64().unwrap() >= 1_000.0, "{document}");
    browser.assert_console_is_quiet(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_series_over_a_link_that_changed_is_not_compared_after_a_reload_either() {
    let session = PageSession::start().await;
    session.choose_tunnel().await;
    let browser = &session.browser;
    choose_link(browser, "same rack", Duration::from_micros(200)).await;
    browser.begin_rounds(200, "#one-connection", "5").await;
    browser.wait_for("#many-rounds[data-state=running] #percentiles").await;
    // Another client changes the link, which the page learns when the rounds are over.
    let set = "fetch('/api/tunnel', { method: 'PUT', body: JSON.stringify({ rtt_us: 300 }) })
        .then((answer) => arguments[0](answer.status))";
    assert_eq!(browser.client.execute_async(set, Vec::new()).await.unwrap(), 200);
    browser.wait_for("#many-rounds[data-state=complete]").await;
    browser.wait_for("#link-notice").await;
    browser.ask_rounds(100, "#one-connection", "", "complete").await;

    let overlay = "#kept-rounds li:nth-child(2) button";
    let expected = "B beside A: not compared, because the link changed meanwhile.";
    browser.click(overlay).await;
    assert_eq!(browser.text("#many-rounds .comparison").await, expected);
    browser.open(&session.demo.page_url()).await;
    assert_eq!(browser.script("return document.querySelectorAll('#many-rounds .comparison').length").await, json!(0));
    browser.click(overlay).await;
    assert_eq!(browser.text("#many-rounds .comparison").await, expected);
    browser.assert_console_is_quiet(&[]).await;
}
