//! The settings of a bridge.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use ipnet::IpNet;
use launcelot_endpoint::observe::Observer;
use thiserror::Error;

use crate::base_path::BasePath;
use crate::handshake::Handshake;
use crate::origin::Origin;
pub use crate::target::{Target, TargetAddress, TargetError};
use crate::token::Token;

/// The settings of a bridge. By default its target is `localhost` port 1060, and it serves no files.
#[derive(Debug, Clone)]
pub struct Options {
    /// The servers: the first is at `/ws`, and each that has a name is at `/ws/NAME`.
    pub targets: Vec<Target>,
    /// The directory whose files are served; `None` serves none.
    pub web: Option<PathBuf>,
    /// Origins that may open a WebSocket, besides the bridge's own and those of this machine. The bridge also answers to
    /// their hosts.
    pub origins: Vec<Origin>,
    /// Whether a WebSocket is refused to a client that sends no origin, as programs do.
    pub require_origin: bool,
    /// Whether the bridge answers to every IP address as its host, not only to those of this machine.
    pub ip_hosts: bool,
    /// The certificate for clients that come by TCP; `None` demands no TLS.
    #[cfg(feature = "tls")]
    pub tls: Option<crate::tls::Tls>,
    /// The token that a client must send to open a WebSocket; `None` demands none.
    pub token: Option<Token>,
    /// The path under which a reverse proxy shows the bridge.
    pub base_path: BasePath,
    /// The networks of the reverse proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether a file is served if a link leads out of the [directory](Self::web) to it.
    pub follow_links: bool,
    /// Whether a client learns the name of a server that cannot be reached, and the system's error.
    pub target_details: bool,
    /// Handshakes above TCP's own. A connection to such a target is connected when its handshake is over.
    pub handshakes: HashMap<Target, Handshake>,
    /// How long a server has to accept a connection, with the lookup of its name and its [handshake](Self::handshakes).
    pub connect_timeout: Duration,
    /// How long a connection may stay open while no byte moves; zero disables the timeout.
    pub idle_timeout: Duration,
    /// How long a client that has closed its WebSocket gets replies, until the server ends its stream. Browsers wait for
    /// the answer to a close for at least ten seconds.
    pub linger: Duration,
    /// How often a WebSocket is pinged, so that proxies do not take it for idle; zero disables pings.
    pub ping_interval: Duration,
    /// Maximum number of bytes that the system keeps unsent for each connection.
    pub send_buffer_bytes: NonZeroU32,
    /// The subprotocols that are selected if a client offers them.
    pub subprotocols: Vec<String>,
    /// How long open connections have to end when the bridge is stopped.
    pub grace: Duration,
    /// How many connections of clients may be open at once. Some more are accepted, to be answered that there are too many.
    pub max_connections: NonZeroU32,
    /// How many connections may be open from one address; `None` sets no limit.
    pub max_connections_per_address: Option<NonZeroU32>,
    /// How many WebSockets may be open at once. Each needs a connection, and another one to its server.
    pub max_websockets: NonZeroU32,
    /// How long a client has for the head of a request, from its first byte; for the first request, from the accept.
    pub head_timeout: Duration,
    /// How long the body of a request may pause.
    pub body_timeout: Duration,
    /// How long a client may take nothing of a response.
    pub response_timeout: Duration,
    /// How long a connection may wait for the next request.
    pub keep_alive: Duration,
    /// Maximum number of bytes in one message from a browser.
    pub max_message_bytes: usize,
    /// Observes the WebSockets that have reached their server.
    pub observer: Option<Arc<dyn Observer>>,
    /// Further routes, with the same rules and headers as the bridge's own.
    pub routes: Option<Router>,
}

/// The default of [`Options::max_connections`] and [`Options::max_websockets`].
pub(crate) const MAX_CONNECTIONS: NonZeroU32 = NonZeroU32::new(10_000).expect("10,000 is not zero");

