//! What is measured, as values: no clock is read here and nothing is drawn.
//!
//! - [`run`]: one client's questions with every time that was taken, from the first step to the end.
//! - [`step`]: what happens in a run, as whoever holds the clock tells it.
//! - [`clock`]: the smallest step of a clock, which limits every figure.
//! - [`mod@unit`]: how a duration is written for people.
//!
//! A moment is a [`Duration`](std::time::Duration) since its run began. Clock readings stay on the
//! machine that took them, so two machines' clocks are never compared.

pub mod clock;
mod micros;
pub mod run;
pub mod step;
pub mod unit;

pub use run::{Asked, Ending, Order, Run, Span};
pub use step::Step;
pub use unit::Unit;
