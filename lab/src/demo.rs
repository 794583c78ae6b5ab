//! The demo: a server, an emulated link to it, a bridge to both, and the page that the bridge serves. A
//! recorder watches all of them, and the page asks it afterwards.

use std::collections::HashMap;
use std::io::{self, Write};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use launcelot_bridge::Handshake;
use launcelot_bridge::options::Target;
use launcelot_endpoint::descriptors;
use launcelot_endpoint::listen::{BACKLOG, ListenError, Listeners};
use launcelot_endpoint::stop::StopSignals;
use launcelot_measure::Preset;
use launcelot_protocol::PORT;
use launcelot_server::{Design, ServeError, Statistics, Stop, ThinkTime};
use thiserror::Error;
use tokio::sync::oneshot;

use crate::api;
use crate::command_line::DemoOptions;
use crate::recorder::Recorder;
use crate::tunnel::{Tunnel, TunnelError, TunnelHandle, Wire};

/// How long open conversations may go on after Ctrl-C: a person waits for the prompt.
const GRACE: Duration = Duration::from_millis(250);

/// The longest that a handshake through the tunnel takes is twice the longest delay and jitter each way.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(45);

/// The emulated link's name among the bridge's targets: `/ws/tunnel`.
const TUNNEL: &str = "tunnel";

/// Why the demo does not run.
#[derive(Debug, Error)]
pub enum DemoError {
    /// There is no page to show.
    #[error(
        "there is no page in '{}': build it with `cargo xtask dist`, or name its folder with --web",
        .0.display()
    )]
    NoPage(PathBuf),
    /// A port is not to be had.
    #[error("{source}; choose another port with {option}")]
    Listen {
        /// What the system says.
        source: ListenError,
        /// The option that chooses another port.
        option: &'static str,
    },
    /// The system gives no threads, signals or event loop.
    #[error("cannot start")]
    Start(#[source] io::Error),
    /// The tunnel broke.
    #[error(transparent)]
    Tunnel(#[from] TunnelError),
    /// The server broke.
    #[error("the server broke")]
    Server(#[from] ServeError),
    /// The bridge broke.
    #[error("the bridge broke")]
    Bridge(#[from] launcelot_bridge::ServeError),
}

/// Runs everything until SIGINT or SIGTERM.
///
/// # Errors
///
/// See [`DemoError`].
pub fn run(options: &DemoOptions) -> Result<(), DemoError> {
    descriptors::raise_limit();
    if !options.web.join("index.html").is_file() {
        return Err(DemoError::NoPage(options.web.clone()));
    }
    let server_door = listen(options.server_port, "--server-port")?;
    let tunnel_door = listen(options.tunnel_port, "--tunnel-port")?;
    let page_door = listen(options.page_port, "--page-port")?;
    let (server_port, tunnel_port, page_port) = (server_door.port, tunnel_door.port, page_door.port);

    let runtime = tokio::runtime::Runtime::new().map_err(DemoError::Start)?;
    let mut signals = {
        let _context = runtime.enter();
        StopSignals::catch().map_err(DemoError::Start)?
    };
    let (stopper, stop) = Stop::pair().map_err(DemoError::Start)?;
    let think = ThinkTime::from(*options.think);
    // Worker processes keep the time with which they were started.
    let may_change = options.design != Design::Processes;
    let server_options = launcelot_server::Options {
        design: options.design,
        think: think.clone(),
        grace: GRACE,
        ..launcelot_server::Options::default()
    };
    let statistics = Statistics::new(&server_options).map_err(DemoError::Start)?;
    let recorder = Recorder::default();
    let (ended, server_ended) = oneshot::channel();
    let server_observer = recorder.server_observer();
    let server = thread::Builder::new()
        .name("server".to_owned())
        .spawn(move || {
            let served =
                launcelot_server::serve_observed(server_door, &server_options, &statistics, server_observer, stop);
            // Nobody waits for it any more if the bridge has ended first.
            let _ = ended.send(());
            served
        })
        .map_err(DemoError::Start)?;
    let to = vec![(Ipv4Addr::LOCALHOST, server_port).into(), (Ipv6Addr::LOCALHOST, server_port).into()];
    let tunnel = Tunnel::start(tunnel_door, to, Wire::preset(Preset::Ssh), GRACE, Some(recorder.tunnel_observer()))?;
    let through_tunnel = target(Some(TUNNEL), tunnel_port);
    let bridge_options = launcelot_bridge::Options {
        handshakes: HashMap::from([(through_tunnel.clone(), handshake(tunnel.handle()))]),
        targets: vec![target(None, server_port), through_tunnel],
        connect_timeout: CONNECT_TIMEOUT,
        observer: Some(recorder.bridge_observer()),
        routes: Some(api::routes(recorder, tunnel.handle(), may_change.then_some(think))),
        web: Some(options.web.clone()),
        grace: GRACE,
        ..launcelot_bridge::Options::default()
    };

    let url = format!("http://localhost:{page_port}");
    say(&url, server_port, tunnel_port);
    if options.open
        && let Err(error) = open::that_detached(&url)
    {
        tracing::warn!("cannot open a browser: {error}");
    }
    let stop = async {
        tokio::select! {
            () = signals.next() => {}
            _ = server_ended => {}
            () = tunnel.ended() => {}
        }
    };
    let bridged = runtime.block_on(launcelot_bridge::serve(page_door, bridge_options, stop));
    stopper.stop();
    let carried = tunnel.stop();
    server.join().expect("the server does not panic")?;
    carried?;
    Ok(bridged?)
}

fn listen(port: u16, option: &'static str) -> Result<Listeners, DemoError> {
    Listeners::bind("localhost", port, BACKLOG).map_err(|source| DemoError::Listen { source, option })
}

fn target(name: Option<&str>, port: u16) -> Target {
    Target { name: name.map(str::to_owned), host: "localhost".to_owned(), port }
}

/// The tunnel's handshake, as the bridge waits for it: the kernel accepts a connection before the far end has.
fn handshake(tunnel: TunnelHandle) -> Handshake {
    Handshake::new(move |local| {
        let tunnel = tunnel.clone();
        Box::pin(async move { tunnel.handshake(local).await.map(|_| ()).map_err(io::Error::other) })
    })
}

/// Says what runs where. Nobody may be there to read it.
fn say(url: &str, server_port: u16, tunnel_port: u16) {
    let port = if server_port == PORT { String::new() } else { format!(" {server_port}") };
    let _ = writeln!(
        io::stdout(),
        "Open {url}\n\
         `launcelot-client localhost{port}` asks the same server in a terminal, `launcelot-client localhost {tunnel_port}` \
         through an emulated link. Ctrl-C stops everything."
    );
}
