//! The tasks of a running bridge, so that a stop reaches all of them and can wait for them.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::memory::MemoryPeak;

/// How long relays have after the grace period, to deliver what has arrived and to close. Longer than a relay waits for a client
/// that does not answer the close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Every open connection of a bridge. A clone is the same set.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tasks {
    tracker: TaskTracker,
    /// Connections that were accepted after the stop, which it does not wait for.
    late: TaskTracker,
    stopping: CancellationToken,
    grace_over: CancellationToken,
    aborted: CancellationToken,
    memory_peak: Arc<MemoryPeak>,
}

impl Tasks {
    /// Announces the stop to every connection and waits at most `grace` for their ends. Then closes the WebSockets that are
    /// left, and soon drops all connections.
    pub(crate) async fn stop(&self, grace: Duration) {
        self.stopping.cancel();
        self.tracker.close();
        if timeout(grace, self.tracker.wait()).await.is_err() {
            tracing::info!("{} connections did not end within the grace period", self.tracker.len());
            self.grace_over.cancel();
            let _ = timeout(CLOSE_TIMEOUT, self.tracker.wait()).await;
        }
        self.aborted.cancel();
        self.tracker.wait().await;
        self.late.close();
        self.late.wait().await;
    }

    /// Returns whether [`stop`](Self::stop) has begun.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.is_cancelled()
    }

    /// Runs `task` until it ends or is dropped by [`stop`](Self::stop).
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let tracker = if self.is_stopping() { &self.late } else { &self.tracker };
        // A token of its own, since every wake-up of the task locks it.
        let aborted = self.aborted.child_token();
        // Boxed, since each of the futures around it would have room for it twice.
        let task = Box::pin(task);
        let memory_peak = Arc::clone(&self.memory_peak);
        let tasks = tracker.clone();
        tracker.spawn(async move {
            // Whether it ended by itself makes no difference.
            let _ = aborted.run_until_cancelled_owned(task).await;
            memory_peak.fall_to(tasks.len());
        });
        self.memory_peak.rise_to(tracker.len());
    }

    /// A token for one connection, so that connections do not share its lock.
    pub(crate) fn stopping(&self) -> CancellationToken {
        self.stopping.child_token()
    }

    /// A token for one WebSocket, cancelled when the grace period of a stop is over.
    pub(crate) fn grace_over(&self) -> CancellationToken {
        self.grace_over.child_token()
    }

    /// Drops all connections when the guard is dropped.
    pub(crate) fn abort_on_drop(&self) -> DropGuard {
        self.aborted.clone().drop_guard()
    }
}
