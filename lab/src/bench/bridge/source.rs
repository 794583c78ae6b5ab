//! A TCP server that carries as many bytes as a client wants, in this process.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

/// The first byte of a client: it wants to receive.
pub(super) const DOWN: u8 = b'd';
/// The first byte of a client: it sends, and wants one byte when all has arrived.
pub(super) const UP: u8 = b'u';
/// The first byte of a client: it wants to receive until it closes.
pub(super) const ENDLESS: u8 = b'e';

/// How much is written or read at once.
const CHUNK_BYTES: usize = 256 * 1024;

/// The server, which runs until this program ends.
pub(super) struct Source {
    pub(super) address: SocketAddr,
    /// Number of bytes of a transfer.
    pub(super) bytes: u64,
}

impl Source {
    pub(super) fn start(bytes: u64) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that closes early ends its transfer.
                thread::spawn(move || transfer(stream, bytes));
            }
        });
        Ok(Self { address, bytes })
    }
}

fn transfer(mut stream: TcpStream, bytes: u64) -> io::Result<()> {
    let mut wish = [0];
    stream.read_exact(&mut wish)?;
    let mut chunk = vec![0x5a; CHUNK_BYTES];
    if wish == [UP] {
        let mut left = bytes;
        while left > 0 {
            match stream.read(&mut chunk)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => left = left.saturating_sub(read as u64),
            }
        }
        return stream.write_all(&[UP]);
    }
    let mut left = if wish == [ENDLESS] { u64::MAX } else { bytes };
    while left > 0 {
        let count = left.min(chunk.len() as u64);
        stream.write_all(&chunk[..count as usize])?;
        left -= count;
    }
    // The client closes first: some relays lose what is on its way when a server does.
    stream.read(&mut wish).map(drop)
}
