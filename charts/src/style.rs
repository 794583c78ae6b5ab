//! The style sheets of the charts. They need the colours and fonts of the page's `base.css`.

/// The style sheet of series of times, which the page includes too.
pub const CHARTS: &str = include_str!("charts.css");

/// The style sheet of the charts of a load, after [`CHARTS`].
pub const LOAD: &str = include_str!("load.css");

/// The style sheet of the report on a load, after [`LOAD`].
pub const REPORT: &str = include_str!("load-report.css");
