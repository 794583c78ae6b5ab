//! Rounds that are interrupted: the browser freezes the page, the person leaves it, or the machine sleeps.

use std::fs;
use std::time::Duration;

use launcelot_server::Options;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

use crate::support::browser::{Browser, FAILED_WEB_SOCKET};
use crate::support::driver::BrowserName;
use crate::support::page;

/// How long the browser is stopped. It is longer than timers of a hidden tab are late, so that the page detects a
/// suspension.
const SUSPENSION: Duration = Duration::from_secs(4);

/// Part of the console's line about a question that is sent while the browser closes the WebSocket of a frozen page.
const CLOSED_WEB_SOCKET: &str = "WebSocket is already in CLOSING or CLOSED state";

/// Begins more rounds than the test waits for, and returns once the page shows samples of them.
async fn begin_many_rounds(browser: &Browser) {
    browser.begin_rounds(10_000, "#one-connection", "10").await;
    browser.wait_for("#many-rounds[data-state=running] #percentiles").await;
}

/// Fails unless the rounds are marked as suspended, on the page and in its export.
async fn assert_noted_as_suspended(browser: &Browser) {
    let limits = browser.limits().await;
    assert!(limits.ends_with("suspended during the measurement"), "{limits}");
    assert!(browser.document().await.rounds[0].interruptions.was_suspended);
}

#[tokio::test(flavor = "multi_thread")]
async fn rounds_of_a_frozen_page_are_marked_as_suspended() {
    let (_server, _bridge, browser) = page::open(&Options::default()).await;
    begin_many_rounds(&browser).await;
    for state in ["frozen", "active"] {
        browser.devtools("Page.setWebLifecycleState", json!({ "state": state })).await;
    }
    // Chromium closes the connections of a page that it freezes.
    browser.wait_for("#many-rounds[data-state=broken]").await;
    let meaning = browser.rounds_meaning().await;
    assert!(
        meaning.starts_with("The connection to the bridge was lost during the dialogue. The page was suspended"),
        "{meaning}"
    );
    assert_noted_as_suspended(&browser).await;
    browser.ask(1, "complete").await;
    assert!(!browser.text("#dialogue + .limits").await.contains("suspended"), "the run began afterwards");
    browser.assert_console_is_quiet(&[FAILED_WEB_SOCKET, CLOSED_WEB_SOCKET]).await;
}

/// Leaves the page, and comes back to it through the history.
async fn leave_and_come_back(browser: &Browser) {
    browser.client.goto("about:blank").await.unwrap();
    browser.client.back().await.unwrap();
    browser.wait_for("#ask").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rounds_of_a_page_in_the_back_forward_cache_are_marked_as_suspended() {
    let (_server, _bridge, browser) = page::open(&Options::default()).await;
    browser.ask(1, "complete").await;
    leave_and_come_back(&browser).await;
    begin_many_rounds(&browser).await;
    leave_and_come_back(&browser).await;
    // Chromium keeps the page in its back-forward cache, and closes its connections.
    browser.wait_for("#many-rounds[data-state=broken]").await;
    let meaning = browser.rounds_meaning().await;
    assert!(
        meaning.contains("The page was suspended, and browsers") && meaning.contains("the answers so far are kept"),
        "{meaning}"
    );
    assert_noted_as_suspended(&browser).await;
    browser.wait_for("#dialogue[data-run='1'][data-state=complete]").await;
    assert!(!browser.text("#dialogue + .limits").await.contains("suspended"), "the run was over before");
    browser.ask(2, "complete").await;
    assert!(!browser.text("#dialogue + .limits").await.contains("suspended"), "the run began afterwards");
    browser.assert_console_is_quiet(&[FAILED_WEB_SOCKET, CLOSED_WEB_SOCKET]).await;
}

/// Returns the processes that run pages in this test's browsers.
fn renderers() -> Vec<Pid> {
    // Firefox names its processes after what they do; the kernel keeps 15 characters.
    let (file, text) = match BrowserName::chosen() {
        BrowserName::Chromium => ("cmdline", "--type=renderer"),
        BrowserName::Firefox => ("comm", "Isolated Web Co"),
    };
    let mut renderers = Vec::new();
    for entry in fs::read_dir("/proc").unwrap() {
        let Ok(pid) = entry.unwrap().file_name().to_string_lossy().parse() else { continue };
        let process = fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
        if String::from_utf8_lossy(&process).contains(text) && is_of_this_test(pid) {
            renderers.push(Pid::from_raw(pid));
        }
    }
    renderers
}

/// Returns true if the process descends from this test program.
fn is_of_this_test(mut pid: i32) -> bool {
    while pid > 1 {
        if u32::try_from(pid) == Ok(std::process::id()) {
            return true;
        }
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let parent = status.lines().find_map(|line| line.strip_prefix("PPid:"));
        pid = parent.and_then(|parent| parent.trim().parse().ok()).unwrap_or(0);
    }
    false
}

mod alone {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn rounds_during_a_sleep_of_the_machine_are_marked_as_suspended() {
        // Alone, since the browsers of other tests in this program would be stopped, too.
        let (_server, _bridge, browser) = page::open_alone().await;
        begin_many_rounds(&browser).await;
        let renderers = renderers();
        assert!(!renderers.is_empty(), "the browser has no process that runs a page");
        let signal = |signal: Signal| renderers.iter().for_each(|pid| kill(*pid, signal).unwrap());
        signal(Signal::SIGSTOP);
        tokio::time::sleep(SUSPENSION).await;
        signal(Signal::SIGCONT);
        browser.click("#stop-rounds").await;
        browser.wait_for("#many-rounds[data-state=stopped]").await;
        assert_noted_as_suspended(&browser).await;
        browser.assert_console_is_quiet(&[FAILED_WEB_SOCKET, CLOSED_WEB_SOCKET]).await;
    }
}
