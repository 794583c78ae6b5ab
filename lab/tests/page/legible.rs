//! Text in drawings and tables: it has names and headings, and nothing runs into anything else.

use launcelot_server::Options;
use serde_json::{Value, json};

use crate::support::browser::Browser;
use crate::support::page;
use crate::support::page_session::PageSession;

/// Returns the pairs of texts that overlap, among the elements that a selector finds in each group.
async fn overlaps(browser: &Browser, groups: &str, texts: &str) -> Value {
    let script = "const rect = (element) => {
            const nothing = { left: 0, right: 0, top: 0, bottom: 0, width: 0 };
            if (element.getBoundingClientRect().width <= 1) return nothing;
            if (element.closest('svg')) return element.getBoundingClientRect();
            const rects = [];
            const nodes = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
            while (nodes.nextNode()) {
                const words = document.createRange();
                words.selectNodeContents(nodes.currentNode);
                if (!nodes.currentNode.parentElement.closest('.unseen, svg')) rects.push(...words.getClientRects());
            }
            if (!rects.length) return nothing;
            const [left, top] = ['left', 'top'].map((side) => Math.min(...rects.map((it) => it[side])));
            const [right, bottom] = ['right', 'bottom'].map((side) => Math.max(...rects.map((it) => it[side])));
            // The box of a letter has room above and below the letter, in some browsers more than in others.
            const room = (bottom - top) / 6;
            return { left, right, top: top + room, bottom: bottom - room, width: right - left };
        };
        const found = [];
        for (const group of document.querySelectorAll(arguments[0])) {
            const texts = [...group.querySelectorAll(arguments[1])].filter((it) => it.textContent.trim() && rect(it).width > 1);
            texts.forEach((first, index) => texts.slice(index + 1).forEach((second) => {
                const [a, b] = [rect(first), rect(second)];
                const isApart = a.right <= b.left + 0.5 || b.right <= a.left + 0.5 || a.bottom <= b.top || b.bottom <= a.top;
                if (!isApart) found.push(`${first.textContent} / ${second.textContent}`);
            }));
        }
        return found;";
    browser.client.execute(script, vec![groups.into(), texts.into()]).await.unwrap()
}

/// Fails if labels of an axis overlap, or cells of a row.
async fn assert_nothing_overlaps(browser: &Browser, look: &str) {
    for group in [".waterfall-axis", ".histogram", ".percentiles", ".path svg", ".lanes-backdrop"] {
        assert_eq!(overlaps(browser, group, "text:not(.words, .letter)").await, json!([]), "{group}, {look}");
    }
    for group in ["#dialogue tr", "#runs tr", "#legs tr", "#percentiles tr"] {
        assert_eq!(overlaps(browser, group, "th, td").await, json!([]), "{group}, {look}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn labels_and_figures_do_not_run_into_each_other() {
    let session = PageSession::start().await;
    let browser = &session.browser;
    session.ask(1).await;
    session.ask(2).await;
    for preset in [1, 4] {
        browser.click(&format!(".presets > :nth-child({preset}) button")).await;
        let run = if preset == 1 { 3 } else { 4 };
        session.ask(run).await;
        session.ask_in_rounds().await;
        for width in [1280, 390, 320] {
            browser.set_window(width, 900).await;
            assert_nothing_overlaps(browser, &format!("{width} wide, preset {preset}")).await;
        }
        browser.set_window(1280, 900).await;
        browser.script("document.documentElement.style.fontSize = '200%'").await;
        assert_nothing_overlaps(browser, &format!("text at 200 %, preset {preset}")).await;
        browser.script("document.documentElement.style.fontSize = ''").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_letters_of_four_curves_do_not_cover_each_other() {
    let session = PageSession::start().await;
    let browser = &session.browser;
    for _ in 0..4 {
        session.ask_in_rounds().await;
    }
    for row in 2..=4 {
        browser.click(&format!("#kept-rounds li:nth-child({row}) button")).await;
    }
    browser.wait_for(".percentiles .letter.series-3").await;
    for width in [1280, 390] {
        browser.set_window(width, 900).await;
        assert_eq!(overlaps(browser, ".percentiles", ".letter").await, json!([]), "{width}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn axes_have_names_columns_have_headings_and_percentiles_a_percent_sign() {
    let session = PageSession::start().await;
    let browser = &session.browser;
    session.ask(1).await;
    session.ask_in_rounds().await;
    let names = browser.script("return document.querySelectorAll('.axis-name').length").await;
    assert_eq!(names, 4, "two axes of two charts");
    let marks = "return [...document.querySelectorAll('.percentiles > text:not(.axis-name)')]
        .every((it) => it.textContent.endsWith('%'))";
    assert_eq!(browser.script(marks).await, true);
    let hidden = "return [...document.querySelectorAll('#dialogue thead th, #legs thead th, #percentiles thead th')]
        .filter((it) => [...it.childNodes].every((part) => part.className === 'unseen' || !part.textContent.trim()))
        .map((it) => it.textContent)";
    assert_eq!(browser.script(hidden).await, json!([]), "headings that the eye does not see");
    let counts = "return [...document.querySelectorAll('#histogram-table td')].reduce((sum, it) => sum + Number(it.textContent), 0)";
    assert_eq!(browser.script(counts).await, 10, "every round is in the histogram's table");
    let shares = browser.text("#percentiles tbody").await.replace('\u{a0}', " ");
    assert!(shares.contains("99.9 % (p99.9)"), "{shares}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_enlarged_server_is_drawn_lower_than_the_bars() {
    let session = PageSession::start().await;
    let browser = &session.browser;
    session.ask(1).await;
    let heights = "return ['.leg.server.near', '.leg.client'].map((css) =>
        document.querySelector(`#dialogue ${css}`).getBoundingClientRect().height)";
    let heights = browser.script(heights).await;
    assert!(heights[0].as_f64() < heights[1].as_f64(), "{heights}");
}

#[tokio::test(flavor = "multi_thread")]
async fn arrow_keys_in_slow_motion_go_from_one_recorded_moment_to_the_next() {
    let session = PageSession::start().await;
    let browser = &session.browser;
    session.ask(1).await;
    browser.script("document.querySelector('#replay-scrub').focus()").await;
    let first = session.number(".player", "data-passed").await;
    let press = async |key: &str| browser.client.active_element().await.unwrap().send_keys(key).await.unwrap();
    press("\u{e014}\u{e014}").await;
    browser.wait_for(&format!(".player[data-passed='{}']", first + 2)).await;
    press("\u{e012}").await;
    browser.wait_for(&format!(".player[data-passed='{}']", first + 1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_compared_runs_are_numbered_and_a_run_can_be_removed() {
    let (_server, _bridge, browser) = page::open(&Options::default()).await;
    for run in 1..=9 {
        browser.ask(run, "complete").await;
    }
    for run in 1..=8 {
        browser.click(&format!("#runs [data-run='{run}'] button")).await;
    }
    let numbers = "return [...document.querySelector('#dialogue tbody tr').querySelectorAll('.ghost-name')]
        .map((it) => Number(it.textContent))";
    assert_eq!(browser.script(numbers).await, json!([1, 2, 3, 4, 5, 6, 7, 8]));
    browser.click("#runs [data-run='3'] button:last-child").await;
    let left = "return [...document.querySelectorAll('#runs tbody tr')].map((it) => Number(it.dataset.run))";
    assert_eq!(browser.script(left).await, json!([8, 7, 6, 5, 4, 2, 1]));
    assert_eq!(browser.script(numbers).await, json!([1, 2, 4, 5, 6, 7, 8]));
}
