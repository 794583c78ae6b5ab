//! The demo: a server, an emulated link to it, a bridge to both, and the page that the bridge serves, in one process.
//!
//! A recorder observes server, tunnel and bridge. The page requests traces of its dialogues from the recorder, through
//! the lab's HTTP API.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use launcelot_bridge::Handshake;
use launcelot_bridge::options::Target;
use launcelot_endpoint::listen::{BACKLOG, Interface, ListenError, Listeners};
use launcelot_endpoint::stop::StopSignals;
use launcelot_endpoint::{descriptors, output};
use launcelot_server::{Design, ServeError, Statistics, Stop, Stopper, ThinkTime};
use thiserror::Error;
use tokio::sync::oneshot;

use crate::api;
use crate::command_line::DemoOptions;
use crate::recorder::Recorder;
use crate::tunnel::destination::Destination;
use crate::tunnel::{Tunnel, TunnelError, TunnelHandle, TunnelSettings};

/// How long open connections may go on after Ctrl-C. It is short, because a person waits for the shell's prompt.
const GRACE: Duration = Duration::from_millis(250);

/// The bridge's timeout of connecting. Connecting through the tunnel takes at most the longest round trip, and the
/// tunnel's own timeout of connecting to the server.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(45);

/// The name of the emulated link among the bridge's targets: `/ws/tunnel`.
const TUNNEL: &str = "tunnel";

