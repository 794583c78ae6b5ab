//! Hooks: what components use that is not drawing.
//!
//! [`use_worker`] is the life of the worker, [`use_store`] and [`use_runs_store`] the browser's storage, [`use_lab`] the lab,
//! [`use_policy`] what the page may connect to. Each gets a part of the state, and dispatches to the reducer what comes of it.
//! [`use_actions`] is what a person can do.

mod painted;
mod use_actions;
mod use_address;
mod use_distributions;
mod use_drop;
mod use_frames;
mod use_histograms;
mod use_interruptions;
mod use_lab;
mod use_later;
mod use_parts;
mod use_policy;
mod use_runs_store;
mod use_store;
mod use_timeline;
mod use_window_events;
mod use_worker;

pub use use_actions::{Actions, use_actions};
pub use use_address::use_address;
pub use use_distributions::use_distributions;
pub use use_drop::{DroppedFiles, files_of, use_drop};
pub use use_frames::use_frames;
pub use use_histograms::use_histograms;
pub use use_interruptions::use_interruptions;
pub use use_lab::use_lab;
pub use use_later::{Later, use_later};
pub use use_parts::use_parts;
pub use use_policy::use_policy;
pub use use_runs_store::{use_runs_store, use_stored_runs};
pub use use_store::{use_store, use_stored};
pub use use_timeline::use_timeline;
use use_window_events::use_window_events;
pub use use_worker::use_worker;
