//! A relay, and how its two sockets are registered with the poller.

use std::io;
use std::time::Instant;

use nix::sys::epoll::EpollFlags;

use crate::tunnel::poller::Poller;
use crate::tunnel::relay::Relay;
use crate::tunnel::settings::TunnelSettings;
use crate::tunnel::side::{Interest, SIDES, Side};

/// The interest that is noted for sockets that are connecting to the server. It differs from every interest of a
/// connected socket, so that the registration is changed once a socket is connected.
const CONNECTING: Interest = Interest { readable: false, writable: true, hang_up: true };

/// A relay of the event loop.
pub(super) struct RegisteredRelay {
    pub(super) relay: Relay,
    number: u64,
    /// The interests with which the relay's two sockets are registered. A socket without interest is not registered.
    interests: [Interest; 2],
    /// How many attempts to connect to the server have had their sockets registered.
    registered_attempts: u32,
    /// The time of this relay's timer: entries of the relay in the heap of timers with other times are outdated.
    pub(super) timer: Option<Instant>,
    /// The number of the round in which the relay had its last turn.
    pub(super) round: u64,
}

impl RegisteredRelay {
    pub(super) fn new(relay: Relay, number: u64) -> Self {
        Self { relay, number, interests: Default::default(), registered_attempts: 0, timer: None, round: 0 }
    }

    /// Returns the poller's token of a side's socket.
    fn token(&self, side: Side) -> u64 {
        self.number << 1 | u64::from(side == Side::Server)
    }

    /// Returns the number of the relay that a token belongs to.
    pub(super) fn number_of(token: u64) -> u64 {
        token >> 1
    }

    /// Registers the sockets for the events that the relay waits for now.
    pub(super) fn update_interests(&mut self, poller: &Poller, settings: &TunnelSettings) -> io::Result<()> {
        for (number, socket) in self.relay.connecting_sockets() {
            if number >= self.registered_attempts {
                // Edge-triggered: a stalled relay does not react to the event. Closing a socket removes its registration.
                poller.add(socket, self.token(Side::Server), EpollFlags::EPOLLOUT | EpollFlags::EPOLLET)?;
                self.registered_attempts = number + 1;
                self.interests[Side::Server as usize] = CONNECTING;
            }
        }
        for side in SIDES {
            let Some(socket) = self.relay.descriptor(side) else { continue };
            let interest = self.relay.interest(side, settings);
            let before = std::mem::replace(&mut self.interests[side as usize], interest);
            if interest == before {
                continue;
            }
            // epoll(7) reports a hang-up of every registered socket, whatever its interest.
            if interest == Interest::default() {
                poller.delete(socket)?;
            } else if before == Interest::default() {
                poller.add(socket, self.token(side), flags(interest))?;
            } else {
                poller.modify(socket, self.token(side), flags(interest))?;
            }
        }
        Ok(())
    }
}

fn flags(interest: Interest) -> EpollFlags {
    let mut flags = EpollFlags::empty();
    flags.set(EpollFlags::EPOLLIN, interest.readable);
    flags.set(EpollFlags::EPOLLOUT, interest.writable);
    flags
}
