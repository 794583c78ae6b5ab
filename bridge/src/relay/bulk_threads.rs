//! Threads for bulk transfers, so that short messages do not wait for them.
//!
//! A thread that is always busy gets its share of the processors, but in time slices: after each, it waits for milliseconds
//! until other threads had theirs. A thread that sleeps between two messages is run at once when one arrives. So the two kinds
//! of relays must not share a thread.

use std::future::Future;
use std::io;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, mpsc};
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
    /// The event loop of each thread; none if they could not be started.
    event_loops: OnceLock<Vec<Handle>>,
    transfers: Arc<AtomicUsize>,
    end: CancellationToken,
    _end_on_drop: DropGuard,
}

impl Default for BulkThreads {
    fn default() -> Self {
        let end = CancellationToken::new();
        Self { event_loops: OnceLock::new(), transfers: Arc::default(), _end_on_drop: end.clone().drop_guard(), end }
    }
}

impl BulkThreads {
    /// Runs `task` on the thread that has the fewest, and returns what it returns. Without threads, it runs where it is.
    pub(super) async fn run<T: Send + 'static>(&self, task: impl Future<Output = T> + Send + 'static) -> T {
        let event_loops = self.event_loops.get_or_init(|| self.start());
        let Some(event_loop) = event_loops.iter().min_by_key(|event_loop| event_loop.metrics().num_alive_tasks())
        else {
            return task.await;
        };
        let transfers = Arc::clone(&self.transfers);
        let running = AbortOnDropHandle::new(event_loop.spawn(async move {
            let _transfer = Transfer::begin(transfers);
            task.await
        }));
        // The task is not aborted, and the event loop does not end, while this waits, so the only error is a panic.
        running.await.unwrap_or_else(|panic| resume_unwind(panic.into_panic()))
    }

    /// Starts as many threads as the system allows.
    fn start(&self) -> Vec<Handle> {
        let mut event_loops = Vec::new();
        for _ in 0..Handle::current().metrics().num_workers() {
            match start_thread(self.end.clone()) {
                Ok(event_loop) => event_loops.push(event_loop),
                Err(error) => {
                    tracing::warn!("cannot start a thread for bulk transfers: {}", one_line(&error));
                    break;
                }
            }
        }
        event_loops
    }
}

/// Starts a thread with an event loop, which runs until `end`. The event loop is built there, since it may not be dropped by a
/// task, as it would be if the thread did not start.
fn start_thread(end: CancellationToken) -> io::Result<Handle> {
    let (sender, built) = mpsc::sync_channel(1);
    thread::Builder::new().name("bulk".to_owned()).spawn(move || match event_loop::build(1) {
        Ok(event_loop) => {
            // The other thread waits for it.
            let _ = sender.send(Ok(event_loop.handle().clone()));
            event_loop.block_on(end.cancelled());
        }
        Err(error) => {
            let _ = sender.send(Err(error));
        }
    })?;
    built.recv().unwrap_or_else(|_| Err(io::Error::other("the thread has ended")))
}

/// A transfer that runs on one of the threads, which has the system's scheduler know whether it is the only one.
struct Transfer(Arc<AtomicUsize>);

impl Transfer {
    fn begin(transfers: Arc<AtomicUsize>) -> Self {
        schedule(transfers.fetch_add(1, Ordering::Relaxed) + 1);
        Self(transfers)
    }
}

impl Drop for Transfer {
    fn drop(&mut self) {
        schedule(self.0.fetch_sub(1, Ordering::Relaxed) - 1);
    }
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
