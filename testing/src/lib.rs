//! Helpers for the tests of several crates. Every wait has a deadline.
//!
//! - [`wait`]: waiting for a condition, a thread, a channel or a future.
//! - [`process`]: child processes and their output.
//! - [`sockets`]: connections and small servers; [`http`]: HTTP requests.
//! - [`ports`]: reserved ports for programs that must be told which one to use.
//! - [`attempts`]: assertions about time.
//! - `fin_timeout`: how long the kernel keeps a closed socket in FIN-WAIT-2, on Linux.

#![allow(clippy::unwrap_used, reason = "in a test, a panic reports the failure")]

pub mod attempts;
#[cfg(target_os = "linux")]
pub mod fin_timeout;
pub mod http;
pub mod ports;
pub mod process;
pub mod sockets;
pub mod wait;
