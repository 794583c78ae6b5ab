//! Tests of the measure through its public interface. One program, so that it is linked once.

#![allow(clippy::unwrap_used, reason = "in a test, a panic reports the failure")]

mod compare;
mod export;
mod hlog_in_python;
mod load_comparison;
mod paths;
mod previous_version;
mod queue;
mod recorded;
