//! Why a WebSocket is closed, as numbers that a page can rely on.
//!
//! Browsers show a page nothing of a failed handshake but "it failed". So the bridge completes the
//! handshake even when it has nobody to carry to, and says what is wrong in the close frame.

use tungstenite::protocol::CloseFrame;
use tungstenite::{Error, Utf8Bytes};

/// The most bytes that a close frame has for its reason (RFC 6455, section 5.5: 125, less the code).
pub const REASON_MAX_BYTES: usize = 123;

/// Why the bridge closes a WebSocket. The numbers below 4000 are those of RFC 6455, section 7.4.1;
/// those above are the bridge's own, and end like the HTTP status that says the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum CloseCode {
    /// The server closed the connection. All that it sent has been delivered.
    ServerClosed = 1000,
    /// The bridge is stopping.
    BridgeStopping = 1001,
    /// The browser broke the WebSocket protocol.
    ProtocolError = 1002,
    /// The browser sent a text message that is not UTF-8.
    NotUtf8 = 1007,
    /// The browser sent a message over the limit.
    MessageTooBig = 1009,
    /// Neither side said anything for the idle timeout.
    Idle = 4408,
    /// The server reset the connection.
    ServerReset = 4500,
    /// The server cannot be reached. The reason names it, and gives the system's words.
    ServerUnreachable = 4502,
    /// The server did not accept the connection in time.
    ServerTimedOut = 4504,
}

impl CloseCode {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::ServerClosed,
        Self::BridgeStopping,
        Self::ProtocolError,
        Self::NotUtf8,
        Self::MessageTooBig,
        Self::Idle,
        Self::ServerReset,
        Self::ServerUnreachable,
        Self::ServerTimedOut,
    ];

    /// The number on the wire.
    pub fn number(self) -> u16 {
        self as u16
    }

    /// What it means, in words for the reason of a close frame.
    pub fn words(self) -> &'static str {
        match self {
            Self::ServerClosed => "the server closed the connection",
            Self::BridgeStopping => "the bridge is stopping",
            Self::ProtocolError => "that is no WebSocket protocol",
            Self::NotUtf8 => "a text message must be UTF-8",
            Self::MessageTooBig => "the message is too big",
            Self::Idle => "nothing was said for too long",
            Self::ServerReset => "the server reset the connection",
            Self::ServerUnreachable => "the server cannot be reached",
            Self::ServerTimedOut => "the server did not accept the connection in time",
        }
    }

    /// What a browser's message is to be answered with if `error` is the browser's own fault, and
    /// not the end of its connection.
    pub fn for_fault(error: &Error) -> Option<Self> {
        use tungstenite::error::ProtocolError;
        match error {
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => None,
            Error::Protocol(_) | Error::AttackAttempt => Some(Self::ProtocolError),
            Error::Utf8(_) => Some(Self::NotUtf8),
            Error::Capacity(_) => Some(Self::MessageTooBig),
            _ => None,
        }
    }
}

/// A close frame with `reason`, cut to what a close frame can hold.
pub fn frame(code: CloseCode, reason: &str) -> CloseFrame {
    let end = reason.floor_char_boundary(REASON_MAX_BYTES);
    CloseFrame { code: code.number().into(), reason: Utf8Bytes::from(&reason[..end]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_stay_what_they_are() {
        let numbers = CloseCode::ALL.map(CloseCode::number);
        assert_eq!(numbers, [1000, 1001, 1002, 1007, 1009, 4408, 4500, 4502, 4504]);
    }

    #[test]
    fn every_code_may_be_sent() {
        for code in CloseCode::ALL {
            assert!(frame(code, code.words()).code.is_allowed(), "{code:?}");
            assert!(code.words().len() <= REASON_MAX_BYTES);
        }
    }

    #[test]
    fn a_reason_is_cut_between_characters() {
        let frame = frame(CloseCode::ServerUnreachable, &"é".repeat(100));
        assert_eq!(frame.reason.as_str(), "é".repeat(61));
    }
}
