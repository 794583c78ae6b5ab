//! The thread of a tunnel: it waits for sockets, and for times to the microsecond.
//!
//! tokio's timers step in milliseconds. Here the thread waits for nanoseconds ([`Waiter`]), and its
//! timer slack, by which the kernel may be late to save power, is as small as it can be. A processor
//! that has slept is still some 10 µs late, or 100 in a virtual machine: so the thread learns how late
//! it is woken, has itself woken earlier by that, and looks again and again until it is time.
//!
//! Every connection that has something to do has one turn, and a turn is bounded: one that carries much delays no other.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::num::NonZeroU64;
use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use launcelot_endpoint::failure::one_line;
use launcelot_endpoint::observe::{ConnectStep, Connection, Observer, Watcher};
use nix::sys::epoll::EpollFlags;
use rustix::thread::set_current_timer_slack;

use super::TunnelError;
use super::control::Control;
use super::destination::{Destination, Resolver};
use super::handshake::Handshakes;
use super::relay::{Course, Relay};
use super::side::{Interest, SIDES, Side};
use super::wait::Waiter;
use super::wire::Wire;

/// What the epoll calls the control's descriptor.
const CONTROL: u64 = u64::MAX;

/// What it calls the listeners, each by its place from here.
const LISTENERS: u64 = u64::MAX - 1024;

/// How much is read at once.
const READ_BYTES: usize = 16 * 1024;

/// How long to wait when the system has no descriptor or memory for a connection.
const SCARCITY_PAUSE: Duration = Duration::from_millis(50);

/// The most by which it is woken early, and keeps a processor busy. Who is woken later than that is late.
const EARLY_MAX: Duration = Duration::from_micros(150);

/// Everything that the thread looks after.
pub(super) struct Thread {
    waiter: Waiter,
    control: Arc<Control>,
    grace: Duration,
    handshakes: Arc<Handshakes>,
    observer: Option<Arc<dyn Observer>>,
    listeners: Vec<TcpListener>,
    resolver: Resolver,
    /// The settings that everything under way has been scheduled by.
    wire: Wire,
    revision: u64,
    relays: HashMap<u64, Registered>,
    next_number: u64,
    /// When which relay has something to do by itself. What is not so any more is looked at in vain.
    due: BinaryHeap<Reverse<(Instant, u64)>>,
    /// Whose turn it is in this round, some of them more than once.
    turns: Vec<u64>,
    round: u64,
    /// The listeners are not looked at until then.
    pause: Option<Instant>,
    buffer: Box<[u8]>,
}

/// A relay, and what the epoll has been told about its two sockets.
struct Registered {
    relay: Relay,
    interests: [Interest; 2],
    /// For which of the far end's sockets: the epoll forgets one that is closed.
    attempts: u32,
    /// The entry of this relay among those that are due, but for outdated ones.
    next_due: Option<Instant>,
    /// The round in which it has had its last turn.
    round: u64,
}

impl Thread {
    pub(super) fn new(
        listeners: Vec<TcpListener>,
        destination: Destination,
        control: Arc<Control>,
        grace: Duration,
        handshakes: Arc<Handshakes>,
        observer: Option<Arc<dyn Observer>>,
    ) -> io::Result<Self> {
        let waiter = Waiter::new()?;
        waiter.add(control.wake_descriptor().as_fd(), CONTROL, EpollFlags::EPOLLIN)?;
        let resolver = Resolver::start(destination, &control)?;
        let (wire, revision) = control.wire();
        let thread = Self {
            waiter,
            control,
            grace,
            handshakes,
            observer,
            listeners,
            resolver,
            wire,
            revision,
            relays: HashMap::new(),
            next_number: 0,
            due: BinaryHeap::new(),
            turns: Vec::new(),
            round: 0,
            pause: None,
            buffer: vec![0; READ_BYTES].into(),
        };
        thread.watch_listeners()?;
        Ok(thread)
    }

