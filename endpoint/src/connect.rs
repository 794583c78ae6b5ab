//! Connecting to the first of several addresses that accepts: Happy Eyeballs, version 2 (RFC 8305).
//!
//! Addresses are tried one after the other, with alternating families (IPv6 and IPv4). The next attempt starts when one has
//! failed, or [`HEAD_START`] after the newest one started; earlier attempts go on. So an address that does not answer delays
//! the connection by 250 ms, not by a timeout. The first connection that opens is used and the other attempts are dropped.
//!
//! [`connect`] is for tokio and [`connect_blocking`] for threads. [`Attempts`] decides without I/O which address is tried
//! when, for programs with an event loop of their own.

mod attempts;
mod blocking;

use std::io;
use std::net::SocketAddr;
use std::time::Instant;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::net::TcpStream;
use tokio::time::sleep_until;

use crate::failure::one_line;
use crate::lookup::look_up;

pub use attempts::{Attempts, HEAD_START};
pub use blocking::{connect_blocking, is_connected, start_connecting};

/// Looks up `host` and connects to the first of its addresses that accepts. Small segments are sent at once
/// (`TCP_NODELAY`).
///
/// # Errors
///
/// Returns the resolver's error, or the error of the first attempt that failed, if all have failed.
pub async fn connect_to_host(host: &str, port: u16) -> io::Result<TcpStream> {
    connect(look_up(host, port).await?).await
}

/// Connects to the first of `addresses` that accepts. Small segments are sent at once (`TCP_NODELAY`).
///
/// # Errors
///
/// Returns the error of the first attempt that failed, if all have failed.
pub async fn connect(addresses: impl IntoIterator<Item = SocketAddr>) -> io::Result<TcpStream> {
    let mut attempts = Attempts::new(addresses);
    let mut connecting = FuturesUnordered::new();
    loop {
        while let Some(address) = attempts.start_next(tokio::time::Instant::now().into_std()) {
            connecting.push(connect_to_address(address));
        }
        if let Some(error) = attempts.exhausted() {
            return Err(error);
        }
        tokio::select! {
            Some(connected) = connecting.next() => match connected {
                Ok(stream) => return Ok(stream),
                Err(error) => attempts.failed(error),
            },
            () = sleep_until_next(attempts.next_at()) => {}
        }
    }
}

async fn connect_to_address(address: SocketAddr) -> io::Result<TcpStream> {
    tracing::info!("connecting to {address}");
    let stream = TcpStream::connect(address).await.inspect_err(|error| {
        tracing::info!("cannot connect to {address}: {}", one_line(error));
    })?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn sleep_until_next(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use launcelot_testing::ports::ReservedPort;
    use launcelot_testing::sockets::SilentAddress;
    use launcelot_testing::wait::{DEADLINE, within};
    use tokio::net::TcpListener;

    use super::*;

    async fn first_to_accept(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
        within(DEADLINE, "a connection", connect(addresses.iter().copied())).await
    }

    #[tokio::test]
    async fn the_next_address_is_tried_after_one_that_refuses() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let open = listener.local_addr().unwrap();
        let closed = ReservedPort::new();
        let stream = first_to_accept(&[closed.address(), open]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), open);
        assert!(stream.nodelay().unwrap());
    }

    #[tokio::test]
    async fn the_next_address_is_tried_while_one_does_not_answer() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let open = listener.local_addr().unwrap();
        let silent = SilentAddress::new();
        let stream = first_to_accept(&[silent.address, open]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), open);
        let addresses = [silent.address, open];
        let blocking = tokio::task::spawn_blocking(move || connect_blocking(addresses, DEADLINE));
        assert_eq!(blocking.await.unwrap().unwrap().peer_addr().unwrap(), open);
    }

    #[tokio::test]
    async fn the_first_failure_is_reported_when_all_addresses_have_failed() {
        let closed = ReservedPort::new();
        let unroutable = "[::ffff:255.255.255.255]:9".parse().unwrap();
        let error = first_to_accept(&[closed.address(), unroutable]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        assert_eq!(first_to_accept(&[]).await.unwrap_err().kind(), io::ErrorKind::NotFound);
        let error = connect_blocking([closed.address()], DEADLINE).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    }

    #[test]
    fn a_blocking_connect_fails_at_its_timeout() {
        let silent = SilentAddress::new();
        let error = connect_blocking([silent.address], Duration::from_millis(20)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
