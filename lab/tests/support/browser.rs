//! A headless browser, driven over WebDriver: Chromium, or Firefox if `LAUNCELOT_BROWSER` is `firefox`.
//!
//! `cargo xtask test` passes the paths of the programs in environment variables. Without them the programs are looked
//! for by their usual names.

use std::mem;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use fantoccini::wd::{TimeoutConfiguration, WebDriverCompatibleCommand};
use fantoccini::{Client, ClientBuilder};
use http::Method;
use hyper_timeout::TimeoutConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use url::{ParseError, Url};

use super::driver::{BrowserName, Driver};
use super::wait::{self, DEADLINE};
use super::{chromium, firefox};

/// The deadline of the response to a WebDriver command. It is longer than [`DEADLINE`], after which the driver itself
/// responds that loading a page, or a script, has timed out.
const COMMAND_DEADLINE: Duration = DEADLINE.saturating_add(Duration::from_secs(30));

/// Part of the line that the browser writes to the console about a failed WebSocket connection.
pub(crate) const FAILED_WEB_SOCKET: &str = "WebSocket connection to";

/// How the page begins to say that the server ended during a dialogue: a closed connection, or one that broke.
pub(crate) const SERVER_GONE: [&str; 2] = [
    "The server closed the connection before it had answered everything.",
    "The connection from the bridge to the server broke during the dialogue.",
];

/// Maximum time to wait for other tests' browsers to exit.
const LOCK_DEADLINE: Duration = Duration::from_secs(600);

/// Read-locked by each browser, and write-locked by one whose test measures times, so that it runs alone.
static MACHINE: RwLock<()> = RwLock::const_new(());

