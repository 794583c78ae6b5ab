//! The handshakes of the tunnel's connections, for clients in the same process.
//!
//! The kernel accepts a connection at once, as an SSH client does for `ssh -L`. The request to connect takes its way to
//! the far end, and the confirmation takes its way back: only then are bytes read from the client. A client in the
//! same process can wait for that moment, and so count connecting as long as it would be without the tunnel's kernel.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use thiserror::Error;
use tokio::sync::oneshot;

/// How long the outcome is kept of a connection that has ended, for a client that asks late.
const KEPT: Duration = Duration::from_secs(2);

/// At how many entries old ones are first looked for.
const PRUNED_FROM: usize = 256;

/// The connection ended before its handshake was over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the tunnel's connection ended before its handshake was over")]
pub struct HandshakeError;

/// How long the handshake took.
type Outcome = Result<Duration, HandshakeError>;

/// Every handshake by the client's address.
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
    /// Tells apart connections that have the same address one after the other; `None` before the tunnel has accepted.
    number: Option<u64>,
    outcome: Option<Outcome>,
    ended: Option<Instant>,
    waiting: Vec<oneshot::Sender<Outcome>>,
}

impl Entry {
    fn is_of_use(&self, now: Instant) -> bool {
        match (self.number, self.ended) {
            (None, _) => self.waiting.iter().any(|waiting| !waiting.is_closed()),
            (Some(_), Some(ended)) => now.saturating_duration_since(ended) < KEPT,
            (Some(_), None) => true,
        }
    }

    fn settle(&mut self, outcome: Outcome) {
        self.outcome = Some(outcome);
        for waiting in self.waiting.drain(..) {
            // A waiter may have been dropped.
            let _ = waiting.send(outcome);
        }
    }
}

impl Handshakes {
    /// The tunnel has accepted a connection from `client`.
    pub(super) fn begin(self: &Arc<Self>, client: SocketAddr, now: Instant) -> Handshake {
        let mut entries = self.entries();
        entries.prune(now);
        let number = entries.next_number;
        entries.next_number += 1;
        let entry = entries.by_client.entry(client).or_default();
        if entry.number.is_some() {
            *entry = Entry::default();
        }
        entry.number = Some(number);
        drop(entries);
        Handshake { all: Arc::clone(self), client, number, began: now, is_over: false }
    }

    /// Waits until the handshake of the connection from `client` is over, which the tunnel may not have accepted yet.
    pub(super) async fn over(&self, client: SocketAddr) -> Outcome {
        let receiver = {
            let mut entries = self.entries();
            entries.prune(Instant::now());
            let entry = entries.by_client.entry(client).or_default();
            if let Some(outcome) = entry.outcome {
                return outcome;
            }
            let (sender, receiver) = oneshot::channel();
            entry.waiting.push(sender);
            receiver
        };
        receiver.await.unwrap_or(Err(HandshakeError))
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    /// Forgets what is of no use any more, once there is twice as much as the last time.
    fn prune(&mut self, now: Instant) {
        if self.by_client.len() >= self.prune_at.max(PRUNED_FROM) {
            self.by_client.retain(|_, entry| entry.is_of_use(now));
            self.prune_at = 2 * self.by_client.len();
        }
    }
}

/// The handshake of one connection. To drop it says that the connection has ended.
#[derive(Debug)]
pub(super) struct Handshake {
    all: Arc<Handshakes>,
    client: SocketAddr,
    number: u64,
    began: Instant,
    is_over: bool,
}

impl Handshake {
    /// The number of its connection.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Ends the handshake, and returns how long it took.
    pub(super) fn complete(&mut self, now: Instant) -> Duration {
        let took = now.saturating_duration_since(self.began);
        self.is_over = true;
        self.with_entry(|entry| entry.settle(Ok(took)));
        took
    }

    fn with_entry(&self, change: impl FnOnce(&mut Entry)) {
        let mut entries = self.all.entries();
        // A later connection may have come from the same address.
        let entry = entries.by_client.get_mut(&self.client).filter(|entry| entry.number == Some(self.number));
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
    async fn a_waiter_gets_the_end_or_the_failure_of_the_handshake() {
        let (all, now) = (Arc::new(Handshakes::default()), Instant::now());
        // Before the tunnel has accepted, while the handshake goes on, and afterwards.
        let early = tokio::spawn({
            let all = Arc::clone(&all);
            async move { all.over(client(1)).await }
        });
        while all.entries().by_client.is_empty() {
            tokio::task::yield_now().await;
        }
        let mut handshake = all.begin(client(1), now);
        assert!(timeout(MS, all.over(client(1))).await.is_err() && !handshake.is_over());
        assert_eq!(handshake.complete(now + 70 * MS), 70 * MS);
        assert_eq!(early.await.unwrap(), Ok(70 * MS));
        assert_eq!(all.over(client(1)).await, Ok(70 * MS));
        drop(handshake);
        assert_eq!(all.over(client(1)).await, Ok(70 * MS), "a client that asks late");
        drop(all.begin(client(2), now));
        assert_eq!(all.over(client(2)).await, Err(HandshakeError));
    }

    #[tokio::test]
    async fn a_later_connection_from_the_same_address_is_another_one() {
        let (all, now) = (Arc::new(Handshakes::default()), Instant::now());
        let mut first = all.begin(client(1), now);
        first.complete(now);
        let mut second = all.begin(client(1), now);
        drop(first);
        assert!(timeout(MS, all.over(client(1))).await.is_err());
        second.complete(now + MS);
        assert_eq!(all.over(client(1)).await, Ok(MS));
    }

    #[test]
    fn ended_connections_are_forgotten() {
        let all = Arc::new(Handshakes::default());
        let begin = Instant::now();
        for number in 0..10_000u16 {
            drop(all.begin(client(number), begin + u32::from(number) * 10 * MS));
        }
        assert!(all.entries().by_client.len() <= 2 * PRUNED_FROM, "{}", all.entries().by_client.len());
    }
}
