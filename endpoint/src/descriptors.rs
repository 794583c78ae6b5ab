//! The limit on open descriptors, and so on open sockets.

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
