//! Serving one client in a tokio task.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io::{self, Read, Write};
use std::os::fd::AsFd as _;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};

use crate::session::stream::Stream;
use crate::session::{FAR_FUTURE, Scratch, Session, Turn};

thread_local! {
    /// The buffers of the task that runs on this thread. Waiting tasks need none, and thousands of them may wait.
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Serves one client until its session ends. A stop is not observed here: the runtime drops the task at the end of the
/// grace period.
///
/// The whole session runs in one poll function, so that a question is read, parsed and answered without an `await` in
/// between, across which the task would need buffers of its own.
pub(super) async fn serve_client(mut stream: TcpStream, mut session: Session) {
    let mut timer = pin!(sleep_until(timer_deadline(&session)));
    poll_fn(|context| {
        loop {
            if take_turns(&mut session, &mut stream, context) == Turn::Over {
                return Poll::Ready(());
            }
            // Every question moves the deadline away. Setting the timer each time would cost more than letting it fire
            // once in a while and setting it then. In the rare case that the deadline comes nearer, the timer is set at once.
            if session.deadline().is_some_and(|deadline| deadline < timer.deadline().into_std()) {
                timer.as_mut().reset(timer_deadline(&session));
            }
            if timer.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            if session.end_if_overdue() {
                return Poll::Ready(());
            }
            timer.as_mut().reset(timer_deadline(&session));
        }
    })
    .await;
}

fn timer_deadline(session: &Session) -> Instant {
    match session.deadline() {
        Some(deadline) => Instant::from_std(deadline),
        None => Instant::now() + FAR_FUTURE,
    }
}

/// Gives the session turns until it blocks or ends.
fn take_turns(session: &mut Session, stream: &mut TcpStream, context: &mut Context<'_>) -> Turn {
    SCRATCH.with_borrow_mut(|scratch| {
        loop {
            let turn = session.turn(&mut NonBlocking { stream, context }, scratch);
            if turn != Turn::Progress {
                return turn;
            }
        }
    })
}

/// A tokio socket with the interface of a non-blocking socket of the standard library. An operation that would block
/// registers the task to be woken. Unlike `try_read`, `poll_read` concludes from a short read that there is no more input,
/// which saves one system call per question.
struct NonBlocking<'a, 'context> {
    stream: &'a mut TcpStream,
    context: &'a mut Context<'context>,
}

impl Read for NonBlocking<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut buffer = ReadBuf::new(buffer);
        match Pin::new(&mut *self.stream).poll_read(self.context, &mut buffer) {
            Poll::Ready(read) => read.map(|()| buffer.filled().len()),
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}

impl Write for NonBlocking<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match Pin::new(&mut *self.stream).poll_write(self.context, bytes) {
            Poll::Ready(written) => written,
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for NonBlocking<'_, '_> {
    fn end_output(&mut self) {
        let _ = rustix::net::shutdown(self.stream.as_fd(), rustix::net::Shutdown::Write);
    }
}
