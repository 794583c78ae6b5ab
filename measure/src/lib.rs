//! Measurements as plain values: this crate reads no clock and does no I/O.
//!
//! - [`run`]: the questions of one client over one connection, with all measured times; [`step`]: the steps that a run records.
//! - [`round`]: one question of a series, and the stopwatches that time it; [`rounds`]: a series of rounds.
//! - [`distribution`]: a mergeable histogram; [`percentile`]: nearest ranks; [`estimate`]: confidence intervals; [`compare`]: whether
//!   two series differ.
//! - [`queue`]: whether a pace was kept; `lateness`: what made rounds late; [`failures`]: failures by kind and message; [`interruptions`]: what interrupted the client.
//! - [`race`]: three ways to ask the same questions, which take turns, and whether their times differ.
//! - [`link`]: the settings of an emulated link; [`server_work`]: the simulated work of a lab's server.
//! - [`trace`]: the events that hops recorded of a dialogue; [`mod@paths`]: the path of each question through the hops, divided into
//!   [`legs`]; [`connecting`]: the legs of opening the connection; `attribution`: moves an emulated handshake, which a client
//!   cannot measure, from the first question to connecting; [`breakdown`]: how the time waited divides among the legs.
//! - [`clock`]: the smallest step of a clock, which limits every figure; [`reading`]: a single time, known to plus or minus one step.
//! - [`provenance`]: when, by what and of what something was measured; [`timestamp`]: moments of the calendar.
//! - [`load`]: many clients at once: plans, events, results.
//! - [`export`]: documents for files; [`text`]: sentences for people.
//! - [`mod@unit`]: durations and numbers, formatted for people.
//!
//! A moment is a [`Duration`](std::time::Duration): by the client's clock since the start of its run, by the hops' clock since the
//! first event of a trace. The clocks of client and hops are related by causality only.

mod attribution;
pub mod breakdown;
pub mod clock;
pub mod compare;
pub mod connecting;
pub mod distribution;
pub mod estimate;
pub mod export;
pub mod failures;
mod hlog;
pub mod interruptions;
pub mod lab_api;
mod lateness;
pub mod legs;
pub mod link;
pub mod load;
mod micros;
mod offset;
pub mod paths;
pub mod percentile;
pub mod provenance;
pub mod queue;
pub mod race;
pub mod reading;
pub mod round;
pub mod rounds;
pub mod run;
pub mod server_work;
pub mod step;
pub mod text;
pub mod timestamp;
pub mod trace;
pub mod unit;

pub use breakdown::Breakdown;
pub use connecting::Connecting;
pub use distribution::{Distribution, Summary};
pub use failures::{FailureKind, Failures};
pub use interruptions::Interruptions;
pub use legs::Leg;
pub use link::{AddedDelay, Instance, Link, LinkReport, LinkRevisions, LinkSettings, Preset, Revision};
pub use paths::{Path, Paths, paths};
pub use percentile::{LOAD_PERCENTILES, PERCENTILES, Percentile};
pub use provenance::{Client, ClientKind, Provenance};
pub use race::{Turn, Way};
pub use reading::Reading;
pub use round::{Round, Stopwatch};
pub use rounds::{Connections, Rounds, RoundsPlan};
pub use run::{Order, QuestionTiming, Run, RunStatus, Span};
pub use server_work::ServerWork;
pub use step::Step;
pub use timestamp::Timestamp;
pub use trace::{ConnectEvent, ConnectPoint, Trace, TraceEvent, TracePoint};
pub use unit::Unit;
