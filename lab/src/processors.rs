//! Work on one processor of several.

use std::{io, panic, thread};

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Returns the number of the first processor on which this thread may run; `None` if the system does not say.
pub fn first_allowed() -> Option<usize> {
    let allowed = sched_getaffinity(None).ok()?;
    (0..CpuSet::MAX_CPU).find(|processor| allowed.is_set(*processor))
}

/// Does `work` on one processor, and so all threads and processes that it starts.
///
/// A client and a server that take turns need no more. With several, the kernel decides whether a question wakes the server on another
/// processor that sleeps, which costs more than all that a design does.
///
/// # Errors
///
/// If the thread may not run on this processor. Then the work is not done.
pub fn run_on<T: Send>(processor: usize, work: impl FnOnce() -> T + Send) -> io::Result<T> {
    let pinned = || {
        let mut only = CpuSet::new();
        only.set(processor);
        sched_setaffinity(None, &only)?;
        Ok(work())
    };
    thread::scope(|scope| scope.spawn(pinned).join().unwrap_or_else(|panic| panic::resume_unwind(panic)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_done_on_the_processor_and_this_thread_stays_where_it_may_be() {
        let before = sched_getaffinity(None).unwrap();
        let processor = first_allowed().unwrap();
        let within = run_on(processor, || sched_getaffinity(None).unwrap()).unwrap();
        assert_eq!((within.count(), within.is_set(processor)), (1, true));
        assert_eq!(sched_getaffinity(None).unwrap(), before);
    }
}
