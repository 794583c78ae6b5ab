//! What is measured, as values: no clock is read here and nothing is drawn.
//!
//! - [`run`]: one client's questions with every time that was taken, from the first step to the end.
//! - [`step`]: what happens in a run, as whoever holds the clock tells it.
//! - [`rounds`]: one question a round, again and again; [`distribution`]: how long they took,
//!   summed up and compared.
//! - [`wire`]: what a longer wire is like.
//! - [`trace`]: what the stations on the way saw of one dialogue, and [`mod@ways`]: each question's way
//!   through them, and its legs; [`shares`]: how much of the waiting was whose.
//! - [`clock`]: the smallest step of a clock, which limits every figure.
//! - [`mod@unit`]: how a duration is written for people.
//!
//! A moment is a [`Duration`](std::time::Duration) since its run began. Clock readings stay on the
//! machine that took them, so two machines' clocks are never compared.

pub mod clock;
pub mod distribution;
pub mod export;
mod micros;
pub mod rounds;
pub mod run;
pub mod shares;
pub mod step;
pub mod trace;
pub mod unit;
pub mod ways;
pub mod wire;

pub use distribution::{Distribution, Summary};
pub use rounds::{Connections, Plan, Round, Rounds, Stopwatch};
pub use run::{Asked, Ending, Order, Run, Span};
pub use shares::Shares;
pub use step::Step;
pub use trace::{Point, Sighting, Trace};
pub use unit::Unit;
pub use ways::{Leg, Way, ways};
pub use wire::{Preset, Wire, WireReport};
