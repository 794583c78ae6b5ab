//! What the bridge answers over HTTP.
//!
//! - `app`: the router. It hands requests for a WebSocket on to `crossing`.
//! - [`origin`]: which hosts and origins may use the bridge.
//! - `files`: the files of a directory, and `content`: the hash of each as it is now.
//! - `headers`: the headers of every response.
//! - `connection`: one client's connection, from its first request to its end or its upgrade.

mod app;
pub(crate) mod connection;
mod content;
mod files;
mod headers;
pub mod origin;

pub use app::app;
