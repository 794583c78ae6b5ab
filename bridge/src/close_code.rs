//! The codes and reasons of close frames, on which pages rely.
//!
//! When a WebSocket's handshake fails, a browser does not tell the page why. So the bridge completes the handshake even when
//! it cannot reach the server, and says what is wrong in the close frame.

/// Why the bridge closes a WebSocket. Numbers below 4000 are those of RFC 6455, section 7.4.1. The others are the bridge's
/// own, and end like the HTTP status of the same meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum CloseCode {
    /// The server closed the connection. All that it sent has been delivered.
    ServerClosed = 1000,
    /// The bridge is stopping.
    BridgeStopping = 1001,
    /// The browser violated the WebSocket protocol.
    ProtocolError = 1002,
    /// The browser sent a text message that is not UTF-8.
    NotUtf8 = 1007,
    /// The browser sent a message over the limit.
    MessageTooBig = 1009,
    /// The path names none of the bridge's targets.
    UnknownTarget = 4404,
    /// No byte moved in either direction for the idle timeout.
    Idle = 4408,
    /// The bridge has as many connections as it may, in all or from one address.
    TooManyConnections = 4429,
    /// The connection to the server broke. The reason contains the system's error.
    ServerBroke = 4500,
    /// The server cannot be reached. The reason contains the server's name and the system's error.
    ServerUnreachable = 4502,
    /// The server did not accept the connection in time.
    ServerTimedOut = 4504,
}

impl CloseCode {
    /// All codes, in the order of their numbers.
    pub const ALL: [Self; 11] = [
        Self::ServerClosed,
        Self::BridgeStopping,
        Self::ProtocolError,
        Self::NotUtf8,
        Self::MessageTooBig,
        Self::UnknownTarget,
        Self::Idle,
        Self::TooManyConnections,
        Self::ServerBroke,
        Self::ServerUnreachable,
        Self::ServerTimedOut,
    ];

    /// The number in the close frame.
    pub fn number(self) -> u16 {
        self as u16
    }

    /// The meaning, as the reason of a close frame.
    pub fn reason(self) -> &'static str {
        match self {
            Self::ServerClosed => "the server closed the connection",
            Self::BridgeStopping => "the bridge is stopping",
            Self::ProtocolError => "WebSocket protocol error",
            Self::NotUtf8 => "a text message is not UTF-8",
            Self::MessageTooBig => "the message is too big",
            Self::UnknownTarget => "the bridge has no target of this name",
            Self::Idle => "idle for too long",
            Self::TooManyConnections => "the bridge has too many connections",
            Self::ServerBroke => "the connection to the server broke",
            Self::ServerUnreachable => "the server cannot be reached",
            Self::ServerTimedOut => "the server did not accept the connection in time",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::encode::REASON_MAX_BYTES;

    #[test]
    fn numbers_are_those_that_pages_know() {
        let numbers = CloseCode::ALL.map(CloseCode::number);
        assert_eq!(numbers, [1000, 1001, 1002, 1007, 1009, 4404, 4408, 4429, 4500, 4502, 4504]);
    }

    #[test]
    fn every_reason_fits_into_a_close_frame() {
        for code in CloseCode::ALL {
            assert!(code.reason().len() <= REASON_MAX_BYTES, "{code:?}");
        }
    }
}
