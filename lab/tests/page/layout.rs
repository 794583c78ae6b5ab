//! Where things are on the page: their order, what is in sight, and that nothing jumps or runs out of the window.

use fantoccini::Locator;
use launcelot_server::Options;
use serde_json::json;

use crate::support::browser::Browser;
use crate::support::page;
use crate::support::page_session::PageSession;
use crate::support::wait;

/// Types a question of one's own and asks it.
async fn ask_own(browser: &Browser, question: &str) {
    let type_it = "const own = document.querySelector('#own');
        own.value = ''; own.focus();
        document.execCommand('insertText', false, arguments[0]);";
    browser.client.execute(type_it, vec![question.into()]).await.unwrap();
    browser.click("#ask-own").await;
}

/// Returns by how many CSS pixels the page is wider than its window.
async fn overflow(browser: &Browser) -> i64 {
    let script = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
    browser.script(script).await.as_i64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sections_are_in_the_order_of_the_story() {
    let session = PageSession::start().await;
    let browser = &session.browser;
    session.ask(1).await;
    session.ask(2).await;
    let headings = browser.script("return [...document.querySelectorAll('h2')].map((it) => it.textContent)").await;
    let expected = [
        "Ask once",
        "Lengthen the link",
        "Earlier runs",
        "Slow motion",
        "Three ways to ask",
        "Ask many times",
        "Export and import",
    ];
    assert_eq!(headings, json!(expected));
    let parts = browser.script("return [...document.querySelectorAll('.path b')].map((it) => it.textContent)").await;
    assert_eq!(parts, json!(["browser", "bridge", "tunnel", "server"]));
    let is_first = "return !!(document.querySelector('.path').compareDocumentPosition(document.querySelector('main'))
        & Node.DOCUMENT_POSITION_FOLLOWING)";
    assert_eq!(browser.script(is_first).await, true, "the parts are named before any figure");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_run_leads_on_to_the_next_lesson() {
    let session = PageSession::start().await;
    let browser = &session.browser;
    browser.ask(1, "complete").await;
    assert_eq!(browser.text("#next-step").await, "Next: lengthen the link, and ask again.");
    // The trace adds a table above the choice of the path.
    browser.wait_for("#replay[data-run='1'][data-traced=true]").await;
    session.choose_tunnel().await;
    browser.ask(2, "complete").await;
    assert!(browser.text("#next-step").await.starts_with("Next: send the questions ahead (pipelining)"));
    browser.click("#sent-ahead").await;
    browser.ask(3, "complete").await;
    assert!(browser.text("#next-step").await.contains("slow motion"));
    let presets = browser.script("return document.querySelectorAll('.presets li span').length").await;
    assert_eq!(presets, 5, "each preset is explained");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_to_a_custom_question_is_in_sight() {
    let (_server, _bridge, browser) = page::open(&Options::default()).await;
    let mut run = 0;
    for (width, height) in [(390, 844), (1366, 650)] {
        browser.set_window(width, height).await;
        browser.script("scrollTo(0, 0)").await;
        run += 1;
        browser.ask(run, "complete").await;
        browser.script("scrollTo(0, 0)").await;
        ask_own(&browser, "What is your quest?").await;
        run += 1;
        browser.wait_for(&format!("#dialogue[data-run='{run}'][data-state=complete]")).await;
        let script = "const { top, bottom } = document.querySelector('#dialogue tbody tr:nth-child(2)')
            .getBoundingClientRect(); return [Math.round(top), Math.round(bottom), innerHeight]";
        let place = browser.script(script).await;
        let [top, bottom, window] = [0, 1, 2].map(|index| place[index].as_i64().unwrap());
        assert!(top >= 0 && bottom <= window, "{width} by {height}: the answer is from {top} to {bottom}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_jumps_while_a_run_is_going_on() {
    let session = PageSession::start().await;
    let browser = &session.browser;
    for width in [1280, 390] {
        browser.set_window(width, 900).await;
        session.forget().await;
        session.ask(1).await;
        session.ask(2).await;
        let watch = "window.heights = [];
            const section = document.querySelector('main > section');
            const watch = () => { heights.push(section.offsetHeight); requestAnimationFrame(watch); };
            new MutationObserver(() => heights.push(section.offsetHeight))
                .observe(section, { subtree: true, childList: true, characterData: true });
            watch();";
        browser.script(watch).await;
        session.ask(3).await;
        let jump = browser.script("return Math.max(...heights) - Math.min(...heights)").await;
        assert!(jump.as_i64().unwrap() <= 60, "at {width} the section changed its height by {jump} pixels");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_question_does_not_widen_the_page() {
    let (_server, _bridge, browser) = page::open(&Options::default()).await;
    browser.set_window(390, 844).await;
    for (run, length, words) in [(1, 50, "What about swallows "), (2, 1_024, "What about swallows "), (3, 1_024, "a")] {
        let words = words.repeat(1_024);
        ask_own(&browser, &format!("{}?", &words[..length - 1].trim_end())).await;
        browser.wait_for(&format!("#replay[data-run='{run}']")).await;
        assert_eq!(overflow(&browser).await, 0, "pixels, with a question of {length} characters");
    }
    browser.click("#replay-step").await;
    browser.wait_for("#replay-moment:not(:empty)").await;
    let cut_off =
        "return [...document.querySelectorAll('p')].filter((p) => p.scrollWidth > p.clientWidth).map((p) => p.id)";
    assert_eq!(browser.script(cut_off).await, serde_json::json!([]), "words that run out of their paragraph");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_is_too_long_is_refused_in_words_and_not_cut() {
    let (_server, _bridge, browser) = page::open(&Options::default()).await;
    ask_own(&browser, &"a".repeat(2_000)).await;
    browser.wait_for("#own[aria-invalid=true]").await;
    let mistake = browser.text("#own-mistake").await;
    assert!(mistake.contains("at most 1024 bytes, this one has 2001"), "{mistake}");
    ask_own(&browser, "What\u{a0}is your name").await;
    browser.wait_for("#own[aria-invalid=true]").await;
    let mistake = browser.text("#own-mistake").await;
    assert!(mistake.contains("U+00A0") && !mistake.contains("u{a0}"), "{mistake}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_runs_out_of_the_window_at_320_pixels_or_in_text_of_twice_the_size() {
    let session = PageSession::start().await;
    let browser = &session.browser;
    session.ask(1).await;
    session.ask(2).await;
    browser.click("#runs [data-run='1'] button").await;
    session.ask_in_rounds().await;
    browser.set_window(320, 800).await;
    assert_eq!(overflow(browser).await, 0, "pixels at 320");
    browser.set_window(1280, 900).await;
    browser.script("document.documentElement.style.fontSize = '200%'").await;
    assert_eq!(overflow(browser).await, 0, "pixels at 200 %");
    assert_eq!(browser.accessibility_violations().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_printed_on_white_and_without_buttons() {
    let session = PageSession::start().await;
    let browser = &session.browser;
    session.ask(1).await;
    browser.print_in_dark_scheme().await;
    let background = "return getComputedStyle(document.documentElement).backgroundColor";
    assert_eq!(browser.script(background).await, "rgb(255, 255, 255)");
    let hollow = "return getComputedStyle(document.querySelector('#dialogue .leg.client')).fill";
    assert_eq!(browser.script(hollow).await, "rgb(255, 255, 255)", "a hollow bar");
    assert!(!browser.client.find(Locator::Id("ask")).await.unwrap().is_displayed().await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_settings_are_in_the_address_so_that_a_lesson_is_a_link() {
    let session = PageSession::start().await;
    let browser = &session.browser;
    browser.client.goto("about:blank").await.unwrap();
    browser.client.goto(&format!("{}#link=continent&order=ahead", session.demo.page_url())).await.unwrap();
    browser.wait_for("#tunnel:checked").await;
    browser.wait_for("#sent-ahead:checked").await;
    browser.wait_for("#measured[data-nominal-us='70000']").await;
    let command = browser.text("#terminal code").await;
    assert_eq!(command, format!("launcelot-client localhost {} --timing --pipelined", session.demo.tunnel_port));
    browser.click("#one-at-a-time").await;
    assert_eq!(browser.script("return location.hash").await, "#link=continent&order=one");
    browser.click("#straight").await;
    browser.wait_for("#straight:checked").await;
    let command = browser.text("#terminal code").await;
    assert_eq!(command, format!("launcelot-client localhost {} --timing", session.demo.server_port));

    // Pasted into the address bar of the same page.
    browser.script("location.hash = '#link=rack&order=ahead'").await;
    browser.wait_for("#tunnel:checked").await;
    browser.wait_for("#sent-ahead:checked").await;
    browser.script("location.hash = '#order=one'").await;
    browser.wait_for("#straight:checked").await;
    browser.wait_for("#one-at-a-time:checked").await;
    // A link to a section leaves the settings in the address.
    browser.script("location.hash = '#link=continent&order=ahead'").await;
    browser.wait_for("#tunnel:checked").await;
    browser.wait_for("#measured[data-nominal-us='70000']").await;
    browser.script("location.hash = '#race'").await;
    wait::until_async("the settings in the address", async || {
        (browser.script("return location.hash").await == "#link=continent&order=ahead").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_work_time_out_of_range_is_corrected_in_the_field() {
    let session = PageSession::start().await;
    let browser = &session.browser;
    browser.wait_for("#work").await;
    let set = async |value: &str| {
        let script = "const field = document.querySelector('#work'); field.value = arguments[0];
            field.dispatchEvent(new Event('change', { bubbles: true })); return field.value";
        browser.client.execute(script, vec![json!(value)]).await.unwrap()
    };
    assert_eq!(set("-5").await, "0");
    assert_eq!(set("1.5").await, "1.500");
    assert_eq!(set("").await, "1.500");
}
