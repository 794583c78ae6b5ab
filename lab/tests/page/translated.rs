//! A page that the browser translates: the translator replaces text nodes, to which the program still refers.

use std::time::Duration;

use launcelot_server::{Options, ThinkTime};

use crate::support::browser::FAILED_WEB_SOCKET;
use crate::support::page;

/// Replaces each text node, and each that is added later, as Chrome's translator does: by two nested `font` elements.
const TRANSLATE: &str = "
    const translate = (root) => {
        const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
        const nodes = [];
        while (walker.nextNode()) nodes.push(walker.currentNode);
        for (const node of nodes) {
            if (!node.data.trim() || node.parentElement.closest('[translate=no], font, svg, script, style')) continue;
            const [outer, inner] = [document.createElement('font'), document.createElement('font')];
            inner.textContent = node.data;
            outer.append(inner);
            node.replaceWith(outer);
        }
    };
    translate(document.body);
    new MutationObserver((records) => {
        for (const { target } of records) if (target.isConnected && target.nodeType === Node.ELEMENT_NODE) translate(target);
    }).observe(document.body, { childList: true, characterData: true, subtree: true });";

#[tokio::test(flavor = "multi_thread")]
async fn a_translated_page_shows_the_figures_of_the_newest_run() {
    let think = ThinkTime::from(Duration::ZERO);
    let (_server, _bridge, browser) = page::open(&Options { think: think.clone(), ..Options::default() }).await;
    browser.ask(1, "complete").await;
    browser.wait_for("#replay").await;
    browser.script(TRANSLATE).await;

    // The second run takes longer than the first could have.
    think.set(Duration::from_millis(300));
    browser.ask(2, "complete").await;
    browser.assert_three_answers().await;
    for row in &browser.rows().await[1..] {
        assert!(row.took() >= 300.0, "{row:?}");
    }
    let meaning = browser.meaning().await;
    let waited = meaning.strip_prefix("You waited ").and_then(|rest| rest.split(' ').next());
    assert!(waited.is_some_and(|waited| waited.parse::<f64>().unwrap() >= 900.0), "{meaning}");
    think.set(Duration::ZERO);

    // A run with fewer rows, and another order.
    browser.client.find(fantoccini::Locator::Id("own")).await.unwrap().send_keys("What is your quest?").await.unwrap();
    browser.click("#ask-own").await;
    browser.wait_for("#dialogue[data-run='3'][data-state=complete]").await;
    let rows = browser.rows().await;
    assert_eq!((rows.len(), rows[1].question.as_str()), (2, "What is your quest?"));
    assert_eq!(rows[1].answer, "To seek the Holy Grail.");
    browser.click("#sent-ahead").await;
    browser.ask(4, "complete").await;
    assert!(browser.meaning().await.contains("one round trip for all of them"));

    // Everything else that changes.
    browser.click("#runs [data-run='2'] button[aria-pressed]").await;
    browser.wait_for("#dialogue .ghost").await;
    assert!(browser.text(".comparison").await.contains("Run 2 (one at a time): "));
    browser.click("#runs [data-run='3'] button:not([aria-pressed])").await;
    let passed = "return Number(document.querySelector('.player').dataset.passed)";
    let before = browser.script(passed).await.as_u64().unwrap();
    browser.click("#replay-step").await;
    browser.wait_for(&format!(".player[data-passed='{}']", before + 1)).await;
    browser.click("#run-race").await;
    browser.wait_for("#race[data-state=complete]").await;
    assert_eq!(browser.text("#run-race").await, "Race them");
    browser.script("document.querySelector('#rounds').value = 10").await;
    for series in 1..=2 {
        browser.click("#ask-rounds").await;
        browser.wait_for(&format!("#many-rounds[data-state=complete] #kept-rounds li:nth-child({series})")).await;
    }
    assert_eq!(browser.script("return document.querySelector('.mishap')").await, serde_json::Value::Null);
    browser.assert_console_is_quiet(&[FAILED_WEB_SOCKET]).await;
}
