//! Threads for bulk transfers, so that short messages do not wait for them.
//!
//! A thread that is always busy gets its share of the processors, but in time slices: after each, it waits for milliseconds
//! until other threads had theirs. A thread that sleeps between two messages is run at once when one arrives. So the two kinds
//! of relays must not share a thread.

use std::future::Future;
use std::io;
use std::panic::resume_unwind;
use std::sync::OnceLock;
use std::thread;

use launcelot_endpoint::failure::one_line;
use tokio::runtime::Handle;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::AbortOnDropHandle;

use crate::event_loop;

/// As many threads for bulk transfers as there are for other relays. They start with the first bulk transfer, and end when
/// this is dropped.
#[derive(Debug)]
pub struct BulkThreads {
    /// `None` if they could not be started.
    event_loop: OnceLock<Option<Handle>>,
    end: CancellationToken,
    _end_on_drop: DropGuard,
}

impl Default for BulkThreads {
    fn default() -> Self {
        let end = CancellationToken::new();
        Self { event_loop: OnceLock::new(), _end_on_drop: end.clone().drop_guard(), end }
    }
}

impl BulkThreads {
    /// Runs `task` on one of the threads, and returns what it returns. Without threads, it runs where it is.
    pub(super) async fn run<T: Send + 'static>(&self, task: impl Future<Output = T> + Send + 'static) -> T {
        let Some(event_loop) = self.event_loop.get_or_init(|| self.start()) else { return task.await };
        let running = AbortOnDropHandle::new(event_loop.spawn(async move {
            schedule(transfers());
            let result = task.await;
            schedule(transfers() - 1);
            result
        }));
        // The task is not aborted, and the event loop does not end, while this waits, so the only error is a panic.
        running.await.unwrap_or_else(|panic| resume_unwind(panic.into_panic()))
    }

    fn start(&self) -> Option<Handle> {
        let started = self.try_start();
        if let Err(error) = &started {
            tracing::warn!("cannot start a thread for bulk transfers: {}", one_line(error));
        }
        started.ok()
    }

    fn try_start(&self) -> io::Result<Handle> {
        let event_loop = event_loop::build(Handle::current().metrics().num_workers())?;
        let handle = event_loop.handle().clone();
        let end = self.end.clone();
        thread::Builder::new().name("bulk".to_owned()).spawn(move || event_loop.block_on(end.cancelled()))?;
        Ok(handle)
    }
}

/// Returns the number of transfers that run on the threads, of which the caller is one.
fn transfers() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

/// Has the system's scheduler treat this thread as one that computes while there are several `transfers`: when it wakes, it
/// does not interrupt the thread that runs, maybe one that relays short messages (`SCHED_BATCH`). Beside four downloads, the
/// 99th percentile of lockstep fell from 25 to 2.7 times that of direct questions. One transfer needs no more than its share,
/// but was a quarter slower as a batch while other programs kept the processors busy.
#[expect(unsafe_code, reason = "no library that the bridge uses wraps sched_setscheduler()")]
fn schedule(transfers: usize) {
    let policy = if transfers > 1 { libc::SCHED_BATCH } else { libc::SCHED_OTHER };
    let parameters = libc::sched_param { sched_priority: 0 };
    // SAFETY: the pointer is valid during the call, and 0 is the calling thread.
    let result = unsafe { libc::sched_setscheduler(0, policy, &raw const parameters) };
    if result != 0 {
        tracing::debug!("cannot change how the system schedules a thread: {}", io::Error::last_os_error());
    }
}
