//! A client of bulk transfers that costs little, so that the relay is the bottleneck: it looks at headers of frames only. Of the
//! server alone, it is a TCP client.

use std::io::{self, Cursor, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use tungstenite::client::client;
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Data, OpCode};

use super::relays::Process;

/// How much is read at once, and the payload of a frame that is sent.
const READ_BYTES: usize = 256 * 1024;
const FRAME_BYTES: usize = 64 * 1024;

/// How long nothing may come.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A connection to a relay, or to the server alone.
pub(super) struct Connection {
    stream: TcpStream,
    is_web_socket: bool,
    received: PayloadCounter,
    buffer: Vec<u8>,
}

impl Connection {
    /// Connects to `process`, to the path if that is a relay.
    pub(super) fn open(process: &Process, path: &str) -> io::Result<Self> {
        let mut stream = TcpStream::connect(process.address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        if process.is_relay() {
            let (web_socket, _) = client(process.url(path), stream).map_err(io::Error::other)?;
            // No server speaks first, so the library has read nothing behind the handshake.
            stream = web_socket.into_inner();
        }
        let received = PayloadCounter::default();
        Ok(Self { stream, is_web_socket: process.is_relay(), received, buffer: Vec::new() })
    }

    /// Returns a function that breaks the connection from another thread.
    pub(super) fn breaker(&self) -> io::Result<impl FnOnce() + use<>> {
        let stream = self.stream.try_clone()?;
        Ok(move || {
            // It may be broken already.
            let _ = stream.shutdown(Shutdown::Both);
        })
    }

    /// Sends a message.
    pub(super) fn send(&mut self, payload: &[u8]) -> io::Result<()> {
        let message = if self.is_web_socket { frame(payload)? } else { payload.to_vec() };
        self.stream.write_all(&message)
    }

    /// Sends `bytes` bytes of any content, a multiple of the size of a frame. (websocat takes an empty message for the end.)
    pub(super) fn send_bulk(&mut self, bytes: u64) -> io::Result<()> {
        let payload = vec![0x5a; FRAME_BYTES];
        let message = if self.is_web_socket { frame(&payload)? } else { payload };
        for _ in 0..bytes / FRAME_BYTES as u64 {
            self.stream.write_all(&message)?;
        }
        Ok(())
    }

    /// Receives until `bytes` bytes of payload have come since the connection was opened.
    pub(super) fn receive_until(&mut self, bytes: u64) -> io::Result<()> {
        self.buffer.resize(READ_BYTES, 0);
        while self.received.payload_bytes < bytes {
            let count = self.stream.read(&mut self.buffer)?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if self.is_web_socket {
                self.received.push(&self.buffer[..count]);
            } else {
                self.received.payload_bytes += count as u64;
            }
        }
        Ok(())
    }

    /// Frees the memory that is needed only while bytes are received.
    pub(super) fn fall_silent(&mut self) {
        self.buffer = Vec::new();
    }
}

/// Returns a masked frame. What the mask makes of the payload is of no interest.
fn frame(payload: &[u8]) -> io::Result<Vec<u8>> {
    let opcode = OpCode::Data(Data::Binary);
    let header = FrameHeader { opcode, mask: Some([0; 4]), ..FrameHeader::default() };
    let mut frame = Vec::new();
    header.format(payload.len() as u64, &mut frame).map_err(io::Error::other)?;
    frame.extend_from_slice(payload);
    Ok(frame)
}

/// Counts the payload of frames that come in any pieces.
#[derive(Debug, Default)]
struct PayloadCounter {
    header: Vec<u8>,
    /// How many bytes of the frame's payload have not come.
    frame_bytes: u64,
    payload_bytes: u64,
}

impl PayloadCounter {
    fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.frame_bytes > 0 {
                let count = self.frame_bytes.min(bytes.len() as u64);
                self.frame_bytes -= count;
                self.payload_bytes += count;
                bytes = &bytes[count as usize..];
                continue;
            }
            self.header.push(bytes[0]);
            bytes = &bytes[1..];
            if let Ok(Some((_, length))) = FrameHeader::parse(&mut Cursor::new(&self.header)) {
                self.frame_bytes = length;
                self.header.clear();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_payload_of_frames_in_any_pieces_is_counted() {
        let frames = [&[0x82, 2, 1, 2, 0x82, 126, 0, 130][..], &[7; 130], &[0x82, 0, 0x82, 1, 9]].concat();
        for piece_bytes in 1..20 {
            let mut counter = PayloadCounter::default();
            for piece in frames.chunks(piece_bytes) {
                counter.push(piece);
            }
            assert_eq!((counter.payload_bytes, counter.frame_bytes), (133, 0), "in pieces of {piece_bytes}");
        }
    }
}
