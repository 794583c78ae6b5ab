//! The page: the client in the browser.
//!
//! One program is made from this crate, compiled to wasm, and it runs twice (`main.rs`):
//!
//! - As the page itself ([`app`]): Yew. [`state`] holds everything that it shows and the reducer that
//!   changes it, [`rows`] makes a table of it and [`distributions`] makes drawings of many rounds,
//!   [`components`] draw it, one a file, and [`words`] says it in plain sentences. The [`cupboard`]
//!   keeps rounds from one visit to the next, and [`files`] are taken along and brought back, also as [`pictures`].
//! - As the page's [`worker`]: it owns the socket and the clock, so that drawing cannot delay a
//!   reading. Drawing can delay a dialogue where processors are few, so the page draws nothing while a quick run goes on.
//!
//! They talk in [`message`]s. [`bridge`] finds out where the bridge is, and [`lab`] asks the lab behind it, in
//! [`json`].
//!
//! A browser loads all of it but what reads and writes [`files`], which it loads once it is idle.

pub mod app;
pub mod bridge;
pub mod components;
pub mod cupboard;
pub mod distributions;
pub mod download;
pub mod files;
pub mod focus;
pub mod hooks;
pub mod json;
pub mod lab;
pub mod message;
pub mod pictures;
pub mod provenance;
pub mod replay;
pub mod rows;
pub mod state;
pub mod timeline;
pub mod words;
pub mod worker;
