//! The lab: everything in one process, for a person who wants to see it and not to set it up.
//!
//! - [`demo`]: a server, a bridge to it, and the page, until Ctrl-C.
//! - [`command_line`]: what a person types.

pub mod command_line;
pub mod demo;
