//! The page: the client in the browser.
//!
//! Two programs are made from this crate, compiled to wasm by trunk. The first runs twice (`main.rs`):
//!
//! - As the page itself ([`app`]): Yew. [`state`] holds everything that it shows and the reducer that
//!   changes it, [`rows`] makes a table of it, [`components`] draw it, one a file, and [`words`] says it in plain sentences. The [`cupboard`]
//!   keeps rounds from one visit to the next.
//! - As the page's [`worker`]: it owns the socket and the clock, so that drawing cannot delay a
//!   reading.
//!
//! They talk in [`message`]s. The second program is for those who look closer, and is loaded then: [`figures`]
//! (`bin/figures.rs`) sums up and draws.
//!
//! [`bridge`] finds out where the bridge is, and [`lab`] asks the lab behind it, in
//! [`json`].

pub mod app;
pub mod bridge;
pub mod components;
pub mod cupboard;
pub mod download;
pub mod figures;
pub mod hooks;
pub mod json;
pub mod lab;
pub mod message;
pub mod replay;
pub mod rows;
pub mod state;
pub mod words;
pub mod worker;
