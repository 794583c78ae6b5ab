//! A server and a bridge in this process, each of which can be killed and started again.

use std::net::TcpStream;
use std::path::PathBuf;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use launcelot_bridge::options::Target;
use launcelot_endpoint::listen::{BACKLOG, Listeners};
use launcelot_server::{Design, Statistics, Stop, Stopper};
use tokio::sync::oneshot;

/// A server at localhost.
pub(crate) struct Server {
    pub(crate) port: u16,
    stopper: Stopper,
    thread: JoinHandle<()>,
}

impl Server {
    /// Starts one that listens when this returns; port 0 means any free one.
    pub(crate) fn start(design: Design, port: u16) -> Self {
        let listeners = Listeners::bind("localhost", port, BACKLOG).unwrap();
        let port = listeners.port;
        let (stopper, stop) = Stop::pair().unwrap();
        let worker_program = Some(env!("CARGO_BIN_EXE_launcelot-lab").into());
        let options = launcelot_server::Options { design, worker_program, grace: Duration::ZERO, ..Default::default() };
        let statistics = Statistics::new(&options).unwrap();
        let serve = move || launcelot_server::serve(listeners, &options, &statistics, stop).unwrap();
        let thread = thread::spawn(serve);
        Self { port, stopper, thread }
    }

    /// Ends it in the middle of whatever it does. Its port is free when this returns.
    pub(crate) fn kill(self) {
        self.stopper.stop();
        self.thread.join().unwrap();
    }

    /// A client that says nothing.
    pub(crate) fn silent_client(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.port)).unwrap()
    }
}

/// A bridge at localhost, to a server at localhost.
pub(crate) struct Bridge {
    pub(crate) port: u16,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Bridge {
    /// Starts one that listens when this returns; port 0 means any free one.
    pub(crate) fn start(port: u16, server_port: u16, web: Option<PathBuf>) -> Self {
        let listeners = Listeners::bind("localhost", port, BACKLOG).unwrap();
        let port = listeners.port;
        let options = launcelot_bridge::Options {
            targets: vec![Target { name: None, host: "localhost".to_owned(), port: server_port }],
            web,
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
        Self { port, stop, thread }
    }

    /// Ends it. Its port is free when this returns.
    pub(crate) fn stop(self) {
        self.stop.send(()).unwrap();
        self.thread.join().unwrap();
    }

    /// Where its WebSocket is.
    pub(crate) fn url(&self) -> String {
        format!("ws://localhost:{}/ws", self.port)
    }
}
