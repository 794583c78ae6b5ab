//! The settings of a bridge.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use launcelot_endpoint::address::split_host_port;
use launcelot_endpoint::observe::Observer;
use thiserror::Error;

use crate::handshake::Handshake;
use crate::origin::Origin;

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
    pub send_buffer_bytes: u32,
    /// The subprotocols that are selected if a client offers them.
    pub subprotocols: Vec<String>,
    /// How long open connections have to end when the bridge is stopped.
    pub grace: Duration,
    /// How many connections may be open at once; more wait to be accepted. A WebSocket counts once and needs two
    /// descriptors.
    pub max_connections: NonZeroU32,
    /// Maximum number of bytes in one message from a browser.
    pub max_message_bytes: usize,
    /// Observes the WebSockets that have reached their server.
    pub observer: Option<Arc<dyn Observer>>,
    /// Further routes, with the same rules and headers as the bridge's own.
    pub routes: Option<Router>,
}

/// The default of [`Options::max_connections`].
pub(crate) const MAX_CONNECTIONS: NonZeroU32 = NonZeroU32::new(10_000).expect("10,000 is not zero");

/// The default of [`Options::send_buffer_bytes`].
pub(crate) const SEND_BUFFER_BYTES: u32 = 128 * 1024;

impl Default for Options {
    fn default() -> Self {
        Self {
            targets: vec![Target { name: None, host: "localhost".to_owned(), port: 1060 }],
            handshakes: HashMap::new(),
            web: None,
            origins: Vec::new(),
            connect_timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(5 * 60),
            linger: Duration::from_secs(5),
            ping_interval: Duration::from_secs(20),
            send_buffer_bytes: SEND_BUFFER_BYTES,
            subprotocols: vec!["binary".to_owned()],
            grace: Duration::from_secs(5),
            max_connections: MAX_CONNECTIONS,
            max_message_bytes: 1024 * 1024,
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

/// A TCP server, written `HOST:PORT` or `NAME=HOST:PORT`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    /// The name in `/ws/NAME`.
    pub name: Option<String>,
    /// A host name or an address, without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// Why a string is not a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TargetError {
    /// The address is not `HOST:PORT`.
    #[error("expected HOST:PORT or NAME=HOST:PORT, with a port from 1 to 65535")]
    Address,
    /// The name would need escaping in a URL.
    #[error("a name consists of letters, digits, '-', '_' and '.', and begins with a letter or a digit")]
    Name,
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let (name, address) = match text.split_once('=') {
            Some((name, address)) => (Some(name), address),
            None => (None, text),
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if name.is_some_and(|name| !name.starts_with(|c: char| c.is_ascii_alphanumeric()) || !name.chars().all(plain)) {
            return Err(TargetError::Name);
        }
        match split_host_port(address) {
            Some((host, Some(port))) if port != 0 => {
                Ok(Self { name: name.map(str::to_owned), host: host.to_owned(), port })
            }
            _ => Err(TargetError::Address),
        }
    }
}

/// For people: `localhost port 1060`.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} port {}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(text: &str) -> Target {
        text.parse().unwrap()
    }

    #[test]
    fn a_target_is_an_address_with_or_without_a_name() {
        let parts = |name: Option<&str>, host: &str, port| {
            Ok(Target { name: name.map(str::to_owned), host: host.to_owned(), port })
        };
        let cases = [
            ("localhost:1060", parts(None, "localhost", 1060)),
            ("slow=127.0.0.1:1061", parts(Some("slow"), "127.0.0.1", 1061)),
            ("v6=[::1]:1060", parts(Some("v6"), "::1", 1060)),
            ("localhost", Err(TargetError::Address)),
            ("localhost:0", Err(TargetError::Address)),
            ("localhost:70000", Err(TargetError::Address)),
            ("slow=", Err(TargetError::Address)),
            ("=localhost:1060", Err(TargetError::Name)),
            ("a/b=localhost:1060", Err(TargetError::Name)),
            ("..=localhost:1060", Err(TargetError::Name)),
            ("", Err(TargetError::Address)),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<Target>(), expected, "{text:?}");
        }
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
