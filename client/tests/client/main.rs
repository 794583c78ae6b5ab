//! Tests of the native client against servers of their own. One program, so that it is linked once.

#![allow(clippy::unwrap_used, reason = "in a test, a panic reports the failure")]

mod command_line;
mod race_report;
mod script;
mod terminal;
mod timeouts;
mod where_time_goes;
