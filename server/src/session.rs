//! One client from its coming to its going, on a socket that never blocks.
//!
//! A design owns the socket and the waiting. When the socket is ready, or a time is up, it gives the
//! session its [turn](Session::turn), and the session reads, hears, answers, closes politely and
//! writes the log. A session whose client is silent owns no buffer, and one whose client does not
//! read owns a bounded one.

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use launcelot_protocol::Conversation;
use launcelot_protocol::conversation::REPLIES_MAX_BYTES;
use rustix::net::{Shutdown, shutdown, sockopt};

use crate::ending::Ending;
use crate::options::Options;

/// How much is read at once.
const READ_BYTES: usize = 16 * 1024;

/// How long, and how much, a client may go on sending after the server has said its last word. To
/// close while input is unread makes the system send a reset, which can overtake that last word and
/// destroy it at the client (RFC 1122, section 4.2.2.13).
const LINGER: Duration = Duration::from_secs(2);
const LINGER_MAX_BYTES: usize = 16 * 1024 * 1024;

/// Buffers for the length of one turn, for all sessions that take turns on one thread.
#[derive(Debug)]
pub(crate) struct Scratch {
    input: Box<[u8]>,
    replies: Vec<u8>,
}

impl Default for Scratch {
    fn default() -> Self {
        Self { input: vec![0; READ_BYTES].into(), replies: Vec::with_capacity(REPLIES_MAX_BYTES) }
    }
}

/// What came of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Bytes moved; there may be more.
    Moved,
    /// The socket is not ready for what the session [waits for](Session::waits_to_write).
    Blocked,
    /// The conversation is over and in the log: close the socket.
    Over,
}

/// One client.
#[derive(Debug)]
pub(crate) struct Session {
    client: SocketAddr,
    conversation: Conversation,
    questions: u64,
    unknown: u64,
    idle_timeout: Option<Duration>,
    last_moved: Instant,
    held: Option<Box<Held>>,
    lingering: Option<Lingering>,
    has_ended: bool,
}

/// What could not be written yet, and what has been read but not heard because of that.
#[derive(Debug)]
struct Held {
    replies: Vec<u8>,
    written: usize,
    input: Vec<u8>,
}

/// The client has been told all that it will be told, and may finish its sentence.
#[derive(Debug)]
struct Lingering {
    until: Instant,
    room_bytes: usize,
}

impl Session {
    /// Begins with a client that has just been accepted.
    pub(crate) fn begin(socket: &impl AsFd, client: SocketAddr, options: &Options) -> Self {
        // An answer never waits for the acknowledgement of the one before. It fails only if the
        // client has left already.
        let _ = sockopt::set_tcp_nodelay(socket, true);
        tracing::info!(%client, "a client came");
        Self {
            client,
            conversation: Conversation::new(),
            questions: 0,
            unknown: 0,
            idle_timeout: options.idle_timeout,
            last_moved: Instant::now(),
            held: None,
            lingering: None,
            has_ended: false,
        }
    }

    /// Reads once and answers what came, with one write; or writes what was left over before.
    pub(crate) fn turn(&mut self, socket: &mut (impl Read + Write + AsFd), scratch: &mut Scratch) -> Turn {
        self.try_turn(socket, scratch).unwrap_or_else(|ending| self.end(&ending))
    }

    /// Whether it waits until the socket can be written; otherwise it waits to read.
    pub(crate) fn waits_to_write(&self) -> bool {
        self.held.is_some()
    }

