//! The event loop of the program, and that of its bulk transfers.

use std::io;
use std::num::NonZeroUsize;
use std::thread::available_parallelism;

use launcelot_endpoint::scheduling;
use tokio::runtime::{Builder, Runtime};

/// The number of task polls after which a thread looks for events even if tasks are ready. A poll of a relay takes
/// microseconds, and one that has more to do waits until the thread has looked for events. So the thread looks often, and
/// tokio's default of 61 only adds system calls while many clients are busy.
const EVENT_INTERVAL: u32 = 1024;

/// Builds an event loop with this number of threads. A single one is the calling thread.
pub(crate) fn build(threads: usize) -> io::Result<Runtime> {
    let mut builder = if threads == 1 {
        Builder::new_current_thread()
    } else {
        // The calling thread only accepts connections, and is not counted.
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(threads).on_thread_start(scheduling::run_in_short_slices);
        builder
    };
    builder.enable_all().event_interval(EVENT_INTERVAL).build()
}

/// Returns the default number of threads. Most of the work of a relay is the kernel's, which does it for the peers on the
/// other processors too. On a machine with two processors, two threads took 1.1 to 1.2 times as much processor time per
/// question as one, because threads were woken more often to find less to do.
pub(crate) fn half_of_the_processors() -> usize {
    available_parallelism().map_or(1, NonZeroUsize::get).div_ceil(2)
}
