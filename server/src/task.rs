//! Waiting in a task of tokio: one client from its coming to its going.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io::{self, Read, Write};
use std::os::fd::AsFd as _;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};

use crate::session::{FAR_FUTURE, Scratch, Session, Turn};
use crate::stream::Stream;

thread_local! {
    /// The buffers of whichever task runs on this thread: a task that waits needs none, and
    /// thousands of them wait.
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Serves one client to its end.
///
/// All of it is one poll function, so that reading, hearing and writing happen in one go, without a
/// wait in between during which the buffers would have to be the task's own.
pub(crate) async fn attend(mut stream: TcpStream, mut session: Session) {
    let deadline =
        |session: &Session| session.deadline().map_or_else(|| Instant::now() + FAR_FUTURE, Instant::from_std);
    let mut timer = pin!(sleep_until(deadline(&session)));
    poll_fn(|context| {
        loop {
            let turn = SCRATCH.with_borrow_mut(|scratch| {
                loop {
                    match session.turn(&mut Readiness { stream: &mut stream, context }, scratch) {
                        Turn::Progress => {}
                        turn => break turn,
                    }
                }
            });
            if turn == Turn::Over {
                return Poll::Ready(());
            }
            // Every question moves the deadline away. The timer follows only when it fires, for setting
            // it costs more than that. It is set at once in the rare case that the deadline came nearer.
            if session.deadline().is_some_and(|deadline| deadline < timer.deadline().into_std()) {
                timer.as_mut().reset(deadline(&session));
            }
            if timer.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            if session.is_overdue() {
                return Poll::Ready(());
            }
            timer.as_mut().reset(deadline(&session));
        }
    })
    .await;
}

/// A socket of tokio as a plain one that never blocks: where it would block, the task is woken
/// later. Unlike `try_read`, `poll_read` knows after a short read that there is nothing more, and
/// saves one system call a question.
struct Readiness<'a, 'context> {
    stream: &'a mut TcpStream,
    context: &'a mut Context<'context>,
}

impl Read for Readiness<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut buffer = ReadBuf::new(buffer);
        match Pin::new(&mut *self.stream).poll_read(self.context, &mut buffer) {
            Poll::Ready(read) => read.map(|()| buffer.filled().len()),
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}

impl Write for Readiness<'_, '_> {
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

impl Stream for Readiness<'_, '_> {
    fn end_output(&mut self) {
        let _ = rustix::net::shutdown(self.stream.as_fd(), rustix::net::Shutdown::Write);
    }
}
