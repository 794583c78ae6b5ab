//! Who asks: the native client, over TCP or through a bridge over WebSocket, with a stopwatch.
//!
//! - [`target`]: who is asked, from what a person types.
//! - [`connection`]: a connection to it, bytes both ways.
//! - [`mod@ask`]: the dialogue over that connection, and when each thing happened.
//! - [`poll_times`]: how much of a step's time is waiting; `kernel`: what the system knows of the connection.
//! - [`mod@race`]: the same questions in three ways.
//! - [`lab`]: what the hops on the path saw, if a lab recorded it.
//! - [`export`]: a file to take along.
//! - [`report`]: what a person reads of it.
//! - [`command_line`]: what a person types, and [`run`](command_line::run) behind it.
//!
//! A time is read as the first act when bytes have come; the next question leaves before an answer
//! is told.

pub mod ask;
pub mod command_line;
pub mod connection;
pub mod export;
mod kernel;
pub mod lab;
pub mod poll_times;
pub mod race;
pub mod report;
pub mod target;

pub use ask::{AskError, DialogueConfig, ask};
pub use target::Target;