    /// Relays until it is told to stop, and then what has come, but no longer than the grace.
    pub(super) fn run(mut self) -> Result<(), TunnelError> {
        // Without it the kernel is up to 50 µs late.
        if let Err(error) = set_current_timer_slack(NonZeroU64::new(1)) {
            tracing::warn!("delays will be up to 50 µs longer: {error}");
        }
        let mut end_of_grace = None;
        let mut early = Duration::ZERO;
        loop {
            let now = Instant::now();
            let deadlines = [self.due.peek().map(|Reverse((due, _))| *due), self.pause, end_of_grace];
            let next = deadlines.into_iter().flatten().min();
            let sleep = next.map(|next| next.saturating_duration_since(now).saturating_sub(early));
            self.waiter.wait(sleep).map_err(TunnelError::Wait)?;
            if let Some(sleep) = sleep.filter(|sleep| !sleep.is_zero() && self.waiter.ready().is_empty()) {
                early = learn(early, now.elapsed().saturating_sub(sleep));
            }
            let now = Instant::now();
            self.take_changes(now);
            if end_of_grace.is_none() && self.control.is_stopping() {
                self.listeners.clear();
                end_of_grace = Some(now.checked_add(self.grace).unwrap_or(now));
            }
            self.serve();
            if self.pause.is_some_and(|pause| pause <= now) {
                self.pause = None;
                self.watch_listeners().map_err(TunnelError::Wait)?;
            }
            if end_of_grace.is_some_and(|end| self.relays.is_empty() || end <= now) {
                return Ok(());
            }
        }
    }

    /// Applies settings that have changed, before anything else happens under them.
    fn take_changes(&mut self, now: Instant) {
        let (wire, revision) = self.control.wire();
        if revision == self.revision {
            return;
        }
        (self.wire, self.revision) = (wire, revision);
        let numbers: Vec<u64> = self.relays.keys().copied().collect();
        for number in numbers {
            if let Some(registered) = self.relays.get_mut(&number) {
                registered.relay.reschedule(now, &wire, revision);
                self.turns.push(number);
            }
        }
    }

    /// Gives one turn to every relay that has something to do: first to those for which it is time, the earliest first,
    /// then to those whose sockets are ready. What one leaves for its next turn comes after all others were looked at.
    fn serve(&mut self) {
        let now = Instant::now();
        let mut turns = std::mem::take(&mut self.turns);
        self.take_due(now, &mut turns);
        for place in 0..self.waiter.ready().len() {
            match self.waiter.ready()[place] {
                CONTROL => {
                    self.control.clear();
                    for (number, addresses) in self.resolver.found() {
                        if let Some(registered) = self.relays.get_mut(&number) {
                            registered.relay.resolved(addresses);
                            turns.push(number);
                        }
                    }
                }
                token @ LISTENERS.. => turns.extend(self.accept(usize::try_from(token - LISTENERS).unwrap_or(0), now)),
                token => turns.push(token >> 1),
            }
        }
        self.round += 1;
        for number in turns.drain(..) {
            self.go(number, Instant::now());
        }
        self.turns = turns;
    }

    /// Takes those out for which it is time.
    fn take_due(&mut self, now: Instant, turns: &mut Vec<u64>) {
        while let Some(Reverse((due, number))) = self.due.peek().copied()
            && due <= now
        {
            self.due.pop();
            if let Some(registered) = self.relays.get_mut(&number).filter(|relay| relay.next_due == Some(due)) {
                registered.next_due = None;
                turns.push(number);
            }
        }
    }

    fn watch_listeners(&self) -> io::Result<()> {
        for (place, listener) in (LISTENERS..).zip(&self.listeners) {
            self.waiter.add(listener.as_fd(), place, EpollFlags::EPOLLIN)?;
        }
        Ok(())
    }

