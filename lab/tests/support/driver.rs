//! The programs that drive the browsers over WebDriver: ChromeDriver, one process for all sessions that are open at a time,
//! and geckodriver, one process for each session.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use super::process::Process;
use super::sockets;

/// The ChromeDriver of the open sessions. The last session drops it: a static value would never be dropped.
static SHARED: Mutex<Weak<Driver>> = Mutex::new(Weak::new());

/// The size of the screen of a Firefox without a display, in pixels: larger than any window of a test.
const FIREFOX_SCREEN: [(&str, &str); 2] = [("MOZ_HEADLESS_WIDTH", "1600"), ("MOZ_HEADLESS_HEIGHT", "1400")];

/// A browser in which the tests can run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BrowserName {
    Chromium,
    Firefox,
}

impl BrowserName {
    /// Returns the browser that `LAUNCELOT_BROWSER` chooses; Chromium without it.
    pub(crate) fn chosen() -> Self {
        match std::env::var("LAUNCELOT_BROWSER").as_deref() {
            Err(_) | Ok("chromium") => Self::Chromium,
            Ok("firefox") => Self::Firefox,
            Ok(other) => panic!("LAUNCELOT_BROWSER is '{other}', and neither 'chromium' nor 'firefox'"),
        }
    }
}

/// A running ChromeDriver or geckodriver. Dropping it ends its browsers, then the process.
#[derive(Debug)]
pub(crate) struct Driver {
    pub(crate) browser: BrowserName,
    pub(crate) port: u16,
    process: Process,
    /// The sessions of browsers whose tests have passed, for the next tests.
    idle_sessions: Mutex<Vec<String>>,
    /// The browsers' profiles and other temporary files.
    _temporary: TempDir,
}

impl Driver {
    /// Returns a driver for one more session of a browser.
    pub(crate) fn of(browser: BrowserName) -> Arc<Self> {
        match browser {
            BrowserName::Chromium => Self::shared_chromedriver(),
            BrowserName::Firefox => Arc::new(Self::geckodriver()),
        }
    }

    /// Returns the running ChromeDriver, or starts one.
    fn shared_chromedriver() -> Arc<Self> {
        // A test that failed to start the driver has poisoned the lock and left nothing behind.
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let driver = Arc::new(Self::chromedriver());
            *shared = Arc::downgrade(&driver);
            driver
        })
    }

    fn chromedriver() -> Self {
        let program = std::env::var("LAUNCELOT_CHROMEDRIVER").unwrap_or_else(|_| "chromedriver".to_owned());
        let mut command = Command::new(program);
        command.arg("--port=0");
        Self::start(BrowserName::Chromium, command, "started successfully on port ")
    }

    fn geckodriver() -> Self {
        let program = std::env::var("LAUNCELOT_GECKODRIVER").unwrap_or_else(|_| "geckodriver".to_owned());
        let mut command = Command::new(program);
        // Every browser has ports of its own. System access is for the settings that a test changes.
        command.args(["--port", "0", "--websocket-port", "0", "--allow-system-access"]).envs(FIREFOX_SCREEN);
        Self::start(BrowserName::Firefox, command, "Listening on 127.0.0.1:")
    }

    /// Starts a driver, which prints its port after `before_port`.
    fn start(browser: BrowserName, mut command: Command, before_port: &str) -> Self {
        let temporary = TempDir::new().unwrap();
        command.env("TMPDIR", temporary.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = Process::try_start(&mut command).unwrap_or_else(|error| {
            let program = command.get_program().display();
            panic!("cannot start {program}: {error}; type: cargo xtask test --install")
        });
        let lines = process.stdout();
        let port = loop {
            if let Some((_, port)) = lines.next().split_once(before_port) {
                break port.trim_end_matches('.').parse().unwrap();
            }
        };
        Self { browser, port, process, idle_sessions: Mutex::default(), _temporary: temporary }
    }

    /// Returns the URL of the driver.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Returns the session of a running browser that no test uses, if there is one.
    pub(crate) fn take_idle_session(&self) -> Option<String> {
        self.idle_sessions.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    /// Keeps the session of a running browser for the next test.
    pub(crate) fn keep_idle_session(&self, session: String) {
        self.idle_sessions.lock().unwrap_or_else(PoisonError::into_inner).push(session);
    }

    /// Ends a session and its browser.
    pub(crate) fn end_session(&self, session: &str) -> io::Result<()> {
        self.request(&format!("DELETE /session/{session}"))
    }

    /// Sends a request, and returns at the beginning of the response, when the command has been executed.
    fn request(&self, request: &str) -> io::Result<()> {
        let mut stream = sockets::with_deadline(TcpStream::connect(("127.0.0.1", self.port))?);
        write!(stream, "{request} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        stream.read(&mut [0; 1024]).map(drop)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        match self.browser {
            // Killing ChromeDriver would leave its browsers running.
            BrowserName::Chromium => drop(self.request("GET /shutdown")),
            // A session that failed to begin cannot be ended, but its browser may be running.
            BrowserName::Firefox => kill_children(self.process.child.id()),
        }
    }
}

/// Kills the child processes of a process.
fn kill_children(parent: u32) {
    let parent = format!("PPid:\t{parent}");
    for entry in fs::read_dir("/proc").unwrap() {
        let Ok(pid) = entry.unwrap().file_name().to_string_lossy().parse() else { continue };
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        if status.lines().any(|line| line == parent) {
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
    }
}
