//! Actions and assertions on the page.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fantoccini::Locator;
use launcelot_protocol::EXCHANGES;
use launcelot_server::Options;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::browser::Browser;
use super::fixtures::{Bridge, Server};
use super::wait::DEADLINE;

/// Returns the folder of the built page.
pub(crate) fn built() -> PathBuf {
    let page = std::env::var_os("LAUNCELOT_PAGE").map(PathBuf::from);
    let page = page.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/page"));
    assert!(page.join("index.html").is_file(), "no page in {}; type: cargo xtask dist", page.display());
    page
}

/// Starts a server, a bridge to it that serves the page, and a browser that shows the page.
pub(crate) async fn open(options: &Options) -> (Server, Bridge, Browser) {
    let server = Server::start_with(options);
    let (bridge, browser) = open_with_bridge_to(server.port).await;
    (server, bridge, browser)
}

/// Like [`open`], but while no other test has a browser, for a test that measures times.
pub(crate) async fn open_alone() -> (Server, Bridge, Browser) {
    let browser = Browser::start_alone().await;
    let server = Server::start_with(&Options::default());
    let bridge = Bridge::start(server.port, Some(built()));
    browser.open(&bridge.page_url()).await;
    (server, bridge, browser)
}

/// Starts a bridge to the server at `server_port`, and a browser that shows the page, which the bridge serves.
pub(crate) async fn open_with_bridge_to(server_port: u16) -> (Bridge, Browser) {
    let bridge = Bridge::start(server_port, Some(built()));
    let browser = Browser::start().await;
    browser.open(&bridge.page_url()).await;
    (bridge, browser)
}

/// Copies a folder with everything in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() { copy(&entry.path(), &to) } else { fs::copy(entry.path(), to).map(drop).unwrap() }
    }
}

/// Starts a bridge to the server at `server_port`, and a browser that shows the page without the part `name` of its program, which
/// cannot be loaded. Returns the folder of the page, too.
pub(crate) async fn open_without_part(name: &str, server_port: u16) -> (TempDir, Bridge, Browser) {
    let web = without_part(name);
    let bridge = Bridge::start(server_port, Some(web.path().to_owned()));
    let browser = Browser::start().await;
    browser.client.goto(&bridge.page_url()).await.unwrap();
    browser.wait_for("#ask[aria-disabled=false]").await;
    (web, bridge, browser)
}

/// Copies the built page without a part of its program.
fn without_part(name: &str) -> TempDir {
    let web = tempfile::tempdir().unwrap();
    copy(&built(), web.path());
    let files = web.path().read_dir().unwrap().map(|file| file.unwrap().path());
    let is_of_part = |file: &PathBuf| file.file_name().unwrap().to_str().unwrap().starts_with(&format!("{name}-"));
    for file in files.filter(is_of_part) {
        fs::remove_file(file).unwrap();
    }
    web
}

/// The text of a row in the dialogue's table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) question: String,
    pub(crate) answer: String,
    pub(crate) took: String,
}

impl Row {
    /// Returns the time in the last column.
    pub(crate) fn took(&self) -> f64 {
        self.took.parse().unwrap_or_else(|_| panic!("{self:?} has no time"))
    }
}

/// Waits until the page has an element, for at most ten seconds. It observes the page, since asking again and again would take
/// processors from other tests. What only an interval notices, such as the focus, is noticed after 50 ms.
const WAIT: &str = "const [css, done] = arguments;
    const check = (is_over) => {
        const is_found = document.querySelector(css) !== null;
        if (!is_found && !is_over) return;
        observer.disconnect();
        clearInterval(interval);
        clearTimeout(timeout);
        done(is_found);
    };
    const observer = new MutationObserver(() => check(false));
    observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
    const interval = setInterval(check, 50, false);
    const timeout = setTimeout(check, 10_000, true);
    check(false);";

/// Returns the elements that reach beyond the window, if the page is wider than its window.
const OVERFLOW: &str = "const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth <= clientWidth) return [];
    const beyond = [...document.querySelectorAll('body *')].filter((it) => it.getBoundingClientRect().right > clientWidth + 0.5);
    return beyond.map((it) => it.outerHTML.slice(0, 120));";

/// The longest that the page may be blocked, in milliseconds.
pub(crate) const BLOCKED_MAX_MS: f64 = 200.0;

/// A script after which the page notes its longest task.
pub(crate) const OBSERVE_LONG_TASKS: &str = "window.blocked = 0;
    new PerformanceObserver((list) => list.getEntries().forEach((task) => {
        window.blocked = Math.max(window.blocked, task.duration);
    })).observe({ type: 'longtask' });";

impl Browser {
    /// Waits until the page is idle, and returns for how long it was blocked at most since [`OBSERVE_LONG_TASKS`], in milliseconds.
    pub(crate) async fn longest_task_ms(&self) -> f64 {
        // What is drawn and stored after a message takes its time, too.
        let idle = "const done = arguments[0]; requestIdleCallback(() => setTimeout(() => done(window.blocked), 500))";
        self.client.execute_async(idle, Vec::new()).await.unwrap().as_f64().unwrap()
    }

    /// Opens the page and waits until it is loaded and ready to ask.
    pub(crate) async fn open(&self, url: &str) {
        self.client.goto(url).await.unwrap();
        self.wait_for("#ask[aria-disabled=false]").await;
        // Parts of the program that are loaded when the browser is idle draw these.
        self.wait_for("#many-rounds ~ #export").await;
    }