/// The default of [`Options::max_message_bytes`].
pub(crate) const MAX_MESSAGE_BYTES: usize = 1024 * 1024;

/// The default of [`Options::send_buffer_bytes`].
pub(crate) const SEND_BUFFER_BYTES: NonZeroU32 = NonZeroU32::new(128 * 1024).expect("128 KiB are not zero");

impl Default for Options {
    fn default() -> Self {
        Self {
            targets: vec![Target::tcp(None, "localhost", 1060)],
            handshakes: HashMap::new(),
            web: None,
            origins: Vec::new(),
            require_origin: false,
            ip_hosts: false,
            #[cfg(feature = "tls")]
            tls: None,
            token: None,
            base_path: BasePath::default(),
            trusted_proxies: Vec::new(),
            follow_links: false,
            target_details: true,
            connect_timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(5 * 60),
            linger: Duration::from_secs(5),
            ping_interval: Duration::from_secs(20),
            send_buffer_bytes: SEND_BUFFER_BYTES,
            subprotocols: vec!["binary".to_owned()],
            grace: Duration::from_secs(5),
            max_connections: MAX_CONNECTIONS,
            max_connections_per_address: None,
            max_websockets: MAX_CONNECTIONS,
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(10),
            response_timeout: Duration::from_secs(30),
            keep_alive: Duration::from_secs(75),
            max_message_bytes: MAX_MESSAGE_BYTES,
            observer: None,
            routes: None,
        }
    }
}

/// Why options are not valid.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OptionsError {
    /// The list of targets is empty.
    #[error("no target given: a bridge needs at least one")]
    NoTarget,
    /// A target that has no path.
    #[error("only the first target may be without a name, but '{0}' has none")]
    Nameless(Target),
    /// Two targets at one path.
    #[error("two targets have the name '{0}'")]
    SameName(String),
    /// The files to serve are not there.
    #[error("cannot serve files from '{}': not a directory", .0.display())]
    NoDirectory(PathBuf),
}

impl Options {
    /// Checks whether a bridge can run with these options.
    ///
    /// # Errors
    ///
    /// See [`OptionsError`]. Only [`OptionsError::NoDirectory`] depends on the machine.
    pub fn check(&self) -> Result<(), OptionsError> {
        let (_, others) = self.targets.split_first().ok_or(OptionsError::NoTarget)?;
        if let Some(nameless) = others.iter().find(|target| target.name.is_none()) {
            return Err(OptionsError::Nameless(nameless.clone()));
        }
        let mut names = HashSet::new();
        for name in self.targets.iter().filter_map(|target| target.name.as_ref()) {
            if !names.insert(name) {
                return Err(OptionsError::SameName(name.clone()));
            }
        }
        match &self.web {
            Some(web) if !web.is_dir() => Err(OptionsError::NoDirectory(web.clone())),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(text: &str) -> Target {
        text.parse().unwrap()
    }

    #[test]
    fn invalid_options_are_refused() {
        let with_targets = |targets: &[&str]| {
            Options { targets: targets.iter().map(|text| target(text)).collect(), ..Options::default() }.check()
        };
        assert_eq!(Options::default().check(), Ok(()));
        assert_eq!(with_targets(&["a:1", "b=b:2", "c=c:3"]), Ok(()));
        assert_eq!(with_targets(&[]), Err(OptionsError::NoTarget));
        assert_eq!(with_targets(&["a:1", "b:2"]), Err(OptionsError::Nameless(target("b:2"))));
        assert_eq!(with_targets(&["x=a:1", "x=b:2"]), Err(OptionsError::SameName("x".to_owned())));
        let file = tempfile::NamedTempFile::new().unwrap();
        let no_directory = Options { web: Some(file.path().to_owned()), ..Options::default() };
        assert_eq!(no_directory.check(), Err(OptionsError::NoDirectory(file.path().to_owned())));
    }
}