    /// When it will be [overdue](Self::is_overdue) if no byte moves until then.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match &self.lingering {
            Some(lingering) => Some(lingering.until),
            None => self.last_moved.checked_add(self.idle_timeout?),
        }
    }

    /// Whether its time is up; if so the conversation is over and in the log: close the socket.
    pub(crate) fn is_overdue(&mut self) -> bool {
        let is_overdue = self.deadline().is_some_and(|deadline| deadline <= Instant::now());
        if is_overdue {
            self.end(&if self.lingering.is_some() { Ending::QuestionTooLong } else { Ending::Idle });
        }
        is_overdue
    }

    fn try_turn(&mut self, socket: &mut (impl Read + Write + AsFd), scratch: &mut Scratch) -> Result<Turn, Ending> {
        if let Some(held) = &mut self.held {
            let written = write_ready(socket, &held.replies[held.written..])?;
            held.written += written;
            if written > 0 {
                self.last_moved = Instant::now();
            }
            if held.written < held.replies.len() {
                return Ok(Turn::Blocked);
            }
            let input = self.held.take().map(|held| held.input).unwrap_or_default();
            return self.answer(&input, &mut scratch.replies, socket);
        }
        match socket.read(&mut scratch.input) {
            Ok(0) if self.lingering.is_some() => Err(Ending::QuestionTooLong),
            Ok(0) => Err(Ending::Left),
            Ok(count) => match &mut self.lingering {
                Some(lingering) => lingering.take(count),
                None => {
                    self.last_moved = Instant::now();
                    self.answer(&scratch.input[..count], &mut scratch.replies, socket)
                }
            },
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock => Ok(Turn::Blocked),
                io::ErrorKind::Interrupted => Ok(Turn::Moved),
                _ => Err(Ending::Broken(error)),
            },
        }
    }

    /// Hears all of `input` and writes the replies, as far as the client takes them.
    fn answer(
        &mut self,
        input: &[u8],
        replies: &mut Vec<u8>,
        socket: &mut (impl Write + AsFd),
    ) -> Result<Turn, Ending> {
        let mut rest = input;
        while !rest.is_empty() {
            replies.clear();
            let heard = self.conversation.hear(rest, replies);
            rest = &rest[heard.bytes..];
            self.questions += heard.questions as u64;
            self.unknown += heard.unknown as u64;
            let written = write_ready(socket, replies)?;
            if written < replies.len() {
                let held = Held { replies: replies[written..].to_vec(), written: 0, input: rest.to_vec() };
                self.held = Some(Box::new(held));
                return Ok(Turn::Blocked);
            }
        }
        if self.conversation.is_over() {
            // It fails only if the client has gone, which the next read will tell.
            let _ = shutdown(&*socket, Shutdown::Write);
            self.lingering = Some(Lingering { until: Instant::now() + LINGER, room_bytes: LINGER_MAX_BYTES });
        }
        Ok(Turn::Moved)
    }

    fn end(&mut self, ending: &Ending) -> Turn {
        self.has_ended = true;
        let Self { client, questions, unknown, .. } = self;
        if self.conversation.is_in_mid_question() {
            tracing::warn!(%client, questions, unknown, "{ending} in mid-question");
        } else if matches!(ending, Ending::QuestionTooLong) {
            tracing::warn!(%client, questions, unknown, "{ending}");
        } else {
            tracing::info!(%client, questions, unknown, "{ending}");
        }
        Turn::Over
    }
}

/// A session that is dropped before its end is cut off: the server stops.
impl Drop for Session {
    fn drop(&mut self) {
        if !self.has_ended {
            self.end(&Ending::Cut);
        }
    }
}

impl Lingering {
    /// Ignores `count` bytes, unless it has had enough.
    fn take(&mut self, count: usize) -> Result<Turn, Ending> {
        self.room_bytes = self.room_bytes.checked_sub(count).ok_or(Ending::QuestionTooLong)?;
        Ok(Turn::Moved)
    }
}

impl From<io::Error> for Ending {
    fn from(error: io::Error) -> Self {
        Self::Broken(error)
    }
}

/// Writes as many of `bytes` as the socket takes now, and says how many.
fn write_ready(socket: &mut impl Write, bytes: &[u8]) -> io::Result<usize> {
    let mut written = 0;
    while written < bytes.len() {
        match socket.write(&bytes[written..]) {
            Ok(count) => written += count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(written)
}
