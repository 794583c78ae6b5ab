//! What every program of the house does at its edges, and none of them should do differently.
//!
//! - [`listen`]: which addresses a name means, and listening at all of them.
//! - [`stop`]: SIGINT and SIGTERM as a future.
//! - [`log`]: logs on standard error.
//! - [`failure`]: a failure as one line with its causes, and the exit code.
//! - [`descriptors`]: room for many sockets.
//!
//! It knows neither questions nor WebSockets.

pub mod descriptors;
pub mod failure;
pub mod listen;
pub mod log;
pub mod stop;
