//! A connection to a target: TCP, or a WebSocket over TCP.

use std::io;
use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use launcelot_endpoint::connect::connect;
use launcelot_endpoint::lookup::look_up;
use launcelot_measure::run::KernelView;
use thiserror::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{self, Message, protocol::CloseFrame};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::kernel;
use crate::target::Target;

/// The number of bytes that one read from TCP returns at most.
const READ_BYTES: usize = 16 * 1024;

/// A connection.
#[derive(Debug)]
pub enum Connection {
    /// Plain TCP.
    Tcp {
        /// The socket.
        stream: TcpStream,
        /// The buffer of the latest read.
        buffer: Vec<u8>,
    },
    /// A WebSocket to a bridge.
    WebSocket(Box<WebSocketStream<TcpStream>>),
}

/// Why a connection failed.
#[derive(Debug, Error)]
pub enum ConnectionError {
    /// The host name could not be resolved.
    #[error("cannot resolve '{host}'")]
    Lookup {
        /// The host name.
        host: String,
        /// The system's error.
        source: io::Error,
    },
    /// No address accepted the connection.
    #[error("cannot connect to {target}")]
    Connect {
        /// The target.
        target: String,
        /// The system's error.
        source: io::Error,
    },
    /// The WebSocket handshake failed.
    #[error("cannot open a WebSocket at {target}")]
    Handshake {
        /// The target.
        target: String,
        /// The failure.
        source: Box<tungstenite::Error>,
    },
    /// The TCP connection failed.
    #[error("connection lost")]
    Tcp(#[source] io::Error),
    /// The WebSocket failed.
    #[error("WebSocket connection lost")]
    WebSocket(#[source] Box<tungstenite::Error>),
    /// The bridge closed the WebSocket with an error code.
    #[error("the bridge closed the connection: {reason} (code {code})")]
    ClosedByBridge {
        /// The WebSocket close code.
        code: u16,
        /// The bridge's reason.
        reason: String,
    },
}

impl Connection {
    /// Resolves the host of a target.
    ///
    /// # Errors
    ///
    /// [`ConnectionError::Lookup`].
    pub async fn look_up(target: &Target) -> Result<Vec<SocketAddr>, ConnectionError> {
        let addresses = look_up(target.host(), target.port()).await;
        addresses.map_err(|source| ConnectionError::Lookup { host: target.host().to_owned(), source })
    }

    /// Connects to the first of `addresses` that accepts (Happy Eyeballs). `TCP_NODELAY` is set, so a question is sent
    /// even if an earlier segment has not been acknowledged.
    ///
    /// # Errors
    ///
    /// [`ConnectionError::Connect`].
    pub async fn connect(target: &Target, addresses: &[SocketAddr]) -> Result<TcpStream, ConnectionError> {
        let stream = connect(addresses.iter().copied()).await;
        stream.map_err(|source| ConnectionError::Connect { target: target.to_string(), source })
    }

    /// Returns a connection over `stream` to the target. For a bridge, performs the WebSocket handshake.
    ///
    /// # Errors
    ///
    /// [`ConnectionError::Handshake`].
    pub async fn open(target: &Target, stream: TcpStream) -> Result<Self, ConnectionError> {
        match target.url() {
            None => Ok(Self::Tcp { stream, buffer: Vec::with_capacity(READ_BYTES) }),
            Some(url) => match client_async(url, stream).await {
                Ok((socket, _)) => Ok(Self::WebSocket(Box::new(socket))),
                Err(source) => Err(ConnectionError::Handshake { target: target.to_string(), source: Box::new(source) }),
            },
        }
    }

    /// Returns the local address of the socket; `None` if the system does not return one.
    pub fn local(&self) -> Option<SocketAddr> {
        self.stream().local_addr().ok()
    }

    /// Returns the kernel's statistics of the TCP connection; `None` if the kernel has none.
    pub fn kernel_view(&self) -> Option<KernelView> {
        kernel::view(self.stream())
    }

    fn stream(&self) -> &TcpStream {
        match self {
            Self::Tcp { stream, .. } => stream,
            Self::WebSocket(socket) => socket.get_ref(),
        }
    }

    /// Sends all of `bytes`.
    ///
    /// # Errors
    ///
    /// [`ConnectionError::Tcp`] or [`ConnectionError::WebSocket`].
    pub async fn send(&mut self, bytes: &[u8]) -> Result<(), ConnectionError> {
        match self {
            Self::Tcp { stream, .. } => stream.write_all(bytes).await.map_err(ConnectionError::Tcp),
            Self::WebSocket(socket) => {
                let sent = socket.send(Message::binary(bytes.to_vec())).await;
                sent.map_err(|error| ConnectionError::WebSocket(Box::new(error)))
            }
        }
    }

    /// Waits for bytes and appends them to `received`. Returns false if the peer has closed the connection regularly.
    ///
    /// # Errors
    ///
    /// [`ConnectionError::Tcp`], [`ConnectionError::WebSocket`] or [`ConnectionError::ClosedByBridge`].
    pub async fn receive(&mut self, received: &mut Vec<u8>) -> Result<bool, ConnectionError> {
        match self {
            Self::Tcp { stream, buffer } => {
                buffer.clear();
                let count = stream.read_buf(buffer).await.map_err(ConnectionError::Tcp)?;
                received.extend_from_slice(buffer);
                Ok(count > 0)
            }
            Self::WebSocket(socket) => loop {
                match socket.next().await {
                    Some(Ok(Message::Binary(bytes))) => received.extend_from_slice(&bytes),
                    Some(Ok(Message::Text(text))) => received.extend_from_slice(text.as_bytes()),
                    Some(Ok(Message::Close(frame))) => return closed(frame),
                    Some(Ok(_)) => continue,
                    Some(Err(error)) => return Err(ConnectionError::WebSocket(Box::new(error))),
                    None => return Ok(false),
                }
                return Ok(true);
            },
        }
    }

    /// Closes the connection; a WebSocket sends a close frame first. A failure to send it is ignored.
    pub async fn close(self) {
        match self {
            // Dropping the socket closes it.
            Self::Tcp { .. } => {}
            Self::WebSocket(mut socket) => {
                let _ = socket.send(Message::Close(None)).await;
            }
        }
    }
}

/// Interprets a close frame. `Ok(false)` means a regular close: code 1000, or no code.
fn closed(frame: Option<CloseFrame>) -> Result<bool, ConnectionError> {
    match frame {
        Some(CloseFrame { code, reason }) if u16::from(code) != 1000 => {
            Err(ConnectionError::ClosedByBridge { code: code.into(), reason: reason.to_string() })
        }
        _ => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use launcelot_testing::sockets::SilentAddress;
    use launcelot_testing::wait::{DEADLINE, within};

    use super::*;

    #[tokio::test]
    async fn the_next_address_is_tried_while_the_first_does_not_answer() {
        let silent = SilentAddress::new();
        let server = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = server.local_addr().unwrap();
        let target = Target::parse("localhost", None).unwrap();
        let addresses = [silent.address, address];
        let stream = within(DEADLINE, "a connection", Connection::connect(&target, &addresses)).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), address);
    }
}