    /// Waits until the page has an element.
    pub(crate) async fn wait_for(&self, css: &str) {
        self.wait_for_within(DEADLINE, css).await;
    }

    /// Waits until the page has an element, within `deadline`.
    pub(crate) async fn wait_for_within(&self, deadline: Duration, css: &str) {
        let began = Instant::now();
        while began.elapsed() < deadline {
            match self.client.execute_async(WAIT, vec![json!(css)]).await {
                Ok(Value::Bool(true)) => return,
                Ok(_) => {}
                // The window has gone to another page meanwhile.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
        panic!("no {css} within {deadline:?}; the page says: {}", self.text("body").await);
    }

    /// Clicks on an element.
    pub(crate) async fn click(&self, css: &str) {
        self.client.find(Locator::Css(css)).await.unwrap().click().await.unwrap();
    }

    /// Presses the button that asks, and waits until the run with this number has this state.
    pub(crate) async fn ask(&self, run: u32, state: &str) {
        self.click("#ask").await;
        self.wait_for(&format!("#dialogue[data-run='{run}'][data-state={state}]")).await;
    }

    /// Drops a file on the page, and returns the page's message.
    pub(crate) async fn drop_file(&self, name: &str, text: &str) -> String {
        self.drop_files(&[(name, text)]).await;
        self.wait_for(&format!("#import-message[data-of='{name}']")).await;
        self.text("#import-message").await
    }

    /// Drops files, each with a name and a text, on the page at once. Fails if the browser would show them in place of the page.
    pub(crate) async fn drop_files(&self, files: &[(&str, &str)]) {
        let script = "const data = new DataTransfer();
            for (const [name, text] of arguments[0]) data.items.add(new File([text], name));
            return ['dragover', 'drop'].map((name) => document.body.dispatchEvent(
                new DragEvent(name, { dataTransfer: data, bubbles: true, cancelable: true })));";
        let is_default = self.client.execute(script, vec![json!(files)]).await.unwrap();
        assert_eq!(is_default, json!([false, false]), "the browser leaves the page at dragover, at drop");
    }

    /// Returns the visible text of an element.
    pub(crate) async fn text(&self, css: &str) -> String {
        self.client.find(Locator::Css(css)).await.unwrap().text().await.unwrap()
    }

    /// Returns the sentences about the dialogue below its table.
    pub(crate) async fn meaning(&self) -> String {
        self.text("#meaning").await.replace('\u{a0}', " ")
    }

    /// Runs a script and returns what it returns.
    pub(crate) async fn script(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap()
    }

    /// Returns the rows of the dialogue's table.
    pub(crate) async fn rows(&self) -> Vec<Row> {
        let rows = self
            .script(
                "return [...document.querySelectorAll('#dialogue tbody tr')].map((row) =>
                    ['.question', '.answer', '.took'].map((cell) => row.querySelector(cell).textContent))",
            )
            .await;
        let cell = |row: &Value, index: usize| row[index].as_str().unwrap().to_owned();
        let rows = rows.as_array().unwrap().iter();
        rows.map(|row| Row { question: cell(row, 0), answer: cell(row, 1), took: cell(row, 2) }).collect()
    }

    /// Fails unless the table has the connection and the three answers, each with its time.
    pub(crate) async fn assert_three_answers(&self) {
        let rows = self.rows().await;
        assert_eq!(rows.len(), 4, "{rows:?}");
        assert_eq!(rows[0].question, "Connecting");
        for (row, exchange) in rows[1..].iter().zip(EXCHANGES) {
            assert_eq!((row.question.as_str(), row.answer.as_str()), (exchange.question, exchange.answer));
        }
        for row in &rows {
            assert!(row.took() > 0.0, "{row:?}");
        }
    }

    /// Returns the violations that an accessibility checker (axe-core) finds on the page.
    pub(crate) async fn accessibility_violations(&self) -> Vec<String> {
        let axe = std::env::var("LAUNCELOT_AXE").expect("LAUNCELOT_AXE names axe.min.js; `cargo xtask test` sets it");
        let axe = fs::read_to_string(&axe).unwrap_or_else(|error| panic!("cannot read {axe}: {error}"));
        self.script(&axe).await;
        let script = "const done = arguments[0]; axe.run().then((found) => done(found.violations.map((violation) =>
            `${violation.id}: ${violation.help}: ${violation.nodes.map((node) => node.html).join(' ')}`)))";
        let found = self.client.execute_async(script, Vec::new()).await.unwrap();
        found.as_array().unwrap().iter().map(|violation| violation.as_str().unwrap().to_owned()).collect()
    }

    /// Fails if the page has an accessibility violation or is wider than its window.
    pub(crate) async fn assert_accessible(&self, state: &str) {
        assert_eq!(self.accessibility_violations().await, [""; 0], "{state}");
        assert_eq!(
            self.script(OVERFLOW).await,
            json!([]),
            "{state}: what reaches beyond the window, if the page is wider"
        );
    }

    /// Repeats an assertion at two widths and in both colour schemes. No style depends on both.
    pub(crate) async fn for_every_look(&self, mut assert: impl AsyncFnMut(&str)) {
        for (scheme, width) in [("dark", 1280), ("light", 360), ("light", 1280)] {
            self.look(width, scheme).await;
            assert(&format!("{scheme}, {width} wide")).await;
        }
    }
}
