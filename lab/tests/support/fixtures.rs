//! A server and a bridge in this process, each of which can be killed and started again; and the whole lab,
//! as a program of its own.

use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use launcelot_bridge::options::Target;
use launcelot_endpoint::listen::{BACKLOG, ListenError, Listeners};
use launcelot_server::{Design, Statistics, Stop, Stopper};
use tokio::sync::oneshot;

/// A port for a program that cannot choose one itself. It is none of those that a system gives to whoever asks for any:
/// between this test's look and the program's start another test would get it. To listen there in order to look would
/// keep it taken, in whatever this process starts meanwhile, until that has begun.
pub(crate) fn free_port() -> u16 {
    let is_free = |port: &u16| {
        let addresses = [SocketAddr::from((Ipv4Addr::LOCALHOST, *port)), (Ipv6Addr::LOCALHOST, *port).into()];
        addresses.iter().all(|address| TcpStream::connect(address).is_err())
    };
    std::iter::repeat_with(|| fastrand::u16(20_000..30_000)).take(1_000).find(is_free).expect("a port is free")
}

/// Listens at localhost. Who listened there before, in this process, may be gone only when whatever was being started
/// meanwhile has begun.
fn listen(port: u16) -> Listeners {
    let began = Instant::now();
    loop {
        match Listeners::bind("localhost", port, BACKLOG) {
            Err(ListenError::Taken { .. }) if began.elapsed() < Duration::from_secs(5) => thread::yield_now(),
            listeners => return listeners.unwrap(),
        }
    }
}

/// A server at localhost.
pub(crate) struct Server {
    pub(crate) port: u16,
    stopper: Stopper,
    thread: JoinHandle<()>,
}

impl Server {
    /// Starts one that listens when this returns; port 0 means any free one.
    pub(crate) fn start(design: Design, port: u16) -> Self {
        Self::start_with(&launcelot_server::Options { design, ..Default::default() }, port)
    }

    /// The same with other options than the design.
    pub(crate) fn start_with(options: &launcelot_server::Options, port: u16) -> Self {
        let listeners = listen(port);
        let port = listeners.port;
        let (stopper, stop) = Stop::pair().unwrap();
        let worker_program = Some(env!("CARGO_BIN_EXE_launcelot-lab").into());
        let options = launcelot_server::Options { worker_program, grace: Duration::ZERO, ..options.clone() };
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
        let listeners = listen(port);
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

/// The demo, as a person starts it but for its ports, which are any free ones.
pub(crate) struct Lab {
    pub(crate) page_port: u16,
    pub(crate) server_port: u16,
    pub(crate) tunnel_port: u16,
    process: Child,
}

impl Lab {
    /// Starts one that serves the page in `web` and is told `arguments` besides.
    pub(crate) fn start(web: &Path, arguments: &[&str]) -> Self {
        Self::start_at([0, 0, 0], web, arguments)
    }

    /// The same with these ports for the page, the server and the tunnel.
    pub(crate) fn start_at([page, server, tunnel]: [u16; 3], web: &Path, arguments: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_launcelot-lab"))
            .arg("--web")
            .arg(web)
            .args(["--server-port", &server.to_string(), "--tunnel-port", &tunnel.to_string()])
            .args(["--page-port", &page.to_string()])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let said: String = lines.take(2).map(|line| line.unwrap() + "\n").collect();
        let numbers = said.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok());
        let ports: Vec<u16> = numbers.collect();
        let [page_port, server_port, tunnel_port] = ports[..] else { panic!("not three ports: {said}") };
        Self { page_port, server_port, tunnel_port, process }
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
