//! One connection through the tunnel: two sockets, and a delay queue each way between them.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use launcelot_endpoint::failure::one_line;
use rustix::io::Errno;
use socket2::{Domain, SockRef, Socket, Type};

use super::Control;
use super::delay_queue::{DelayQueue, Segment};
use super::observer::{Point, Watcher};
use super::wire::Wire;

/// How long the far side may take to accept.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Both ends of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Whoever came.
    Near = 0,
    /// Whoever they wanted to reach.
    Far = 1,
}

pub(super) const SIDES: [Side; 2] = [Side::Near, Side::Far];

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
    watcher: Option<Box<dyn Watcher>>,
}

/// One socket, and how far its two directions are.
#[derive(Debug)]
struct End {
    stream: TcpStream,
    /// It has sent everything.
    has_ended: bool,
    /// It has got everything.
    write_closed: bool,
    /// It takes no more for now.
    is_full: bool,
}

/// The far end, on its way to being one.
#[derive(Debug)]
enum Far {
    /// The wish to connect is under way itself.
    Wished { at: Instant, to: Vec<SocketAddr> },
    /// It has been asked, and others can be asked if it refuses.
    Asked { end: End, address: SocketAddr, others: Vec<SocketAddr>, until: Instant },
    /// It has accepted.
    Open(End),
    /// It has refused, and there is nobody else.
    Refused,
}

/// Whether a relay goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Course {
    /// There is more to come.
    On,
    /// It is over: to drop it closes both sockets.
    Over,
}

/// What is to be waited for on a socket.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Interest {
    pub(super) input: bool,
    pub(super) output: bool,
}

impl Relay {
    /// Begins with who has come, and wishes to reach the first of `to` that accepts.
    pub(super) fn begin(
        near: TcpStream,
        to: &[SocketAddr],
        now: Instant,
        wire: &Wire,
        watcher: Option<Box<dyn Watcher>>,
    ) -> io::Result<Self> {
        let far = Far::Wished { at: now + wire.one_way(0.0), to: to.to_vec() };
        Ok(Self { near: End::new(near)?, far, sent_by: Default::default(), carried_bytes: 0, attempts: 0, watcher })
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
        if self.is_stalled(wire) {
            return Interest::default();
        }
        match (side, &self.far) {
            (Side::Far, Far::Asked { .. }) => Interest { input: false, output: true },
            _ => self.end_at(side).map_or(Interest::default(), |end| Interest {
                input: !end.has_ended && self.sent_by[side as usize].room(wire) > 0,
                output: end.is_full,
            }),
        }
    }

    /// When something happens by itself.
    pub(super) fn next_due(&self, wire: &Wire) -> Option<Instant> {
        if self.is_stalled(wire) {
            return None;
        }
        let connecting = match &self.far {
            Far::Wished { at, .. } => Some(*at),
            Far::Asked { until, .. } => Some(*until),
            Far::Open(_) | Far::Refused => None,
        };
        // What has arrived at a side that takes no more waits for that side.
        let arriving = SIDES.into_iter().filter_map(|side| {
            let end = self.end_at(side).filter(|end| !end.is_full)?;
            if matches!((side, &self.far), (Side::Far, Far::Asked { .. })) || end.write_closed {
                return None;
            }
            self.sent_by[side.other() as usize].next_due()
        });
        arriving.chain(connecting).min()
    }

