//! A headless Chromium, driven over WebDriver.
//!
//! `cargo xtask test` passes the paths of the programs in environment variables. Without them the programs are looked
//! for by their usual names.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use fantoccini::wd::{TimeoutConfiguration, WebDriverCompatibleCommand};
use fantoccini::{Client, ClientBuilder};
use http::Method;
use hyper_timeout::TimeoutConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use url::{ParseError, Url};

use super::chromedriver::Chromedriver;
use super::wait::{self, DEADLINE};

/// The deadline of the response to a WebDriver command. It is longer than [`DEADLINE`], after which ChromeDriver itself
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

/// A browser with a profile of its own. Dropping the value ends the browser, in a failing test too.
pub(crate) struct Browser {
    pub(crate) client: Client,
    driver: Arc<Chromedriver>,
    session: String,
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
        let driver = Chromedriver::shared();
        let chromium = std::env::var("LAUNCELOT_CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".to_owned());
        let options = json!({
            "binary": chromium,
            "args": [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--window-size=1280,900",
            ],
        });
        let capabilities = json!({
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": { "browser": "ALL" },
        });
        let Value::Object(capabilities) = capabilities else { unreachable!("it is an object") };
        let mut connector = TimeoutConnector::new(HttpConnector::new());
        connector.set_connect_timeout(Some(DEADLINE));
        connector.set_read_timeout(Some(COMMAND_DEADLINE));
        connector.set_write_timeout(Some(COMMAND_DEADLINE));
        let mut builder = ClientBuilder::new(connector);
        let session = builder.capabilities(capabilities);
        let address = format!("http://127.0.0.1:{}", driver.port);
        let client = wait::within(DEADLINE, "a browser", session.connect(&address)).await;
        let client = client.unwrap_or_else(|error| panic!("cannot start {chromium}: {error}"));
        let session = client.session_id().await.unwrap().expect("the session has begun");
        let browser = Self { client, driver, session, _lock: lock };
        let timeouts = TimeoutConfiguration::new(Some(DEADLINE), Some(DEADLINE), None);
        browser.client.update_timeouts(timeouts).await.unwrap();
        browser
    }

    /// Returns the warnings and errors on the console since the last call.
    pub(crate) async fn console_warnings(&self) -> Vec<String> {
        let log = self.client.issue_cmd(Chrome::log()).await.unwrap();
        let entries = log.as_array().unwrap().iter();
        let warnings = entries.filter(|entry| matches!(entry["level"].as_str(), Some("WARNING" | "SEVERE")));
        warnings.map(|entry| entry["message"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Fails if the console has a warning or an error that contains none of the `expected` texts.
    pub(crate) async fn assert_console_is_quiet(&self, expected: &[&str]) {
        let mut warnings = self.console_warnings().await;
        warnings.retain(|line| !expected.iter().any(|part| line.contains(part)));
        assert_eq!(warnings, [""; 0], "on the console");
    }

    /// Calls a method of the Chrome DevTools Protocol.
    pub(crate) async fn devtools(&self, method: &str, parameters: Value) -> Value {
        self.client.issue_cmd(Chrome::devtools(method, &parameters)).await.unwrap()
    }

    /// Sets the width of the page, in CSS pixels, and the colour scheme: `light` or `dark`.
    pub(crate) async fn look(&self, width: u32, scheme: &str) {
        self.set_window(width, 900).await;
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.devtools("Emulation.setEmulatedMedia", media).await;
    }

    /// Sets the size of the window, in CSS pixels.
    pub(crate) async fn set_window(&self, width: u32, height: u32) {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    /// Takes a picture of the page from its top, in CSS pixels, as PNG.
    pub(crate) async fn picture(&self, width: u32, height: f64) -> Vec<u8> {
        let clip = json!({ "x": 0, "y": 0, "width": width, "height": height, "scale": 1 });
        let parameters = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let picture = self.devtools("Page.captureScreenshot", parameters).await;
        BASE64_STANDARD.decode(picture["data"].as_str().unwrap()).unwrap()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.driver.end_session(&self.session);
    }
}

/// A WebDriver command that only Chrome has.
#[derive(Debug)]
struct Chrome {
    path: &'static str,
    body: Value,
}

impl Chrome {
    fn log() -> Self {
        Self { path: "se/log", body: json!({ "type": "browser" }) }
    }

    fn devtools(method: &str, parameters: &Value) -> Self {
        Self { path: "goog/cdp/execute", body: json!({ "cmd": method, "params": parameters }) }
    }
}

impl WebDriverCompatibleCommand for Chrome {
    fn endpoint(&self, base_url: &Url, session_id: Option<&str>) -> Result<Url, ParseError> {
        base_url.join(&format!("session/{}/{}", session_id.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}
