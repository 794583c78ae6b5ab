//! Charts of a load: several servers at several levels of load, all on the same axes.
//!
//! - [`throughput`]: dialogues per second at each level, with the range over the rounds and a model's prediction.
//! - [`latency`]: the median and the 99th percentile at each level; [`percentile_curves`]: the whole distribution at one level.
//! - [`failures`]: the share of dialogues that failed at each level, by kind.
//! - [`level_axis`] and [`count_axis`]: the axes of levels and of rates that the charts share; [`legend`]: the names, lines and marks of the servers.
//! - [`report`]: all charts of a result, with their tables, in one report.
//!
//! A server has the same colour, dashes and mark in every chart: those of its index. A level at which dialogues failed has a cross in
//! each chart. The style sheet is [`style::LOAD`](crate::style::LOAD).

pub mod count_axis;
mod end_labels;
pub mod failures;
pub mod latency;
pub mod legend;
pub mod level_axis;
pub mod percentile_curves;
mod plot;
pub mod report;
pub mod throughput;

pub use count_axis::CountAxis;
pub use level_axis::LevelAxis;
