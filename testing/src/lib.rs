//! What the tests of several crates share: waits, child processes and sockets, each with a deadline. A dependency of
//! tests only.

#![allow(clippy::unwrap_used, reason = "in a test, a panic reports the failure")]

pub mod attempts;
pub mod http;
pub mod ports;
pub mod process;
pub mod sockets;
pub mod wait;