/// The lock on [`MACHINE`] that a browser holds.
#[allow(dead_code, reason = "a guard is held, not read")]
enum MachineLock {
    Shared(RwLockReadGuard<'static, ()>),
    Alone(RwLockWriteGuard<'static, ()>),
}

/// A browser that no other test uses at the same time, without data of earlier tests.
///
/// Dropping the value ends the browser, in a failing test too. But the Chromium of a test that has passed is kept for another
/// test as long as any test has a browser, because starting one takes a fifth of the processor time of a test.
pub(crate) struct Browser {
    pub(crate) client: Client,
    pub(crate) name: BrowserName,
    driver: Arc<Driver>,
    session: String,
    /// Whether another test can have the browser.
    is_reusable: bool,
    _lock: MachineLock,
}

impl Browser {
    /// Starts a browser.
    pub(crate) async fn start() -> Self {
        let lock = wait::within(LOCK_DEADLINE, "tests that measure times", MACHINE.read()).await;
        Self::run(MachineLock::Shared(lock)).await
    }

    /// Starts a browser while no other test of this program has one, for a test that measures times.
    pub(crate) async fn start_alone() -> Self {
        let lock = wait::within(LOCK_DEADLINE, "the browsers of other tests", MACHINE.write()).await;
        Self::run(MachineLock::Alone(lock)).await
    }

    async fn run(lock: MachineLock) -> Self {
        let name = BrowserName::chosen();
        let driver = Driver::of(name);
        match driver.take_idle_session() {
            Some(session) => Self::continue_session(driver, session, lock).await,
            None => Self::begin_session(driver, lock).await,
        }
    }

    /// Starts a browser.
    async fn begin_session(driver: Arc<Driver>, lock: MachineLock) -> Self {
        let name = driver.browser;
        let capabilities = match name {
            BrowserName::Chromium => chromium::capabilities(),
            BrowserName::Firefox => firefox::capabilities(),
        };
        let Value::Object(capabilities) = capabilities else { unreachable!("it is an object") };
        let mut builder = ClientBuilder::new(connector());
        let session = builder.capabilities(capabilities);
        let client = wait::within(DEADLINE, "a browser", session.connect(&driver.url())).await;
        let client = client.unwrap_or_else(|error| panic!("cannot start {name:?}: {error}"));
        let session = client.session_id().await.unwrap().expect("the session has begun");
        let is_reusable = name == BrowserName::Chromium;
        let browser = Self { client, name, driver, session, is_reusable, _lock: lock };
        // Ending the session is left to `drop`.
        browser.client.persist().await.unwrap();
        let timeouts = TimeoutConfiguration::new(Some(DEADLINE), Some(DEADLINE), None);
        browser.client.update_timeouts(timeouts).await.unwrap();
        if name == BrowserName::Firefox {
            browser.set_firefox_size(1280, 900).await;
        }
        browser
    }

    /// Continues the session of another test, which has ended.
    async fn continue_session(driver: Arc<Driver>, session: String, lock: MachineLock) -> Self {
        let client = Client::with_existing_session(&driver.url(), &session, connector()).await.unwrap();
        let browser = Self { client, name: driver.browser, driver, session, is_reusable: true, _lock: lock };
        browser.client.persist().await.unwrap();
        browser.close_tabs_of_another_test().await;
        browser
    }

    /// Returns the warnings and errors on the console since the last call.
    pub(crate) async fn console_warnings(&self) -> Vec<String> {
        match self.name {
            BrowserName::Chromium => self.chromium_log().await,
            BrowserName::Firefox => self.firefox_console().await,
        }
    }

    /// Fails if the console has a warning or an error that contains none of the `expected` texts.
    pub(crate) async fn assert_console_is_quiet(&self, expected: &[&str]) {
        let mut warnings = self.console_warnings().await;
        warnings.retain(|line| !expected.iter().any(|part| line.contains(part)));
        assert_eq!(warnings, [""; 0], "on the console");
    }

    /// Sends a WebDriver command that only this browser has, and returns the result.
    pub(super) async fn vendor_command(&self, path: &'static str, body: Value) -> Value {
        self.client.issue_cmd(VendorCommand { path, body }).await.unwrap()
    }

    /// Sets the width of the page, in CSS pixels, and the colour scheme: `light` or `dark`.
    pub(crate) async fn look(&self, width: u32, scheme: &str) {
        self.set_window(width, 900).await;
        match self.name {
            BrowserName::Chromium => self.emulate_media("", &[("prefers-color-scheme", scheme)]).await,
            BrowserName::Firefox => self.set_firefox_scheme(scheme).await,
        }
    }

    /// Sets the size of the window, in CSS pixels.
    pub(crate) async fn set_window(&self, width: u32, height: u32) {
        match self.name {
            BrowserName::Chromium => {
                let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
                self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
            }
            BrowserName::Firefox => self.set_firefox_size(width, height).await,
        }
    }

    /// Shows the page as it is printed by a person who prefers dark colours.
    pub(crate) async fn print_in_dark_scheme(&self) {
        match self.name {
            BrowserName::Chromium => self.emulate_media("print", &[("prefers-color-scheme", "dark")]).await,
            BrowserName::Firefox => {
                self.set_firefox_scheme("dark").await;
                self.print_in_firefox().await;
            }
        }
    }

    /// Has the browser prefer reduced motion.
    pub(crate) async fn reduce_motion(&self) {
        match self.name {
            BrowserName::Chromium => self.emulate_media("", &[("prefers-reduced-motion", "reduce")]).await,
            BrowserName::Firefox => self.set_preference("ui.prefersReducedMotion", json!(1)).await,
        }
    }

    /// Has the browser run a script in every page that it loads from now on, before the scripts of the page.
    pub(crate) async fn run_early(&self, script: &str) {
        match self.name {
            BrowserName::Chromium => {
                let source = json!({ "source": script });
                self.devtools("Page.addScriptToEvaluateOnNewDocument", source).await;
            }
            BrowserName::Firefox => self.run_early_in_firefox(script).await,
        }
    }

    /// Forbids scripts in the pages that this window loads from now on.
    pub(crate) async fn forbid_scripts(&self) {
        match self.name {
            BrowserName::Chromium => {
                self.devtools("Emulation.setScriptExecutionDisabled", json!({ "value": true })).await;
            }
            BrowserName::Firefox => self.forbid_scripts_in_firefox().await,
        }
    }

    /// Has the browser save files into a folder.
    pub(crate) async fn save_files_to(&self, folder: &Path) {
        match self.name {
            BrowserName::Chromium => {
                let save = json!({ "behavior": "allow", "downloadPath": folder });
                self.devtools("Page.setDownloadBehavior", save).await;
            }
            BrowserName::Firefox => self.set_preference("browser.download.dir", json!(folder)).await,
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if self.is_reusable && !thread::panicking() {
            self.driver.keep_idle_session(mem::take(&mut self.session));
        } else {
            let _ = self.driver.end_session(&self.session);
        }
    }
}

/// Returns what connects to the driver, with deadlines.
fn connector() -> TimeoutConnector<HttpConnector> {
    let mut connector = TimeoutConnector::new(HttpConnector::new());
    connector.set_connect_timeout(Some(DEADLINE));
    connector.set_read_timeout(Some(COMMAND_DEADLINE));
    connector.set_write_timeout(Some(COMMAND_DEADLINE));
    connector
}

/// A WebDriver command that only one browser has.
#[derive(Debug)]
struct VendorCommand {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for VendorCommand {
    fn endpoint(&self, base_url: &Url, session_id: Option<&str>) -> Result<Url, ParseError> {
        base_url.join(&format!("session/{}/{}", session_id.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}
