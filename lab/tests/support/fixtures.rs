//! A server and a bridge in this process.

use std::net::TcpStream;
use std::path::PathBuf;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use launcelot_bridge::base_path::BasePath;
use launcelot_bridge::options::Target;
use launcelot_endpoint::listen::{BACKLOG, ListenError, Listeners};
use launcelot_server::{Design, Options, Statistics, Stop, Stopper};
use tokio::sync::oneshot;

use super::ports::ReservedPort;
use super::{sockets, wait};

/// Listens on localhost.
///
/// A listener that was closed can stay open for a moment in a child that another test is just starting: the child has
/// copies of all descriptors until its program begins. So a port that is taken is tried again.
fn listen(port: u16) -> Listeners {
    wait::until("a reserved port to be free", || match Listeners::bind("localhost", port, BACKLOG) {
        Err(ListenError::Taken { .. }) => None,
        listeners => Some(listeners.unwrap()),
    })
}

/// A server at localhost. Dropping the value stops the server.
pub(crate) struct Server {
    pub(crate) port: u16,
    stopper: Stopper,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts a server that listens on a free port when this returns.
    pub(crate) fn start(design: Design) -> Self {
        Self::start_with(&Options { design, ..Options::default() })
    }

    /// Starts a server with these options.
    pub(crate) fn start_with(options: &Options) -> Self {
        Self::run(options, 0)
    }

    /// Starts a server at a reserved port.
    pub(crate) fn start_at(port: &ReservedPort, options: &Options) -> Self {
        Self::run(options, port.number)
    }

    fn run(options: &Options, port: u16) -> Self {
        let listeners = listen(port);
        let port = listeners.port;
        let (stopper, stop) = Stop::pair().unwrap();
        let worker_program = Some(env!("CARGO_BIN_EXE_launcelot-lab").into());
        let options = Options { worker_program, grace: Duration::ZERO, ..options.clone() };
        let statistics = Statistics::new(&options).unwrap();
        let serve = move || launcelot_server::serve(listeners, &options, &statistics, stop).unwrap();
        let thread = Some(thread::spawn(serve));
        Self { port, stopper, thread }
    }

    /// Stops the server without a grace period. The port is free when this returns.
    pub(crate) fn kill(mut self) {
        self.stop();
    }

    fn stop(&mut self) {
        self.stopper.stop();
        if let Some(thread) = self.thread.take() {
            end(thread, "the end of the server");
        }
    }

    /// Connects an idle client.
    pub(crate) fn idle_client(&self) -> TcpStream {
        sockets::connect(self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A bridge at localhost, to a server at localhost. Dropping the value stops the bridge.
pub(crate) struct Bridge {
    pub(crate) port: u16,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Bridge {
    /// Starts a bridge that listens on a free port when this returns.
    pub(crate) fn start(server_port: u16, web: Option<PathBuf>) -> Self {
        Self::run(0, server_port, web, BasePath::default())
    }

    /// Starts a bridge that is shown under a path by a reverse proxy.
    pub(crate) fn start_below(base_path: &str, server_port: u16, web: Option<PathBuf>) -> Self {
        Self::run(0, server_port, web, base_path.parse().unwrap())
    }

    /// Starts a bridge at a reserved port.
    pub(crate) fn start_at(port: &ReservedPort, server_port: u16, web: Option<PathBuf>) -> Self {
        Self::run(port.number, server_port, web, BasePath::default())
    }

    fn run(port: u16, server_port: u16, web: Option<PathBuf>, base_path: BasePath) -> Self {
        let listeners = listen(port);
        let port = listeners.port;
        let options = launcelot_bridge::Options {
            targets: vec![Target::tcp(None, "localhost", server_port)],
            web,
            base_path,
            grace: Duration::from_millis(100),
            ..Default::default()
        };
        let (stop, stopped) = oneshot::channel();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            let stopped = async {
                let _ = stopped.await;
            };
            runtime.block_on(launcelot_bridge::serve(listeners, options, stopped)).unwrap();
        });
        Self { port, stop: Some(stop), thread: Some(thread) }
    }

    /// Stops the bridge. The port is free when this returns.
    pub(crate) fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            end(thread, "the end of the bridge");
        }
    }

    /// Returns the URL of the bridge's WebSocket.
    pub(crate) fn url(&self) -> String {
        format!("ws://localhost:{}/ws", self.port)
    }

    /// Returns the URL of the page that the bridge serves.
    pub(crate) fn page_url(&self) -> String {
        format!("http://localhost:{}/", self.port)
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        self.end();
    }
}

/// Waits for the end of a thread that was told to stop. In a failing test it does not wait, so that a second panic does not
/// hide the first.
fn end(thread: JoinHandle<()>, what: &str) {
    if !thread::panicking() {
        wait::join(thread, what);
    }
}
