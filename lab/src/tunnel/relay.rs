//! One connection through the tunnel: two sockets, and a delay queue each way between them.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use launcelot_endpoint::failure::one_line;
use launcelot_endpoint::observe::{Watched, Watcher};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::SockRef;

use super::control::Control;
use super::delay_queue::{DelayQueue, Segment};
use super::far::{End, Far, Progress};
use super::handshake::Handshake;
use super::side::{Interest, SIDES, Side};
use super::wire::Wire;

/// How many bytes are read from a side, or written to it, before other connections have their turn.
const TURN_MAX_BYTES: usize = 16 * 1024;

/// How many segments are written to a side in one turn: each takes a system call.
const TURN_MAX_SEGMENTS: usize = 16;

/// A connection from one end to the other.
#[derive(Debug)]
pub(super) struct Relay {
    near: End,
    far: Far,
    /// What each side has sent and the other has not got yet.
    sent_by: [DelayQueue; 2],
    carried_bytes: u64,
    /// How many sockets the far end has had.
    attempts: u32,
    /// Until it is over, nothing is read from the client.
    handshake: Handshake,
    watched: Watched,
}

/// Whether a relay goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Course {
    /// There is more to come.
    On,
    /// It is over: to drop it closes both sockets.
    Over,
}

impl Relay {
    /// Begins with a client that was accepted, and requests a connection to the first of the far end's addresses that
    /// accepts; without `addresses`, these are still looked up.
    pub(super) fn begin(
        near: TcpStream,
        addresses: Option<Vec<SocketAddr>>,
        now: Instant,
        wire: &Wire,
        mut handshake: Handshake,
        watcher: Option<Box<dyn Watcher>>,
    ) -> io::Result<Self> {
        let far = Far::request(now, wire, addresses);
        if !wire.handshake {
            handshake.complete(now);
        }
        let near = End::new(near)?;
        let watched = Watched::by(watcher);
        Ok(Self { near, far, sent_by: Default::default(), carried_bytes: 0, attempts: 0, handshake, watched })
    }

    /// Takes the far end's addresses, which were looked up.
    pub(super) fn resolved(&mut self, addresses: Vec<SocketAddr>) {
        self.far.resolved(addresses);
    }

    /// Applies changed settings to everything that is under way.
    pub(super) fn reschedule(&mut self, now: Instant, wire: &Wire, revision: u64) {
        if let Some(watcher) = self.watched.watcher() {
            watcher.settings_changed(revision);
        }
        self.far.reschedule(now, wire);
        for queue in &mut self.sent_by {
            queue.reschedule(now, wire);
        }
        if !wire.handshake && !self.handshake.is_over() {
            self.complete_handshake(now);
        }
    }

    fn complete_handshake(&mut self, now: Instant) {
        let held = self.handshake.complete(now);
        if let Some(watcher) = self.watched.watcher() {
            watcher.handshake_done(held);
        }
    }

