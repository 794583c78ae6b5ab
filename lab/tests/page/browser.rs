//! The page in a real browser, asking a real server through a real bridge.
//!
//! These tests need Chromium, its driver, axe-core and the built page; `cargo xtask test` sees to
//! all of them.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use crate::support::browser::Browser;
use crate::support::fixtures::{Bridge, Server, free_port};
use crate::support::page;
use launcelot_protocol::EXCHANGES;
use launcelot_server::Design;

/// A server, a bridge to it that serves the page, and a browser that shows it.
async fn opened() -> (Server, Bridge, Browser) {
    let server = Server::start(Design::Async, 0);
    let bridge = Bridge::start(0, server.port, Some(page::built()));
    let browser = Browser::start().await;
    browser.open(&format!("http://localhost:{}/", bridge.port)).await;
    (server, bridge, browser)
}

async fn assert_three_answers(browser: &Browser) {
    let rows = browser.rows().await;
    assert_eq!(rows.len(), 4, "{rows:?}");
    assert_eq!(rows[0].words, "Connecting");
    for (row, exchange) in rows[1..].iter().zip(EXCHANGES) {
        assert_eq!((row.words.as_str(), row.answer.as_str()), (exchange.question, exchange.answer));
    }
    for row in &rows {
        assert!(row.took() > 0.0, "{row:?}");
    }
}

/// Nothing was said on the console. A failed connection is said there by the browser itself, and so is that
/// there is no lab behind a bridge that stands alone.
async fn assert_quiet(browser: &Browser) {
    let complaints = browser.complaints().await;
    let is_expected = |line: &str| line.contains("WebSocket connection to") || line.contains("/api/tunnel");
    let complaints: Vec<_> = complaints.iter().filter(|line| !is_expected(line)).collect();
    assert!(complaints.is_empty(), "{complaints:?}");
}