    /// Does everything that can be done now, and tells `control` how long things were under way. `chance`
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
            return Course::On;
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
        for side in SIDES {
            self.write(side, now, wire, control)?;
            if wire.reset_after.is_some_and(|most| self.carried_bytes >= most) {
                self.break_off();
                return Ok(Course::Over);
            }
        }
        let is_over = SIDES.into_iter().all(|side| self.end_at(side).is_some_and(|end| end.write_closed));
        Ok(if is_over { Course::Over } else { Course::On })
    }

    fn is_stalled(&self, wire: &Wire) -> bool {
        wire.stall_after.is_some_and(|most| self.carried_bytes >= most)
    }

    fn end_at(&self, side: Side) -> Option<&End> {
        match (side, &self.far) {
            (Side::Near, _) => Some(&self.near),
            (Side::Far, Far::Asked { end, .. } | Far::Open(end)) => Some(end),
            (Side::Far, Far::Wished { .. } | Far::Refused) => None,
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
        let others = match &mut self.far {
            Far::Wished { at, to } if *at <= now => std::mem::take(to),
            Far::Asked { end, address, others, until } => match end.has_connected() {
                Ok(false) if now < *until => return,
                Ok(true) => {
                    let Far::Asked { end, .. } = std::mem::replace(&mut self.far, Far::Refused) else { return };
                    if let (Some(watcher), Ok(local)) = (&mut self.watcher, end.stream.local_addr()) {
                        watcher.reached(local);
                    }
                    self.far = Far::Open(end);
                    return;
                }
                Ok(false) => {
                    tracing::warn!("{address} has not accepted within {CONNECT_TIMEOUT:?}");
                    std::mem::take(others)
                }
                Err(error) => {
                    warn_of(*address, &error);
                    std::mem::take(others)
                }
            },
            Far::Wished { .. } | Far::Open(_) | Far::Refused => return,
        };
        self.attempts += 1;
        self.far = ask_one_of(others, now).unwrap_or_else(|| {
            // The bad news takes its way back.
            self.sent_by[Side::Far as usize].reset(now, wire);
            Far::Refused
        });
    }

    /// Puts under way what a side has sent.
    fn read(&mut self, side: Side, now: Instant, wire: &Wire, buffer: &mut [u8], chance: &mut impl FnMut() -> f64) {
        loop {
            let room = self.sent_by[side as usize].room(wire).min(buffer.len());
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
                    tell(&mut self.watcher, now, side.heard(), count);
                    queue.send(&buffer[..count], now, wire, chance());
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

    /// Gives a side what has arrived for it.
    fn write(&mut self, side: Side, now: Instant, wire: &Wire, control: &Control) -> io::Result<()> {
        let mut carried_bytes = 0;
        let queue = &mut self.sent_by[side.other() as usize];
        let end = match (side, &mut self.far) {
            (Side::Near, _) => &mut self.near,
            (Side::Far, Far::Open(end)) => end,
            (Side::Far, _) => return Ok(()),
        };
        end.is_full = false;
        let most = [wire.reset_after, wire.stall_after].into_iter().flatten().min().unwrap_or(u64::MAX);
        while let Some(segment) = queue.arrived(now).filter(|_| !end.write_closed) {
            match segment {
                Segment::Bytes(bytes) => {
                    let left = most.saturating_sub(self.carried_bytes + carried_bytes);
                    let count = bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                    if count == 0 {
                        break;
                    }
                    let bytes = bytes.clone();
                    if let Some(since) = queue.first_try() {
                        let now = Instant::now();
                        control.consumed(side.other(), since, now);
                        tell(&mut self.watcher, now, side.told(), bytes.len());
                    }
                    match end.stream.write(&bytes[..count]) {
                        Ok(count) => {
                            carried_bytes += count as u64;
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
                Segment::Reset => return Err(ErrorKind::ConnectionReset.into()),
            }
        }
        self.carried_bytes += carried_bytes;
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

impl Side {
    pub(super) fn other(self) -> Self {
        match self {
            Self::Near => Self::Far,
            Self::Far => Self::Near,
        }
    }

    /// Where bytes are that it has said.
    fn heard(self) -> Point {
        match self {
            Self::Near => Point::NearIn,
            Self::Far => Point::FarIn,
        }
    }

    /// Where bytes are that it is told.
    fn told(self) -> Point {
        match self {
            Self::Near => Point::NearOut,
            Self::Far => Point::FarOut,
        }
    }
}

/// Tells who watches, if somebody does.
fn tell(watcher: &mut Option<Box<dyn Watcher>>, at: Instant, point: Point, bytes: usize) {
    if watcher.as_mut().is_some_and(|watcher| !watcher.saw(at, point, bytes)) {
        *watcher = None;
    }
}

impl End {
    fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, has_ended: false, write_closed: false, is_full: false })
    }

    fn has_connected(&self) -> io::Result<bool> {
        if let Some(error) = self.stream.take_error()? {
            return Err(error);
        }
        match self.stream.peer_addr() {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotConnected => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Asks the first of them that can be asked, without waiting for it.
fn ask_one_of(mut addresses: Vec<SocketAddr>, now: Instant) -> Option<Far> {
    while !addresses.is_empty() {
        let address = addresses.remove(0);
        match ask(address) {
            Ok(end) => return Some(Far::Asked { end, address, others: addresses, until: now + CONNECT_TIMEOUT }),
            Err(error) => warn_of(address, &error),
        }
    }
    None
}

fn warn_of(address: SocketAddr, error: &io::Error) {
    tracing::warn!("the far end of the tunnel, {address}, cannot be reached: {}", one_line(error));
}

fn ask(address: SocketAddr) -> io::Result<End> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    match socket.connect(&address.into()) {
        Ok(()) => {}
        Err(error) if Errno::from_io_error(&error) == Some(Errno::INPROGRESS) => {}
        Err(error) => return Err(error),
    }
    End::new(socket.into())
}
