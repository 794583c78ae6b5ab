//! Moving bytes between a relay's sockets and its delay queues, at most a bounded number in one turn.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::Shutdown;
use std::time::Instant;

use super::Relay;
use crate::tunnel::peer_socket::PeerSocket;
use crate::tunnel::segment::Segment;
use crate::tunnel::settings::TunnelSettings;
use crate::tunnel::shared_state::SharedState;
use crate::tunnel::side::Side;
use crate::tunnel::upstream::Upstream;

/// How many bytes are read from a side, and how many are written to it, at most in one turn.
const TURN_MAX_BYTES: usize = 16 * 1024;

/// How many segments are written to a side at most in one turn. Each takes a system call.
const TURN_MAX_SEGMENTS: usize = 16;

impl Relay {
    /// Reads from a side, and sends what was read over the link.
    pub(super) fn read(
        &mut self,
        side: Side,
        now: Instant,
        settings: &TunnelSettings,
        buffer: &mut [u8],
        random: &mut impl FnMut() -> f64,
    ) {
        if !self.may_read(side) {
            return;
        }
        let queue = &mut self.sent_by[side as usize];
        let Some(socket) = open_socket(&mut self.client, &mut self.upstream, side) else { return };
        let mut turn_bytes = TURN_MAX_BYTES;
        while !socket.read_closed {
            let wanted = queue.capacity(settings).min(buffer.len()).min(turn_bytes);
            if wanted == 0 {
                return;
            }
            match socket.stream.read(&mut buffer[..wanted]) {
                Ok(0) => {
                    socket.read_closed = true;
                    queue.send_end(now, settings);
                }
                Ok(count) => {
                    let read_at = Instant::now();
                    self.observed.record_at(read_at, side.read_point(), count);
                    queue.send(&buffer[..count], read_at, settings, random());
                    turn_bytes -= count;
                    // A short read has emptied the receive buffer.
                    if count < wanted {
                        return;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => {
                    socket.read_closed = true;
                    queue.send_reset(now, settings);
                }
            }
        }
    }

    /// Writes the segments that have arrived for a side. Those that exceed the limits of this turn stay due.
    pub(super) fn write(
        &mut self,
        side: Side,
        now: Instant,
        settings: &TunnelSettings,
        shared_state: &SharedState,
    ) -> io::Result<()> {
        let queue = &mut self.sent_by[side.other() as usize];
        let Some(socket) = open_socket(&mut self.client, &mut self.upstream, side) else { return Ok(()) };
        let limit = [settings.reset_after, settings.stall_after].into_iter().flatten().min().unwrap_or(u64::MAX);
        let mut turn_bytes = TURN_MAX_BYTES;
        let mut is_confirmed = false;
        socket.is_full = false;
        for _ in 0..TURN_MAX_SEGMENTS {
            if turn_bytes == 0 || socket.write_closed {
                break;
            }
            let Some(segment) = queue.arrived(now) else { break };
            match segment {
                Segment::Bytes(bytes) => {
                    let bytes_to_limit = limit.saturating_sub(self.relayed_bytes);
                    let count = bytes.len().min(usize::try_from(bytes_to_limit).unwrap_or(usize::MAX)).min(turn_bytes);
                    if count == 0 {
                        break;
                    }
                    let bytes = bytes.clone();
                    if let Some((read_at, due)) = queue.first_attempt() {
                        let written_at = Instant::now();
                        shared_state.record_delay(self.handshake.number(), side.other(), read_at, written_at);
                        shared_state.record_lateness(written_at.saturating_duration_since(due));
                        self.observed.record_write(side.write_point(), bytes.len());
                    }
                    match socket.stream.write(&bytes[..count]) {
                        Ok(count) => {
                            self.relayed_bytes += count as u64;
                            turn_bytes -= count;
                            queue.consume(count);
                        }
                        Err(error) if error.kind() == ErrorKind::WouldBlock => {
                            socket.is_full = true;
                            break;
                        }
                        Err(error) if error.kind() == ErrorKind::Interrupted => {}
                        Err(error) => return Err(error),
                    }
                }
                Segment::End => {
                    // This fails only if the connection is gone, which the next read reports.
                    let _ = socket.stream.shutdown(Shutdown::Write);
                    socket.write_closed = true;
                    queue.consume(0);
                }
                Segment::Confirmation => {
                    is_confirmed = true;
                    queue.consume(0);
                }
                Segment::Reset => return Err(ErrorKind::ConnectionReset.into()),
            }
        }
        if is_confirmed && !self.handshake.is_complete() {
            self.complete_handshake(Instant::now());
        }
        Ok(())
    }
}

/// Returns the socket of a side once it is connected.
fn open_socket<'a>(client: &'a mut PeerSocket, upstream: &'a mut Upstream, side: Side) -> Option<&'a mut PeerSocket> {
    match (side, upstream) {
        (Side::Client, _) => Some(client),
        (Side::Server, Upstream::Open(socket)) => Some(socket),
        (Side::Server, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};
    use std::sync::Arc;

    use super::super::RelayState;
    use super::*;
    use crate::tunnel::delay_queue::IN_FLIGHT_MAX_BYTES;
    use crate::tunnel::handshake::Handshakes;

    #[test]
    fn a_turn_reads_and_writes_a_bounded_number_of_bytes_and_segments() {
        let settings = TunnelSettings::default();
        let shared_state = SharedState::new(settings).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (accepted, address) = listener.accept().unwrap();
        let now = Instant::now();
        let handshake = Arc::new(Handshakes::default()).begin(address, now);
        let to = vec![server.local_addr().unwrap()];
        let mut relay = Relay::new(accepted, Some(to), now, &settings, handshake, None).unwrap();
        let mut buffer = vec![0; 4 * TURN_MAX_BYTES];
        let mut turn =
            |relay: &mut Relay| relay.run_turn(Instant::now(), &settings, &shared_state, &mut buffer, || 0.0);
        while !matches!(relay.upstream, Upstream::Open(_)) {
            assert_eq!(turn(&mut relay), RelayState::Open);
        }
        // Fill the socket buffers.
        client.set_nonblocking(true).unwrap();
        let mut sent = 0;
        while let Ok(count) = client.write(&[0; TURN_MAX_BYTES]) {
            sent += count;
        }
        assert!(sent > 4 * TURN_MAX_BYTES, "{sent}");
        let relayed_before = relay.relayed_bytes;
        assert_eq!(turn(&mut relay), RelayState::Open);
        let in_flight = IN_FLIGHT_MAX_BYTES - relay.sent_by[Side::Client as usize].capacity(&settings);
        let read = in_flight as u64 + relay.relayed_bytes - relayed_before;
        assert!((1..=TURN_MAX_BYTES as u64).contains(&read), "{read} of {sent} bytes in one turn");
        // More segments than one turn writes are still due.
        let _accepted = server.accept().unwrap();
        let slices = TunnelSettings { slice: std::num::NonZeroUsize::new(1), ..settings };
        relay.sent_by[Side::Client as usize].send(&[0; 10 * TURN_MAX_SEGMENTS], now, &slices, 0.0);
        turn(&mut relay);
        assert!(relay.next_due(&settings).is_some_and(|due| due <= Instant::now()));
    }
}
