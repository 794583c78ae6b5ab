//! One relayed connection: the client's socket, the server's socket, and a delay queue in each direction.

mod transfer;

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use launcelot_endpoint::failure::one_line;
use launcelot_endpoint::observe::{ConnectionObserver, Observed};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::SockRef;

use super::delay_queue::DelayQueue;
use super::handshake::Handshake;
use super::peer_socket::PeerSocket;
use super::settings::TunnelSettings;
use super::shared_state::SharedState;
use super::side::{Interest, SIDES, Side};
use super::upstream::{Progress, Upstream};

/// A connection from a client to the server.
#[derive(Debug)]
pub(super) struct Relay {
    client: PeerSocket,
    upstream: Upstream,
    /// The segments that each side has sent, in flight to the other.
    sent_by: [DelayQueue; 2],
    /// How many bytes have been written to the client and to the server together.
    relayed_bytes: u64,
    /// The emulated handshake. Nothing is read from the client before the handshake is complete.
    handshake: Handshake,
    observed: Observed,
}

/// The state of a relay after a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RelayState {
    Open,
    /// There is nothing left to relay: dropping the relay closes both sockets.
    Closed,
}

impl Relay {
    /// Creates the relay of an accepted client, which connects to the first of the server's `addresses` that accepts.
    /// If `addresses` is `None`, the caller must call [`resolved`](Self::resolved) later.
    pub(super) fn new(
        client: TcpStream,
        addresses: Option<Vec<SocketAddr>>,
        now: Instant,
        settings: &TunnelSettings,
        mut handshake: Handshake,
        observer: Option<Box<dyn ConnectionObserver>>,
    ) -> io::Result<Self> {
        let upstream = Upstream::request(now, settings, addresses);
        if !settings.handshake {
            handshake.complete(now);
        }
        let client = PeerSocket::new(client)?;
        let sent_by = Default::default();
        Ok(Self { client, upstream, sent_by, relayed_bytes: 0, handshake, observed: Observed::by(observer) })
    }

    /// Sets the server's addresses once they have been resolved.
    pub(super) fn resolved(&mut self, addresses: Vec<SocketAddr>) {
        self.upstream.resolved(addresses);
    }

    /// Applies changed settings to everything in flight.
    pub(super) fn reschedule(&mut self, now: Instant, settings: &TunnelSettings, revision: u64) {
        if let Some(observer) = self.observed.observer() {
            observer.settings_changed(revision);
        }
        self.upstream.reschedule(now, settings);
        for queue in &mut self.sent_by {
            queue.reschedule(now, settings);
        }
        if !settings.handshake && !self.handshake.is_complete() {
            self.complete_handshake(now);
        }
    }

    fn complete_handshake(&mut self, now: Instant) {
        let held = self.handshake.complete(now);
        if let Some(observer) = self.observed.observer() {
            observer.handshake_done(held);
        }
    }

    /// Returns the sockets that are connecting to the server, each with the number of its attempt.
    pub(super) fn connecting_sockets(&self) -> impl Iterator<Item = (u32, BorrowedFd<'_>)> {
        self.upstream.connecting_sockets()
    }

