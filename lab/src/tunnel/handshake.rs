//! The emulated handshakes of the tunnel's connections, for clients in the same process.
//!
//! The kernel accepts a connection at once, as an SSH client does for `ssh -L`. The request to connect then takes half
//! a round trip to the server, and the confirmation takes the other half: only then does the tunnel read from the
//! client. A client in the same process can wait for that moment, so that its connecting takes as long as over a real
//! network.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use thiserror::Error;
use tokio::sync::oneshot;

/// How long the outcome of a connection that has ended is kept for a late waiter.
const OUTCOME_RETENTION: Duration = Duration::from_secs(2);

/// The number of entries at which outdated ones are first removed.
const PRUNE_MIN_ENTRIES: usize = 256;

/// The client's connection ended before its emulated handshake was complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the client's connection to the tunnel closed before the emulated handshake was complete")]
pub struct HandshakeError;

/// How long the handshake took, or the error that the connection ended before.
type Outcome = Result<Duration, HandshakeError>;

/// All handshakes, by the client's address.
#[derive(Debug, Default)]
pub(super) struct Handshakes {
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    by_client: HashMap<SocketAddr, Entry>,
    prune_at: usize,
    next_number: u64,
}

#[derive(Debug, Default)]
struct Entry {
    /// `None` before the tunnel has accepted.
    connection: Option<Accepted>,
    outcome: Option<Outcome>,
    ended: Option<Instant>,
    waiters: Vec<oneshot::Sender<Outcome>>,
}

/// A connection that the tunnel has accepted. A later one may have the same client address.
#[derive(Debug, Clone, Copy)]
struct Accepted {
    number: u64,
    at: Instant,
}

impl Entry {
    fn is_current(&self, now: Instant) -> bool {
        match (self.connection, self.ended) {
            (None, _) => self.waiters.iter().any(|waiter| !waiter.is_closed()),
            (Some(_), Some(ended)) => now.saturating_duration_since(ended) < OUTCOME_RETENTION,
            (Some(_), None) => true,
        }
    }

    /// Returns true if the tunnel accepted the connection of this entry before `connect_begun`, when another connection
    /// from the same address began.
    fn is_older_than(&self, connect_begun: Instant) -> bool {
        self.connection.is_some_and(|accepted| accepted.at < connect_begun)
    }

    fn is_of(&self, number: u64) -> bool {
        self.connection.is_some_and(|accepted| accepted.number == number)
    }

    fn settle(&mut self, outcome: Outcome) {
        self.outcome = Some(outcome);
        for waiter in self.waiters.drain(..) {
            // A waiter may have been dropped.
            let _ = waiter.send(outcome);
        }
    }
}

impl Handshakes {
    /// Begins the handshake of a connection that the tunnel has accepted from `client`.
    pub(super) fn begin(self: &Arc<Self>, client: SocketAddr, now: Instant) -> Handshake {
        let mut entries = self.entries();
        entries.prune(now);
        let number = entries.next_number;
        entries.next_number += 1;
        let entry = entries.by_client.entry(client).or_default();
        if entry.connection.is_some() {
            *entry = Entry::default();
        }
        entry.connection = Some(Accepted { number, at: now });
        drop(entries);
        Handshake { all: Arc::clone(self), client, number, began: now, is_complete: false }
    }

    /// Waits for the handshake of the connection from `client` that began to connect at `connect_begun`. The tunnel may not
    /// have accepted it yet.
    pub(super) async fn wait_for(&self, client: SocketAddr, connect_begun: Instant) -> Outcome {
        let receiver = {
            let mut entries = self.entries();
            entries.prune(Instant::now());
            let entry = entries.by_client.entry(client).or_default();
            if entry.is_older_than(connect_begun) {
                *entry = Entry::default();
            }
            if let Some(outcome) = entry.outcome {
                return outcome;
            }
            let (sender, receiver) = oneshot::channel();
            entry.waiters.push(sender);
            receiver
        };
        receiver.await.unwrap_or(Err(HandshakeError))
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    /// Removes outdated entries, once there are [`PRUNE_MIN_ENTRIES`] and twice as many as were left the last time.
    fn prune(&mut self, now: Instant) {
        if self.by_client.len() >= self.prune_at.max(PRUNE_MIN_ENTRIES) {
            self.by_client.retain(|_, entry| entry.is_current(now));
            self.prune_at = 2 * self.by_client.len();
        }
    }
}

/// The handshake of one connection. Dropping it marks the connection as ended; an incomplete handshake then fails.
#[derive(Debug)]
pub(super) struct Handshake {
    all: Arc<Handshakes>,
    client: SocketAddr,
    number: u64,
    began: Instant,
    is_complete: bool,
}

impl Handshake {
    /// Returns the number of the connection.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// Completes the handshake, and returns how long it took.
    pub(super) fn complete(&mut self, now: Instant) -> Duration {
        let took = now.saturating_duration_since(self.began);
        self.is_complete = true;
        self.with_entry(|entry| entry.settle(Ok(took)));
        took
    }

