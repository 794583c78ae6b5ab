//! The prober: does a server behave as the table of behaviours says, whoever wrote it?
//!
//! It acts out one case after another, looks at what the server says, and asks it one question over
//! a fresh connection after each, to see whether it has survived.
//!
//! - [`cases`]: the table itself, as data.
//! - [`runner`]: acts out the cases against a server.
//! - [`started`]: a server that the prober starts itself, anew for each case.
//! - `dialogue`: one client's side of a case.
//! - `wire`: its connection, on which every wait has an end.
//! - [`transcript`]: what a client heard, and how to show it on one line.
//! - [`verdict`]: whether that is what was to be heard.
//! - [`report`]: the findings for a person and for a program.
//! - [`command_line`]: what a person types, and [`run`](command_line::run) behind it.
//!
//! ```no_run
//! use launcelot_lab::probe::{Prober, cases};
//! use std::time::Duration;
//!
//! let prober = Prober::reach("localhost", 1060, Duration::from_secs(5))?;
//! let findings = prober.probe(&cases::table(), |finding| println!("{}", finding.behaviour));
//! assert!(findings.are_as_expected());
//! # Ok::<(), launcelot_lab::probe::ReachError>(())
//! ```

pub mod cases;
pub mod command_line;
mod dialogue;
pub mod report;
pub mod runner;
pub mod started;
pub mod transcript;
pub mod verdict;
mod wire;

pub use runner::{Prober, ReachError, Timeouts, probe_anew};
pub use started::{StartCommand, StartError};
pub use verdict::{Finding, Findings, ServerState, Verdict};
