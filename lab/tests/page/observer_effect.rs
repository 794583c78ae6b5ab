//! The page does not disturb what it measures: during a run it draws nothing, and its worker buffers the events.

use launcelot_server::Options;
use serde_json::json;

use crate::support::attempts::{check, within_attempts_async};
use crate::support::browser::FAILED_WEB_SOCKET;
use crate::support::page;

/// A script that logs the messages to the page's worker and from the worker.
const LOG_MESSAGES: &str = "window.log = [];
    window.Worker = class extends Worker {
        constructor(...parameters) {
            super(...parameters);
            this.addEventListener('message', () => log.push('from worker'));
        }
        postMessage(...parameters) {
            log.push('to worker');
            super.postMessage(...parameters);
        }
    };";

/// A script that presses the button. Once the run is complete, it returns the log, which also contains the page's
/// changes and the next frame.
const LOG_OF_A_RUN: &str =
    "const done = arguments[0], dialogue = document.querySelector('#dialogue'), before = dialogue.dataset.run;
    log.length = 0;
    new MutationObserver((_, observer) => {
        log.push('change');
        if (dialogue.dataset.state !== 'complete' || dialogue.dataset.run === before) return;
        observer.disconnect();
        done(log);
    }).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
    document.querySelector('#ask').click();
    requestAnimationFrame(() => log.push('frame'));";

#[tokio::test(flavor = "multi_thread")]
async fn a_tab_without_animation_frames_can_ask() {
    let (_server, _bridge, browser) = page::open(&Options::default()).await;
    browser.script("window.requestAnimationFrame = () => 0").await;
    browser.ask(1, "complete").await;
    browser.script("Object.defineProperty(document, 'hidden', { get: () => true })").await;
    browser.ask(2, "complete").await;
    browser.assert_three_answers().await;
}

mod alone {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn the_worker_reports_a_quick_run_in_one_message_and_the_page_does_not_change_before() {
        let (_server, bridge, browser) = page::open_alone().await;
        browser.run_early(LOG_MESSAGES).await;
        browser.open(&bridge.page_url()).await;
        // On a busy machine a run may take more than 100 ms. Then the worker also reports before the end of the run.
        within_attempts_async(5, async || {
            let log = browser.client.execute_async(LOG_OF_A_RUN, Vec::new()).await.unwrap();
            let expected = json!(["change", "frame", "to worker", "from worker", "change"]);
            check(log == expected, || format!("{log}"))
        })
        .await;
        browser.assert_console_is_quiet(&[FAILED_WEB_SOCKET]).await;
    }
}
