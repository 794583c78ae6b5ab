//! Helpers for the tests of several crates. Every wait has a deadline.
//!
//! - [`wait`]: waiting for a condition, a thread, a channel or a future.
//! - [`process`]: child processes and their output.
//! - [`sockets`]: connections and small servers; [`http`]: HTTP requests.
//! - [`ports`]: reserved ports for programs that must be told which one to use.
//! - [`attempts`]: assertions about time.

#![allow(clippy::unwrap_used, reason = "in a test, a panic reports the failure")]

pub mod attempts;
pub mod http;
pub mod ports;
pub mod process;
pub mod sockets;
pub mod wait;
