//! What only Firefox has: its capabilities, and scripts that run with the privileges of the browser itself.

use serde_json::{Value, json};

use super::browser::Browser;
use super::wait;

/// The preference for the colour scheme of pages, and its values.
const SCHEME_PREFERENCE: &str = "layout.css.prefers-color-scheme.content-override";
const DARK: i32 = 0;
const LIGHT: i32 = 1;

/// A script of the browser that takes the warnings and errors of pages off its console. Lines about a WebSocket that failed begin
/// as in Chromium, so that tests expect one text.
const TAKE_WARNINGS: &str = "const { nsIScriptError } = Ci;
    const messages = Services.console.getMessageArray().filter((message) => message instanceof nsIScriptError);
    Services.console.reset();
    const isOfPage = ({ sourceName, flags }) => /^https?:/.test(sourceName) && !(flags & nsIScriptError.infoFlag);
    return messages.filter(isOfPage).map(({ sourceName, category, errorMessage }) =>
        `${sourceName}: ${category === 'Web Socket' ? 'WebSocket connection to: ' : ''}${errorMessage}`);";

/// A script of the browser that gives the page a size, also one that is smaller than a window can be.
const SET_SIZE: &str = "const { style } = gBrowser.selectedBrowser;
    for (const [index, side] of ['width', 'height'].entries()) {
        for (const limit of ['', 'min-', 'max-']) style.setProperty(limit + side, arguments[index] + 'px', 'important');
    }";

/// A script of the browser that has the processes of pages run another script, in the scope of each page from the web.
const RUN_EARLY: &str = "const observer = `Services.obs.addObserver((page) => {
        if (!/^https?:/.test(page.document.documentURI)) return;
        const scope = new Cu.Sandbox(page, { sandboxPrototype: page, wantXrays: false });
        Cu.evalInSandbox(${JSON.stringify(arguments[0])}, scope);
    }, 'content-document-global-created');`;
    Services.ppmm.loadProcessScript('data:application/javascript,' + encodeURIComponent(observer), true);";

/// Returns the capabilities of a session.
pub(super) fn capabilities() -> Value {
    let firefox = std::env::var("LAUNCELOT_FIREFOX").unwrap_or_else(|_| "/usr/bin/firefox-esr".to_owned());
    let preferences = json!({
        // Files are saved into a folder of the test's choice, without a question.
        "browser.download.folderList": 2,
        "browser.download.alwaysOpenPanel": false,
        SCHEME_PREFERENCE: LIGHT,
    });
    let options = json!({
        "binary": firefox,
        "args": ["--headless", "--width", "1500", "--height", "1300"],
        "prefs": preferences,
    });
    json!({ "browserName": "firefox", "moz:firefoxOptions": options })
}

impl Browser {
    /// Runs a script with the privileges of the browser itself, in the window that shows the page.
    async fn system_script(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.vendor_command("moz/context", json!({ "context": "chrome" })).await;
        let result = self.client.execute(script, arguments).await;
        self.vendor_command("moz/context", json!({ "context": "content" })).await;
        result.unwrap()
    }

    /// Returns the warnings and errors on Firefox's console since the last call.
    pub(super) async fn firefox_console(&self) -> Vec<String> {
        serde_json::from_value(self.system_script(TAKE_WARNINGS, Vec::new()).await).unwrap()
    }

    /// Sets the size of the page in Firefox, in CSS pixels.
    pub(super) async fn set_firefox_size(&self, width: u32, height: u32) {
        self.system_script(SET_SIZE, vec![json!(width), json!(height)]).await;
        wait::until_async("the size of the page", async || {
            let size = self.script("return [innerWidth, innerHeight]").await;
            (size == json!([width, height])).then_some(())
        })
        .await;
    }

    /// Sets the colour scheme in Firefox: `light` or `dark`.
    pub(super) async fn set_firefox_scheme(&self, scheme: &str) {
        let value = if scheme == "dark" { DARK } else { LIGHT };
        self.set_preference(SCHEME_PREFERENCE, json!(value)).await;
    }

    /// Has Firefox run a script before those of every page that it loads from now on.
    pub(super) async fn run_early_in_firefox(&self, script: &str) {
        self.system_script(RUN_EARLY, vec![json!(script)]).await;
    }

    /// Forbids scripts in pages that Firefox loads from now on.
    pub(super) async fn forbid_scripts_in_firefox(&self) {
        self.system_script("gBrowser.selectedBrowser.browsingContext.allowJavascript = false", Vec::new()).await;
    }

    /// Shows the page in Firefox as it is printed.
    pub(super) async fn print_in_firefox(&self) {
        self.system_script("gBrowser.selectedBrowser.browsingContext.mediumOverride = 'print'", Vec::new()).await;
    }

    /// Sets a preference of Firefox, a number, a string, or true or false.
    pub(super) async fn set_preference(&self, name: &str, value: Value) {
        let script = "const [name, value] = arguments;
            const type = { boolean: 'Bool', number: 'Int', string: 'String' }[typeof value];
            Services.prefs[`set${type}Pref`](name, value);";
        self.system_script(script, vec![json!(name), value]).await;
    }
}
