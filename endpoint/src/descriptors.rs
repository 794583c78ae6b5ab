//! The limit on open descriptors, and so on open sockets, and the room for them.

use rustix::event::{EventfdFlags, eventfd};
use rustix::io::fcntl_dupfd_cloexec;
use rustix::process::{Resource, getrlimit, setrlimit};

/// Raises this process's soft limit on open descriptors to the hard limit, and returns the limit in force; `None` means that
/// there is no limit. Shells commonly start programs with a soft limit of 1,024.
pub fn raise_limit() -> Option<u64> {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        let raised = rustix::process::Rlimit { current: limit.maximum, ..limit };
        match setrlimit(Resource::Nofile, raised) {
            Ok(()) => limit = raised,
            Err(why) => tracing::warn!("cannot raise the limit of open descriptors: {why}"),
        }
    }
    limit.current
}

/// About as many descriptors as a program has open besides those of its connections.
const OTHERS: u64 = 64;

/// Enlarges this process's table of descriptors, so that `connections` fit, or as many as the limit allows. Call it before there are
/// threads.
///
/// The kernel doubles the table whenever it is full. If several threads share the table, the one that opens a descriptor is stopped
/// meanwhile, for a grace period of RCU: at 256, 512, 1,024 … connections a server would accept no other for 10 to 20 ms. An entry
/// takes 8 bytes of the kernel's memory.
pub fn reserve(connections: u64) {
    let count = connections.saturating_add(OTHERS);
    let last = getrlimit(Resource::Nofile).current.map_or(count, |limit| count.min(limit)).saturating_sub(1);
    let last = i32::try_from(last).unwrap_or(i32::MAX);
    let opened = eventfd(0, EventfdFlags::CLOEXEC).and_then(|any| fcntl_dupfd_cloexec(any, last));
    if let Err(why) = opened {
        tracing::info!("the table of descriptors stays as small as it is: {why}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The size of the table, as the kernel says it.
    fn size() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let size = status.lines().find_map(|line| line.strip_prefix("FDSize:")).unwrap();
        size.trim().parse().unwrap()
    }

    #[test]
    fn the_table_has_room_for_the_descriptors_that_were_reserved() {
        let limit = raise_limit().unwrap_or(u64::MAX);
        for connections in [5_000, 20_000] {
            reserve(connections);
            assert!(size() >= limit.min(connections + OTHERS), "{} for {connections}", size());
        }
    }
}
