//! The settings of the link and of the server, changed on the page, in another tab, and by a restart of the lab.

use std::time::Duration;

use fantoccini::Locator;
use serde_json::{Value, json};

use super::{assert_accessible_in_every_look, durations, measured, set_elsewhere};
use crate::support::browser::Browser;
use crate::support::demo::Demo;
use crate::support::page;
use crate::support::page_session::PageSession;
use crate::support::ports::ReservedPort;

#[tokio::test(flavor = "multi_thread")]
async fn a_preset_and_a_slider_change_the_link_at_once() {
    let session = PageSession::start().await;
    session.choose_tunnel().await;
    let browser = &session.browser;
    let ms = Duration::from_millis;
    // 70 ms, and each way up to 2 ms more.
    browser.client.find(Locator::XPath("//button[.='across a continent']")).await.unwrap().click().await.unwrap();
    let continent = measured(browser, ms(70)).await;
    assert!(continent >= ms(70), "{continent:?}");

    let slider = browser.client.find(Locator::Id("rtt")).await.unwrap();
    slider.send_keys("\u{e012}").await.unwrap();
    let rtt = measured(browser, ms(50)).await;
    assert!(rtt >= ms(50), "{rtt:?}");
    assert_eq!(slider.attr("aria-valuetext").await.unwrap().unwrap().replace('\u{a0}', " "), "50 ms");
    // A screen reader announces the slider's value, and must not announce its figure, too.
    assert_eq!(slider_figures_that_speak(browser).await, 0);

    // A slider that runs through all its steps causes fewer requests than steps.
    let run = "const slider = document.querySelector('#rtt');
        for (let step = 40; step >= 9; step--) {
            slider.value = step; slider.dispatchEvent(new InputEvent('input', { bubbles: true }));
        }
        slider.dispatchEvent(new Event('change', { bubbles: true }));
        performance.clearResourceTimings();";
    browser.script(run).await;
    let rtt = measured(browser, Duration::from_micros(100)).await;
    assert!(rtt >= Duration::from_micros(100) && rtt < continent, "{rtt:?} after {continent:?}");
    let script =
        "return performance.getEntriesByType('resource').filter((entry) => entry.name.endsWith('/api/tunnel')).length";
    let requests = browser.script(script).await.as_u64().unwrap();
    assert!((2..16).contains(&requests), "{requests} requests for 32 steps");
    let report = tunnel(browser).await;
    assert_eq!((&report["link"]["rtt_us"], &report["link"]["jitter_us"]), (&json!(100), &json!(2_000)));
    assert_accessible_in_every_look(browser, "the tunnel’s controls").await;
    browser.assert_console_is_quiet(&[]).await;
}

/// Returns the number of figures beside sliders that a screen reader announces when they change.
async fn slider_figures_that_speak(browser: &Browser) -> u64 {
    let figures = "return document.querySelectorAll('output[for]:not([aria-live=off])').length";
    browser.script(figures).await.as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lab_that_ends_is_reported_and_found_again_after_a_restart() {
    let ports = [0; 3].map(|_| ReservedPort::new());
    let demo = Demo::start_at(&ports, &page::built());
    let browser = Browser::start().await;
    browser.open(&demo.page_url()).await;
    browser.wait_for("#tunnel").await;
    browser.click("#tunnel").await;
    browser.wait_for("#measured[data-rtt-us]").await;
    browser.client.find(Locator::XPath("//button[.='same rack']")).await.unwrap().click().await.unwrap();
    measured(&browser, Duration::from_micros(200)).await;
    browser.ask(1, "complete").await;
    drop(demo);
    browser.ask(2, "broken").await;
    browser.wait_for(".route[data-lab=gone] #link-notice").await;
    assert!(browser.text(".route").await.contains("The lab does not answer"));

    let _demo = Demo::start_at(&ports, &page::built());
    browser.ask(3, "complete").await;
    browser.wait_for(".route[data-lab=there] #tunnel:checked").await;
    browser.wait_for("#replay[data-run='3'][data-traced=true]").await;
    // The restarted lab had its default settings.
    browser.wait_for("#link-notice").await;
    let message = browser.text("#link-notice").await;
    assert_eq!(message, "The lab was restarted. Your link settings were applied again.");
    measured(&browser, Duration::from_micros(200)).await;
    assert_eq!(tunnel(&browser).await["link"]["rtt_us"], 200);
}

/// Returns the lab's report on its tunnel.
async fn tunnel(browser: &Browser) -> Value {
    let script = "fetch('/api/tunnel').then((answer) => answer.json()).then(arguments[0])";
    browser.client.execute_async(script, Vec::new()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_the_link_in_another_tab_is_shown_when_the_page_becomes_visible() {
    let session = PageSession::start().await;
    session.choose_tunnel().await;
    let browser = &session.browser;
    set_elsewhere(browser, Duration::from_millis(5)).await;
    let hide_and_show = "for (const isHidden of [true, false]) {
        Object.defineProperty(document, 'hidden', { configurable: true, value: isHidden });
        document.dispatchEvent(new Event('visibilitychange'));
    }";
    browser.script(hide_and_show).await;
    browser.wait_for("#link-notice").await;
    assert!(browser.text("#link-notice").await.starts_with("The link was changed elsewhere"));
    measured(browser, Duration::from_millis(5)).await;
    let message = browser.text(".tunnel").await.replace('\u{a0}', " ");
    for expected in [
        "The longer link is emulated",
        "one round trip before its first byte",
        "Delay added, both ways: ",
        "Set: 5 ms.",
    ] {
        assert!(message.contains(expected), "{expected}: {message}");
    }
    assert!(!message.contains("Measured round trip"), "{message}");
    let page = browser.text("body").await;
    assert_eq!(page.matches("emulate").count(), 1, "the page calls the link emulated once: {page}");
    assert_accessible_in_every_look(browser, "a link changed elsewhere").await;
    browser.client.find(Locator::XPath("//button[.='same rack']")).await.unwrap().click().await.unwrap();
    measured(browser, Duration::from_micros(200)).await;
    assert!(browser.client.find(Locator::Id("link-notice")).await.is_err(), "a change on this page has no notice");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_sets_the_think_time_of_the_server() {
    let session = PageSession::start().await;
    let browser = &session.browser;
    browser.wait_for("#work").await;
    let set = "const work = document.querySelector('#work');
        work.value = 12.5; work.dispatchEvent(new Event('change', { bubbles: true }));";
    browser.script(set).await;
    let script = "const answer = async () => (await (await fetch('/api/server')).json()).think_us;
        const asked = async () => (await answer()) === 12500 ? arguments[0](true) : setTimeout(asked, 10); asked()";
    assert_eq!(browser.client.execute_async(script, Vec::new()).await.unwrap(), true);
    session.ask(1).await;
    let message = browser.text("#where").await;
    let thought = durations(&message)[0];
    assert!(message.starts_with("The server spent") && thought >= Duration::from_micros(37_500), "{message}");
    assert_accessible_in_every_look(browser, "a server that works").await;
    browser.assert_console_is_quiet(&[]).await;
}
