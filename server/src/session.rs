//! One client from its coming to its going, on a socket that never blocks.
//!
//! A design owns the socket and the waiting. When the socket is ready, or a time is up, it gives the
//! session its [turn](Session::turn), and the session reads, hears, answers, closes politely and
//! writes the log. A session whose client is silent owns no buffer, and one whose client does not
//! read owns a bounded one.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use launcelot_endpoint::observe::Watcher;
use launcelot_protocol::Conversation;
use launcelot_protocol::conversation::{Heard, REPLIES_MAX_BYTES};

use crate::ending::Ending;
use crate::peer::Peer;
use crate::reporter::Reporter;
use crate::service::Service;
use crate::statistics::ThreadNumber;
use crate::stream::Stream;

/// How much is read at once.
const READ_BYTES: usize = 16 * 1024;

/// Stands for no end at all.
pub(crate) const FAR_FUTURE: Duration = Duration::from_secs(60 * 60 * 24 * 365);

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
    /// Where the thread counts.
    thread: ThreadNumber,
}

impl Default for Scratch {
    fn default() -> Self {
        Self {
            input: vec![0; READ_BYTES].into(),
            replies: Vec::with_capacity(REPLIES_MAX_BYTES),
            thread: ThreadNumber::of_this_thread(),
        }
    }
}

/// What came of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Bytes moved; there may be more.
    Progress,
    /// What the session [waits for](Session::awaits) has not come.
    Blocked,
    /// The conversation is over and in the log: close the socket.
    Over,
}

/// What a session waits for, beside its [deadline](Session::deadline).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Awaits {
    /// That the client says something.
    Input,
    /// That the client takes what was said to it.
    Output,
    /// Nothing: it works, until its deadline.
    Work,
}

/// One client.
#[derive(Debug)]
pub(crate) struct Session {
    client: Peer,
    service: Arc<Service>,
    /// The thread that let the client in: there its coming and going are counted.
    thread: ThreadNumber,
    conversation: Conversation,
    questions: u64,
    unknown: u64,
    last_moved: Instant,
    pending: Option<Box<Pending>>,
    lingering: Option<Lingering>,
    has_ended: bool,
    reporter: Reporter,
}

/// What could not be written yet, and what has been read but not heard because of that.
#[derive(Debug)]
struct Pending {
    work: Option<Work>,
    replies: Vec<u8>,
    written: usize,
    input: Vec<u8>,
}

/// Simulated work ([`Options::think`](crate::Options::think)): the replies are not to be had before
/// it is done.
#[derive(Debug, Clone, Copy)]
struct Work {
    since: Instant,
    until: Instant,
    heard: Heard,
}

/// The client has been told all that it will be told, and may finish its sentence.
#[derive(Debug)]
struct Lingering {
    until: Instant,
    room_bytes: usize,
}

impl Session {
    /// Begins with a client that this thread has accepted, and its watcher.
    pub(crate) fn begin(client: Peer, service: Arc<Service>, watcher: Option<Box<dyn Watcher>>) -> Self {
        let thread = ThreadNumber::of_this_thread();
        tracing::info!(%client, "a client came");
        service.statistics.tally(thread).opened();
        Self {
            client,
            service,
            thread,
            conversation: Conversation::new(),
            questions: 0,
            unknown: 0,
            last_moved: Instant::now(),
            pending: None,
            lingering: None,
            has_ended: false,
            reporter: Reporter::to(watcher),
        }
    }

    /// Reads once and answers what came, with one write; or writes what was left over before.
    pub(crate) fn turn(&mut self, stream: &mut impl Stream, scratch: &mut Scratch) -> Turn {
        let turn = match self.pending.take() {
            Some(pending) => self.write_pending(pending, stream, scratch),
            None => self.read(stream, scratch),
        };
        turn.unwrap_or_else(|ending| self.end(&ending))
    }

    /// What it waits for.
    pub(crate) fn awaits(&self) -> Awaits {
        match self.pending.as_deref() {
            None => Awaits::Input,
            Some(Pending { work: None, .. }) => Awaits::Output,
            Some(Pending { work: Some(_), .. }) => Awaits::Work,
        }
    }

