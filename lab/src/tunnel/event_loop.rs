//! The tunnel's thread: an event loop that waits for sockets and for timers to the microsecond.
//!
//! tokio's timers have a resolution of a millisecond. This thread waits with a resolution of a nanosecond ([`Poller`])
//! and sets the smallest timer slack, which is how late the kernel may wake it to save power. A processor that was
//! asleep still wakes some 10 µs late, or 100 µs in a virtual machine. So the thread measures how late it is woken,
//! shortens its next timeout by that, and then polls without sleeping until the timer is due.
//!
//! Every relay that has something to do gets one turn in a round. A turn moves a bounded number of bytes, so a bulk
//! transfer does not delay other connections for long.

mod registration;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::num::NonZeroU64;
use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use launcelot_endpoint::accept::{AcceptErrors, Retry};
use launcelot_endpoint::failure::one_line;
use launcelot_endpoint::observe::{ConnectStep, ConnectionObserver, NewConnection, Observer};
use nix::sys::epoll::EpollFlags;
use rustix::thread::set_current_timer_slack;
use socket2::{SockRef, TcpKeepalive};

use super::TunnelError;
use super::destination::{Destination, Resolved, Resolver};
use super::handshake::Handshakes;
use super::poller::Poller;
use super::relay::{Relay, RelayState};
use super::settings::TunnelSettings;
use super::shared_state::SharedState;
use registration::RegisteredRelay;

/// The poller's token of the shared state's descriptor.
const SHARED_STATE_TOKEN: u64 = u64::MAX;

/// The poller's token of the first listener. The tokens of the other listeners follow.
const FIRST_LISTENER_TOKEN: u64 = u64::MAX - 1024;

/// The size of the read buffer.
const READ_BYTES: usize = 16 * 1024;

/// Maximum time for which the thread polls without sleeping before a timer is due. Meanwhile it keeps a processor busy.
const EARLY_WAKE_MAX: Duration = Duration::from_micros(150);

/// The state of the tunnel's thread.
pub(super) struct EventLoop {
    poller: Poller,
    shared_state: Arc<SharedState>,
    grace: Duration,
    handshakes: Arc<Handshakes>,
    observer: Option<Arc<dyn Observer>>,
    /// The keepalive settings of the clients' sockets.
    keepalive: TcpKeepalive,
    listeners: Vec<TcpListener>,
    resolver: Resolver,
    /// The settings by which everything in flight has been scheduled.
    settings: TunnelSettings,
    revision: u64,
    relays: HashMap<u64, RegisteredRelay>,
    next_number: u64,
    /// The times at which relays need a turn. An entry is outdated if its time differs from [`RegisteredRelay::timer`].
    timers: BinaryHeap<Reverse<(Instant, u64)>>,
    /// The numbers of the relays that get a turn in this round. A number may occur more than once.
    run_queue: Vec<u64>,
    round: u64,
    accept_errors: AcceptErrors,
    /// When accepting begins again after a shortage of descriptors or memory.
    accept_at: Option<Instant>,
    buffer: Box<[u8]>,
}

impl EventLoop {
    pub(super) fn new(
        listeners: Vec<TcpListener>,
        destination: Destination,
        shared_state: Arc<SharedState>,
        grace: Duration,
        handshakes: Arc<Handshakes>,
        observer: Option<Arc<dyn Observer>>,
        keepalive: TcpKeepalive,
    ) -> io::Result<Self> {
        let poller = Poller::new()?;
        poller.add(shared_state.wake_descriptor().as_fd(), SHARED_STATE_TOKEN, EpollFlags::EPOLLIN)?;
        let resolver = Resolver::start(destination, &shared_state)?;
        let (settings, revision) = shared_state.settings();
        let event_loop = Self {
            poller,
            shared_state,
            grace,
            handshakes,
            observer,
            keepalive,
            listeners,
            resolver,
            settings,
            revision,
            relays: HashMap::new(),
            next_number: 0,
            timers: BinaryHeap::new(),
            run_queue: Vec::new(),
            round: 0,
            accept_errors: AcceptErrors::default(),
            accept_at: None,
            buffer: vec![0; READ_BYTES].into(),
        };
        event_loop.register_listeners()?;
        Ok(event_loop)
    }

