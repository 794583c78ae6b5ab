//! The thread of a tunnel: it waits for sockets, and for times to the microsecond.
//!
//! tokio's timers step in milliseconds. Here `epoll_pwait2(2)` waits for nanoseconds, and the thread's
//! timer slack, by which the kernel may be late to save power, is as small as it can be. A processor
//! that has slept is still some 10 µs late, or 100 in a virtual machine: so the thread learns how late
//! it is woken, has itself woken earlier by that, and looks again and again until it is time.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroU64;
use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use launcelot_endpoint::failure::one_line;
use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::thread::set_current_timer_slack;

use super::observer::Observer;
use super::relay::{Course, Interest, Relay, SIDES, Side};
use super::{Control, TunnelError};

/// What the epoll calls the control pipe.
const CONTROL: u64 = u64::MAX;

/// What it calls the listeners, each by its place from here.
const LISTENERS: u64 = u64::MAX - 1024;

/// How much is read at once.
const READ_BYTES: usize = 64 * 1024;

/// How long to wait when the system has no descriptor or memory for a connection.
const SCARCITY_PAUSE: Duration = Duration::from_millis(50);

/// The most by which it is woken early, and keeps a processor busy. Who is woken later than that is late.
const EARLY_MAX: Duration = Duration::from_micros(150);

/// Everything that the thread looks after.
pub(super) struct Thread {
    epoll: OwnedFd,
    control: Control,
    observer: Option<Arc<dyn Observer>>,
    listeners: Vec<TcpListener>,
    to: Vec<SocketAddr>,
    relays: HashMap<u64, Registered>,
    next_number: u64,
    /// When which relay has something to do by itself. What is not so any more is looked at in vain.
    due: BinaryHeap<Reverse<(Instant, u64)>>,
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
    next_due: Option<Instant>,
}

impl Thread {
    pub(super) fn new(
        listeners: Vec<TcpListener>,
        to: Vec<SocketAddr>,
        control: Control,
        observer: Option<Arc<dyn Observer>>,
    ) -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, &control.pipe, EventData::new_u64(CONTROL), EventFlags::IN)?;
        let thread = Self {
            epoll,
            control,
            observer,
            listeners,
            to,
            relays: HashMap::new(),
            next_number: 0,
            due: BinaryHeap::new(),
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
        let mut events = Vec::with_capacity(256);
        let mut end_of_grace = None;
        let mut early = Duration::ZERO;
        loop {
            let now = Instant::now();
            let deadlines = [self.due.peek().map(|Reverse((due, _))| *due), self.pause, end_of_grace];
            let next = deadlines.into_iter().flatten().min();
            let sleep = next.map(|next| next.saturating_duration_since(now).saturating_sub(early));
            let timeout = sleep.and_then(|sleep| Timespec::try_from(sleep).ok());
            events.clear();
            let waited =
                rustix::io::retry_on_intr(|| epoll::wait(&self.epoll, spare_capacity(&mut events), timeout.as_ref()));
            waited.map_err(|error| TunnelError::Wait(error.into()))?;
            if let Some(sleep) = sleep.filter(|sleep| !sleep.is_zero() && events.is_empty()) {
                early = learn(early, now.elapsed().saturating_sub(sleep));
            }
            let now = Instant::now();
            for event in &events {
                match event.data.u64() {
                    CONTROL if self.control.is_to_stop() => {
                        self.listeners.clear();
                        end_of_grace = now.checked_add(self.control.grace);
                        if self.control.grace.is_zero() || !self.forget_control() {
                            return Ok(());
                        }
                    }
                    CONTROL => self.go_all(now),
                    number @ LISTENERS.. => self.accept(usize::try_from(number - LISTENERS).unwrap_or(0), now),
                    number => self.go(number >> 1, now),
                }
            }
            while let Some(Reverse((due, number))) = self.due.peek().copied()
                && due <= now
            {
                self.due.pop();
                self.go(number, now);
            }
            if self.pause.is_some_and(|pause| pause <= now) {
                self.pause = None;
                self.watch_listeners().map_err(TunnelError::Wait)?;
            }
            let is_stopping = self.listeners.is_empty();
            if is_stopping && (self.relays.is_empty() || end_of_grace.is_some_and(|end| end <= now)) {
                return Ok(());
            }
        }
    }

    /// The control says nothing more once it has said to stop.
    fn forget_control(&self) -> bool {
        epoll::delete(&self.epoll, &self.control.pipe).is_ok()
    }

    fn watch_listeners(&self) -> io::Result<()> {
        for (place, listener) in (LISTENERS..).zip(&self.listeners) {
            epoll::add(&self.epoll, listener, EventData::new_u64(place), EventFlags::IN)?;
        }
        Ok(())
    }

    fn accept(&mut self, place: usize, now: Instant) {
        let Some(listener) = self.listeners.get(place) else { return };
        let wire = self.control.wire();
        let begun = listener.accept().and_then(|(near, from)| {
            let watcher = self.observer.as_ref().and_then(|observer| observer.came(from));
            Relay::begin(near, &self.to, now, &wire, watcher)
        });
        match begun {
            Ok(relay) => {
                let number = self.next_number;
                self.next_number += 1;
                self.relays
                    .insert(number, Registered { relay, interests: Default::default(), attempts: 0, next_due: None });
                self.go(number, now);
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::ConnectionAborted) => {}
            Err(error) => {
                tracing::warn!("the tunnel cannot accept connections for now: {}", one_line(&error));
                for listener in &self.listeners {
                    let _ = epoll::delete(&self.epoll, listener);
                }
                self.pause = Some(now + SCARCITY_PAUSE);
            }
        }
    }

    /// The wire has changed: what was stalled may go on.
    fn go_all(&mut self, now: Instant) {
        let numbers: Vec<u64> = self.relays.keys().copied().collect();
        numbers.into_iter().for_each(|number| self.go(number, now));
    }

    fn go(&mut self, number: u64, now: Instant) {
        let Some(registered) = self.relays.get_mut(&number) else { return };
        let wire = self.control.wire();
        if registered.relay.go(now, &wire, &self.control, &mut self.buffer, fastrand::f64) == Course::Over {
            self.relays.remove(&number);
            return;
        }
        if let Err(error) = registered.register(&self.epoll, number, &wire) {
            tracing::warn!("a connection through the tunnel is given up: {}", one_line(&error));
            self.relays.remove(&number);
            return;
        }
        let next_due = registered.relay.next_due(&wire);
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
    fn register(&mut self, epoll: &OwnedFd, number: u64, wire: &super::Wire) -> io::Result<()> {
        let attempts = self.relay.attempts();
        if std::mem::replace(&mut self.attempts, attempts) != attempts {
            self.interests[Side::Far as usize] = Interest::default();
        }
        for side in SIDES {
            let interest = self.relay.interest(side, wire);
            let before = std::mem::replace(&mut self.interests[side as usize], interest);
            let Some(socket) = self.relay.socket(side).filter(|_| before != interest) else { continue };
            let data = EventData::new_u64(number << 1 | u64::from(side == Side::Far));
            let mut flags = EventFlags::empty();
            flags.set(EventFlags::IN, interest.input);
            flags.set(EventFlags::OUT, interest.output);
            // A socket of which nothing is wanted is taken out: its end would be told again and again.
            match (before == Interest::default(), interest == Interest::default()) {
                (true, false) => epoll::add(epoll, socket.as_fd(), data, flags)?,
                (false, false) => epoll::modify(epoll, socket.as_fd(), data, flags)?,
                _ => epoll::delete(epoll, socket.as_fd())?,
            }
        }
        Ok(())
    }
}
