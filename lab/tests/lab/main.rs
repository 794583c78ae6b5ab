//! Tests of the lab's instruments and of the demo, all over real sockets. They need no browser.

#![allow(clippy::unwrap_used, reason = "in a test, a panic reports the failure")]

#[path = "../support/mod.rs"]
mod support;

mod bench;
mod demo;
mod demo_think;
mod docs;
mod load;
mod probe;
mod probe_start;
mod ssh;
mod stations;
mod thousand;
mod tunnel;
mod tunnel_changes;
mod tunnel_handshake;
mod tunnel_neighbours;
