//! The page as a person uses it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fantoccini::Locator;
use serde_json::Value;

use super::browser::Browser;

/// How long anything on the page may take before the test fails; trunk building it again is the
/// slowest.
const PATIENCE: Duration = Duration::from_secs(60);

/// The built page, as `cargo xtask dist` leaves it.
pub(crate) fn built() -> PathBuf {
    let page = std::env::var_os("LAUNCELOT_PAGE").map(PathBuf::from);
    let page = page.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/page"));
    assert!(page.join("index.html").is_file(), "no page in {}: run `cargo xtask dist`", page.display());
    page
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

/// A row of the dialogue's table, as it reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) words: String,
    pub(crate) answer: String,
    pub(crate) took: String,
}

impl Row {
    /// The figure at the right.
    pub(crate) fn took(&self) -> f64 {
        self.took.parse().unwrap_or_else(|_| panic!("{self:?} has no time"))
    }
}

impl Browser {
    /// Opens the page and waits until it can ask and is whole.
    pub(crate) async fn open(&self, url: &str) {
        self.client.goto(url).await.unwrap();
        self.wait_for("#ask[aria-disabled=false]").await;
        self.wait_for("#take").await;
    }

    /// Waits until the page has such an element.
    pub(crate) async fn wait_for(&self, css: &str) {
        let wait = self.client.wait().at_most(PATIENCE).every(Duration::from_millis(10));
        if let Err(error) = wait.for_element(Locator::Css(css)).await {
            panic!("no {css}: {error}; the page says: {}", self.text("body").await);
        }
    }

    /// Clicks on an element.
    pub(crate) async fn click(&self, css: &str) {
        self.client.find(Locator::Css(css)).await.unwrap().click().await.unwrap();
    }

    /// Presses the button and waits until the run with this number stands so.
    pub(crate) async fn ask(&self, run: u32, state: &str) {
        self.click("#ask").await;
        self.wait_for(&format!("#dialogue[data-run='{run}'][data-state={state}]")).await;
    }

    /// The text that a person reads in an element.
    pub(crate) async fn text(&self, css: &str) -> String {
        self.client.find(Locator::Css(css)).await.unwrap().text().await.unwrap()
    }

    /// What the sentence under the table says.
    pub(crate) async fn meaning(&self) -> String {
        self.text("#meaning").await.replace('\u{a0}', " ")
    }

    /// Runs a script and returns what it returns.
    pub(crate) async fn script(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap()
    }

    /// The rows of the table.
    pub(crate) async fn rows(&self) -> Vec<Row> {
        let rows = self
            .script(
                "return [...document.querySelectorAll('#dialogue tbody tr')].map((row) =>
                    ['.question', '.answer', '.took'].map((cell) => row.querySelector(cell).textContent))",
            )
            .await;
        let cell = |row: &Value, index: usize| row[index].as_str().unwrap().to_owned();
        let rows = rows.as_array().unwrap().iter();
        rows.map(|row| Row { words: cell(row, 0), answer: cell(row, 1), took: cell(row, 2) }).collect()
    }

    /// What an accessibility checker (axe-core) finds wrong with the page as it stands.
    pub(crate) async fn barriers(&self) -> Vec<String> {
        let axe = std::env::var("LAUNCELOT_AXE").expect("LAUNCELOT_AXE names axe.min.js; `cargo xtask test` sets it");
        self.script(&std::fs::read_to_string(axe).unwrap()).await;
        let script = "const done = arguments[0]; axe.run().then((found) => done(found.violations.map((violation) =>
            `${violation.id}: ${violation.help}: ${violation.nodes.map((node) => node.html).join(' ')}`)))";
        let found = self.client.execute_async(script, Vec::new()).await.unwrap();
        found.as_array().unwrap().iter().map(|violation| violation.as_str().unwrap().to_owned()).collect()
    }
}
