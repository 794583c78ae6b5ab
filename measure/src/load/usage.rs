//! What the server under test and the load generator used during the window of a cycle.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::micros;

/// What the processes of a server used during the window.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerUsage {
    /// Processor time of all its processes, user and system, in microseconds.
    #[serde(rename = "processor_us", with = "micros")]
    pub processor: Duration,
    /// Memory at the end of the window, in bytes; a page that several processes share is counted once.
    pub memory_bytes: u64,
    /// The number of processes at the end of the window.
    pub processes: u32,
    /// The number of threads at the end of the window.
    pub threads: u32,
    /// Context switches, voluntary and not.
    pub context_switches: u64,
}

/// What the load generator itself used during the window.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GeneratorUsage {
    /// Processor time, user and system, in microseconds.
    #[serde(rename = "processor_us", with = "micros")]
    pub processor: Duration,
    /// The number of its threads that generate load.
    pub threads: u32,
    /// Processor time of the other threads of its process, in microseconds: of the emulated link, and a little of the display.
    #[serde(default, rename = "other_processor_us", with = "micros")]
    pub other_processor: Duration,
}
