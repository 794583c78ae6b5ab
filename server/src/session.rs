//! A session: one client from accept to close, on a stream that never blocks.
//!
//! A design owns the socket and the waiting. When the socket is ready or the session's deadline has passed, the design
//! gives the session a [turn](Session::turn): the session reads, parses, answers, closes gracefully and writes the log.
//! A session whose client is silent owns no buffers. A session whose client does not read stops reading, so its buffers
//! are bounded (backpressure).

mod close_reason;
mod linger;
pub(crate) mod peer;
mod pending;
mod reporter;
mod scratch;
pub(crate) mod service;
pub(crate) mod stream;

use std::io;
use std::sync::Arc;
use std::time::Instant;

use launcelot_endpoint::observe::ConnectionObserver;
use launcelot_protocol::Conversation;

use crate::session::close_reason::CloseReason;
use crate::session::linger::Linger;
use crate::session::peer::Peer;
use crate::session::pending::{Pending, Work};
use crate::session::reporter::Reporter;
use crate::session::service::Service;
use crate::session::stream::Stream;
use crate::statistics::tally::ThreadNumber;

pub(crate) use pending::FAR_FUTURE;
pub(crate) use scratch::Scratch;

/// The result of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Bytes were read or written. Another turn may make further progress.
    Progress,
    /// The session has to wait for the event that [`Session::awaits`] returns, or for its [deadline](Session::deadline).
    Blocked,
    /// The session has ended and is in the log. The socket should be closed.
    Over,
}

/// The event for which a session waits, apart from its [deadline](Session::deadline).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Awaits {
    /// The stream becomes readable.
    Input,
    /// The stream becomes writable.
    Output,
    /// Nothing but the deadline, at which simulated work is done.
    Work,
}

/// One client's session.
#[derive(Debug)]
pub(crate) struct Session {
    client: Peer,
    service: Arc<Service>,
    /// The thread that accepted the connection. The connection is counted in that thread's tally.
    thread: ThreadNumber,
    conversation: Conversation,
    questions: u64,
    unknown: u64,
    /// When a byte was last read or written, or work was done.
    last_activity: Instant,
    pending: Option<Box<Pending>>,
    linger: Option<Linger>,
    has_ended: bool,
    reporter: Reporter,
}

impl Session {
    /// Begins the session of a connection that this thread has accepted.
    pub(crate) fn begin(client: Peer, service: Arc<Service>, observer: Option<Box<dyn ConnectionObserver>>) -> Self {
        let thread = ThreadNumber::of_this_thread();
        tracing::info!(%client, "client connected");
        service.statistics.tally(thread).opened();
        Self {
            client,
            service,
            thread,
            conversation: Conversation::new(),
            questions: 0,
            unknown: 0,
            last_activity: Instant::now(),
            pending: None,
            linger: None,
            has_ended: false,
            reporter: Reporter::to(observer),
        }
    }

    /// Writes pending replies if there are any. Otherwise reads once and answers with one write.
    pub(crate) fn turn(&mut self, stream: &mut impl Stream, scratch: &mut Scratch) -> Turn {
        let turn = match self.pending.take() {
            Some(pending) => self.write_pending(pending, stream, scratch),
            None => self.read(stream, scratch),
        };
        turn.unwrap_or_else(|reason| self.end(&reason))
    }

    pub(crate) fn awaits(&self) -> Awaits {
        match &self.pending {
            None => Awaits::Input,
            Some(pending) if pending.work.is_some() => Awaits::Work,
            Some(_) => Awaits::Output,
        }
    }