/// What a person does first: reads, asks, and asks again the other way.
async fn asks_both_ways(browser: &Browser) {
    assert_eq!(browser.meaning().await, "Nothing has been asked yet.");
    browser.ask(1, "complete").await;
    assert_three_answers(browser).await;
    assert!(browser.meaning().await.contains("three round trips"));

    browser.click("#sent-ahead").await;
    browser.ask(2, "complete").await;
    assert_three_answers(browser).await;
    assert!(browser.meaning().await.contains("one round trip for all of them"));
    assert!(browser.text("#clock").await.contains("cross-origin isolated, which is why"));
    let step: u64 =
        browser.script("return Number(document.querySelector('#clock').dataset.stepNs)").await.as_u64().unwrap();
    assert!((1..100_000).contains(&step), "an isolated page's clock steps 5 µs, and this one {step} ns");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a browser; `cargo xtask test` runs it"]
async fn the_button_brings_three_answers_and_their_times_both_ways() {
    let (_server, _bridge, browser) = opened().await;
    asks_both_ways(&browser).await;
    assert_quiet(&browser).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a browser; `cargo xtask test` runs it"]
async fn the_keyboard_is_enough() {
    let (_server, _bridge, browser) = opened().await;
    let press = async |keys: &str| browser.client.active_element().await.unwrap().send_keys(keys).await.unwrap();
    press("\u{e004}").await;
    assert_eq!(browser.script("return document.activeElement.id").await, "ask");
    press("\u{e007}").await;
    browser.wait_for("#dialogue[data-run='1'][data-state=complete]").await;
    assert_eq!(browser.script("return document.activeElement.id").await, "ask", "asking must not lose the focus");
    press("\u{e004}").await;
    press("\u{e014}").await;
    assert_eq!(browser.script("return document.querySelector('#sent-ahead').checked").await, true);
    press("\u{e004}").await;
    press("What is your quest?\u{e007}").await;
    browser.wait_for("#dialogue[data-run='2'][data-state=complete]").await;
    assert_eq!(browser.rows().await[1].answer, "To seek the Holy Grail.");
    assert_quiet(&browser).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a browser; `cargo xtask test` runs it"]
async fn a_question_of_one_s_own_is_asked_and_a_mistake_is_explained() {
    let (_server, _bridge, browser) = opened().await;
    let own = browser.client.find(fantoccini::Locator::Id("own")).await.unwrap();
    browser.click("#ask-own").await;
    browser.wait_for("#own[aria-invalid=true]").await;
    assert!(browser.text("#own-mistake").await.contains("needs words"));

    own.send_keys("What is the air-speed of an unladen swallow").await.unwrap();
    browser.click("#ask-own").await;
    browser.wait_for("#dialogue[data-run='1'][data-state=complete]").await;
    let rows = browser.rows().await;
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[1].words, "What is the air-speed of an unladen swallow?");
    assert_eq!(rows[1].answer, "Error: unknown question.");
    assert!(browser.meaning().await.contains("did not know what you asked"));
    assert_quiet(&browser).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a browser; `cargo xtask test` runs it"]
async fn an_earlier_run_can_be_laid_below_the_newest_and_is_compared() {
    let (_server, _bridge, browser) = opened().await;
    browser.ask(1, "complete").await;
    browser.ask(2, "complete").await;
    browser.ask(3, "complete").await;
    let ghosts = "return document.querySelectorAll('#dialogue .ghost').length";
    assert_eq!(browser.script(ghosts).await, 0);
    browser.click("#runs [data-run='1'] button").await;
    browser.wait_for("#runs [aria-pressed=true]").await;
    assert_eq!(browser.script(ghosts).await, 4);
    assert!(browser.text(".comparison").await.starts_with("Run 1, one at a time, took"));
    browser.click("#runs [data-run='1'] button").await;
    assert_eq!(browser.script(ghosts).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a browser; `cargo xtask test` runs it"]
async fn two_tabs_ask_at_the_same_time() {
    let (_server, bridge, browser) = opened().await;
    let first = browser.client.window().await.unwrap();
    let second = browser.client.new_window(true).await.unwrap().handle;
    browser.client.switch_to_window(second.clone()).await.unwrap();
    browser.open(&format!("http://localhost:{}/", bridge.port)).await;
    // Each tab presses its own button over and over; neither may get the other's answers.
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
        assert_three_answers(&browser).await;
    }
    assert_quiet(&browser).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a browser; `cargo xtask test` runs it"]
async fn a_server_that_is_killed_in_mid_dialogue_is_told_and_may_come_back() {
    let server = Server::start(Design::Simple, 0);
    let port = server.port;
    let bridge = Bridge::start(0, port, Some(page::built()));
    let browser = Browser::start().await;
    browser.open(&format!("http://localhost:{}/", bridge.port)).await;

    // This server serves one client at a time, and this is not the page.
    let first_in_line = server.silent_client();
    browser.ask(1, "running").await;
    browser.wait_for("#dialogue .asking.open").await;
    server.kill();
    drop(first_in_line);
    browser.wait_for("#dialogue[data-run='1'][data-state=broken]").await;
    let meaning = browser.meaning().await;
    assert!(meaning.starts_with("The server went away in mid-dialogue"), "{meaning}");

    browser.ask(2, "broken").await;
    let meaning = browser.meaning().await;
    assert!(meaning.starts_with("The bridge is there, but it cannot reach the server."), "{meaning}");
    assert!(meaning.contains(&format!("localhost port {port}")) && meaning.contains("refused"), "{meaning}");

    let _back = Server::start(Design::Async, port);
    browser.ask(3, "complete").await;
    assert_three_answers(&browser).await;
    assert_quiet(&browser).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a browser; `cargo xtask test` runs it"]
async fn the_answers_before_the_server_died_are_kept() {
    // A server that answers once, begins to answer again, and dies.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        for answer in [EXCHANGES[0].answer, "To seek the"] {
            let _ = stream.read(&mut [0; 1024]).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    let bridge = Bridge::start(0, port, Some(page::built()));
    let browser = Browser::start().await;
    browser.open(&format!("http://localhost:{}/", bridge.port)).await;
    browser.ask(1, "broken").await;
    let rows = browser.rows().await;
    assert_eq!((rows[1].answer.as_str(), rows[1].took() > 0.0), (EXCHANGES[0].answer, true));
    assert_eq!((rows[2].answer.as_str(), rows[2].took.as_str()), ("", "–"));
    let meaning = browser.meaning().await;
    assert!(meaning.starts_with("The server went away in mid-dialogue: it closed the connection."), "{meaning}");
    assert!(meaning.contains("“To seek the”"), "{meaning}");
    assert!(meaning.ends_with("One of three answers had come; they stand above."), "{meaning}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a browser; `cargo xtask test` runs it"]
async fn a_bridge_that_goes_is_told_and_may_come_back() {
    let server = Server::start(Design::Simple, 0);
    let bridge = Bridge::start(0, server.port, Some(page::built()));
    let (port, url) = (bridge.port, bridge.url());
    let browser = Browser::start().await;
    browser.open(&format!("http://localhost:{port}/")).await;

    let first_in_line = server.silent_client();
    browser.ask(1, "running").await;
    browser.wait_for("#dialogue .asking.open").await;
    bridge.stop();
    browser.wait_for("#dialogue[data-run='1'][data-state=broken]").await;
    assert!(browser.meaning().await.starts_with("The bridge was stopped in mid-dialogue."));

    browser.ask(2, "broken").await;
    let meaning = browser.meaning().await;
    assert!(meaning.starts_with(&format!("The bridge at {url} cannot be reached.")), "{meaning}");

    drop(first_in_line);
    let _back = Bridge::start(port, server.port, Some(page::built()));
    browser.ask(3, "complete").await;
    assert_three_answers(&browser).await;
    assert_quiet(&browser).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a browser; `cargo xtask test` runs it"]
async fn a_person_who_has_waited_enough_can_stop() {
    let server = Server::start(Design::Simple, 0);
    let bridge = Bridge::start(0, server.port, Some(page::built()));
    let browser = Browser::start().await;
    browser.open(&format!("http://localhost:{}/", bridge.port)).await;
    let first_in_line = server.silent_client();
    browser.ask(1, "running").await;
    let stop = browser.client.wait().for_element(fantoccini::Locator::Id("stop")).await.unwrap();
    while !stop.is_displayed().await.unwrap() {}
    stop.click().await.unwrap();
    browser.wait_for("#dialogue[data-run='1'][data-state=stopped]").await;
    assert_eq!(browser.meaning().await, "Stopped. No answer had come.");
    drop(first_in_line);
    browser.ask(2, "complete").await;
    assert_three_answers(&browser).await;
    assert_quiet(&browser).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a browser; `cargo xtask test` runs it"]
async fn nobody_is_kept_out_and_nothing_sticks_out_at_any_width_in_any_light() {
    let (server, _bridge, browser) = opened().await;
    let mut run = 0;
    for scheme in ["light", "dark"] {
        for width in [1280, 360] {
            browser.look(width, scheme).await;
            for order in ["#one-at-a-time", "#sent-ahead"] {
                run += 1;
                browser.click(order).await;
                browser.ask(run, "complete").await;
            }
            browser.click("#runs button[aria-pressed=false]").await;
            browser.click("#ask-own").await;
            browser.wait_for("#own[aria-invalid=true]").await;
            assert_eq!(browser.barriers().await, [""; 0], "{scheme}, {width} wide");
            let sticks_out = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
            assert_eq!(browser.script(sticks_out).await, 0, "{scheme}, {width} wide");
        }
    }
    server.kill();
    browser.ask(run + 1, "broken").await;
    assert_eq!(browser.barriers().await, [""; 0], "broken");
    assert_quiet(&browser).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a browser; `cargo xtask test` runs it"]
async fn what_is_loaded_later_is_not_needed_to_ask_and_can_be_tried_again() {
    let web = tempfile::tempdir().unwrap();
    page::copy(&page::built(), web.path());
    let files = web.path().read_dir().unwrap().map(|file| file.unwrap().path());
    let later: Vec<PathBuf> = files.filter(|path| path.to_str().unwrap().contains("-later.wasm")).collect();
    assert_eq!(later.len(), 3, "as it is, and compressed in two ways");
    later.iter().for_each(|path| std::fs::remove_file(path).unwrap());

    let server = Server::start(Design::Async, 0);
    let bridge = Bridge::start(0, server.port, Some(web.path().to_owned()));
    let browser = Browser::start().await;
    browser.client.goto(&format!("http://localhost:{}/", bridge.port)).await.unwrap();
    browser.wait_for("#rest[role=alert]").await;
    assert!(browser.text("#rest").await.starts_with("The rest of the page could not be loaded."));
    browser.ask(1, "complete").await;
    assert_three_answers(&browser).await;

    page::copy(&page::built(), web.path());
    browser.click("#rest button").await;
    browser.wait_for("#take").await;
    assert_three_answers(&browser).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a browser; `cargo xtask test` runs it"]
async fn without_web_assembly_or_javascript_the_page_says_so() {
    let (_server, bridge, browser) = opened().await;
    let page = format!("http://localhost:{}/", bridge.port);
    let without = serde_json::json!({ "source": "delete globalThis.WebAssembly" });
    let added = browser.devtools("Page.addScriptToEvaluateOnNewDocument", without).await;
    browser.client.goto(&page).await.unwrap();
    // It says so when the download is over, which is some time after the page has loaded.
    browser.wait_for("#before[role=alert]").await;
    let text = browser.text("#before").await;
    assert!(text.contains("WebAssembly"), "{text}");
    browser.devtools("Page.removeScriptToEvaluateOnNewDocument", added).await;

    browser.devtools("Emulation.setScriptExecutionDisabled", serde_json::json!({ "value": true })).await;
    browser.client.goto(&page).await.unwrap();
    let text = browser.text("noscript p").await;
    assert!(text.contains("needs JavaScript and WebAssembly"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a browser and trunk; `cargo xtask test` runs it"]
async fn the_same_page_comes_from_trunk_serve_and_is_loaded_again_when_it_changes() {
    let server = Server::start(Design::Async, 0);
    let bridge = Bridge::start(0, server.port, None);
    let trunk = TrunkServe::start();
    let browser = Browser::start().await;
    browser.open(&format!("http://localhost:{}/?bridge={}", trunk.port, bridge.port)).await;
    asks_both_ways(&browser).await;
    assert_quiet(&browser).await;

    browser.script("document.documentElement.dataset.old = ''").await;
    let style = web_folder().join("style/base.css");
    std::fs::File::options().append(true).open(style).unwrap().set_modified(SystemTime::now()).unwrap();
    browser.wait_for("html:not([data-old]) #ask[aria-disabled=false]").await;
}

fn web_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../web")
}

/// `trunk serve`, as a person runs it in `web/`, but at a free port and with a folder of its own.
struct TrunkServe {
    port: u16,
    process: Child,
    _dist: tempfile::TempDir,
}

impl TrunkServe {
    /// Starts it and waits until it has built the page and listens.
    fn start() -> Self {
        let port = free_port();
        let trunk = std::env::var("LAUNCELOT_TRUNK").unwrap_or_else(|_| "trunk".to_owned());
        let dist = tempfile::tempdir().unwrap();
        let mut process = Command::new(&trunk)
            .args(["serve", "--offline=true", "--port", &port.to_string(), "--dist"])
            .arg(dist.path())
            .current_dir(web_folder())
            .env_remove("NO_COLOR")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{trunk}: {error}; `cargo xtask tools` installs it"));
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert_eq!(process.try_wait().unwrap(), None, "trunk serve ended");
            std::thread::sleep(Duration::from_millis(100));
        }
        Self { port, process, _dist: dist }
    }
}

impl Drop for TrunkServe {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
