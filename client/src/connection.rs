//! A connection that carries bytes both ways: TCP, or WebSocket over it.

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

/// How many bytes are read from TCP at once.
const READ_BYTES: usize = 16 * 1024;

/// A connection.
#[derive(Debug)]
pub enum Connection {
    /// TCP as it is.
    Tcp {
        /// The socket.
        stream: TcpStream,
        /// What was read last.
        buffer: Vec<u8>,
    },
    /// A WebSocket through a bridge.
    WebSocket(Box<WebSocketStream<TcpStream>>),
}

/// Why bytes do not get through.
#[derive(Debug, Error)]
pub enum ConnectionError {
    /// The host's name has no address.
    #[error("cannot find {host}")]
    Lookup {
        /// The name.
        host: String,
        /// What the system says.
        source: io::Error,
    },
    /// No connection came about.
    #[error("cannot connect to {target}")]
    Connect {
        /// Who was tried.
        target: String,
        /// What the system says.
        source: io::Error,
    },
    /// There is something, but it does not speak WebSocket, or not with us.
    #[error("cannot open a WebSocket at {target}")]
    Handshake {
        /// Who was tried.
        target: String,
        /// What came instead.
        source: Box<tungstenite::Error>,
    },
    /// The TCP connection broke.
    #[error("the connection broke")]
    Tcp(#[source] io::Error),
    /// The WebSocket connection broke.
    #[error("the connection to the bridge broke")]
    WebSocket(#[source] Box<tungstenite::Error>),
    /// The bridge closed, and said why.
    #[error("the bridge closed the connection: {reason} (code {code})")]
    ClosedByBridge {
        /// The WebSocket close code.
        code: u16,
        /// The bridge's words.
        reason: String,
    },
}

impl Connection {
    /// The addresses of a target.
    ///
    /// # Errors
    ///
    /// [`ConnectionError::Lookup`].
    pub async fn look_up(target: &Target) -> Result<Vec<SocketAddr>, ConnectionError> {
        let addresses = look_up(target.host(), target.port()).await;
        addresses.map_err(|source| ConnectionError::Lookup { host: target.host().to_owned(), source })
    }

    /// Connects to the first of `addresses` that accepts (Happy Eyeballs). A question is one small segment, which is not
    /// delayed until the one before is acknowledged (`TCP_NODELAY`).
    ///
    /// # Errors
    ///
    /// [`ConnectionError::Connect`].
    pub async fn connect(target: &Target, addresses: &[SocketAddr]) -> Result<TcpStream, ConnectionError> {
        let stream = connect(addresses.iter().copied()).await;
        stream.map_err(|source| ConnectionError::Connect { target: target.to_string(), source })
    }

    /// Makes of a connection what the target speaks: TCP is that already, a bridge has to be shaken hands with.
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

    /// The client's own address.
    pub fn local(&self) -> Option<SocketAddr> {
        self.stream().local_addr().ok()
    }

    /// What the kernel thinks of the TCP connection, where it tells.
    pub fn kernel_view(&self) -> Option<KernelView> {
        kernel::view(self.stream())
    }

    /// The TCP connection underneath.
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

    /// Waits for bytes and appends them to `received`; false if the other side has closed in order.
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
                    Some(Ok(Message::Close(frame))) => return ended(frame),
                    Some(Ok(_)) => continue,
                    Some(Err(error)) => return Err(ConnectionError::WebSocket(Box::new(error))),
                    None => return Ok(false),
                }
                return Ok(true);
            },
        }
    }

    /// Says goodbye. A connection that is broken already is left as it is.
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

/// A close frame: an end in order if its code is 1000, or if it gives none.
fn ended(frame: Option<CloseFrame>) -> Result<bool, ConnectionError> {
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
