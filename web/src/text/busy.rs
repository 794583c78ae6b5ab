//! Why a button cannot act now.

/// The page is broken.
pub const BROKEN: &str = "This page cannot ask questions. The message below the dialogue says why.";

/// The worker has not told its clock.
pub const NO_CLOCK: &str = "The resolution of the clock is still being measured.";

/// A run, a race or a series of rounds goes on.
pub const RUNNING: &str = "A measurement is in progress. Wait for it to end, or stop it.";
