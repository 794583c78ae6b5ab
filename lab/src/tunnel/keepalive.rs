//! TCP keepalive on the clients' sockets: its probes show that the client of a stalled connection is gone.
//!
//! A client that has shut down its writing side sends nothing when it closes its socket. To the tunnel, the client then
//! looks like a client that still waits for answers, whose connection must stay open. A keepalive probe tells the two
//! apart: the kernel of a client that has closed its socket answers with a reset. `TCP_USER_TIMEOUT` would not help: it
//! limits how long sent bytes stay unacknowledged, and a stalled tunnel sends none.
//!
//! Linux keeps a closed socket in the state FIN-WAIT-2 for 60 seconds (`tcp_fin_timeout` in tcp(7)), and acknowledges
//! probes meanwhile. So a client that has closed its socket is detected after 60 to 70 seconds, and a client whose
//! machine has vanished after 70.

use std::time::Duration;

use socket2::TcpKeepalive;

/// Sends a probe after 10 seconds of silence, and every 10 seconds from then on. Six probes without a response end the
/// connection.
pub(super) const CLIENT_KEEPALIVE: TcpKeepalive =
    TcpKeepalive::new().with_time(Duration::from_secs(10)).with_interval(Duration::from_secs(10)).with_retries(6);

#[cfg(test)]
mod tests {
    use std::io::{ErrorKind, Read as _, Write as _};
    use std::net::{Shutdown, TcpListener, TcpStream};
    use std::sync::Arc;
    use std::sync::mpsc::{Sender, channel};
    use std::time::Instant;

    use launcelot_endpoint::listen::{BACKLOG, Listeners};
    use launcelot_endpoint::observe::{ConnectionObserver, NewConnection, Observer, Point};
    use launcelot_testing::fin_timeout::shorten_fin_timeout;
    use launcelot_testing::sockets::connect;
    use launcelot_testing::wait;

    use super::super::{Tunnel, TunnelSettings};
    use super::*;

    const CLIENTS: usize = 50;

    /// An observer that reports the end of each connection.
    #[derive(Debug, Clone)]
    struct Ends(Sender<()>);

    #[derive(Debug)]
    struct SendOnDrop(Sender<()>);

    impl Observer for Ends {
        fn connection(&self, _: &NewConnection<'_>) -> Option<Box<dyn ConnectionObserver>> {
            Some(Box::new(SendOnDrop(self.0.clone())))
        }
    }

    impl ConnectionObserver for SendOnDrop {
        fn record(&mut self, _: Instant, _: Point, _: usize) -> bool {
            true
        }
    }

    impl Drop for SendOnDrop {
        fn drop(&mut self) {
            let _ = self.0.send(());
        }
    }

    #[test]
    fn a_stalled_connection_ends_once_its_half_closed_client_has_closed_its_socket_and_not_before() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let second = Duration::from_secs(1);
        let keepalive = TcpKeepalive::new().with_time(second).with_interval(second);
        for stall_after in [0, 5] {
            let listeners = Listeners::bind("127.0.0.1", 0, BACKLOG).unwrap();
            let settings = TunnelSettings { stall_after: Some(stall_after), ..TunnelSettings::default() };
            let (sender, ends) = channel();
            let to = vec![server.local_addr().unwrap()];
            let observer = Some(Arc::new(Ends(sender)) as Arc<dyn Observer>);
            let tunnel = Tunnel::start_with_keepalive(
                listeners,
                to.into(),
                settings,
                Duration::ZERO,
                observer,
                keepalive.clone(),
            )
            .unwrap();
            let half_closed = || {
                let mut client = connect(tunnel.port);
                client.write_all(b"What is your name?").unwrap();
                client.shutdown(Shutdown::Write).unwrap();
                client
            };
            let mut waits = half_closed();
            let leave: Vec<TcpStream> = (0..CLIENTS).map(|_| half_closed()).collect();
            for client in &leave {
                shorten_fin_timeout(client).unwrap();
            }
            drop(leave);
            for number in 1..=CLIENTS {
                wait::receive(&ends, &format!("end {number} of {CLIENTS} after {stall_after} bytes"));
            }
            waits.set_nonblocking(true).unwrap();
            let read = waits.read(&mut [0]);
            assert_eq!(
                read.unwrap_err().kind(),
                ErrorKind::WouldBlock,
                "the connection of a client that still waits has ended"
            );
            drop(waits);
        }
    }
}