    /// Accepts and relays connections until the tunnel is told to stop, and then relays the open connections for at
    /// most the grace period.
    pub(super) fn run(mut self) -> Result<(), TunnelError> {
        // The default timer slack is 50 µs.
        if let Err(error) = set_current_timer_slack(NonZeroU64::new(1)) {
            tracing::warn!("cannot set the timer slack, so delays are up to 50 µs longer: {error}");
        }
        let mut end_of_grace = None;
        let mut early_wake = Duration::ZERO;
        loop {
            early_wake = self.wait(end_of_grace, early_wake).map_err(TunnelError::Wait)?;
            let now = Instant::now();
            self.apply_changed_settings(now);
            if end_of_grace.is_none() && self.shared_state.is_stopping() {
                self.listeners.clear();
                end_of_grace = Some(now.checked_add(self.grace).unwrap_or(now));
            }
            self.run_round().map_err(TunnelError::Accept)?;
            if self.accept_at.is_some_and(|accept_at| accept_at <= now) {
                self.accept_at = None;
                self.register_listeners().map_err(TunnelError::Wait)?;
            }
            if end_of_grace.is_some_and(|end| self.relays.is_empty() || end <= now) {
                return Ok(());
            }
        }
    }

    /// Waits for the next event or timer. `early_wake` is how long before the timer to wake. Returns that time for the
    /// next call.
    fn wait(&mut self, end_of_grace: Option<Instant>, early_wake: Duration) -> io::Result<Duration> {
        let now = Instant::now();
        let next_timer = self.timers.peek().map(|Reverse((due, _))| *due);
        let deadline = [next_timer, self.accept_at, end_of_grace].into_iter().flatten().min();
        let Some(deadline) = deadline else {
            self.poller.wait(None)?;
            return Ok(early_wake);
        };
        let timeout = deadline.saturating_duration_since(now).saturating_sub(early_wake);
        self.poller.wait(Some(timeout))?;
        if timeout.is_zero() || !self.poller.ready().is_empty() {
            return Ok(early_wake);
        }
        let late = now.elapsed().saturating_sub(timeout);
        Ok(adapt_early_wake(early_wake, late))
    }

    /// Applies changed settings to everything in flight, and gives every relay a turn.
    fn apply_changed_settings(&mut self, now: Instant) {
        let (settings, revision) = self.shared_state.settings();
        if revision == self.revision {
            return;
        }
        self.settings = settings;
        self.revision = revision;
        for (number, registered) in &mut self.relays {
            registered.relay.reschedule(now, &settings, revision);
            self.run_queue.push(*number);
        }
    }

    /// Gives one turn to every relay that has something to do: first to those whose timers are due, the earliest first,
    /// then to those whose sockets are ready. A relay that needs another turn gets it in the next round.
    fn run_round(&mut self) -> io::Result<()> {
        let now = Instant::now();
        self.queue_due_relays(now);
        for index in 0..self.poller.ready().len() {
            match self.poller.ready()[index] {
                SHARED_STATE_TOKEN => {
                    self.shared_state.clear();
                    self.apply_lookups();
                }
                token @ FIRST_LISTENER_TOKEN.. => {
                    let index = usize::try_from(token - FIRST_LISTENER_TOKEN).unwrap_or(0);
                    let accepted = self.accept(index, now)?;
                    self.run_queue.extend(accepted);
                }
                token => self.run_queue.push(RegisteredRelay::number_of(token)),
            }
        }
        self.round += 1;
        let mut run_queue = std::mem::take(&mut self.run_queue);
        for number in run_queue.drain(..) {
            self.run_turn(number, Instant::now());
        }
        self.run_queue = run_queue;
        Ok(())
    }

    fn queue_due_relays(&mut self, now: Instant) {
        while let Some(Reverse((due, number))) = self.timers.peek().copied()
            && due <= now
        {
            self.timers.pop();
            if let Some(registered) = self.relays.get_mut(&number)
                && registered.timer == Some(due)
            {
                registered.timer = None;
                self.run_queue.push(number);
            }
        }
    }

