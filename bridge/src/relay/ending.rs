//! How a relay ends.

use std::fmt;
use std::io;

use launcelot_endpoint::failure::one_line;

use crate::close_code::CloseCode;
use crate::frame::FrameError;

/// Why a relay ended.
#[derive(Debug)]
pub enum Ending {
    /// The client closed the WebSocket, with this code.
    ClientClosed(Option<u16>),
    /// The client's connection ended without a close, by this error if there was one.
    ClientGone(Option<io::Error>),
    /// The client did not answer pings.
    ClientSilent,
    /// The client violated the WebSocket protocol.
    ClientFault(FrameError),
    /// The server closed the connection, or its half of it.
    ServerClosed,
    /// The connection to the server broke.
    ServerBroke(io::Error),
    /// No byte moved for the idle timeout.
    Idle,
    /// The grace period of a stopping bridge was over.
    Stopped,
}

impl Ending {
    /// Returns the code of the close frame that the client gets: an echo of its own, or the reason of the bridge. `None`
    /// stands for a frame without a code. A client that is gone gets no frame.
    pub fn close_code(&self) -> Option<u16> {
        let code = match self {
            Self::ClientClosed(code) => return *code,
            Self::ClientGone(_) | Self::ClientSilent => return None,
            Self::ClientFault(error) => error.close_code(),
            Self::ServerClosed => CloseCode::ServerClosed,
            Self::ServerBroke(_) => CloseCode::ServerBroke,
            Self::Idle => CloseCode::Idle,
            Self::Stopped => CloseCode::BridgeStopping,
        };
        Some(code.number())
    }

    /// Returns the reason of the close frame that the client gets.
    pub fn close_reason(&self) -> String {
        match self {
            Self::ClientClosed(_) | Self::ClientGone(_) | Self::ClientSilent => String::new(),
            Self::ClientFault(error) => error.to_string(),
            Self::ServerBroke(error) => format!("the connection to the server broke: {}", one_line(error)),
            Self::ServerClosed => CloseCode::ServerClosed.reason().to_owned(),
            Self::Idle => CloseCode::Idle.reason().to_owned(),
            Self::Stopped => CloseCode::BridgeStopping.reason().to_owned(),
        }
    }
}

/// For the log.
impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClientClosed(Some(code)) => write!(f, "the client closed it with code {code}"),
            Self::ClientClosed(None) => f.write_str("the client closed it"),
            Self::ClientGone(None) => f.write_str("the client's connection ended without a close frame"),
            Self::ClientGone(Some(error)) => write!(f, "the client's connection broke: {}", one_line(error)),
            Self::ClientSilent => f.write_str("the client did not answer pings"),
            Self::ClientFault(error) => write!(f, "WebSocket protocol error: {error}"),
            Self::ServerClosed => f.write_str("the server closed it"),
            Self::ServerBroke(error) => write!(f, "the connection to the server broke: {}", one_line(error)),
            Self::Idle => f.write_str("no byte moved for the idle timeout"),
            Self::Stopped => f.write_str("the bridge is stopping"),
        }
    }
}
