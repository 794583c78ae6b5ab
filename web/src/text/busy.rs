//! Why a button cannot act now.

/// The page is broken.
pub const BROKEN: &str = "The page cannot ask. The message below the table of the dialogue says why.";

/// The worker has not told its clock.
pub const NO_CLOCK: &str = "The resolution of the clock is still being measured.";

/// A run goes on.
pub const RUN: &str = "A run is in progress. Wait for its end, or stop it.";

/// The race goes on.
pub const RACE: &str = "The race is in progress. Wait for its end, or stop it.";

/// A series goes on.
pub const ROUNDS: &str = "A series of rounds is in progress. Wait for its end, or stop it.";
