//! Tests of the bridge, most of them over real sockets. One program, so that it is linked once and its tests run side by side.

#![allow(clippy::unwrap_used, reason = "in a test, a panic reports the failure")]

mod closing;
mod common;
mod conditions;
mod conformance;
mod connecting;
mod cycles;
mod deploy;
mod docs;
mod draining;
mod embedding;
mod files;
mod frames;
mod http;
mod interoperability;
mod limits;
mod memory;
mod observer;
mod program;
mod relay;
#[cfg(feature = "tls")]
mod tls;
mod vanished;
mod websocket;
