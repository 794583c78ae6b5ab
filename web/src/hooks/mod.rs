//! Hooks: what a component may use that is not drawing.

mod painted;
mod use_asker;
mod use_distributions;
mod use_drop;
mod use_frames;
mod use_interruptions;
mod use_lab;
mod use_race;
mod use_timeline;

pub use use_asker::{Asker, use_asker};
pub use use_distributions::use_distributions;
pub use use_drop::use_drop;
pub use use_frames::use_frames;
pub use use_interruptions::use_interruptions;
pub use use_lab::use_lab;
pub use use_race::use_race;
pub use use_timeline::use_timeline;
