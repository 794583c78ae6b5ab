//! How it looks: numbers in, SVG text out. One drawing serves the page and any report.
//!
//! - [`scale`]: a time axis with round ticks.
//! - [`waterfall`]: the bars of a run on that axis, a row for each step; [`legs`]: one of them, cut into its legs.
//!
//! Positions across are percentages, so a drawing stretches to the width that it is given without
//! stretching its text. Colours are left to the style sheet of whoever shows it, by class; without
//! one everything is drawn in black.

pub mod legs;
mod markup;
pub mod scale;
pub mod waterfall;

pub use scale::Scale;
