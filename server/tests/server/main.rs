//! Tests of the server over real sockets. One program, so that it is linked once and its tests run side by side.

#![allow(clippy::unwrap_used, reason = "in a test, a panic reports the failure")]

mod behaviour;
mod concurrency;
mod inetd;
mod memory;
mod observer;
mod processes;
mod program;
mod simulated_work;
mod socket_activation;
mod statistics;
mod stop;
mod support;
