//! How it looks: numbers in, SVG text out. One drawing serves the page and any report.
//!
//! - [`scale`]: a time axis with round ticks; [`log_scale`]: one on which every tenfold takes the same room.
//! - [`lanes`]: messages on their way between stations.
//! - [`waterfall`]: the bars of a run on that axis, a row for each step; [`legs`]: one of them, cut into its legs.
//! - [`histogram`] and [`percentiles`]: many rounds, several of them on one drawing; [`series`] tells them apart,
//!   [`table`] tells the same in words and figures, which are HTML.
//! - [`race`]: one way to ask, in lanes, to be laid beside others.
//!
//! Positions across are percentages, so a drawing stretches to the width that it is given without
//! stretching its text. Colours are left to the style sheet of whoever shows it, by class; without
//! one everything is drawn in black.

pub mod histogram;
pub mod lanes;
pub mod legs;
pub mod log_scale;
mod markup;
pub mod percentiles;
pub mod race;
pub mod scale;
pub mod series;
pub mod table;
pub mod waterfall;

pub use log_scale::LogScale;
pub use scale::Scale;