    /// How many sockets the far end has had: whoever is not accepted tries again with another.
    pub(super) fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The socket of a side, if it has one.
    pub(super) fn socket(&self, side: Side) -> Option<BorrowedFd<'_>> {
        self.end_at(side).map(|end| end.stream.as_fd())
    }

    /// What to wait for on that side's socket.
    pub(super) fn interest(&self, side: Side, wire: &Wire) -> Interest {
        match (side, &self.far) {
            // A client that has half-closed before may still wait for what was stalled, until it is gone altogether.
            (Side::Near, _) if self.is_stalled(wire) => {
                Interest { hang_up: true, end: !self.near.has_ended, ..Interest::default() }
            }
            (Side::Far, _) if self.is_stalled(wire) => Interest::default(),
            (Side::Far, Far::Connecting { .. }) => Interest { output: true, ..Interest::default() },
            _ => self.end_at(side).map_or(Interest::default(), |end| Interest {
                input: !end.has_ended && self.may_read(side) && self.sent_by[side as usize].room(wire) > 0,
                output: end.is_full,
                ..Interest::default()
            }),
        }
    }

    /// When something happens by itself.
    pub(super) fn next_due(&self, wire: &Wire) -> Option<Instant> {
        if self.is_stalled(wire) {
            return None;
        }
        // What has arrived at a side that takes no more waits for that side.
        let arriving = SIDES.into_iter().filter_map(|side| {
            let end = self.end_at(side).filter(|end| !end.is_full)?;
            if matches!((side, &self.far), (Side::Far, Far::Connecting { .. })) || end.write_closed {
                return None;
            }
            self.sent_by[side.other() as usize].next_due()
        });
        arriving.chain(self.far.next_due()).min()
    }

    /// Does what can be done now, up to what one turn may take, and tells `control` how long things were held. `chance`
    /// gives numbers from 0 to 1.
    pub(super) fn go(
        &mut self,
        now: Instant,
        wire: &Wire,
        control: &Control,
        buffer: &mut [u8],
        chance: impl FnMut() -> f64,
    ) -> Course {
        if self.is_stalled(wire) {
            return if self.client_has_gone() { Course::Over } else { Course::On };
        }
        match self.try_go(now, wire, control, buffer, chance) {
            Ok(course) => course,
            Err(error) => {
                tracing::info!("a connection through the tunnel broke: {}", one_line(&error));
                self.break_off();
                Course::Over
            }
        }
    }

    fn try_go(
        &mut self,
        now: Instant,
        wire: &Wire,
        control: &Control,
        buffer: &mut [u8],
        mut chance: impl FnMut() -> f64,
    ) -> io::Result<Course> {
        self.connect(now, wire);
        for side in SIDES {
            self.read(side, now, wire, buffer, &mut chance);
        }
        let was_over = self.handshake.is_over();
        for side in SIDES {
            self.write(side, now, wire, control)?;
            if wire.reset_after.is_some_and(|most| self.carried_bytes >= most) {
                self.break_off();
                return Ok(Course::Over);
            }
        }
        if self.handshake.is_over() && !was_over {
            // What the client has said meanwhile.
            self.read(Side::Near, now, wire, buffer, &mut chance);
        }
        let is_over = SIDES.into_iter().all(|side| self.end_at(side).is_some_and(|end| end.write_closed));
        Ok(if is_over { Course::Over } else { Course::On })
    }

    fn is_stalled(&self, wire: &Wire) -> bool {
        wire.stall_after.is_some_and(|most| self.carried_bytes >= most)
    }

    /// Whether the client of a stalled connection has closed or reset it. That is seen without reading what it has said.
    fn client_has_gone(&self) -> bool {
        let wanted = if self.near.has_ended { PollFlags::empty() } else { PollFlags::RDHUP };
        let mut polled = [PollFd::new(&self.near.stream, wanted)];
        let found = poll(&mut polled, Some(&Timespec::default()));
        found.is_ok_and(|count| count > 0) && !polled[0].revents().is_empty()
    }

    /// Whether what a side has said is read.
    fn may_read(&self, side: Side) -> bool {
        side == Side::Far || self.handshake.is_over()
    }

    fn end_at(&self, side: Side) -> Option<&End> {
        match (side, &self.far) {
            (Side::Near, _) => Some(&self.near),
            (Side::Far, Far::Connecting { end, .. } | Far::Open(end)) => Some(end),
            (Side::Far, Far::Requested { .. } | Far::Refused) => None,
        }
    }

    fn open_end(&mut self, side: Side) -> Option<&mut End> {
        match (side, &mut self.far) {
            (Side::Near, _) => Some(&mut self.near),
            (Side::Far, Far::Open(end)) => Some(end),
            (Side::Far, _) => None,
        }
    }

    fn connect(&mut self, now: Instant, wire: &Wire) {
        let answers = &mut self.sent_by[Side::Far as usize];
        match self.far.advance(now) {
            Progress::Nothing => {}
            Progress::Connecting => self.attempts += 1,
            Progress::Connected => {
                if let (Some(watcher), Far::Open(end)) = (self.watched.watcher(), &self.far)
                    && let (Ok(local), Ok(peer)) = (end.stream.local_addr(), end.stream.peer_addr())
                {
                    watcher.forwarded(local, peer);
                }
                if !self.handshake.is_over() {
                    answers.confirm(now, wire);
                }
            }
            Progress::Refused => {
                self.attempts += 1;
                answers.reset(now, wire);
            }
        }
    }

    /// Puts under way what a side has sent.
    fn read(&mut self, side: Side, now: Instant, wire: &Wire, buffer: &mut [u8], chance: &mut impl FnMut() -> f64) {
        if !self.may_read(side) {
            return;
        }
        let mut left = TURN_MAX_BYTES;
        loop {
            let room = self.sent_by[side as usize].room(wire).min(buffer.len()).min(left);
            let Some(end) = self.open_end(side).filter(|end| !end.has_ended && room > 0) else { return };
            let read = end.stream.read(&mut buffer[..room]);
            end.has_ended = match &read {
                Ok(count) => *count == 0,
                Err(error) => !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted),
            };
            let queue = &mut self.sent_by[side as usize];
            match read {
                Ok(0) => queue.end(now, wire),
                Ok(count) => {
                    let now = Instant::now();
                    self.watched.record_at(now, side.heard(), count);
                    queue.send(&buffer[..count], now, wire, chance());
                    left -= count;
                    // A short read has left nothing behind.
                    if count < room {
                        return;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => queue.reset(now, wire),
            }
        }
    }

    /// Gives a side what has arrived for it. What is left after this turn is still due.
    fn write(&mut self, side: Side, now: Instant, wire: &Wire, control: &Control) -> io::Result<()> {
        let mut carried_bytes = 0;
        let (mut turn_bytes, mut turn_segments) = (TURN_MAX_BYTES, TURN_MAX_SEGMENTS);
        let queue = &mut self.sent_by[side.other() as usize];
        let end = match (side, &mut self.far) {
            (Side::Near, _) => &mut self.near,
            (Side::Far, Far::Open(end)) => end,
            (Side::Far, _) => return Ok(()),
        };
        end.is_full = false;
        let most = [wire.reset_after, wire.stall_after].into_iter().flatten().min().unwrap_or(u64::MAX);
        let mut is_confirmed = false;
        while let Some(segment) = queue.arrived(now).filter(|_| !end.write_closed) {
            if turn_bytes == 0 || turn_segments == 0 {
                break;
            }
            turn_segments -= 1;
            match segment {
                Segment::Bytes(bytes) => {
                    let left = most.saturating_sub(self.carried_bytes + carried_bytes);
                    let count = bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX)).min(turn_bytes);
                    if count == 0 {
                        break;
                    }
                    let bytes = bytes.clone();
                    if let Some(since) = queue.first_try() {
                        let now = Instant::now();
                        control.consumed(self.handshake.number(), side.other(), since, now);
                        self.watched.record_at(now, side.told(), bytes.len());
                    }
                    match end.stream.write(&bytes[..count]) {
                        Ok(count) => {
                            carried_bytes += count as u64;
                            turn_bytes -= count;
                            queue.consume(count);
                        }
                        Err(error) if error.kind() == ErrorKind::WouldBlock => {
                            end.is_full = true;
                            break;
                        }
                        Err(error) if error.kind() == ErrorKind::Interrupted => {}
                        Err(error) => return Err(error),
                    }
                }
                Segment::End => {
                    // It fails only if the side has gone, which reading from it tells.
                    let _ = end.stream.shutdown(Shutdown::Write);
                    end.write_closed = true;
                    queue.consume(0);
                }
                Segment::Confirmed => {
                    is_confirmed = true;
                    queue.consume(0);
                }
                Segment::Reset => return Err(ErrorKind::ConnectionReset.into()),
            }
        }
        self.carried_bytes += carried_bytes;
        if is_confirmed && !self.handshake.is_over() {
            self.complete_handshake(Instant::now());
        }
        Ok(())
    }

    /// Makes the sockets reset their connections when they are closed.
    fn break_off(&self) {
        for side in SIDES {
            if let Some(end) = self.end_at(side) {
                // It fails only if the connection is gone.
                let _ = SockRef::from(&end.stream).set_linger(Some(Duration::ZERO));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::sync::Arc;

    use super::super::delay_queue::UNDER_WAY_MAX_BYTES;
    use super::super::handshake::Handshakes;
    use super::*;

    #[test]
    fn a_turn_reads_and_writes_only_so_much() {
        let wire = Wire::default();
        let control = Control::new(wire).unwrap();
        let [near, far] = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let mut client = TcpStream::connect(near.local_addr().unwrap()).unwrap();
        let (accepted, address) = near.accept().unwrap();
        let now = Instant::now();
        let handshake = Arc::new(Handshakes::default()).begin(address, now);
        let to = vec![far.local_addr().unwrap()];
        let mut relay = Relay::begin(accepted, Some(to), now, &wire, handshake, None).unwrap();
        let mut buffer = vec![0; 4 * TURN_MAX_BYTES];
        let mut turn = |relay: &mut Relay| relay.go(Instant::now(), &wire, &control, &mut buffer, || 0.0);
        while !matches!(relay.far, Far::Open(_)) {
            assert_eq!(turn(&mut relay), Course::On);
        }
        // As much as the system takes at once.
        client.set_nonblocking(true).unwrap();
        let mut sent = 0;
        while let Ok(count) = client.write(&[0; TURN_MAX_BYTES]) {
            sent += count;
        }
        assert!(sent > 4 * TURN_MAX_BYTES, "{sent}");
        let carried = relay.carried_bytes;
        assert_eq!(turn(&mut relay), Course::On);
        let under_way = UNDER_WAY_MAX_BYTES - relay.sent_by[Side::Near as usize].room(&wire);
        let read = under_way as u64 + relay.carried_bytes - carried;
        assert!((1..=TURN_MAX_BYTES as u64).contains(&read), "{read} of {sent} bytes in one turn");
        // More segments than one turn writes are still due.
        let _server = far.accept().unwrap();
        let slices = Wire { slice: std::num::NonZeroUsize::new(1), ..wire };
        relay.sent_by[Side::Near as usize].send(&[0; 10 * TURN_MAX_SEGMENTS], now, &slices, 0.0);
        turn(&mut relay);
        assert!(relay.next_due(&wire).is_some_and(|due| due <= Instant::now()));
    }
}
