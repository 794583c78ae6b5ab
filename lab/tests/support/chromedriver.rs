//! ChromeDriver, the program that drives the browsers: one process for all sessions that are open at a time.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tempfile::TempDir;

use super::process::Process;
use super::sockets;

/// The driver of the open sessions. The last session drops it: a static value would never be dropped.
static SHARED: Mutex<Weak<Chromedriver>> = Mutex::new(Weak::new());

/// A running ChromeDriver. Dropping it ends its browsers, then the process.
#[derive(Debug)]
pub(crate) struct Chromedriver {
    pub(crate) port: u16,
    _process: Process,
    /// The browsers' profiles and other temporary files.
    _temporary: TempDir,
}

impl Chromedriver {
    /// Returns the running driver, or starts one.
    pub(crate) fn shared() -> Arc<Self> {
        // A test that failed to start the driver has poisoned the lock and left nothing behind.
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let driver = Arc::new(Self::start());
            *shared = Arc::downgrade(&driver);
            driver
        })
    }

    fn start() -> Self {
        let program = std::env::var("LAUNCELOT_CHROMEDRIVER").unwrap_or_else(|_| "chromedriver".to_owned());
        let temporary = TempDir::new().unwrap();
        let mut command = Command::new(&program);
        command.arg("--port=0").env("TMPDIR", temporary.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = Process::try_start(&mut command)
            .unwrap_or_else(|error| panic!("cannot start {program}: {error}; type: cargo xtask test --install"));
        let lines = process.stdout();
        let port = loop {
            if let Some((_, port)) = lines.next().split_once("started successfully on port ") {
                break port.trim_end_matches('.').parse().unwrap();
            }
        };
        Self { port, _process: process, _temporary: temporary }
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

impl Drop for Chromedriver {
    fn drop(&mut self) {
        // Killing the driver would leave its browsers running.
        let _ = self.request("GET /shutdown");
    }
}
