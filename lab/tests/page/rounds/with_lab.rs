//! Many rounds with a lab: the cause of a queue, and the link of a series.

use std::time::Duration;

use fantoccini::Locator;
use serde_json::{Value, json};

use crate::support::attempts::{check, within_attempts_async};
use crate::support::browser::Browser;
use crate::support::page_session::PageSession;
use crate::support::wait;

/// Chooses a link by the name of its button, and waits until the page has measured a round trip over it.
async fn choose_link(browser: &Browser, name: &str, rtt: Duration) {
    let button = Locator::XPath(&format!("//button[.='{name}']"));
    browser.client.find(button).await.unwrap().click().await.unwrap();
    browser.wait_for(&format!("#measured[data-nominal-us='{}'][data-rtt-us]", rtt.as_micros())).await;
}

/// Returns the page's sentence about the pace, once it contains `words`. The page asks the lab after the rounds.
async fn pace_message(browser: &Browser, words: &str) -> String {
    browser.click("#at-due").await;
    wait::until_async(&format!("{words:?}"), async || {
        let message = browser.text("#stopwatch-why").await;
        message.contains(words).then_some(message)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cause_of_a_queue_is_the_busy_server_or_head_of_line_blocking_on_a_long_link() {
    const SERVER_BUSY: &str = "because the server was still busy with the previous question";
    const HEAD_OF_LINE_BLOCKING: &str = "a question waits for those before it (head-of-line blocking)";
    let session = PageSession::start_with(&["--think", "5ms"]).await;
    let browser = &session.browser;
    // On a busy machine most of an answer's time may be neither the server's nor the link's.
    within_attempts_async(20, async || {
        browser.ask_rounds(40, "#one-connection", "5", "complete").await;
        let message = pace_message(browser, " because the ").await;
        assert!(message.contains("the queue grew"), "{message}");
        check(message.contains(SERVER_BUSY), || message)
    })
    .await;
    let series = "fetch('/api/series/series-' + document.querySelector('#many-rounds').dataset.run)
        .then((answer) => answer.json()).then(arguments[0])";
    let series = browser.client.execute_async(series, Vec::new()).await.unwrap();
    assert_eq!(series["answers"], 44, "including the warm-up: {series}");
    assert!(series["thinking_us"].as_f64().unwrap() >= 44.0 * 5_000.0, "{series}");
    session.open().await;
    browser.wait_for("#stopwatch-why").await;
    pace_message(browser, SERVER_BUSY).await;

    session.choose_tunnel().await;
    choose_link(browser, "across a continent", Duration::from_millis(70)).await;
    browser.ask_rounds(40, "#one-connection", "20", "complete").await;
    let message = pace_message(browser, HEAD_OF_LINE_BLOCKING).await;
    assert!(message.contains("the queue grew") && !message.contains("busy"), "{message}");
    let document: Value = serde_json::from_str(&session.export("json", ".json").await).unwrap();
    let means =
        document["rounds"].as_array().unwrap().iter().map(|rounds| rounds["thinking_mean_us"].as_f64().unwrap());
    assert!(means.clone().all(|mean| mean >= 5_000.0), "{:?}", means.collect::<Vec<_>>());
    browser.assert_console_is_quiet(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_thinking_in_a_series_is_summed_over_all_its_connections_and_the_design_is_told() {
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
    assert_eq!(document["rounds"][0]["provenance"]["server_design"], "async", "{document}");
    let listed = browser.text("#kept-rounds li small").await;
    assert!(listed.contains("server design async"), "{listed}");
    browser.assert_console_is_quiet(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_series_over_a_link_that_changed_is_not_compared_also_after_a_reload() {
    let session = PageSession::start().await;
    session.choose_tunnel().await;
    let browser = &session.browser;
    choose_link(browser, "same rack", Duration::from_micros(200)).await;
    browser.begin_rounds(1_000, "#one-connection", "5").await;
    browser.wait_for("#many-rounds[data-state=running] #percentiles").await;
    // Another client changes the link, which the page learns when the rounds are over.
    let set = "fetch('/api/tunnel', { method: 'PUT', body: JSON.stringify({ rtt_us: 300 }) })
        .then((answer) => arguments[0](answer.status))";
    assert_eq!(browser.client.execute_async(set, Vec::new()).await.unwrap(), 200);
    browser.wait_for("#many-rounds[data-state=complete]").await;
    browser.wait_for("#link-notice").await;
    // The page measures the changed link by itself, and a series would break that off.
    browser.wait_for("#measured[data-nominal-us='300'][data-rtt-us]").await;
    browser.ask_rounds(100, "#one-connection", "", "complete").await;

    let overlay = "#kept-rounds li:nth-child(2) button";
    let expected = "B and A: not compared, because the link changed during one of the two.";
    browser.click(overlay).await;
    assert_eq!(browser.text("#many-rounds .comparison").await, expected);
    session.open().await;
    browser.wait_for("#percentiles").await;
    assert_eq!(browser.script("return document.querySelectorAll('#many-rounds .comparison').length").await, json!(0));
    browser.click(overlay).await;
    assert_eq!(browser.text("#many-rounds .comparison").await, expected);
    browser.assert_console_is_quiet(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_series_during_which_the_work_of_the_server_changed_is_not_compared() {
    let session = PageSession::start().await;
    let browser = &session.browser;
    browser.wait_for("#work").await;
    browser.begin_rounds(1_000, "#one-connection", "5").await;
    browser.wait_for("#many-rounds[data-state=running] #percentiles").await;
    // Another client changes the work, which the page learns when the rounds are over.
    let set = "fetch('/api/server', { method: 'PUT', body: JSON.stringify({ think_us: 3000 }) })
        .then((answer) => arguments[0](answer.status))";
    assert_eq!(browser.client.execute_async(set, Vec::new()).await.unwrap(), 200);
    browser.wait_for("#many-rounds[data-state=complete]").await;
    browser.wait_for("#link-notice").await;
    let changed = "simulated server work changed from 0 µs to 3 ms per answer";
    let text = browser.text("#many-rounds").await.replace('\u{a0}', " ");
    assert!(text.contains(changed), "{text}");

    browser.ask_rounds(100, "#one-connection", "", "complete").await;
    browser.click("#kept-rounds li:nth-child(2) button").await;
    let expected = "B and A: not compared, because the server’s work changed during one of the two.";
    assert_eq!(browser.text("#many-rounds .comparison").await, expected);
    let text = browser.text("#many-rounds").await.replace('\u{a0}', " ");
    assert!(text.contains("simulated server work 3 ms per answer"), "{text}");
    let document: Value = serde_json::from_str(&session.export("json", ".json").await).unwrap();
    assert_eq!(document["rounds"][0]["server_work"], json!({ "first_us": 0.0, "last_us": 3000.0 }));
    browser.assert_console_is_quiet(&[]).await;
}
