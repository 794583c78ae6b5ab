//! Load on a Launcelot server: many clients that ask, with every answer checked byte for byte.
//!
//! - [`command_line`]: the command, with its [`options`]; [`run`]: a load from its plan to its files.
//! - `foreseen`: what will limit a run; `expectations`: what is checked before and after it. [`signals`]: what ends it early.
//! - [`conductor`]: one cycle after the other. [`server_under_test`]: a server from its start to its end; `listening`: whether
//!   it listens; `processes`: what its processes have used.
//! - [`cycle`]: what the engine does in a cycle; [`engine`]: the load generator; [`script_text`]: the questions to send and the
//!   answers to expect.
//! - [`results_folder`]: the files of a run; [`provenance`]: where it was measured.
//! - `progress`: what a person sees meanwhile; [`format`](mod@format): what remains on standard output, as a [`table`] for a terminal
//!   or in another format. `terminal`: the width of text.
//! - [`html`], [`markdown`] and [`csv`]: reports on results. They show the same figures in the same tables, which are
//!   those of [`launcelot_charts::load::report`].

pub mod command_line;
pub mod conductor;
pub mod csv;
pub mod cycle;
pub mod engine;
mod expectations;
pub(crate) mod foreseen;
pub mod format;
pub mod html;
mod listening;
pub mod markdown;
pub mod options;
pub(crate) mod processes;
pub(crate) mod progress;
pub mod provenance;
pub mod results_folder;
pub mod run;
pub mod script_text;
pub mod server_under_test;
pub mod signals;
pub mod table;
pub(crate) mod terminal;