    fn with_entry(&self, change: impl FnOnce(&mut Entry)) {
        let mut entries = self.all.entries();
        let entry = entries.by_client.get_mut(&self.client).filter(|entry| entry.is_of(self.number));
        if let Some(entry) = entry {
            change(entry);
        }
    }
}

impl Drop for Handshake {
    fn drop(&mut self) {
        self.with_entry(|entry| {
            entry.ended = Some(Instant::now());
            if entry.outcome.is_none() {
                entry.settle(Err(HandshakeError));
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn client(port: u16) -> SocketAddr {
        ([127, 0, 0, 1], port).into()
    }

    #[tokio::test]
    async fn a_waiter_gets_the_completion_or_the_failure_of_the_handshake() {
        let all = Arc::new(Handshakes::default());
        let now = Instant::now();
        // Before the tunnel has accepted, while the handshake goes on, and afterwards.
        let early = tokio::spawn({
            let all = Arc::clone(&all);
            async move { all.wait_for(client(1), now).await }
        });
        while all.entries().by_client.is_empty() {
            tokio::task::yield_now().await;
        }
        let mut handshake = all.begin(client(1), now);
        assert!(timeout(MS, all.wait_for(client(1), now)).await.is_err() && !handshake.is_complete());
        assert_eq!(handshake.complete(now + 70 * MS), 70 * MS);
        assert_eq!(early.await.unwrap(), Ok(70 * MS));
        assert_eq!(all.wait_for(client(1), now).await, Ok(70 * MS));
        drop(handshake);
        assert_eq!(all.wait_for(client(1), now).await, Ok(70 * MS), "a late waiter");
        drop(all.begin(client(2), now));
        assert_eq!(all.wait_for(client(2), now).await, Err(HandshakeError));
    }

    #[tokio::test]
    async fn a_later_connection_from_the_same_address_is_another_one() {
        let all = Arc::new(Handshakes::default());
        let now = Instant::now();
        let mut first = all.begin(client(1), now);
        first.complete(now);
        let mut second = all.begin(client(1), now);
        drop(first);
        assert!(timeout(MS, all.wait_for(client(1), now)).await.is_err());
        second.complete(now + MS);
        assert_eq!(all.wait_for(client(1), now).await, Ok(MS));
    }

    #[tokio::test]
    async fn the_outcome_of_an_earlier_connection_is_not_that_of_a_later_one_from_the_same_address() {
        let all = Arc::new(Handshakes::default());
        let now = Instant::now();
        all.begin(client(1), now).complete(now + MS);
        // The next connection from this port begins when the first has ended, and waits before the tunnel has accepted.
        let connect_begun = now + 2 * MS;
        let later = tokio::spawn({
            let all = Arc::clone(&all);
            async move { all.wait_for(client(1), connect_begun).await }
        });
        while all.entries().by_client[&client(1)].waiters.is_empty() {
            assert!(!later.is_finished(), "{:?}, before the tunnel has accepted", later.await.unwrap());
            tokio::task::yield_now().await;
        }
        let mut handshake = all.begin(client(1), connect_begun + MS);
        handshake.complete(connect_begun + 71 * MS);
        assert_eq!(later.await.unwrap(), Ok(70 * MS));
        assert_eq!(all.wait_for(client(1), connect_begun).await, Ok(70 * MS));
    }

    #[test]
    fn entries_of_ended_connections_are_removed() {
        let all = Arc::new(Handshakes::default());
        let begin = Instant::now();
        for number in 0..10_000u16 {
            drop(all.begin(client(number), begin + u32::from(number) * 10 * MS));
        }
        assert!(all.entries().by_client.len() <= 2 * PRUNE_MIN_ENTRIES, "{}", all.entries().by_client.len());
    }
}