    /// Returns the time at which the session needs a turn even without an event: simulated work is done then, or the session
    /// is [overdue](Self::end_if_overdue) unless a byte is read or written before. `None` if there is no such time.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        if let Some(pending) = &self.pending
            && let Some(work) = pending.work
        {
            return Some(work.until);
        }
        if let Some(linger) = &self.linger {
            return Some(linger.until);
        }
        self.last_activity.checked_add(self.service.options.idle_timeout?)
    }

    /// Ends the session if its deadline has passed, unless the deadline is the end of simulated work. Returns whether the
    /// session was ended: the socket should then be closed.
    pub(crate) fn end_if_overdue(&mut self) -> bool {
        let has_passed = self.deadline().is_some_and(|deadline| deadline <= Instant::now());
        if !has_passed || self.awaits() == Awaits::Work {
            return false;
        }
        let reason = if self.linger.is_some() { CloseReason::QuestionTooLong } else { CloseReason::Idle };
        self.end(&reason);
        true
    }

    fn read(&mut self, stream: &mut impl Stream, scratch: &mut Scratch) -> Result<Turn, CloseReason> {
        let count = match stream.read(&mut scratch.input) {
            Ok(0) if self.linger.is_some() => return Err(CloseReason::QuestionTooLong),
            Ok(0) => return Err(CloseReason::Disconnected),
            Ok(count) => count,
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock => return Ok(Turn::Blocked),
                io::ErrorKind::Interrupted => return Ok(Turn::Progress),
                _ => return Err(CloseReason::Failed(error)),
            },
        };
        let received_at = Instant::now();
        self.service.statistics.tally(scratch.thread).received(count);
        if let Some(linger) = &mut self.linger {
            linger.discard(count)?;
            return Ok(Turn::Progress);
        }
        self.last_activity = received_at;
        self.reporter.questions_read(received_at, count);
        let Scratch { input, replies, thread } = scratch;
        self.answer(&input[..count], received_at, replies, stream, *thread)
    }

    /// Writes the pending replies, if the work on them is done, and then continues with the input that had to wait for
    /// them.
    fn write_pending(
        &mut self,
        mut pending: Box<Pending>,
        stream: &mut impl Stream,
        scratch: &mut Scratch,
    ) -> Result<Turn, CloseReason> {
        if let Some(Work { began, until, parsed }) = pending.work {
            let now = Instant::now();
            if now < until {
                self.pending = Some(pending);
                return Ok(Turn::Blocked);
            }
            self.service.statistics.tally(scratch.thread).answered(parsed.questions, parsed.unknown, now - began);
            self.reporter.answers_ready(now, pending.replies.len());
            self.last_activity = now;
            pending.work = None;
        }
        let written = self.write(&pending.replies[pending.written..], stream, scratch.thread)?;
        pending.written += written;
        let now = Instant::now();
        if written > 0 {
            self.last_activity = now;
        }
        if pending.written < pending.replies.len() {
            self.pending = Some(pending);
            return Ok(Turn::Blocked);
        }
        self.answer(&pending.input, now, &mut scratch.replies, stream, scratch.thread)
    }

    /// Parses all of `input`, which was complete at `began`, and writes the replies as far as the client takes them.
    fn answer(
        &mut self,
        input: &[u8],
        mut began: Instant,
        replies: &mut Vec<u8>,
        stream: &mut impl Stream,
        thread: ThreadNumber,
    ) -> Result<Turn, CloseReason> {
        let mut rest = input;
        while !rest.is_empty() {
            replies.clear();
            let parsed = self.conversation.feed(rest, replies);
            rest = &rest[parsed.bytes..];
            self.questions += parsed.questions as u64;
            self.unknown += parsed.unknown as u64;
            if let Some(work) = Work::on(parsed, began, self.service.options.think.get()) {
                self.keep_pending(Some(work), replies, rest);
                return Ok(Turn::Blocked);
            }
            if !replies.is_empty() {
                let now = Instant::now();
                self.service.statistics.tally(thread).answered(parsed.questions, parsed.unknown, now - began);
                self.reporter.answers_ready(now, replies.len());
            }
            let written = self.write(replies, stream, thread)?;
            if written < replies.len() {
                self.keep_pending(None, &replies[written..], rest);
                return Ok(Turn::Blocked);
            }
            if !rest.is_empty() {
                began = Instant::now();
            }
        }
        if self.conversation.is_over() && self.linger.is_none() {
            stream.end_output();
            self.linger = Some(Linger::begin());
        }
        Ok(Turn::Progress)
    }

    fn keep_pending(&mut self, work: Option<Work>, replies: &[u8], input: &[u8]) {
        let pending = Pending { work, replies: replies.to_vec(), written: 0, input: input.to_vec() };
        self.pending = Some(Box::new(pending));
    }

    /// Writes as much of `bytes` as the stream takes without blocking, and returns the number of bytes written. Then
    /// reports to the observer.
    fn write(&mut self, bytes: &[u8], stream: &mut impl Stream, thread: ThreadNumber) -> io::Result<usize> {
        self.reporter.before_write();
        let written = write(bytes, stream);
        self.reporter.report();
        let written = written?;
        self.service.statistics.tally(thread).sent(written);
        Ok(written)
    }

    fn end(&mut self, reason: &CloseReason) -> Turn {
        self.has_ended = true;
        self.reporter.report();
        self.service.statistics.tally(self.thread).closed();
        let Self { client, questions, unknown, .. } = self;
        if self.conversation.is_in_question() {
            tracing::warn!(%client, questions, unknown, "{reason} in the middle of a question");
        } else if matches!(reason, CloseReason::QuestionTooLong) {
            tracing::warn!(%client, questions, unknown, "{reason}");
        } else {
            tracing::info!(%client, questions, unknown, "{reason}");
        }
        Turn::Over
    }
}

/// Writes as much of `bytes` as the stream takes without blocking, and returns the number of bytes written.
fn write(bytes: &[u8], stream: &mut impl Stream) -> io::Result<usize> {
    let mut written = 0;
    while written < bytes.len() {
        match stream.write(&bytes[written..]) {
            Ok(count) => written += count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(written)
}

/// A session is dropped before its end only if the server stops, which cuts the session off.
impl Drop for Session {
    fn drop(&mut self) {
        if !self.has_ended {
            self.end(&CloseReason::Stopped);
        }
    }
}