    /// Hands the results of lookups to the relays that wait for them.
    fn apply_lookups(&mut self) {
        for Resolved { relay, addresses } in self.resolver.take_results() {
            if let Some(registered) = self.relays.get_mut(&relay) {
                registered.relay.resolved(addresses);
                self.run_queue.push(relay);
            }
        }
    }

    fn register_listeners(&self) -> io::Result<()> {
        for (token, listener) in (FIRST_LISTENER_TOKEN..).zip(&self.listeners) {
            self.poller.add(listener.as_fd(), token, EpollFlags::EPOLLIN)?;
        }
        Ok(())
    }

    /// Accepts a connection, and returns the number of its relay; `None` if there is none.
    fn accept(&mut self, listener: usize, now: Instant) -> io::Result<Option<u64>> {
        // While the tunnel stops, its listeners are closed.
        let Some(listener) = self.listeners.get(listener) else { return Ok(None) };
        let number = self.next_number;
        match listener.accept().and_then(|(client, address)| self.relay(number, client, address, now)) {
            Ok(relay) => {
                self.accept_errors.accepted();
                self.next_number += 1;
                self.relays.insert(number, RegisteredRelay::new(relay, number));
                Ok(Some(number))
            }
            Err(error) => match self.accept_errors.failed(&error, now) {
                Retry::AtOnce => Ok(None),
                Retry::After(pause) => {
                    for listener in &self.listeners {
                        self.poller.delete(listener.as_fd())?;
                    }
                    self.accept_at = Some(now + pause);
                    Ok(None)
                }
                Retry::Never => Err(error),
            },
        }
    }

    /// Creates the relay of an accepted connection.
    fn relay(&self, number: u64, client: TcpStream, address: SocketAddr, now: Instant) -> io::Result<Relay> {
        SockRef::from(&client).set_tcp_keepalive(&self.keepalive)?;
        let connection_observer = self.report(&client, address);
        let handshake = self.handshakes.begin(address, now);
        let addresses = self.resolver.request(number);
        Relay::new(client, addresses, now, &self.settings, handshake, connection_observer)
    }

    /// Reports an accepted connection to the tunnel's observer. Returns the observer of this connection; `None` if the
    /// connection is not observed.
    fn report(&self, client: &TcpStream, from: SocketAddr) -> Option<Box<dyn ConnectionObserver>> {
        let observer = self.observer.as_ref()?;
        let steps = [(Instant::now(), ConnectStep::Accepted)];
        let to = client.local_addr().ok()?;
        let mut connection_observer = observer.connection(&NewConnection { from, to, query: None, steps: &steps })?;
        connection_observer.settings_changed(self.revision);
        Some(connection_observer)
    }

    /// Gives a relay its turn, unless it has already had one in this round.
    fn run_turn(&mut self, number: u64, now: Instant) {
        let Some(registered) = self.relays.get_mut(&number) else { return };
        if registered.round == self.round {
            return;
        }
        registered.round = self.round;
        let settings = &self.settings;
        let state = registered.relay.run_turn(now, settings, &self.shared_state, &mut self.buffer, fastrand::f64);
        if state == RelayState::Closed {
            self.relays.remove(&number);
            return;
        }
        if let Err(error) = registered.update_interests(&self.poller, settings) {
            tracing::warn!("dropping a connection that cannot be registered with epoll: {}", one_line(&error));
            self.relays.remove(&number);
            return;
        }
        let next_due = registered.relay.next_due(settings);
        if let Some(due) = next_due
            && registered.timer != next_due
        {
            self.timers.push(Reverse((due, number)));
        }
        registered.timer = next_due;
    }
}

/// Returns how long before a timer to wake next time, after the thread woke `late`. The returned time rises at once,
/// and falls slowly.
fn adapt_early_wake(early_wake: Duration, late: Duration) -> Duration {
    let late = late.min(EARLY_WAKE_MAX);
    if late > early_wake { late } else { early_wake - (early_wake - late) / 16 }
}
