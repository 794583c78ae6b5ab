//! The native client: asks over TCP, or over a WebSocket through a bridge, and measures times.
//!
//! - [`target`]: the server or bridge, parsed from the command line.
//! - [`connection`]: a connection to the target.
//! - [`mod@ask`]: the dialogue over that connection, and the times of its steps.
//! - [`poll_times`]: how much of an operation's time is waiting; `kernel`: the kernel's statistics of the connection.
//! - [`mod@race`]: the same questions in three ways.
//! - [`lab`]: traces of dialogues, from the lab that recorded them.
//! - [`script`]: other questions and answers, from a file; [`wrong_answer`]: the check of the answers.
//! - [`export`]: files for other programs.
//! - [`report`]: text for the terminal.
//! - [`command_line`]: the options, and [`run`](command_line::run), which carries them out.
//!
//! When bytes arrive, the clock is read before anything else is done, and the next question is sent before an answer is printed.

pub mod ask;
pub mod command_line;
pub mod connection;
pub mod export;
mod kernel;
pub mod lab;
pub mod poll_times;
pub mod race;
pub mod report;
pub mod script;
pub mod target;
pub mod wrong_answer;

pub use ask::{AskError, DialogueConfig, ask};
pub use target::Target;
