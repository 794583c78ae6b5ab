//! What is measured, as values: no clock is read here and nothing is drawn.
//!
//! - [`run`]: one client's questions with every time that was taken, from the first step to the end.
//! - [`step`]: what happens in a run, as whoever holds the clock tells it.
//! - [`rounds`]: one question a round, again and again; [`distribution`]: how long they took, summed up;
//!   [`percentile`]: which sample a percentile is, and how many carry it; [`estimate`]: how well it is known;
//!   [`compare`]: how two series stand to each other; [`queue`]: whether a pace was kept; [`failures`]: what failed;
//!   [`interruptions`]: what interrupted the asker.
//! - [`race`]: three ways to ask in turns, and whether they differ.
//! - [`wire`]: what a longer wire is like.
//! - [`trace`]: what the hops on the path saw of one dialogue, and [`mod@paths`]: each question's path
//!   through them, cut into [`legs`]; [`connecting`]: the same for the connection; `attribution`: what of it is not
//!   measured; [`breakdown`]: how much of the waiting was whose.
//! - [`clock`]: the smallest step of a clock, which limits every figure; [`reading`]: what is known of a time within it.
//! - [`mod@unit`]: how a duration is written for people.
//!
//! A moment is a [`Duration`](std::time::Duration) since its run began. Clock readings stay on the
//! machine that took them, so two machines' clocks are related by cause and effect only.

mod attribution;
pub mod breakdown;
pub mod clock;
pub mod compare;
pub mod connecting;
pub mod distribution;
pub mod estimate;
pub mod export;
pub mod failures;
pub mod interruptions;
pub mod legs;
mod micros;
mod offset;
pub mod paths;
pub mod percentile;
pub mod queue;
pub mod race;
pub mod reading;
pub mod rounds;
pub mod run;
pub mod step;
pub mod trace;
pub mod unit;
pub mod wire;

pub use breakdown::Breakdown;
pub use connecting::Connecting;
pub use distribution::{Distribution, Summary};
pub use failures::{FailureKind, Failures};
pub use interruptions::Interruptions;
pub use legs::Leg;
pub use paths::{Path, Paths, paths};
pub use percentile::{PERCENTILES, Percentile};
pub use race::{Turn, Way};
pub use reading::Reading;
pub use rounds::{Connections, Plan, Round, Rounds, Stopwatch};
pub use run::{Asked, Ending, Order, Run, Span};
pub use step::Step;
pub use trace::{ConnectPoint, ConnectSighting, Point, Sighting, Trace};
pub use unit::Unit;
pub use wire::{Held, Instance, Passage, Preset, Revision, Wire, WireReport};
