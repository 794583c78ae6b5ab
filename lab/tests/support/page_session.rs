//! A browser with the page of a running demo, and the files that it saves.

use std::path::Path;

use fantoccini::Locator;
use tempfile::TempDir;

use super::browser::Browser;
use super::demo::Demo;
use super::{page, wait};

/// The demo, a browser that shows its page, and the folder into which the browser saves files.
pub(crate) struct PageSession {
    pub(crate) demo: Demo,
    pub(crate) browser: Browser,
    pub(crate) files: TempDir,
}

impl PageSession {
    /// Starts the demo and a browser, and opens the page.
    pub(crate) async fn start() -> Self {
        Self::with(Browser::start().await, &[]).await
    }

    /// Like [`start`](Self::start), with further arguments for the demo.
    pub(crate) async fn start_with(arguments: &[&str]) -> Self {
        Self::with(Browser::start().await, arguments).await
    }

    /// Like [`start`](Self::start), but while no other test has a browser, for a test that measures times.
    pub(crate) async fn start_alone() -> Self {
        Self::with(Browser::start_alone().await, &[]).await
    }

    async fn with(browser: Browser, arguments: &[&str]) -> Self {
        let demo = Demo::start(&page::built(), arguments);
        let files = tempfile::tempdir().unwrap();
        let session = Self { demo, browser, files };
        session.open().await;
        session
    }

    /// Opens the page again.
    pub(crate) async fn open(&self) {
        self.browser.save_files_to(self.files.path()).await;
        self.browser.open(&self.demo.page_url()).await;
        // The last control that the lab's answers add: those below it move no more.
        self.browser.wait_for("#work").await;
    }

    /// Opens the page again, as on a first visit: without the runs, races and rounds that it has kept.
    pub(crate) async fn forget(&self) {
        // The page itself may still be writing.
        self.browser.script("Storage.prototype.setItem = () => {}; localStorage.clear()").await;
        self.open().await;
    }

    /// Chooses the path through the tunnel, and waits until its round trip is measured.
    pub(crate) async fn choose_tunnel(&self) {
        self.browser.click("#tunnel").await;
        self.browser.wait_for("#measured[data-rtt-us]").await;
    }

    /// Asks the three questions through the tunnel, and waits until the page has the trace of the run.
    pub(crate) async fn ask(&self, run: u32) {
        if run == 1 {
            self.choose_tunnel().await;
        }
        self.browser.ask(run, "complete").await;
        self.browser.wait_for(&format!("#replay[data-run='{run}'][data-traced=true]")).await;
    }

    /// Asks in ten rounds, and waits until they are complete.
    pub(crate) async fn ask_in_rounds(&self) {
        let newest = "document.querySelector('#rounds').value = 10;
            return document.querySelector('#many-rounds').dataset.run ?? ''";
        let before = self.browser.script(newest).await;
        let before = before.as_str().unwrap();
        // By a script, because the button moves when traces arrive.
        self.browser.script("document.querySelector('#ask-rounds').click()").await;
        self.browser.wait_for(&format!("#many-rounds[data-state=complete]:not([data-run='{before}'])")).await;
    }

    /// Presses the button of an export, and returns the text of the saved file, whose name ends with `ending`.
    pub(crate) async fn export(&self, form: &str, ending: &str) -> String {
        String::from_utf8(self.export_bytes(form, ending).await).unwrap()
    }

    /// Like [`export`](Self::export), for a file that is not text.
    pub(crate) async fn export_bytes(&self, form: &str, ending: &str) -> Vec<u8> {
        self.browser.wait_for(&format!("#export-{form}")).await;
        // By a script, because the button moves when the last trace of a race arrives.
        self.browser.script(&format!("document.querySelector('#export-{form}').click()")).await;
        let file = wait::until(&format!("a saved file *{ending}"), || {
            let files = self.files.path().read_dir().unwrap().map(|file| file.unwrap().path());
            let mut saved = files.filter(|file| file.to_str().unwrap().ends_with(ending));
            // The browser may keep the name with an empty file until the whole file is written.
            saved.find(|file| file.metadata().is_ok_and(|file| file.len() > 0))
        });
        let content = std::fs::read(&file).unwrap();
        std::fs::remove_file(file).unwrap();
        content
    }

    /// Drops a file on the page, and returns the page's message.
    pub(crate) async fn drop_file(&self, name: &str, text: &str) -> String {
        self.browser.drop_file(name, text).await
    }

    /// Chooses a file in the page's file field.
    pub(crate) async fn choose_file(&self, file: &Path) {
        let field = self.browser.client.find(Locator::Css("#import")).await.unwrap();
        field.send_keys(file.to_str().unwrap()).await.unwrap();
    }

    /// Returns the number in an attribute of an element.
    pub(crate) async fn number(&self, css: &str, attribute: &str) -> usize {
        let element = self.browser.client.find(Locator::Css(css)).await.unwrap();
        element.attr(attribute).await.unwrap().unwrap().parse().unwrap()
    }
}