    /// Returns the socket of a side, if it is connected.
    pub(super) fn descriptor(&self, side: Side) -> Option<BorrowedFd<'_>> {
        self.socket(side).map(|socket| socket.stream.as_fd())
    }

    /// Returns the events to wait for on a side's socket.
    pub(super) fn interest(&self, side: Side, settings: &TunnelSettings) -> Interest {
        if self.is_stalled(settings) {
            // Of a stalled connection, only the end of the client matters.
            return Interest { hang_up: side == Side::Client, ..Interest::default() };
        }
        let Some(socket) = self.socket(side) else { return Interest::default() };
        let has_capacity = self.sent_by[side as usize].capacity(settings) > 0;
        Interest {
            readable: !socket.read_closed && self.may_read(side) && has_capacity,
            writable: socket.is_full,
            ..Interest::default()
        }
    }

    /// Returns when the relay needs its next turn without an event on a socket.
    pub(super) fn next_due(&self, settings: &TunnelSettings) -> Option<Instant> {
        if self.is_stalled(settings) {
            return None;
        }
        let to_client = self.next_write_due(Side::Client);
        let to_server = self.next_write_due(Side::Server);
        [to_client, to_server, self.upstream.next_due()].into_iter().flatten().min()
    }

    /// Returns when the next segment for a side arrives; `None` if the side's socket is full, so that the segment waits
    /// for the socket.
    fn next_write_due(&self, side: Side) -> Option<Instant> {
        let socket = self.socket(side)?;
        if socket.is_full || socket.write_closed {
            return None;
        }
        self.sent_by[side.other() as usize].next_due()
    }

    /// Connects, reads and writes as far as is possible without waiting, up to the limits of one turn. Records in
    /// `shared_state` the delay that was added to the bytes. `random` returns numbers from 0 to 1 for the jitter.
    pub(super) fn run_turn(
        &mut self,
        now: Instant,
        settings: &TunnelSettings,
        shared_state: &SharedState,
        buffer: &mut [u8],
        random: impl FnMut() -> f64,
    ) -> RelayState {
        if self.is_stalled(settings) {
            return if self.client_has_left() { RelayState::Closed } else { RelayState::Open };
        }
        let state = self.try_run_turn(now, settings, shared_state, buffer, random);
        self.observed.report();
        match state {
            Ok(state) => state,
            Err(error) => {
                tracing::info!("the tunnel resets a connection: {}", one_line(&error));
                self.reset_on_close();
                RelayState::Closed
            }
        }
    }

    fn try_run_turn(
        &mut self,
        now: Instant,
        settings: &TunnelSettings,
        shared_state: &SharedState,
        buffer: &mut [u8],
        mut random: impl FnMut() -> f64,
    ) -> io::Result<RelayState> {
        self.connect(now, settings)?;
        for side in SIDES {
            self.read(side, now, settings, buffer, &mut random);
        }
        // Bytes that were just read, over a link without delay, have arrived by a later reading of the clock.
        let now = Instant::now();
        let was_complete = self.handshake.is_complete();
        for side in SIDES {
            self.write(side, now, settings, shared_state)?;
            if settings.reset_after.is_some_and(|limit| self.relayed_bytes >= limit) {
                self.reset_on_close();
                return Ok(RelayState::Closed);
            }
        }
        if self.handshake.is_complete() && !was_complete {
            // The client may have sent bytes during the handshake.
            self.read(Side::Client, now, settings, buffer, &mut random);
        }
        let is_closed = |side| self.socket(side).is_some_and(|socket| socket.write_closed);
        if SIDES.into_iter().all(is_closed) { Ok(RelayState::Closed) } else { Ok(RelayState::Open) }
    }

    fn is_stalled(&self, settings: &TunnelSettings) -> bool {
        settings.stall_after.is_some_and(|limit| self.relayed_bytes >= limit)
    }

    /// Returns true if the client of a stalled connection is gone: its connection has been reset, or closed in both
    /// directions. Nothing is read from the client. The end of its stream alone means a half-close, after which a
    /// client may still wait. The [keepalive](super::keepalive) detects a half-closed client that is gone.
    fn client_has_left(&self) -> bool {
        // poll(2) reports a hang-up and an error, even if no events are requested.
        let mut polled = [PollFd::new(&self.client.stream, PollFlags::empty())];
        let found = poll(&mut polled, Some(&Timespec::default()));
        found.is_ok_and(|count| count > 0) && !polled[0].revents().is_empty()
    }

    /// Returns true if bytes may be read from a side: from the client only after the handshake.
    fn may_read(&self, side: Side) -> bool {
        side == Side::Server || self.handshake.is_complete()
    }

    fn socket(&self, side: Side) -> Option<&PeerSocket> {
        match side {
            Side::Client => Some(&self.client),
            Side::Server => self.upstream.socket(),
        }
    }

    fn connect(&mut self, now: Instant, settings: &TunnelSettings) -> io::Result<()> {
        let progress = self.upstream.advance(now)?;
        let to_client = &mut self.sent_by[Side::Server as usize];
        match progress {
            Progress::None => {}
            Progress::Connected => {
                if !self.handshake.is_complete() {
                    to_client.send_confirmation(now, settings);
                }
                self.report_connected();
            }
            Progress::Refused => to_client.send_reset(now, settings),
        }
        Ok(())
    }

    fn report_connected(&mut self) {
        if let (Some(observer), Upstream::Open(socket)) = (self.observed.observer(), &self.upstream)
            && let (Ok(local), Ok(peer)) = (socket.stream.local_addr(), socket.stream.peer_addr())
        {
            observer.forwarded(local, peer);
        }
    }

    /// Makes closing the sockets reset their connections.
    fn reset_on_close(&self) {
        for side in SIDES {
            if let Some(socket) = self.socket(side) {
                // This fails only if the connection is closed already.
                let _ = SockRef::from(&socket.stream).set_linger(Some(Duration::ZERO));
            }
        }
    }
}
