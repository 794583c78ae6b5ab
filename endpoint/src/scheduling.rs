//! How soon the kernel lets a thread run when a timer or a packet wakes it.
//!
//! This is the only `unsafe` code of the crate: no library that the project uses has `sched_setattr(2)`.

#![allow(unsafe_code, reason = "sched_getattr(2) and sched_setattr(2) take pointers")]

use std::io;
use std::mem;
use std::num::NonZeroU64;

/// The slice of processor time that a thread asks for: the shortest that Linux grants. The default is about 3 ms.
const SLICE_NS: u64 = 100_000;

/// Sees to it that this thread wakes as punctually as the kernel can. What the kernel refuses shows as lateness.
pub fn wake_punctually() {
    // Without this, the kernel may round a timer up by 50 µs.
    if let Err(error) = rustix::thread::set_current_timer_slack(NonZeroU64::new(1)) {
        tracing::info!("the timer slack stays as it is: {error}");
    }
    run_in_short_slices();
}

/// Asks for short slices of processor time for this thread. With them it runs sooner when it wakes, and not for longer in all.
pub fn run_in_short_slices() {
    // Linux before 6.12 ignores the slice.
    if let Err(error) = set_slice(SLICE_NS) {
        tracing::info!("the slice of processor time stays as it is: {error}");
    }
}

/// Sets the slice of this thread, and leaves its policy and its niceness as they are.
fn set_slice(slice_ns: u64) -> io::Result<()> {
    let mut attributes = attributes()?;
    if attributes.sched_policy == libc::SCHED_OTHER as u32 {
        attributes.sched_runtime = slice_ns;
        // SAFETY: the kernel reads `attributes`, which has the size that it names.
        let result = unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const attributes, 0) };
        if result != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// Returns the scheduling attributes of this thread.
fn attributes() -> io::Result<libc::sched_attr> {
    // SAFETY: all fields are numbers, for which zero is valid.
    let mut attributes: libc::sched_attr = unsafe { mem::zeroed() };
    let size = mem::size_of_val(&attributes);
    // SAFETY: the kernel writes at most `size` bytes, which is the size of `attributes`.
    let result = unsafe { libc::syscall(libc::SYS_sched_getattr, 0, &raw mut attributes, size, 0) };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(attributes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_and_the_niceness_stay_as_they_are() {
        let before = attributes().unwrap();
        wake_punctually();
        let after = attributes().unwrap();
        let kept = |attributes: libc::sched_attr| (attributes.sched_policy, attributes.sched_nice);
        assert_eq!(kept(before), kept(after));
    }
}