    /// When it is to have a turn whatever happens: its work may be done, or it may be
    /// [overdue](Self::is_overdue) if no byte moves until then.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match (self.pending.as_deref(), &self.lingering) {
            (Some(Pending { work: Some(work), .. }), _) => Some(work.until),
            (_, Some(lingering)) => Some(lingering.until),
            (_, None) => self.last_moved.checked_add(self.service.options.idle_timeout?),
        }
    }

    /// Whether its time is up; if so the conversation is over and in the log: close the socket.
    pub(crate) fn is_overdue(&mut self) -> bool {
        let is_overdue =
            self.awaits() != Awaits::Work && self.deadline().is_some_and(|deadline| deadline <= Instant::now());
        if is_overdue {
            self.end(&if self.lingering.is_some() { Ending::QuestionTooLong } else { Ending::Idle });
        }
        is_overdue
    }

    fn read(&mut self, stream: &mut impl Stream, scratch: &mut Scratch) -> Result<Turn, Ending> {
        match stream.read(&mut scratch.input) {
            Ok(0) if self.lingering.is_some() => Err(Ending::QuestionTooLong),
            Ok(0) => Err(Ending::Left),
            Ok(count) => {
                let received_at = Instant::now();
                self.service.statistics.tally(scratch.thread).heard(count);
                if let Some(lingering) = &mut self.lingering {
                    return lingering.take(count);
                }
                self.last_moved = received_at;
                self.reporter.questions_read(received_at, count);
                let Scratch { input, replies, thread } = scratch;
                self.answer(&input[..count], received_at, replies, stream, *thread)
            }
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock => Ok(Turn::Blocked),
                io::ErrorKind::Interrupted => Ok(Turn::Progress),
                _ => Err(Ending::Broken(error)),
            },
        }
    }

    /// Writes the pending replies, if the work on them is done, and then continues with the input that had
    /// to wait for them.
    fn write_pending(
        &mut self,
        mut pending: Box<Pending>,
        stream: &mut impl Stream,
        scratch: &mut Scratch,
    ) -> Result<Turn, Ending> {
        if let Some(Work { since, until, heard }) = pending.work {
            let now = Instant::now();
            if now < until {
                self.pending = Some(pending);
                return Ok(Turn::Blocked);
            }
            self.service.statistics.tally(scratch.thread).answered(heard.questions, heard.unknown, now - since);
            self.reporter.answers_ready(now, pending.replies.len());
            self.last_moved = now;
            pending.work = None;
        }
        let written = self.write(&pending.replies[pending.written..], stream, scratch.thread)?;
        pending.written += written;
        let now = Instant::now();
        if written > 0 {
            self.last_moved = now;
        }
        if pending.written < pending.replies.len() {
            self.pending = Some(pending);
            return Ok(Turn::Blocked);
        }
        self.answer(&pending.input, now, &mut scratch.replies, stream, scratch.thread)
    }

    /// Hears all of `input`, which is there since `since`, and writes the replies, as far as the
    /// client takes them.
    fn answer(
        &mut self,
        input: &[u8],
        mut since: Instant,
        replies: &mut Vec<u8>,
        stream: &mut impl Stream,
        thread: ThreadNumber,
    ) -> Result<Turn, Ending> {
        let mut rest = input;
        while !rest.is_empty() {
            replies.clear();
            let heard = self.conversation.hear(rest, replies);
            rest = &rest[heard.bytes..];
            self.questions += heard.questions as u64;
            self.unknown += heard.unknown as u64;
            if let Some(until) = self.work_until(since, heard) {
                let work = Some(Work { since, until, heard });
                self.hold(Pending { work, replies: replies.clone(), written: 0, input: rest.to_vec() });
                return Ok(Turn::Blocked);
            }
            if !replies.is_empty() {
                let now = Instant::now();
                self.service.statistics.tally(thread).answered(heard.questions, heard.unknown, now - since);
                self.reporter.answers_ready(now, replies.len());
            }
            let written = self.write(replies, stream, thread)?;
            if written < replies.len() {
                self.hold(Pending {
                    work: None,
                    replies: replies[written..].to_vec(),
                    written: 0,
                    input: rest.to_vec(),
                });
                return Ok(Turn::Blocked);
            }
            if !rest.is_empty() {
                since = Instant::now();
            }
        }
        self.reporter.report_questions();
        if self.conversation.is_over() && self.lingering.is_none() {
            stream.end_output();
            self.lingering = Some(Lingering { until: Instant::now() + LINGER, room_bytes: LINGER_MAX_BYTES });
        }
        Ok(Turn::Progress)
    }

    /// Until when the work on these answers is simulated, if there is to be any.
    fn work_until(&self, since: Instant, heard: Heard) -> Option<Instant> {
        let think = self.service.options.think.get();
        if think.is_zero() || heard.questions == 0 {
            return None;
        }
        // Thousands at once, or longer than the system can count: as good as for ever.
        let work = think.checked_mul(u32::try_from(heard.questions).unwrap_or(u32::MAX)).unwrap_or(Duration::MAX);
        Some(since.checked_add(work).unwrap_or_else(|| since + FAR_FUTURE))
    }

    fn hold(&mut self, pending: Pending) {
        self.pending = Some(Box::new(pending));
    }

    /// Writes as many of `bytes` as the stream takes now, and says how many.
    fn write(&self, bytes: &[u8], stream: &mut impl Stream, thread: ThreadNumber) -> io::Result<usize> {
        let mut written = 0;
        while written < bytes.len() {
            match stream.write(&bytes[written..]) {
                Ok(count) => written += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.service.statistics.tally(thread).wrote(written);
        Ok(written)
    }

    fn end(&mut self, ending: &Ending) -> Turn {
        self.has_ended = true;
        self.reporter.report_questions();
        self.service.statistics.tally(self.thread).closed();
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
        Ok(Turn::Progress)
    }
}

impl From<io::Error> for Ending {
    fn from(error: io::Error) -> Self {
        Self::Broken(error)
    }
}
