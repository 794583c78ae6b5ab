//! What survives a reload, the way back, a closed tab, a full storage and a second tab.

use launcelot_measure::RunStatus;
use launcelot_server::Options;
use serde_json::json;

use crate::support::browser::{Browser, FAILED_WEB_SOCKET};
use crate::support::page;
use crate::support::page_session::PageSession;
use crate::support::wait;

/// Returns the names of the kept series, the newest first.
const NAMES: &str = "return [...document.querySelectorAll('#kept-rounds input')].map((input) => input.value)";

/// Begins a series that takes a minute, and returns once the page shows samples of it.
async fn begin_a_long_series(browser: &Browser) {
    let script = "document.querySelector('#rounds').value = 6000; document.querySelector('#pace-ms').value = 10";
    browser.script(script).await;
    browser.click("#ask-rounds").await;
    browser.wait_for("#many-rounds[data-state=running] #percentiles").await;
}

/// Fails unless the page shows a series that was stopped after some of its rounds.
async fn assert_a_stopped_series(browser: &Browser) {
    browser.wait_for("#many-rounds[data-state=stopped] #percentiles").await;
    let meaning = browser.text("#rounds-meaning").await.replace('\u{a0}', " ");
    assert!(meaning.starts_with("Stopped after ") && meaning.contains(" of 6,100 rounds. "), "{meaning}");
    let rounds = &browser.document().await.rounds;
    assert_eq!((rounds.len(), &rounds[0].status), (1, &RunStatus::Stopped));
    assert!(rounds[0].answered.len() >= 10, "{}", rounds[0].answered.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_series_that_a_reload_ends_is_kept_as_stopped() {
    let (_server, bridge, browser) = page::open(&Options::default()).await;
    begin_a_long_series(&browser).await;
    browser.open(&bridge.page_url()).await;
    assert_a_stopped_series(&browser).await;
    browser.assert_console_is_quiet(&[FAILED_WEB_SOCKET]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_series_in_a_tab_that_is_closed_is_kept_as_stopped() {
    let (_server, bridge, browser) = page::open(&Options::default()).await;
    begin_a_long_series(&browser).await;
    let tab = browser.client.new_window(true).await.unwrap();
    browser.client.close_window().await.unwrap();
    browser.client.switch_to_window(tab.handle).await.unwrap();
    browser.open(&bridge.page_url()).await;
    assert_a_stopped_series(&browser).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_series_is_saved_from_time_to_time_in_case_that_the_browser_crashes() {
    let (_server, _bridge, browser) = page::open(&Options::default()).await;
    begin_a_long_series(&browser).await;
    let saved = "return Object.entries(localStorage).filter(([key]) => key.startsWith('launcelot-series-'))
        .map(([, entry]) => entry.length)[0] ?? 0";
    for _ in 0..2 {
        let before = browser.script(saved).await.as_u64().unwrap();
        wait::until_async("a larger entry while the series is running", async || {
            (browser.script(saved).await.as_u64().unwrap() > before).then_some(())
        })
        .await;
    }
    assert_eq!(browser.script("return document.querySelector('#many-rounds').dataset.state").await, "running");
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_races_and_settings_survive_a_reload() {
    let session = PageSession::start().await;
    let browser = &session.browser;
    browser.click("#sent-ahead").await;
    session.ask(1).await;
    session.ask(2).await;
    browser.click("#run-race").await;
    browser.wait_for("#race[data-state=complete]").await;
    let drawn = "return ['#dialogue', '#legs', '#runs', '#race table', '#race .limits'].map((part) =>
        [...document.querySelectorAll(part)].map((it) => it.innerText))";
    wait_for_entries(browser, 3).await;
    // The lab is asked for the traces of a race one by one.
    let traced = "const key = Object.keys(localStorage).find((key) => key.startsWith('launcelot-race-'));
        const [race] = JSON.parse(localStorage[key]).races;
        const turns = [race, ...race.more_turns].flatMap((turn) => [turn.one_at_a_time, turn.sent_ahead, turn.at_once]);
        return turns.flat().every((recorded) => recorded.trace)";
    wait::until_async("all traces of the race", async || (browser.script(traced).await == true).then_some(())).await;
    let before = browser.script(drawn).await;
    assert!(before.as_array().unwrap().iter().all(|part| part != &json!([])), "{before}");
    let document = browser.document().await;

    browser.client.refresh().await.unwrap();
    browser.wait_for("#dialogue[data-run='2'][data-state=complete]").await;
    browser.wait_for("#race[data-state=complete] table").await;
    assert_eq!(browser.script(drawn).await, before);
    let again = browser.document().await;
    assert_eq!((&again.runs, &again.races), (&document.runs, &document.races));
    browser.wait_for("#tunnel:checked").await;
    browser.wait_for("#sent-ahead:checked").await;
    assert!(!browser.text("#runs").await.contains("imported"));

    session.ask(3).await;
    browser.click("#runs [data-run='1'] button:last-of-type").await;
    wait_for_entries(browser, 3).await;
    browser.client.refresh().await.unwrap();
    browser.wait_for("#dialogue[data-run='3']").await;
    let runs = "return [...document.querySelectorAll('#runs tbody tr')].map((row) => row.dataset.run)";
    assert_eq!(browser.script(runs).await, json!(["2"]));
    browser.assert_console_is_quiet(&[]).await;
}

/// Waits until the storage has this number of runs and races.
async fn wait_for_entries(browser: &Browser, count: usize) {
    let entries = "return Object.keys(localStorage).filter((key) => /^launcelot-(run|race)-/.test(key)).length";
    wait::until_async("stored runs and races", async || (browser.script(entries).await == count).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_save_that_failed_is_tried_again_and_its_warning_goes() {
    let (_server, bridge, browser) = page::open(&Options::default()).await;
    browser
        .script("Storage.prototype.set = Storage.prototype.setItem; Storage.prototype.setItem = () => { throw 'full' }")
        .await;
    ask_in_ten_rounds(&browser, 1).await;
    let hint = "#kept-rounds + .hint";
    assert!(browser.text(hint).await.contains("new series are lost"));
    browser.script("Storage.prototype.setItem = Storage.prototype.set").await;
    ask_in_ten_rounds(&browser, 2).await;
    wait::until_async("the end of the warning", async || {
        (!browser.text(hint).await.contains("new series are lost")).then_some(())
    })
    .await;
    browser.open(&bridge.page_url()).await;
    let names = ["10 rounds, direct (2)", "10 rounds, direct"];
    assert_eq!(browser.script(NAMES).await, json!(names));
}

/// Asks in ten rounds, and waits until the page has this number of series.
async fn ask_in_ten_rounds(browser: &Browser, series: usize) {
    browser.script("document.querySelector('#rounds').value = 10").await;
    browser.click("#ask-rounds").await;
    browser.wait_for(&format!("#many-rounds[data-state=complete] #kept-rounds li:nth-child({series})")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tabs_show_the_same_series_and_take_none_from_each_other() {
    let (_server, bridge, browser) = page::open(&Options::default()).await;
    let first = browser.client.window().await.unwrap();
    let second = browser.client.new_window(true).await.unwrap().handle;
    browser.client.switch_to_window(second.clone()).await.unwrap();
    browser.open(&bridge.page_url()).await;
    ask_in_ten_rounds(&browser, 1).await;
    browser.client.switch_to_window(first).await.unwrap();
    browser.wait_for("#kept-rounds li").await;
    ask_in_ten_rounds(&browser, 2).await;
    browser.client.switch_to_window(second).await.unwrap();
    browser.wait_for("#kept-rounds li:nth-child(2)").await;
    browser.click("#kept-rounds li:nth-child(2) button:last-of-type").await;
    browser.open(&bridge.page_url()).await;
    assert_eq!(browser.script(NAMES).await, json!(["10 rounds, direct"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_order_of_series_does_not_depend_on_the_clock() {
    let (_server, bridge, browser) = page::open(&Options::default()).await;
    // The name of a window outlives its pages.
    let clock = "const now = 1795790583250 + Number(window.name); window.Date = class extends window.Date {
        constructor(...of) { super(...(of.length ? of : [now])) } static now() { return now } }";
    browser.run_early(clock).await;
    for (index, offset_ms) in [2 * 3_600_000, 0].into_iter().enumerate() {
        browser.script(&format!("window.name = '{offset_ms}'")).await;
        browser.open(&bridge.page_url()).await;
        // The clock stands still, so both begin at the same moment.
        ask_in_ten_rounds(&browser, 2 * index + 1).await;
        ask_in_ten_rounds(&browser, 2 * index + 2).await;
    }
    browser.open(&bridge.page_url()).await;
    let names = ["(4)", "(3)", "(2)", ""].map(|end| format!("10 rounds, direct {end}").trim_end().to_owned());
    assert_eq!(browser.script(NAMES).await, json!(names));
}
