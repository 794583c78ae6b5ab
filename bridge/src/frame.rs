//! The frames of a WebSocket as its server sees them (RFC 6455, section 5), without I/O.
//!
//! A bridge carries bytes and does not need messages. So the [`Decoder`] turns a buffer of received bytes into a buffer of
//! payload in place, and keeps nothing but where in a frame the buffer ended. A library that returns messages has to
//! collect each of them, hides the progress of a long one, and forbids sending after the client's close.
//!
//! - [`decoder`]: from received bytes to payload and control frames. [`header`]: the header of a frame.
//! - `mask`: removing the mask. [`utf8`]: checking text that arrives in pieces.
//! - [`encode`]: the frames that a server sends.
//! - [`error`]: what a client must not send.

pub mod decoder;
pub mod encode;
pub mod error;
pub mod header;
mod mask;
pub mod utf8;

pub use decoder::{Chunk, Control, Decoder};
pub use error::FrameError;

/// Maximum number of bytes in the payload of a control frame (RFC 6455, section 5.5).
pub const CONTROL_MAX_BYTES: usize = 125;
