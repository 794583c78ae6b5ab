//! What a client must not send.

use thiserror::Error;

use crate::close_code::CloseCode;

/// A violation of the WebSocket protocol by a client. The sections are those of RFC 6455.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FrameError {
    /// A reserved bit is set, but no extension was negotiated (5.2).
    #[error("a reserved bit is set in a frame, but no extension was negotiated")]
    ReservedBit,
    /// The opcode is one of those that are reserved (5.2).
    #[error("a frame has the reserved opcode {0:#x}")]
    ReservedOpcode(u8),
    /// A control frame is a fragment (5.5).
    #[error("a control frame is fragmented")]
    FragmentedControl,
    /// A control frame has more than 125 bytes of payload (5.5).
    #[error("a control frame has more than 125 bytes of payload")]
    ControlTooLong,
    /// The frame is not masked (5.1).
    #[error("a frame from a client is not masked")]
    NotMasked,
    /// The length would fit into fewer bytes (5.2).
    #[error("the length of a frame is not encoded in the minimal number of bytes")]
    LengthNotMinimal,
    /// A continuation frame follows a whole message (5.4).
    #[error("a continuation frame does not continue a message")]
    UnexpectedContinuation,
    /// A message begins before the end of another (5.4).
    #[error("a message begins before the last fragment of another")]
    UnfinishedMessage,
    /// The message is over the limit (7.4.1).
    #[error("a message has more than {0} bytes")]
    MessageTooBig(u64),
    /// A text message, or the reason of a close frame, is not UTF-8 (8.1).
    #[error("text is not UTF-8")]
    NotUtf8,
    /// The payload of a close frame is a single byte (5.5.1).
    #[error("a close frame has a payload of 1 byte")]
    ShortClose,
    /// The code of a close frame must not be sent (7.4).
    #[error("a close frame has the code {0}, which must not be sent")]
    CloseCode(u16),
}

impl FrameError {
    /// Returns the code of the close frame that reports the violation.
    pub fn close_code(self) -> CloseCode {
        match self {
            Self::NotUtf8 => CloseCode::NotUtf8,
            Self::MessageTooBig(_) => CloseCode::MessageTooBig,
            _ => CloseCode::ProtocolError,
        }
    }
}
