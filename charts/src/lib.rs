//! Charts: functions from measurements to SVG and HTML elements.
//!
//! - [`element`]: the tree of elements, and its text.
//! - [`scale`]: a linear time axis with round ticks; [`log_scale`]: a logarithmic one.
//! - [`lanes`]: messages between the hops of a path.
//! - [`waterfall`]: the bars of a run, one row for each step; [`legs`]: a row divided into legs.
//! - [`histogram`] and [`percentiles`]: several series of rounds in one chart; [`series`]: how series are distinguished;
//!   [`histogram_table`] and [`table`]: histograms, percentiles and failures as HTML tables.
//! - [`race`]: the runs of one way of a race, with a lane for each question.
//! - [`load`]: many clients of several servers, and the report on them.
//! - [`picture`]: charts as the text of SVG files that stand alone.
//! - [`style`]: the style sheets.
//!
//! Horizontal positions are percentages, so a chart stretches to any width without stretching its text. Colours come from a style
//! sheet, by class; without one everything is black.

pub mod element;
pub mod histogram;
pub mod histogram_table;
pub mod lanes;
pub mod legs;
pub mod load;
pub mod log_scale;
pub mod percentiles;
pub mod picture;
pub mod race;
mod roles;
pub mod scale;
pub mod series;
mod shapes;
pub mod style;
pub mod table;
pub mod waterfall;

pub use element::{Element, Escaped, Node};
pub use log_scale::LogScale;
pub use scale::Scale;
