//! A WebSocket to a bridge, on a socket that does not block.

use std::io::{self, ErrorKind};
use std::net::TcpStream;

use launcelot_bridge::close_code::CloseCode;
use launcelot_measure::load::DialogueFailure;
use tungstenite::client::IntoClientRequest as _;
use tungstenite::handshake::MidHandshake;
use tungstenite::handshake::client::{ClientHandshake, Request};
use tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tungstenite::{Bytes, Error, HandshakeError, Message, WebSocket};

use super::connection::Received;
use super::connector::connection_failure;
use super::recorder::Failure;

/// The size of a socket's buffer for reading. Answers are short, and there may be thousands of sockets.
const READ_BUFFER_BYTES: usize = 4 * 1024;

/// Returns the request of the handshake; `None` if the URL is not that of a WebSocket without encryption.
pub(super) fn request(url: &str) -> Option<Request> {
    let request = url.into_client_request().ok()?;
    (request.uri().scheme_str() == Some("ws")).then_some(request)
}

/// A handshake that waits for the bridge.
pub(super) type Handshake = MidHandshake<ClientHandshake<TcpStream>>;

/// How far a handshake is.
pub(super) enum Progress {
    Waiting(Handshake),
    Open(Box<WebSocket<TcpStream>>),
}

/// Starts a handshake on a connected socket.
pub(super) fn start(stream: TcpStream, request: &Request) -> Result<Progress, Failure> {
    let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER_BYTES);
    let handshake = ClientHandshake::start(stream, request.clone(), Some(config));
    proceed(handshake.map_err(|error| handshake_failure(&error))?)
}

/// Continues a handshake as far as the socket allows.
pub(super) fn proceed(handshake: Handshake) -> Result<Progress, Failure> {
    match handshake.handshake() {
        Ok((socket, _)) => Ok(Progress::Open(Box::new(socket))),
        Err(HandshakeError::Interrupted(handshake)) => Ok(Progress::Waiting(handshake)),
        Err(HandshakeError::Failure(error)) => Err(handshake_failure(&error)),
    }
}

/// Reads the next message.
pub(super) fn receive<'a>(socket: &mut WebSocket<TcpStream>, buffer: &'a mut Vec<u8>) -> Result<Received<'a>, Failure> {
    buffer.clear();
    while buffer.is_empty() {
        match socket.read() {
            Ok(Message::Binary(bytes)) => buffer.extend_from_slice(&bytes),
            Ok(Message::Text(text)) => buffer.extend_from_slice(text.as_bytes()),
            Ok(Message::Close(frame)) => return close(frame),
            Ok(_) => {}
            Err(Error::ConnectionClosed | Error::AlreadyClosed) => return Ok(Received::Closed),
            Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => return Ok(Received::Nothing),
            Err(error) => return Err(failure(error)),
        }
    }
    Ok(Received::Bytes(buffer))
}

/// Queues a message.
pub(super) fn queue(socket: &mut WebSocket<TcpStream>, bytes: &[u8]) -> Result<(), Failure> {
    let message = Message::Binary(Bytes::copy_from_slice(bytes));
    socket.write(message).map_err(failure)
}

/// Sends what is queued. Returns whether something is left.
pub(super) fn flush(socket: &mut WebSocket<TcpStream>) -> Result<bool, Failure> {
    match socket.flush() {
        Ok(()) => Ok(false),
        Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => Ok(true),
        Err(error) => Err(failure(error)),
    }
}

/// Interprets the close frame of the bridge, which says what happened to the connection behind it.
fn close<'a>(frame: Option<CloseFrame>) -> Result<Received<'a>, Failure> {
    let Some(frame) = frame else { return Ok(Received::Closed) };
    let code = u16::from(frame.code);
    let kind = if code == CloseCode::ServerClosed.number() {
        return Ok(Received::Closed);
    } else if code == CloseCode::ServerUnreachable.number() {
        DialogueFailure::Refused
    } else if code == CloseCode::ServerTimedOut.number() {
        DialogueFailure::ConnectTimedOut
    } else if code == CloseCode::ServerBroke.number() {
        DialogueFailure::Reset
    } else {
        DialogueFailure::ClosedEarly
    };
    Err(Failure::with_example(kind, &format!("{} (code {code})", frame.reason)))
}

fn failure(error: Error) -> Failure {
    match error {
        Error::Io(error) => connection_failure(&error),
        // What the library says when TCP ends without a close frame.
        error => connection_failure(&io::Error::other(error)),
    }
}

fn handshake_failure(error: &Error) -> Failure {
    Failure::with_example(DialogueFailure::Handshake, error)
}
