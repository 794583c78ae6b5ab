//! A headless Chromium, driven over WebDriver.
//!
//! `cargo xtask test` says by environment variables where the programs are; without them they are
//! looked for by their usual names.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder};
use http::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use url::{ParseError, Url};

/// One browser with a profile of its own. It ends when it is dropped, in a test that fails too.
pub(crate) struct Browser {
    pub(crate) client: Client,
    _driver: Driver,
}

impl Browser {
    /// Starts a browser.
    pub(crate) async fn start() -> Self {
        let mut driver = Driver::start();
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
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{}", driver.port))
            .await
            .unwrap();
        driver.session = client.session_id().await.unwrap();
        Self { client, _driver: driver }
    }

    /// What the console has said since the last time this was called, warnings and errors only.
    pub(crate) async fn complaints(&self) -> Vec<String> {
        let log = self.client.issue_cmd(Chrome::log()).await.unwrap();
        let entries = log.as_array().unwrap().iter();
        let complaints = entries.filter(|entry| matches!(entry["level"].as_str(), Some("WARNING" | "SEVERE")));
        complaints.map(|entry| entry["message"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Calls a method of the Chrome DevTools Protocol.
    pub(crate) async fn devtools(&self, method: &str, parameters: Value) -> Value {
        self.client.issue_cmd(Chrome::devtools(method, &parameters)).await.unwrap()
    }

    /// Makes the page so wide, in CSS pixels, and dark or light.
    pub(crate) async fn look(&self, width: u32, scheme: &str) {
        let metrics = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.devtools("Emulation.setEmulatedMedia", media).await;
    }

    /// The page from its top, in CSS pixels, as PNG.
    pub(crate) async fn picture(&self, width: u32, height: f64) -> Vec<u8> {
        let clip = json!({ "x": 0, "y": 0, "width": width, "height": height, "scale": 1 });
        let parameters = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let picture = self.devtools("Page.captureScreenshot", parameters).await;
        BASE64_STANDARD.decode(picture["data"].as_str().unwrap()).unwrap()
    }
}

/// The process that drives the browser.
struct Driver {
    process: Child,
    port: u16,
    session: Option<String>,
    /// For what a browser leaves behind.
    _temporary: TempDir,
}

impl Driver {
    fn start() -> Self {
        let program = std::env::var("LAUNCELOT_CHROMEDRIVER").unwrap_or_else(|_| "chromedriver".to_owned());
        let temporary = TempDir::new().unwrap();
        let mut command = Command::new(&program);
        command.arg("--port=0").env("TMPDIR", temporary.path()).stdout(Stdio::piped()).stderr(Stdio::null());
        let started = command.spawn();
        let mut process = started.unwrap_or_else(|error| panic!("{program}: {error}; `cargo xtask test` installs it"));
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = lines.by_ref().find_map(|line| {
            let line = line.unwrap();
            line.split_once("started successfully on port ")
                .map(|(_, port)| port.trim_end_matches('.').parse().unwrap())
        });
        // Its output is read to the end, so that it never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, port: port.unwrap(), session: None, _temporary: temporary }
    }
}

impl Driver {
    /// Has the driver end its browser. To kill the driver would leave the browser running.
    fn end_session(&self, session: &str) -> io::Result<()> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        write!(stream, "DELETE /session/{session} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        // The driver answers when the browser has ended, and keeps the connection open.
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        stream.read(&mut [0; 1024]).map(drop)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if let Some(session) = &self.session {
            let _ = self.end_session(session);
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A command that is Chrome's own.
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