    /// Accepts a connection, and returns the number of its relay.
    fn accept(&mut self, place: usize, now: Instant) -> Option<u64> {
        let listener = self.listeners.get(place)?;
        let number = self.next_number;
        let begun = listener.accept().and_then(|(near, client)| {
            let watcher = self.report(&near, client);
            let handshake = self.handshakes.begin(client, now);
            Relay::begin(near, self.resolver.request(number), now, &self.wire, handshake, watcher)
        });
        match begun {
            Ok(relay) => {
                self.next_number += 1;
                let interests = Default::default();
                self.relays.insert(number, Registered { relay, interests, attempts: 0, next_due: None, round: 0 });
                Some(number)
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::ConnectionAborted) => None,
            Err(error) => {
                tracing::warn!("the tunnel cannot accept connections for now: {}", one_line(&error));
                for listener in &self.listeners {
                    let _ = self.waiter.delete(listener.as_fd());
                }
                self.pause = Some(now + SCARCITY_PAUSE);
                None
            }
        }
    }

    /// Reports a connection that has just been accepted to the observer, if there is one.
    fn report(&self, near: &TcpStream, client: SocketAddr) -> Option<Box<dyn Watcher>> {
        let observer = self.observer.as_ref()?;
        let steps = [(Instant::now(), ConnectStep::Accepted)];
        let to = near.local_addr().ok()?;
        let mut watcher = observer.connection(&Connection { from: client, to, query: None, steps: &steps })?;
        watcher.settings_changed(self.revision);
        Some(watcher)
    }

    /// Gives a relay its turn, unless it has had one in this round.
    fn go(&mut self, number: u64, now: Instant) {
        let round = self.round;
        let Some(registered) = self.relays.get_mut(&number).filter(|relay| relay.round != round) else { return };
        registered.round = round;
        let wire = &self.wire;
        if registered.relay.go(now, wire, &self.control, &mut self.buffer, fastrand::f64) == Course::Over {
            self.relays.remove(&number);
            return;
        }
        if let Err(error) = registered.register(&self.waiter, number, wire) {
            tracing::warn!("a connection through the tunnel is given up: {}", one_line(&error));
            self.relays.remove(&number);
            return;
        }
        let next_due = registered.relay.next_due(wire);
        if let Some(due) = next_due.filter(|_| next_due != registered.next_due) {
            self.due.push(Reverse((due, number)));
        }
        registered.next_due = next_due;
    }
}

/// How early to be woken next time, after having been woken so late: at once as early as that, and
/// from then on a little later each time.
fn learn(early: Duration, late: Duration) -> Duration {
    let late = late.min(EARLY_MAX);
    if late > early { late } else { early - (early - late) / 16 }
}

impl Registered {
    /// Tells the epoll what to wait for now.
    fn register(&mut self, waiter: &Waiter, number: u64, wire: &Wire) -> io::Result<()> {
        let attempts = self.relay.attempts();
        if std::mem::replace(&mut self.attempts, attempts) != attempts {
            self.interests[Side::Far as usize] = Interest::default();
        }
        for side in SIDES {
            let interest = self.relay.interest(side, wire);
            let before = std::mem::replace(&mut self.interests[side as usize], interest);
            let Some(socket) = self.relay.socket(side).filter(|_| before != interest) else { continue };
            let token = number << 1 | u64::from(side == Side::Far);
            let mut flags = EpollFlags::empty();
            flags.set(EpollFlags::EPOLLIN, interest.input);
            flags.set(EpollFlags::EPOLLOUT, interest.output);
            flags.set(EpollFlags::EPOLLRDHUP, interest.end);
            // epoll reports a hang-up of every registered socket at each wait, whatever its interest. So a socket without
            // interest is not registered.
            match (before == Interest::default(), interest == Interest::default()) {
                (true, false) => waiter.add(socket, token, flags)?,
                (false, false) => waiter.modify(socket, token, flags)?,
                _ => waiter.delete(socket)?,
            }
        }
        Ok(())
    }
}
