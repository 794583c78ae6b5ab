//! Mishaps of the page as a whole: an alert says what happened, and what to do.

use std::fs;
use std::path::Path;

use launcelot_server::{Design, Options};
use tempfile::TempDir;

use crate::support::browser::Browser;
use crate::support::fixtures::{Bridge, Server};
use crate::support::page;

/// Returns the text of the first alert that can be seen.
const ALERT: &str =
    "return [...document.querySelectorAll('[role=alert]')].map(({ innerText }) => innerText.trim()).find(Boolean)";

/// The longest time from a mishap to its alert, in milliseconds.
const ALERT_MAX_MS: f64 = 10_000.0;

/// Notes when the page starts its worker.
const NOTE_WORKER: &str = "const Real = window.Worker;
    window.Worker = function (...options) { window.mishap = performance.now(); return new Real(...options); };";

impl Browser {
    /// Waits until the page shows an alert, and returns its text. Fails unless it appears soon after `window.mishap` by the page's
    /// clock, or after the beginning of the page.
    async fn alert(&self) -> String {
        // The page looks itself: asking it again and again would take processors from other tests.
        let script = format!(
            "const done = arguments[0], alert = () => {{ {ALERT} }};
             const look = () => {{
                const text = alert(), took = performance.now() - (window.mishap ?? 0);
                if (text || took > 3 * {ALERT_MAX_MS}) done([text ?? '', took]); else setTimeout(look, 50);
             }};
             look();"
        );
        let seen = self.client.execute_async(&script, Vec::new()).await.unwrap();
        let (text, took) = (seen[0].as_str().unwrap(), seen[1].as_f64().unwrap());
        assert!(took <= ALERT_MAX_MS, "after {took} ms the alert is {text:?}");
        text.replace('\n', " ")
    }

    /// Opens a page with an error, and returns the text of its alert.
    async fn alert_of(&self, bridge: &Bridge) -> String {
        self.client.goto(&bridge.page_url()).await.unwrap();
        self.alert().await
    }

    /// Ends the wait of the style sheet for the page's program. Fails unless it would have ended soon.
    async fn skip_the_wait(&self) {
        let script = "const [wait] = document.querySelector('#late').getAnimations();
            wait.finish();
            return wait.effect.getComputedTiming().endTime";
        let wait_ms = self.script(script).await.as_f64().unwrap();
        assert!((1.0..ALERT_MAX_MS).contains(&wait_ms), "the alert comes after {wait_ms} ms");
    }
}

/// Copies the page. Replaces the script whose name begins with `prefix`, or removes it if `text` is `None`.
fn page_with(prefix: &str, text: Option<&str>) -> TempDir {
    let web = tempfile::tempdir().unwrap();
    page::copy(&page::built(), web.path());
    let is_script = |path: &Path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.starts_with(prefix) && (name.contains(".mjs") || name.contains(".js"))
    };
    let files = web.path().read_dir().unwrap().map(|file| file.unwrap().path());
    let scripts: Vec<_> = files.filter(|path| is_script(path)).collect();
    assert!(!scripts.is_empty(), "no script {prefix}*");
    for script in scripts {
        let is_compressed = script.extension().is_some_and(|extension| extension == "br" || extension == "gz");
        match text {
            Some(text) if !is_compressed => fs::write(script, text).unwrap(),
            _ => fs::remove_file(script).unwrap(),
        }
    }
    web
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_that_cannot_be_loaded_is_reported() {
    let server = Server::start(Design::Async);
    let browser = Browser::start().await;
    for (script, is_skipped) in [("page-", false), ("start-", true), ("launcelot-", true)] {
        let web = page_with(script, None);
        let bridge = Bridge::start(server.port, Some(web.path().to_owned()));
        browser.client.goto(&bridge.page_url()).await.unwrap();
        // All of them wait in the same way: it is seen once.
        if is_skipped {
            browser.skip_the_wait().await;
        }
        let alert = browser.alert().await;
        assert!(alert.starts_with("The page’s program has not started yet."), "{script}: {alert}");
        assert!(alert.contains("a script of the page is missing or blocked: reload the page."), "{script}: {alert}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_cannot_be_loaded_fails_or_is_silent_is_reported() {
    let cases = [
        (None, "could not be loaded: its script is missing or blocked. Reload the page."),
        (Some("throw new Error('out of order')"), "failed: Error: out of order. Reload the page to try again."),
        (Some(""), "has not started yet."),
    ];
    let server = Server::start(Design::Async);
    let browser = Browser::start().await;
    browser.run_early(NOTE_WORKER).await;
    for (text, expected) in cases {
        let web = page_with("worker-", text);
        let bridge = Bridge::start(server.port, Some(web.path().to_owned()));
        let alert = browser.alert_of(&bridge).await;
        let expected = format!("The page’s worker, which asks the questions, {expected}");
        assert!(alert.starts_with(&expected), "{text:?}: {alert}");
        assert_eq!(browser.accessibility_violations().await, [""; 0], "{text:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_glue_that_the_worker_cannot_import_is_reported() {
    let (_server, bridge, browser) = page::open(&Options::default()).await;
    // The worker is told another name.
    let rename = "const Real = window.Worker;
        window.Worker = function (url, options) { return new Real(url.replace('glue=', 'glue=missing-'), options); };";
    browser.run_early(rename).await;
    let alert = browser.alert_of(&bridge).await;
    assert!(alert.contains("failed: TypeError") && alert.ends_with("Reload the page to try again."), "{alert}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_of_the_page_is_reported() {
    let (_server, _bridge, browser) = page::open(&Options::default()).await;
    assert_eq!(browser.script(ALERT).await, serde_json::Value::Null);
    // The program panics if it cannot draw.
    browser.script("Node.prototype.insertBefore = () => { throw new Error('no more nodes'); }").await;
    browser.script("window.mishap = performance.now()").await;
    browser.click("#ask").await;
    let alert = browser.alert().await;
    assert!(alert.starts_with("This page has crashed") && alert.contains("Reload it"), "{alert}");
    assert_eq!(browser.accessibility_violations().await, [""; 0]);
}
