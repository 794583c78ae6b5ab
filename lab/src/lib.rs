//! The lab: everything in one process, for a person who wants to see it and not to set it up, and
//! single instruments to look closer with.
//!
//! - [`demo`]: a server, a bridge to it, and the page, until Ctrl-C.
//! - [`probe`]: whether any server behaves as a Launcelot server should.
//! - [`command_line`]: what a person types.

pub mod command_line;
pub mod demo;
pub mod probe;
