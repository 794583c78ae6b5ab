//! The options `--listen ADDR` and `--listen-fds`.

use std::str::FromStr;

use clap::Args;
use thiserror::Error;

use crate::address::split_host_port;
use crate::listen::{ListenError, Listeners};

/// The help of `--listen`. It is not the doc comment of the field, because brackets in a doc comment would be links.
const LISTEN_HELP: &str = "Listen on HOST, HOST:PORT or [IPv6]:PORT; may be given several times. localhost is 127.0.0.1 \
                           and ::1, [::] for every address of both families, port 0 for any free port";

/// The options that say where a program listens. A program sets its default address with
/// `#[command(mut_arg("listen", |arg| arg.default_value("localhost:8080")))]`.
#[derive(Debug, Clone, Default, Args)]
pub struct ListenOptions {
    /// The addresses to listen on.
    #[arg(long, value_name = "ADDR", help = LISTEN_HELP)]
    pub listen: Vec<ListenAddress>,
    /// Serve the listeners that systemd has opened (LISTEN_FDS) instead
    #[arg(long, conflicts_with = "listen")]
    pub listen_fds: bool,
}

/// A name or an address to listen on, with or without a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenAddress {
    /// The name or address, without brackets.
    pub host: String,
    /// The port; `None` stands for the program's default port.
    pub port: Option<u16>,
}

/// Why a string is not an address to listen on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ListenAddressError {
    /// The string has another form.
    #[error("expected HOST, HOST:PORT or [IPv6]:PORT")]
    Form,
    /// The host consists of digits only: probably it is a port, as in `9000`.
    #[error("expected a host before the port, as in localhost:8080")]
    PortOnly,
}

impl ListenOptions {
    /// Listens on all addresses of `--listen`, or takes over the listeners of the environment. Without either option, listens
    /// on `localhost`. An address without a port gets `default_port`.
    ///
    /// # Errors
    ///
    /// See [`ListenError`].
    pub fn bind(&self, default_port: u16, backlog: u32) -> Result<Listeners, ListenError> {
        if self.listen_fds {
            return Listeners::from_environment();
        }
        let Some((first, others)) = self.listen.split_first() else {
            return Listeners::bind("localhost", default_port, backlog);
        };
        let mut listeners = first.bind(default_port, backlog)?;
        for address in others {
            listeners.extend(address.bind(default_port, backlog)?);
        }
        Ok(listeners)
    }
}

impl ListenAddress {
    fn bind(&self, default_port: u16, backlog: u32) -> Result<Listeners, ListenError> {
        Listeners::bind(&self.host, self.port.unwrap_or(default_port), backlog)
    }
}

impl FromStr for ListenAddress {
    type Err = ListenAddressError;

    fn from_str(text: &str) -> Result<Self, ListenAddressError> {
        let (host, port) = split_host_port(text).ok_or(ListenAddressError::Form)?;
        if host.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(ListenAddressError::PortOnly);
        }
        Ok(Self { host: host.to_owned(), port })
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    #[command(mut_arg("listen", |arg| arg.default_value("localhost:8080")))]
    struct Example {
        #[command(flatten)]
        listen: ListenOptions,
    }

    fn parse(arguments: &[&str]) -> Result<ListenOptions, clap::Error> {
        Example::try_parse_from(["example"].iter().chain(arguments)).map(|example| example.listen)
    }

    fn at(host: &str, port: Option<u16>) -> ListenAddress {
        ListenAddress { host: host.to_owned(), port }
    }

    #[test]
    fn an_address_to_listen_on_needs_a_host_and_may_omit_the_port() {
        let cases = [
            ("localhost", Ok(at("localhost", None))),
            ("localhost:0", Ok(at("localhost", Some(0)))),
            ("[::]:9000", Ok(at("::", Some(9000)))),
            ("::1", Ok(at("::1", None))),
            ("9000", Err(ListenAddressError::PortOnly)),
            (":9000", Err(ListenAddressError::Form)),
            ("localhost:x", Err(ListenAddressError::Form)),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse(), expected, "{text:?}");
        }
    }

    #[test]
    fn listen_may_be_given_several_times_and_excludes_inherited_listeners() {
        assert_eq!(parse(&[]).unwrap().listen, [at("localhost", Some(8080))]);
        let two = parse(&["--listen", "127.0.0.1:0", "--listen", "127.0.0.2:0"]).unwrap();
        assert_eq!(two.bind(1, 16).unwrap().interfaces.len(), 2);
        assert!(parse(&["--listen-fds"]).unwrap().listen_fds);
        assert!(parse(&["--listen-fds", "--listen", "localhost"]).is_err());
    }
}
