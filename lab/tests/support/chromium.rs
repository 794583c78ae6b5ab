//! What only Chromium has: its capabilities, its log, and the Chrome DevTools Protocol.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::browser::Browser;

/// Returns the capabilities of a session.
pub(super) fn capabilities() -> Value {
    let chromium = std::env::var("LAUNCELOT_CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".to_owned());
    let options = json!({
        "binary": chromium,
        "args": [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--window-size=1280,900",
        ],
    });
    json!({
        "browserName": "chrome",
        "goog:chromeOptions": options,
        "goog:loggingPrefs": { "browser": "ALL" },
    })
}

impl Browser {
    /// Opens a tab and closes those of another test, which end what was set for them, such as the size of the window. Removes
    /// what their pages have stored and logged.
    pub(super) async fn close_tabs_of_another_test(&self) {
        let tabs = self.client.windows().await.unwrap();
        let tab = self.client.new_window(true).await.unwrap().handle;
        let mut origins = Vec::new();
        for tab in tabs {
            self.client.switch_to_window(tab).await.unwrap();
            origins.push(self.client.current_url().await.unwrap().origin().ascii_serialization());
            self.client.close_window().await.unwrap();
        }
        self.client.switch_to_window(tab).await.unwrap();
        for origin in origins {
            self.devtools("Storage.clearDataForOrigin", json!({ "origin": origin, "storageTypes": "all" })).await;
        }
        self.chromium_log().await;
    }

    /// Returns the warnings and errors in Chromium's log since the last call.
    pub(super) async fn chromium_log(&self) -> Vec<String> {
        let log = self.vendor_command("se/log", json!({ "type": "browser" })).await;
        let entries = log.as_array().unwrap().iter();
        let warnings = entries.filter(|entry| matches!(entry["level"].as_str(), Some("WARNING" | "SEVERE")));
        warnings.map(|entry| entry["message"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Calls a method of the Chrome DevTools Protocol.
    pub(crate) async fn devtools(&self, method: &str, parameters: Value) -> Value {
        self.vendor_command("goog/cdp/execute", json!({ "cmd": method, "params": parameters })).await
    }

    /// Emulates a medium, `print` or an empty string, with these media features.
    pub(super) async fn emulate_media(&self, medium: &str, features: &[(&str, &str)]) {
        let features: Vec<Value> =
            features.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
        self.devtools("Emulation.setEmulatedMedia", json!({ "media": medium, "features": features })).await;
    }

    /// Takes a picture of the page from its top, in CSS pixels, as PNG.
    pub(crate) async fn picture(&self, width: u32, height: f64) -> Vec<u8> {
        let clip = json!({ "x": 0, "y": 0, "width": width, "height": height, "scale": 1 });
        let parameters = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let picture = self.devtools("Page.captureScreenshot", parameters).await;
        BASE64_STANDARD.decode(picture["data"].as_str().unwrap()).unwrap()
    }
}
