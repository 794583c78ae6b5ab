//! What the bridge answers over HTTP.
//!
//! - `app`: the router. `gate`: which requests reach it. `health`: whether the bridge runs, and whether it is ready.
//! - `websocket`: requests for a WebSocket, from the checks to the relay.
//! - [`origin`]: which hosts and origins may use the bridge. `client`: who sent a request.
//! - [`bad_ports`]: the ports to which no browser connects.
//! - `no_lab`: what a page is told that looks for a lab.
//! - `files`: the files of a directory, and `content`: the hash of each as it is now.
//! - `headers`: the headers of every response.
//! - `connection`: one client's connection, from its first request to its end or its upgrade, with the timeouts of
//!   `timed_stream`.

mod app;
pub mod bad_ports;
mod client;
pub(crate) mod connection;
mod content;
mod files;
mod gate;
mod headers;
mod health;
mod no_lab;
pub mod origin;
pub(crate) mod timed_stream;
mod websocket;

pub(crate) use app::app;
pub(crate) use client::Client;
