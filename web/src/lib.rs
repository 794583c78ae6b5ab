//! The page: the client in the browser.
//!
//! One program is made from this crate, compiled to wasm, and it runs twice (`main.rs`):
//!
//! - As the page itself ([`app`]): Yew. The [`state`] has everything that the page shows, in [`shared`] parts, and the reducer that
//!   changes it. The [`hooks`] carry out what it takes: the life of the worker, the [`rounds_store`] and the [`runs_store`], which keep
//!   series, runs and races from one visit to the next, and the lab. [`rows`] makes a table of a run and [`distributions`] makes drawings of series, [`components`] draw the
//!   page, one a file, and [`text`] has its sentences. [`files`] are exported and imported ([`imports`]), also as [`pictures`].
//! - As the page's [`worker`]: it owns the socket and the clock, so that drawing cannot delay a
//!   reading. Drawing can delay a dialogue where processors are few, so the page draws nothing while a quick run goes on.
//!
//! They talk in [`message`]s. [`bridge`] finds out where the bridge is, and [`lab`] asks the lab behind it.
//!
//! A browser loads most of it at once. What draws the legs, earlier runs, slow motion, the race, many rounds and their
//! [`distributions`], what exports, imports and stores [`files`], also the lab's JSON, and what draws a [`load`] of many clients are
//! loaded once it is idle, one after the other. `split` defines the functions in these parts.

pub mod address;
pub mod app;
pub mod bridge;
pub mod components;
pub mod distributions;
pub mod download;
pub mod files;
pub mod focus;
pub mod histograms;
pub mod hooks;
pub mod imports;
pub mod lab;
pub mod load;
pub mod message;
mod packed;
pub mod pictures;
pub mod provenance;
mod render_mark;
pub mod replay;
pub mod rounds_store;
pub mod rows;
pub mod runs_store;
pub mod shared;
mod split;
pub mod state;
mod storage;
pub mod text;
pub mod timeline;
pub mod turn;
pub mod worker;
