//! Failures and interruptions, as the page shows and exports them.

use std::io::{Read as _, Write as _};

use launcelot_measure::export::Document;
use launcelot_protocol::exchange::UNKNOWN_QUESTION;
use launcelot_server::Options;

use crate::support::browser::{Browser, FAILED_WEB_SOCKET};
use crate::support::{page, sockets};

impl Browser {
    /// Exports everything from the page as JSON, and returns it.
    pub(crate) async fn document(&self) -> Document {
        self.wait_for("#export-json").await;
        let catch = "window.exported = undefined;
            const made = URL.createObjectURL;
            URL.createObjectURL = (blob) => { blob.text().then((text) => window.exported = text); return made.call(URL, blob); };";
        self.script(catch).await;
        // By a script, because the button moves when the last trace of a race arrives.
        self.script("document.querySelector('#export-json').click()").await;
        let script = "const done = arguments[0];
            const wait = () => window.exported ? done(window.exported) : setTimeout(wait, 5);
            wait();";
        let exported = self.client.execute_async(script, Vec::new()).await.unwrap();
        serde_json::from_str(exported.as_str().unwrap()).unwrap()
    }

    /// Asks in rounds, and waits until they are in this state.
    async fn rounds_until(&self, rounds: u32, state: &str) {
        self.script(&format!("document.querySelector('#rounds').value = {rounds}")).await;
        self.click("#ask-rounds").await;
        self.wait_for(&format!("#many-rounds[data-state={state}]")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_questions_are_counted_as_failures() {
    // A server that knows every second answer.
    let server = sockets::serve_once(|mut stream| {
        for answer in ["Blue.", UNKNOWN_QUESTION].into_iter().cycle() {
            if stream.read(&mut [0; 1024]).unwrap_or(0) == 0 {
                break;
            }
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    let (_bridge, browser) = page::open_with_bridge_to(server.port()).await;
    browser.rounds_until(20, "complete").await;
    let limits = browser.text("#many-rounds figcaption small").await;
    assert!(limits.ends_with(" · 11 errors"), "{limits}");
    let rounds = &browser.document().await.rounds[0];
    assert_eq!((rounds.answered.len(), rounds.errors), (11, 11));
    assert_eq!(rounds.failures.describe(), "11 × Error: unknown question");
    assert!(rounds.answered.iter().all(|round| round.since_ready().is_some()), "{:?}", rounds.answered);
    browser.assert_console_is_quiet(&[FAILED_WEB_SOCKET]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_may_not_connect_to_the_named_bridge_says_so() {
    let (_server, bridge, browser) = page::open(&Options::default()).await;
    browser.client.goto(&format!("{}?bridge=9", bridge.page_url())).await.unwrap();
    // Before anything is asked.
    browser.wait_for("#broken[role=alert]").await;
    let text = browser.text("#broken").await;
    assert!(text.starts_with("The page may not connect to ws://localhost:9/ws"), "{text}");
    assert!(text.contains("Remove ?bridge from the page’s address"), "{text}");
    browser.wait_for("#ask[aria-disabled=true]").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn results_of_a_hidden_tab_are_marked() {
    let (_server, _bridge, browser) = page::open(&Options::default()).await;
    browser.ask(1, "complete").await;
    let hide = "Object.defineProperty(document, 'hidden', { configurable: true, get: () => true });
        document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));";
    browser.script(hide).await;
    browser.ask(2, "complete").await;
    browser.rounds_until(20, "complete").await;
    for limits in ["#dialogue + .limits", "#many-rounds figcaption small"] {
        let limits = browser.text(limits).await;
        assert!(limits.ends_with(" · no errors · the tab was hidden during the measurement"), "{limits}");
    }
    browser
        .script("delete document.hidden; document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))")
        .await;
    browser.ask(3, "complete").await;
    let document = browser.document().await;
    let hidden: Vec<bool> = document.runs.iter().map(|recorded| recorded.run.interruptions.was_hidden).collect();
    assert_eq!((hidden, document.rounds[0].interruptions.was_hidden), (vec![false, true, false], true));
}
