//! A visit to the demo's page by somebody who takes something along.

use std::path::Path;
use std::time::Duration;

use fantoccini::Locator;
use serde_json::json;
use tempfile::TempDir;

use super::browser::Browser;
use super::fixtures::Lab;
use super::page;

/// The demo, a browser that shows its page, and where the browser saves files.
pub(crate) struct Visit {
    pub(crate) lab: Lab,
    pub(crate) browser: Browser,
    pub(crate) files: TempDir,
}

impl Visit {
    pub(crate) async fn begin() -> Self {
        let lab = Lab::start(&page::built(), &[]);
        let browser = Browser::start().await;
        let files = tempfile::tempdir().unwrap();
        let visit = Self { lab, browser, files };
        visit.open().await;
        visit
    }

    pub(crate) async fn open(&self) {
        let save = json!({ "behavior": "allow", "downloadPath": self.files.path() });
        self.browser.devtools("Page.setDownloadBehavior", save).await;
        self.browser.open(&format!("http://localhost:{}/", self.lab.page_port)).await;
        self.browser.wait_for("#tunnel").await;
    }

    /// Asks the three questions through the tunnel, and waits until their legs are known.
    pub(crate) async fn ask(&self, run: u32) {
        if run == 1 {
            self.browser.click("#tunnel").await;
            self.browser.wait_for("#measured[data-rtt-us]").await;
        }
        self.browser.ask(run, "complete").await;
        self.browser.wait_for(&format!("#replay[data-run='{run}'][data-traced=true]")).await;
    }

    /// Asks ten rounds, and waits until they are over.
    pub(crate) async fn ask_in_rounds(&self) {
        self.browser.script("document.querySelector('#rounds').value = 10").await;
        self.browser.click("#ask-rounds").await;
        self.browser.wait_for("#many-rounds[data-state=complete]").await;
    }

    /// Saves an export, and returns what is in it.
    pub(crate) async fn export(&self, form: &str, ending: &str) -> String {
        self.browser.wait_for(&format!("#export-{form}")).await;
        self.browser.click(&format!("#export-{form}")).await;
        let saved = || {
            let files = self.files.path().read_dir().unwrap().map(|file| file.unwrap().path());
            let mut saved = files.filter(|file| file.to_str().unwrap().ends_with(ending));
            // The browser may keep the name with an empty file. It gives it to the file when that is whole.
            saved.find(|file| file.metadata().is_ok_and(|file| file.len() > 0))
        };
        let file = self.until(saved).await;
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::remove_file(file).unwrap();
        text
    }

    async fn until<T>(&self, mut look: impl FnMut() -> Option<T>) -> T {
        for _ in 0..1_000 {
            if let Some(found) = look() {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("nothing was saved; the page says: {}", self.browser.text("#take").await);
    }

    /// Drops a file on the page, and returns what the page says to that.
    pub(crate) async fn drop_file(&self, name: &str, text: &str) -> String {
        let script = "const data = new DataTransfer();
            data.items.add(new File([arguments[1]], arguments[0]));
            document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));";
        self.browser.client.execute(script, vec![name.into(), text.into()]).await.unwrap();
        self.browser.wait_for(&format!("#import-says[data-of='{name}']")).await;
        self.browser.text("#import-says").await
    }

    /// Brings a file by the field for it.
    pub(crate) async fn choose_file(&self, file: &Path) {
        let field = self.browser.client.find(Locator::Css("#import")).await.unwrap();
        field.send_keys(file.to_str().unwrap()).await.unwrap();
    }

    /// A whole number in an attribute.
    pub(crate) async fn number(&self, css: &str, attribute: &str) -> usize {
        let element = self.browser.client.find(Locator::Css(css)).await.unwrap();
        element.attr(attribute).await.unwrap().unwrap().parse().unwrap()
    }
}
