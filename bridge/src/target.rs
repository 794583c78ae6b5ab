//! The servers to which a bridge relays.

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use launcelot_endpoint::address::split_host_port;
use thiserror::Error;

/// What precedes the path of a Unix socket.
const UNIX: &str = "unix:";

/// A server, written `HOST:PORT` or `unix:PATH`, with or without `NAME=` before it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    /// The name in `/ws/NAME`.
    pub name: Option<String>,
    /// Where it listens.
    pub address: TargetAddress,
}

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum TargetAddress {
    /// At a TCP port.
    Tcp {
        /// A host name or an address, without brackets.
        host: String,
        /// The port.
        port: u16,
    },
    /// At a Unix socket.
    Unix(PathBuf),
}

impl TargetAddress {
    /// Returns the host or the path.
    pub(crate) fn name(&self) -> Cow<'_, str> {
        match self {
            Self::Tcp { host, .. } => Cow::Borrowed(host),
            Self::Unix(path) => path.to_string_lossy(),
        }
    }
}

impl Target {
    /// A server that listens at a TCP port.
    pub fn tcp(name: Option<&str>, host: &str, port: u16) -> Self {
        Self { name: name.map(str::to_owned), address: TargetAddress::Tcp { host: host.to_owned(), port } }
    }
}

/// Why a string is not a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TargetError {
    /// The address is not `HOST:PORT`.
    #[error("expected HOST:PORT or NAME=HOST:PORT, with a port from 1 to 65535, or unix:PATH for HOST:PORT")]
    Address,
    /// The name would need escaping in a URL.
    #[error("a name consists of letters, digits, '-', '_' and '.', and begins with a letter or a digit")]
    Name,
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let (name, address) = match text.split_once('=') {
            Some((name, address)) if !name.starts_with(UNIX) => (Some(name), address),
            _ => (None, text),
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if name.is_some_and(|name| !name.starts_with(|c: char| c.is_ascii_alphanumeric()) || !name.chars().all(plain)) {
            return Err(TargetError::Name);
        }
        if let Some(path) = address.strip_prefix(UNIX).filter(|path| !path.is_empty()) {
            return Ok(Self { name: name.map(str::to_owned), address: TargetAddress::Unix(path.into()) });
        }
        match split_host_port(address) {
            Some((host, Some(port))) if port != 0 => Ok(Self::tcp(name, host, port)),
            _ => Err(TargetError::Address),
        }
    }
}

/// For people: `localhost port 1060`.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.address {
            TargetAddress::Tcp { host, port } => write!(f, "{host} port {port}"),
            TargetAddress::Unix(path) => path.display().fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_an_address_with_or_without_a_name() {
        let unix = |name: Option<&str>, path: &str| {
            Ok(Target { name: name.map(str::to_owned), address: TargetAddress::Unix(path.into()) })
        };
        let cases = [
            ("localhost:1060", Ok(Target::tcp(None, "localhost", 1060))),
            ("slow=127.0.0.1:1061", Ok(Target::tcp(Some("slow"), "127.0.0.1", 1061))),
            ("v6=[::1]:1060", Ok(Target::tcp(Some("v6"), "::1", 1060))),
            ("unix:/run/server.sock", unix(None, "/run/server.sock")),
            ("unix:/run/a=b:1", unix(None, "/run/a=b:1")),
            ("local=unix:/run/server.sock", unix(Some("local"), "/run/server.sock")),
            ("unix:", Err(TargetError::Address)),
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
}
