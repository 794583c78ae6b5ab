//! What survives a reload, the way back, a closed tab, a full storage and a second tab.

use std::io::{self, Read as _, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use launcelot_measure::RunStatus;
use launcelot_protocol::EXCHANGES;
use launcelot_server::Options;
use serde_json::{Value, json};

use crate::support::attempts::{check, within_attempts_async};
use crate::support::browser::{Browser, FAILED_WEB_SOCKET};
use crate::support::page::{self, BLOCKED_MAX_MS, OBSERVE_LONG_TASKS};
use crate::support::page_session::PageSession;
use crate::support::{sockets, wait};

/// Scripts after which the storage has no room, and has room again.
const FILL_STORAGE: &str =
    "Storage.prototype.set = Storage.prototype.setItem; Storage.prototype.setItem = () => { throw 'full' }";
const EMPTY_STORAGE: &str = "Storage.prototype.setItem = Storage.prototype.set";

/// Returns the names of the kept series, the newest first.
const NAMES: &str = "return [...document.querySelectorAll('#kept-rounds input')].map((input) => input.value)";

/// Returns the numbers of the earlier runs, the newest first.
const EARLIER_RUNS: &str = "return [...document.querySelectorAll('#runs tbody tr')].map((row) => row.dataset.run)";

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

/// Starts a server that answers all questions of the first `served` clients, and of the others only the first question.
fn fall_silent_after(served: usize) -> SocketAddr {
    let clients = Arc::new(AtomicUsize::new(0));
    sockets::serve_each(move |mut stream| {
        let is_served = clients.fetch_add(1, Ordering::Relaxed) < served;
        let answers = if is_served { EXCHANGES.len() } else { 1 };
        for exchange in &EXCHANGES[..answers] {
            if stream.read(&mut [0; 1024]).unwrap_or(0) > 0 {
                let _ = stream.write_all(exchange.answer.as_bytes());
            }
        }
        // The connection stays open until the client closes it.
        let _ = io::copy(&mut stream, &mut io::sink());
    })
}

/// Waits until a table shows the answer to the first question.
async fn wait_for_an_answer(browser: &Browser, table: &str) {
    let answer = EXCHANGES[0].answer;
    wait::until_async(answer, async || browser.text(table).await.contains(answer).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_a_reload_ends_is_kept_as_stopped() {
    let server = fall_silent_after(0);
    let (bridge, browser) = page::open_with_bridge_to(server.port()).await;
    browser.click("#ask").await;
    wait_for_an_answer(&browser, "#dialogue").await;
    browser.open(&bridge.page_url()).await;
    browser.wait_for("#dialogue[data-run='1'][data-state=stopped]").await;
    wait_for_an_answer(&browser, "#dialogue").await;
    let runs = &browser.document().await.runs;
    assert_eq!((runs.len(), &runs[0].run.status, runs[0].run.answered()), (1, &RunStatus::Stopped, 1));
    browser.assert_console_is_quiet(&[FAILED_WEB_SOCKET]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_race_in_a_tab_that_is_closed_is_kept_as_stopped() {
    // The first connection is the warm-up.
    let server = fall_silent_after(1);
    let (bridge, browser) = page::open_with_bridge_to(server.port()).await;
    browser.click("#run-race").await;
    browser.wait_for("#race[data-state=running] table").await;
    let tab = browser.client.new_window(true).await.unwrap();
    browser.client.close_window().await.unwrap();
    browser.client.switch_to_window(tab.handle).await.unwrap();
    browser.open(&bridge.page_url()).await;
    browser.wait_for("#race[data-state=broken] table").await;
    assert_eq!(browser.text("#race-meaning").await, "The race was stopped.");
    let races = &browser.document().await.races;
    assert_eq!((races.len(), &races[0].one_at_a_time[0].run.status), (1, &RunStatus::Stopped));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_series_is_saved_from_time_to_time_in_case_that_the_browser_crashes() {
    let (_server, _bridge, browser) = page::open(&Options::default()).await;
    begin_a_long_series(&browser).await;
    let larger = "const done = arguments[0];
        const saved = () => Object.entries(localStorage).filter(([key]) => key.startsWith('launcelot-series-'))
            .map(([, entry]) => entry.length)[0] ?? 0;
        const before = saved();
        const interval = setInterval(() => {
            if (saved() <= before) return;
            clearInterval(interval);
            done();
        }, 100)";
    for _ in 0..2 {
        browser.client.execute_async(larger, Vec::new()).await.expect("a larger entry while the series is running");
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
    let runs = browser.text("#runs").await;
    assert!(runs.contains(" · server design async") && !runs.contains("imported"), "{runs}");

    session.ask(3).await;
    browser.click("#runs [data-run='1'] button:last-of-type").await;
    wait_for_entries(browser, 3).await;
    browser.client.refresh().await.unwrap();
    browser.wait_for("#dialogue[data-run='3']").await;
    assert_eq!(earlier_runs(browser).await, json!(["2"]));
    browser.assert_console_is_quiet(&[]).await;
}

/// Returns the numbers of the earlier runs, once the part of the page that draws them is loaded.
async fn earlier_runs(browser: &Browser) -> Value {
    browser.wait_for("#runs").await;
    browser.script(EARLIER_RUNS).await
}

/// Waits until the storage has this number of runs and races.
async fn wait_for_entries(browser: &Browser, count: usize) {
    let entries = "return Object.keys(localStorage).filter((key) => /^launcelot-(run|race)-/.test(key)).length";
    wait::until_async("stored runs and races", async || (browser.script(entries).await == count).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_save_that_failed_is_tried_again_and_its_warning_goes() {
    let (_server, bridge, browser) = page::open(&Options::default()).await;
    browser.script(FILL_STORAGE).await;
    ask_in_ten_rounds(&browser, 1).await;
    let hint = "#kept-rounds + .hint";
    assert!(browser.text(hint).await.contains("not all series will survive a reload"));
    browser.script(EMPTY_STORAGE).await;
    ask_in_ten_rounds(&browser, 2).await;
    wait::until_async("the end of the warning", async || {
        (!browser.text(hint).await.contains("not all series will survive a reload")).then_some(())
    })
    .await;
    browser.open(&bridge.page_url()).await;
    let names = ["10 rounds, direct (2)", "10 rounds, direct"];
    assert_eq!(browser.script(NAMES).await, json!(names));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_not_stored_is_reported_until_a_save_succeeds() {
    let (_server, bridge, browser) = page::open(&Options::default()).await;
    browser.script(FILL_STORAGE).await;
    browser.ask(1, "complete").await;
    browser.wait_for("#runs-unstored").await;
    let warning = "The browser’s storage is full or blocked: not all runs and races will survive a reload.";
    assert_eq!(browser.text("#runs-unstored").await, warning);
    browser.assert_accessible("a warning alone").await;
    browser.ask(2, "complete").await;
    browser.assert_accessible("a warning below an earlier run").await;
    browser.script(EMPTY_STORAGE).await;
    browser.ask(3, "complete").await;
    browser.wait_for("body:not(:has(#runs-unstored))").await;
    browser.open(&bridge.page_url()).await;
    browser.wait_for("#dialogue[data-run='3'][data-state=complete]").await;
    assert_eq!(earlier_runs(&browser).await, json!(["2", "1"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_one_tab_removes_stays_removed_and_the_other_tab_keeps_its_own() {
    let (_server, bridge, browser) = page::open(&Options::default()).await;
    let first = browser.client.window().await.unwrap();
    for run in 1..=3 {
        browser.ask(run, "complete").await;
    }
    wait_for_entries(&browser, 3).await;
    let second = browser.client.new_window(true).await.unwrap().handle;
    browser.client.switch_to_window(second).await.unwrap();
    browser.open(&bridge.page_url()).await;
    browser.wait_for("#runs [data-run='1']").await;
    browser.click("#runs [data-run='1'] button:last-of-type").await;
    wait_for_entries(&browser, 2).await;
    browser.client.switch_to_window(first).await.unwrap();
    browser.wait_for("#runs:not(:has([data-run='1']))").await;
    browser.ask(4, "complete").await;
    wait_for_entries(&browser, 3).await;
    browser.open(&bridge.page_url()).await;
    browser.wait_for("#dialogue[data-run='4']").await;
    assert_eq!(earlier_runs(&browser).await, json!(["3", "2"]));
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

mod long_alone {
    use super::*;

    /// Stores fifty runs, each as large as an entry may be: the first run of a document again and again, with its trace.
    const STORE_RUNS: &str = "const [recorded] = arguments[0].runs;
        const entry = (number, times) => {
            const again = (all, keys) => Array.from({ length: times }, (_, time) => all.map((it) =>
                ({ ...it, ...Object.fromEntries(keys.map((key) => [key, it[key] + time * 1e5])) }))).flat();
            const run = { ...recorded.run, questions: again(recorded.run.questions, ['asked_us', 'answered_us']) };
            const trace = { ...recorded.trace, events: again(recorded.trace.events, ['at_us']) };
            return JSON.stringify({ ...arguments[0], races: [], rounds: [], runs: [{ ...recorded, number, run, trace }] });
        };
        let times = 1;
        while (entry(50, times + 1).length <= 32000) times += 1;
        for (let number = 1; number <= 50; number += 1) localStorage[`launcelot-run-${number}-9-${number}`] = entry(number, times);
        return times";

    #[tokio::test]
    async fn fifty_stored_runs_do_not_block_the_page() {
        let session = PageSession::start_alone().await;
        let browser = &session.browser;
        session.ask(1).await;
        let document = session.export("json", ".json").await;
        session.forget().await;
        let stored = vec![serde_json::from_str(&document).unwrap()];
        let times = browser.client.execute(STORE_RUNS, stored).await.unwrap();
        assert!(times.as_u64() > Some(5), "the entries are not large: {times} times as large as a run");
        browser.run_early(OBSERVE_LONG_TASKS).await;
        within_attempts_async(5, async || {
            session.open().await;
            browser.wait_for("#dialogue[data-run='50'][data-state=complete]").await;
            let runs = earlier_runs(browser).await;
            assert_eq!(runs.as_array().unwrap().len(), 49);
            let blocked = browser.longest_task_ms().await;
            check(blocked <= BLOCKED_MAX_MS, || format!("the page was blocked for {blocked} ms"))
        })
        .await;
        browser.assert_console_is_quiet(&[]).await;
    }
}
