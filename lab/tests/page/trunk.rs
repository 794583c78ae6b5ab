//! The page as `trunk serve` builds and serves it during development.
//!
//! Needs trunk: `LAUNCELOT_TRUNK` names it, or it is on the path.

use std::fs::File;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use launcelot_server::{Design, Options};
use serde_json::json;

use super::dialogue::assert_asks_in_both_orders;
use crate::support::attempts::{check, within_attempts_async};
use crate::support::browser::{Browser, FAILED_WEB_SOCKET};
use crate::support::fixtures::{Bridge, Server};
use crate::support::ports::ReservedPort;
use crate::support::process::Process;
use crate::support::wait;

#[tokio::test(flavor = "multi_thread")]
async fn trunk_serves_the_same_page_and_reloads_it_after_a_change() {
    let server = Server::start(Design::Async);
    let bridge = Bridge::start(server.port, None);
    let trunk = TrunkServe::start();
    let browser = Browser::start().await;
    browser.open(&format!("http://localhost:{}/?bridge={}", trunk.port.number, bridge.port)).await;
    assert_asks_in_both_orders(&browser).await;
    browser.assert_console_is_quiet(&[FAILED_WEB_SOCKET]).await;

    browser.script("document.documentElement.dataset.old = ''").await;
    let style = web_folder().join("style/base.css");
    File::options().append(true).open(style).unwrap().set_modified(SystemTime::now()).unwrap();
    browser.wait_for_within(BUILD_DEADLINE, "html:not([data-old]) #ask[aria-disabled=false]").await;
}

/// A page from trunk is a debug build, which marks in the performance panel what it renders.
#[tokio::test(flavor = "multi_thread")]
async fn a_step_of_a_run_renders_its_rows_and_the_status_once_and_nothing_else() {
    let options = Options { think: Duration::from_secs(3).into(), ..Options::default() };
    let server = Server::start_with(&options);
    let bridge = Bridge::start(server.port, None);
    // Another test changes a file, after which trunk would load the page again.
    let trunk = TrunkServe::start_with(&["--no-autoreload=true"]);
    let browser = Browser::start().await;
    browser.open(&format!("http://localhost:{}/?bridge={}", trunk.port.number, bridge.port)).await;
    // The axis has room for this run, so that it does not grow with the steps of the shorter one that is watched.
    browser.ask(1, "complete").await;
    options.think.set(Duration::ZERO);
    browser.ask(2, "complete").await;
    browser.click("#runs [data-run='1'] button").await;
    browser.wait_for("#runs [data-run='1'] [aria-pressed=true]").await;
    browser.wait_for("#replay[data-run='2']").await;
    // A debug build on a busy machine takes more than half a second to draw an answer.
    options.think.set(Duration::from_secs(2));
    // What is rendered from the first answer of the next run to its second, and how often.
    let watch =
        "const done = arguments[0], dialogue = document.querySelector('#dialogue'), before = dialogue.dataset.run;
        const is_answered = (row) => dialogue.querySelector(`tr:nth-child(${row}) q`) !== null;
        let has_first = false;
        new MutationObserver((_, observer) => {
            if (dialogue.dataset.run === before) return;
            if (is_answered(3)) {
                observer.disconnect();
                const counts = {};
                for (const { name } of performance.getEntriesByType('mark')) counts[name] = (counts[name] ?? 0) + 1;
                done(has_first ? counts : null);
            } else if (is_answered(2) && !has_first) {
                has_first = true;
                performance.clearMarks();
            }
        }).observe(dialogue, { subtree: true, childList: true, attributes: true });
        document.querySelector('#ask').click();";
    within_attempts_async(5, async || {
        let rendered = browser.client.execute_async(watch, Vec::new()).await.unwrap();
        browser.wait_for("#dialogue[data-state=complete]").await;
        check(!rendered.is_null(), || "the page received two answers at once".to_owned())?;
        // The answer, and the question that is asked after it.
        let expected = json!({ "App": 1, "Dialogue": 1, "DialogueRow": 2, "TimetableRow": 2, "Meaning": 1 });
        assert_eq!(rendered, expected);
        Ok(())
    })
    .await;
}

/// Maximum time in which trunk may build the page. Its first build also compiles all dependencies.
const BUILD_DEADLINE: Duration = Duration::from_secs(1_200);

fn web_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../web")
}

/// A running `trunk serve`, at a port and with an output folder of its own.
struct TrunkServe {
    port: ReservedPort,
    _process: Process,
    _dist: tempfile::TempDir,
}

impl TrunkServe {
    /// Starts trunk, and waits until it has built the page and listens.
    fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts trunk with further options.
    fn start_with(options: &[&str]) -> Self {
        let port = ReservedPort::new();
        let trunk = std::env::var("LAUNCELOT_TRUNK").unwrap_or_else(|_| "trunk".to_owned());
        let dist = tempfile::tempdir().unwrap();
        let mut command = Command::new(&trunk);
        command.args(["serve", "--offline=true", "--port", &port.number.to_string(), "--dist"]).arg(dist.path());
        command.args(options);
        command.current_dir(web_folder()).env_remove("NO_COLOR").stdin(Stdio::null()).stdout(Stdio::null());
        let mut process = Process::try_start(&mut command)
            .unwrap_or_else(|error| panic!("cannot start {trunk}: {error}; type: cargo xtask tools"));
        wait::until_within(BUILD_DEADLINE, "trunk serve to listen", || {
            if let Some(status) = process.child.try_wait().unwrap() {
                panic!("trunk serve ended: {status}");
            }
            TcpStream::connect(("127.0.0.1", port.number)).ok()
        });
        Self { port, _process: process, _dist: dist }
    }
}