/// Why the demo fails.
#[derive(Debug, Error)]
pub enum DemoError {
    /// The page has not been built.
    #[error(
        "'{}' has no index.html: build the page with `cargo xtask dist`, or name its folder with --web",
        .0.display()
    )]
    NoPage(PathBuf),
    /// Listening on a port failed.
    #[error("{source}; choose another port with {option}")]
    Listen {
        /// The error, which names the address.
        source: ListenError,
        /// The option that chooses another port.
        option: &'static str,
    },
    /// Threads, signal handlers or the event loop could not be created.
    #[error("cannot start the demo")]
    Start(#[source] io::Error),
    /// The tunnel failed.
    #[error(transparent)]
    Tunnel(#[from] TunnelError),
    /// The server failed.
    #[error("the server failed")]
    Server(#[from] ServeError),
    /// The bridge failed.
    #[error("the bridge failed")]
    Bridge(#[from] launcelot_bridge::ServeError),
}

/// Runs the demo until SIGINT or SIGTERM.
///
/// # Errors
///
/// See [`DemoError`].
pub fn run(options: &DemoOptions) -> Result<(), DemoError> {
    descriptors::raise_limit();
    if !options.web.join("index.html").is_file() {
        return Err(DemoError::NoPage(options.web.clone()));
    }
    let server_listeners = listen(options.server_port, "--server-port")?;
    let tunnel_listeners = listen(options.tunnel_port, "--tunnel-port")?;
    let page_listeners = listen_for_page(options)?;
    let server_port = server_listeners.port;
    let tunnel_port = tunnel_listeners.port;
    let url = page_url(&page_listeners);

    let runtime = tokio::runtime::Runtime::new().map_err(DemoError::Start)?;
    let mut signals = {
        let _context = runtime.enter();
        StopSignals::catch().map_err(DemoError::Start)?
    };
    let recorder = Recorder::default();
    let think = ThinkTime::from(*options.think);
    let server = DemoServer::start(server_listeners, options.design, think.clone(), recorder.clone())?;
    let settings = TunnelSettings::preset(options.link);
    let tunnel = Tunnel::start(
        tunnel_listeners,
        Destination::host("localhost", server_port),
        settings,
        GRACE,
        Some(recorder.tunnel_observer()),
    )?;
    let tunnel_target = target(Some(TUNNEL), tunnel_port);
    // Worker processes keep the think time with which they were started.
    let think = (options.design != Design::Processes).then_some(think);
    let bridge_options = launcelot_bridge::Options {
        handshakes: HashMap::from([(tunnel_target.clone(), handshake(tunnel.handle()))]),
        targets: vec![target(None, server_port), tunnel_target],
        connect_timeout: CONNECT_TIMEOUT,
        observer: Some(recorder.bridge_observer()),
        routes: Some(api::routes(recorder, tunnel.handle(), think, options.design)),
        web: Some(options.web.clone()),
        grace: GRACE,
        // The page may be opened at any address of this machine.
        ip_hosts: true,
        ..launcelot_bridge::Options::default()
    };

    output::print(&instructions(&url, server_port, tunnel_port));
    if options.open
        && let Err(error) = open::that_detached(&url)
    {
        tracing::warn!("cannot open {url} in a browser: {error}");
    }
    let DemoServer { stopper, ended: server_ended, thread: server_thread } = server;
    let stop = async {
        tokio::select! {
            () = signals.next() => {}
            _ = server_ended => {}
            () = tunnel.ended() => {}
        }
    };
    let bridge_result = runtime.block_on(launcelot_bridge::serve(page_listeners, bridge_options, stop));
    stopper.stop();
    let tunnel_result = tunnel.stop();
    server_thread.join().expect("the server does not panic")?;
    tunnel_result?;
    Ok(bridge_result?)
}

/// The demo's server on a thread of its own.
struct DemoServer {
    stopper: Stopper,
    /// Completes when the thread ends.
    ended: oneshot::Receiver<()>,
    thread: JoinHandle<Result<(), ServeError>>,
}

impl DemoServer {
    fn start(listeners: Listeners, design: Design, think: ThinkTime, recorder: Recorder) -> Result<Self, DemoError> {
        let (stopper, stop) = Stop::pair().map_err(DemoError::Start)?;
        let options = launcelot_server::Options { design, think, grace: GRACE, ..launcelot_server::Options::default() };
        let statistics = Statistics::new(&options).map_err(DemoError::Start)?;
        let (sender, ended) = oneshot::channel();
        let serve = move || {
            let result =
                launcelot_server::serve_observed(listeners, &options, &statistics, recorder.server_observer(), stop);
            // The receiver is gone if the bridge has ended first.
            let _ = sender.send(());
            result
        };
        let thread = thread::Builder::new().name("server".to_owned()).spawn(serve).map_err(DemoError::Start)?;
        Ok(Self { stopper, ended, thread })
    }
}

fn listen(port: u16, option: &'static str) -> Result<Listeners, DemoError> {
    Listeners::bind("localhost", port, BACKLOG).map_err(|source| DemoError::Listen { source, option })
}

/// Returns the listeners of the page and the bridge: those of `--listen` or `--listen-fds`, otherwise at `--page-port`
/// of localhost.
fn listen_for_page(options: &DemoOptions) -> Result<Listeners, DemoError> {
    let option = if options.listen.listen.is_empty() { "--page-port" } else { "--listen" };
    options.listen.bind(options.page_port, BACKLOG).map_err(|source| DemoError::Listen { source, option })
}

/// Returns the page's URL for a browser on this machine.
fn page_url(listeners: &Listeners) -> String {
    let host = listeners.interfaces.first().map_or_else(|| "localhost".to_owned(), Interface::url_host);
    format!("http://{host}:{}", listeners.port)
}

fn target(name: Option<&str>, port: u16) -> Target {
    Target::tcp(name, "localhost", port)
}

/// Returns what the bridge awaits after it has connected to the tunnel: the end of the emulated handshake. The kernel
/// accepts a connection to the tunnel before the server has accepted.
fn handshake(tunnel: TunnelHandle) -> Handshake {
    Handshake::new(move |local, connect_begun| {
        let tunnel = tunnel.clone();
        Box::pin(async move { tunnel.handshake(local, connect_begun).await.map(|_| ()).map_err(io::Error::other) })
    })
}

/// Returns the text that the demo prints once everything runs, in lines of at most 80 columns.
fn instructions(url: &str, server_port: u16, tunnel_port: u16) -> String {
    format!(
        "Open {url}\n\
         In a terminal, `launcelot-client localhost {server_port}` asks the same server,\n\
         `launcelot-client localhost {tunnel_port}` through an emulated link. Ctrl-C stops it.\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_instructions_fit_80_columns_with_any_ports() {
        let instructions = instructions("http://localhost:65535", u16::MAX, u16::MAX);
        assert!(instructions.lines().all(|line| line.chars().count() <= 80), "{instructions}");
    }
}
