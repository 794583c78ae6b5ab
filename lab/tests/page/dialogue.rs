//! Dialogues from the page: the button, the keyboard, failures, and accessibility.

use std::io::{Read as _, Write as _};

use launcelot_protocol::EXCHANGES;
use launcelot_server::{Design, Options};

use crate::support::browser::{Browser, FAILED_WEB_SOCKET, SERVER_GONE};
use crate::support::fixtures::{Bridge, Server};
use crate::support::page;
use crate::support::ports::ReservedPort;
use crate::support::{sockets, wait};

/// Returns the options of a server that serves one client at a time.
fn one_at_a_time() -> Options {
    Options { design: Design::Simple, ..Options::default() }
}

/// Asks one question at a time, then sends the questions ahead (pipelining). Panics unless the page shows the answers
/// both times.
pub(super) async fn assert_asks_in_both_orders(browser: &Browser) {
    assert_eq!(browser.meaning().await, "Nothing has been asked yet.");
    browser.ask(1, "complete").await;
    browser.assert_three_answers().await;
    assert!(browser.meaning().await.contains("three round trips"));

    browser.click("#sent-ahead").await;
    browser.ask(2, "complete").await;
    browser.assert_three_answers().await;
    assert!(browser.meaning().await.contains("one round trip for all of them"));
    assert!(browser.text("#clock").await.contains("because the page is cross-origin isolated"));
    let step: u64 =
        browser.script("return Number(document.querySelector('#clock').dataset.stepNs)").await.as_u64().unwrap();
    assert!((1..100_000).contains(&step), "an isolated page's clock step 5 µs, and this one {step} ns");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_button_shows_three_answers_and_their_times_in_both_orders() {
    let (_server, _bridge, browser) = page::open(&Options::default()).await;
    assert_asks_in_both_orders(&browser).await;
    browser.assert_console_is_quiet(&[FAILED_WEB_SOCKET]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_works_with_the_keyboard() {
    let (_server, _bridge, browser) = page::open(&Options::default()).await;
    let press = async |keys: &str| browser.client.active_element().await.unwrap().send_keys(keys).await.unwrap();
    press("\u{e004}").await;
    assert_eq!(browser.script("return document.activeElement.id").await, "ask");
    press("\u{e007}").await;
    browser.wait_for("#dialogue[data-run='1'][data-state=complete]").await;
    assert_eq!(browser.script("return document.activeElement.id").await, "ask", "asking keeps the focus");
    press("\u{e004}").await;
    press("\u{e014}").await;
    assert_eq!(browser.script("return document.querySelector('#sent-ahead').checked").await, true);
    press("\u{e004}").await;
    press("What is your quest?\u{e007}").await;
    browser.wait_for("#dialogue[data-run='2'][data-state=complete]").await;
    assert_eq!(browser.rows().await[1].answer, "To seek the Holy Grail.");
    browser.assert_console_is_quiet(&[FAILED_WEB_SOCKET]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_custom_question_is_asked_and_an_empty_one_gets_an_error_beside_its_field() {
    let (_server, _bridge, browser) = page::open(&Options::default()).await;
    let own = browser.client.find(fantoccini::Locator::Id("own")).await.unwrap();
    browser.click("#ask-own").await;
    browser.wait_for("#own[aria-invalid=true]").await;
    assert!(browser.text("#own-mistake").await.contains("needs text"));

    own.send_keys("What is the air-speed of an unladen swallow").await.unwrap();
    browser.click("#ask-own").await;
    browser.wait_for("#dialogue[data-run='1'][data-state=complete]").await;
    let rows = browser.rows().await;
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[1].question, "What is the air-speed of an unladen swallow?");
    assert_eq!(rows[1].answer, "Error: unknown question.");
    assert!(browser.meaning().await.contains("“Error: unknown question.” Others were cast"));
    browser.assert_console_is_quiet(&[FAILED_WEB_SOCKET]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_earlier_run_can_be_compared_with_the_newest() {
    let (_server, _bridge, browser) = page::open(&Options::default()).await;
    browser.ask(1, "complete").await;
    browser.ask(2, "complete").await;
    browser.ask(3, "complete").await;
    let ghosts = "return document.querySelectorAll('#dialogue .ghost').length";
    assert_eq!(browser.script(ghosts).await, 0);
    browser.click("#runs [data-run='1'] button").await;
    browser.wait_for("#runs [aria-pressed=true]").await;
    assert_eq!(browser.script(ghosts).await, 4);
    assert!(browser.text(".comparison").await.starts_with("Run 1 (one at a time): "));
    browser.click("#runs [data-run='1'] button").await;
    assert_eq!(browser.script(ghosts).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tabs_ask_at_the_same_time() {
    let (_server, bridge, browser) = page::open(&Options::default()).await;
    let first = browser.client.window().await.unwrap();
    let second = browser.client.new_window(true).await.unwrap().handle;
    browser.client.switch_to_window(second.clone()).await.unwrap();
    browser.open(&bridge.page_url()).await;
    // Each tab presses its button repeatedly; neither may get the other's answers.
    let press = "const press = () => { const ask = document.querySelector('#ask');
        if (Number(document.querySelector('#dialogue').dataset.run ?? 0) < 20) { ask.click(); setTimeout(press, 5); } };
        press();";
    for tab in [&first, &second] {
        browser.client.switch_to_window(tab.clone()).await.unwrap();
        browser.script(press).await;
    }
    for tab in [&first, &second] {
        browser.client.switch_to_window(tab.clone()).await.unwrap();
        browser.wait_for("#dialogue[data-run='20'][data-state=complete]").await;
        browser.assert_three_answers().await;
    }
    browser.assert_console_is_quiet(&[FAILED_WEB_SOCKET]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_stopped_during_a_dialogue_is_reported_and_can_be_restarted() {
    let port = ReservedPort::new();
    let server = Server::start_at(&port, &one_at_a_time());
    let (_bridge, browser) = page::open_with_bridge_to(server.port).await;

    // The server serves one client at a time, and this client is first.
    let first_client = server.idle_client();
    browser.ask(1, "running").await;
    browser.wait_for("#dialogue .asking.open").await;
    server.kill();
    drop(first_client);
    browser.wait_for("#dialogue[data-run='1'][data-state=broken]").await;
    let meaning = browser.meaning().await;
    assert!(SERVER_GONE.iter().any(|words| meaning.starts_with(words)), "{meaning}");

    browser.ask(2, "broken").await;
    let meaning = browser.meaning().await;
    assert!(meaning.starts_with("The bridge is running, but it cannot reach the server."), "{meaning}");
    assert!(meaning.contains(&format!("localhost port {}", port.number)) && meaning.contains("refused"), "{meaning}");

    let _restarted = Server::start_at(&port, &Options::default());
    browser.ask(3, "complete").await;
    browser.assert_three_answers().await;
    browser.assert_console_is_quiet(&[FAILED_WEB_SOCKET]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answers_before_the_end_of_the_server_are_kept() {
    // A server that answers once, sends part of the next answer, and closes the connection.
    let server = sockets::serve_once(|mut stream| {
        for answer in [EXCHANGES[0].answer, "To seek the"] {
            let _ = stream.read(&mut [0; 1024]).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    let (_bridge, browser) = page::open_with_bridge_to(server.port()).await;
    browser.ask(1, "broken").await;
    let rows = browser.rows().await;
    assert_eq!((rows[1].answer.as_str(), rows[1].took() > 0.0), (EXCHANGES[0].answer, true));
    assert_eq!((rows[2].answer.as_str(), rows[2].took.as_str()), ("", "–"));
    let meaning = browser.meaning().await;
    assert!(meaning.starts_with("The server closed the connection before it had answered everything."), "{meaning}");
    assert!(meaning.contains("“To seek the”"), "{meaning}");
    assert!(meaning.ends_with("One of three answers had arrived."), "{meaning}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bridge_that_stops_is_reported_and_can_be_restarted() {
    let server = Server::start_with(&one_at_a_time());
    let port = ReservedPort::new();
    let bridge = Bridge::start_at(&port, server.port, Some(page::built()));
    let url = bridge.url();
    let browser = Browser::start().await;
    browser.open(&bridge.page_url()).await;

    let first_client = server.idle_client();
    browser.ask(1, "running").await;
    browser.wait_for("#dialogue .asking.open").await;
    bridge.stop();
    browser.wait_for("#dialogue[data-run='1'][data-state=broken]").await;
    assert!(browser.meaning().await.starts_with("The bridge was stopped."));

    browser.ask(2, "broken").await;
    let meaning = browser.meaning().await;
    assert!(meaning.starts_with(&format!("The bridge at {url} cannot be reached.")), "{meaning}");
    assert!(!meaning.contains("?bridge="), "the page may connect to that bridge only: {meaning}");

    drop(first_client);
    let _restarted = Bridge::start_at(&port, server.port, Some(page::built()));
    browser.ask(3, "complete").await;
    browser.assert_three_answers().await;
    browser.assert_console_is_quiet(&[FAILED_WEB_SOCKET]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_dialogue_can_be_stopped() {
    let server = Server::start_with(&one_at_a_time());
    let (_bridge, browser) = page::open_with_bridge_to(server.port).await;
    let first_client = server.idle_client();
    browser.ask(1, "running").await;
    // The pointer is still on the button, which says why it cannot act.
    let look = "const ask = document.querySelector('#ask'), { content } = getComputedStyle(ask, '::after');
        return [getComputedStyle(ask).borderTopStyle, ask.getAttribute('aria-description'), content !== 'none'].join('; ')";
    let expected = "dashed; A measurement is in progress. Wait for it to end, or stop it.; true";
    wait::until_async("a button that cannot act", async || (browser.script(look).await == expected).then_some(()))
        .await;
    wait::until_async("the button that stops", async || {
        let stop = browser.client.find(fantoccini::Locator::Id("stop")).await.ok()?;
        stop.is_displayed().await.unwrap().then_some(())
    })
    .await;
    browser.click("#stop").await;
    browser.wait_for("#dialogue[data-run='1'][data-state=stopped]").await;
    assert_eq!(browser.meaning().await, "Stopped. No answer had arrived.");
    browser.wait_for("#ask[aria-disabled=false]:not([aria-description])").await;
    drop(first_client);
    browser.ask(2, "complete").await;
    browser.assert_three_answers().await;
    browser.assert_console_is_quiet(&[FAILED_WEB_SOCKET]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_accessible_and_fits_at_any_width_in_light_and_dark() {
    let (server, _bridge, browser) = page::open(&Options::default()).await;
    let mut run = 0;
    browser
        .for_every_look(async |look| {
            for order in ["#one-at-a-time", "#sent-ahead"] {
                run += 1;
                browser.click(order).await;
                browser.ask(run, "complete").await;
            }
            browser.click("#runs button[aria-pressed=false]").await;
            browser.click("#ask-own").await;
            browser.wait_for("#own[aria-invalid=true]").await;
            browser.assert_accessible(look).await;
        })
        .await;
    server.kill();
    browser.ask(run + 1, "broken").await;
    browser.assert_accessible("broken").await;
    browser.assert_console_is_quiet(&[FAILED_WEB_SOCKET]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_web_assembly_or_javascript_the_page_explains_what_is_missing() {
    let (_server, bridge, browser) = page::open(&Options::default()).await;
    let page = bridge.page_url();
    browser.run_early("delete window.WebAssembly").await;
    browser.client.goto(&page).await.unwrap();
    // The message appears at the end of the download, some time after the page has loaded.
    browser.wait_for("#before[role=alert]").await;
    let text = browser.text("#before").await;
    assert!(text.contains("WebAssembly"), "{text}");

    browser.forbid_scripts().await;
    browser.client.goto(&page).await.unwrap();
    let text = browser.text("noscript p").await;
    assert!(text.contains("needs JavaScript and WebAssembly"), "{text}");
    let before = browser.client.find(fantoccini::Locator::Id("before")).await.unwrap();
    assert!(!before.is_displayed().await.unwrap(), "nothing lowers the bridge");
}
