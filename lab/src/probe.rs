//! The prober: tests whether a server of any origin follows the protocol.
//!
//! The prober runs one case after another and compares what the server sends with what is expected. After each case it
//! asks one question over a fresh connection, to find out whether the server is still alive.
//!
//! - [`cases`]: the cases, as data.
//! - [`runner`]: runs the cases against a server.
//! - [`start_command`]: starts a server process of its own for each case.
//! - `client`: one client of a case; `connection`: the client's connection, on which every wait has a timeout.
//! - [`transcript`]: what a client has received, and how to show it on one line.
//! - [`verdict`]: the verdict on a case.
//! - [`report`]: the findings for a person and for a program.
//! - [`command_line`]: the `launcelot-lab probe` command.
//!
//! ```no_run
//! use launcelot_lab::probe::{Prober, cases};
//! use launcelot_protocol::Script;
//! use std::time::Duration;
//!
//! let prober = Prober::connect("localhost", 1060, Duration::from_secs(5))?;
//! let findings = prober.probe(&cases::table(&Script::default()), |finding| println!("{}", finding.behaviour));
//! assert!(findings.are_as_expected());
//! # Ok::<(), launcelot_lab::probe::ConnectError>(())
//! ```

pub mod cases;
mod client;
pub mod command_line;
mod connection;
pub mod report;
pub mod runner;
pub mod start_command;
pub mod transcript;
pub mod verdict;

pub use runner::{ConnectError, Prober, probe_with_server_per_case};
pub use start_command::{StartCommand, StartError, Timeouts};
pub use verdict::{Finding, Findings, ServerState, Verdict};
