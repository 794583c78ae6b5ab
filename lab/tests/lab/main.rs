//! Tests of the lab's instruments and of the demo, all over real sockets. They need no browser.

#![allow(clippy::unwrap_used, reason = "in a test, a panic reports the failure")]

#[path = "../support/mod.rs"]
mod support;

mod bench;
mod demo;
mod load;
mod probe;
mod ssh;
mod stations;
mod thousand;
mod tunnel;
