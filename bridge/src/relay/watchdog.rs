//! Pings, and the idle timeout: what happens while nothing else does.
//!
//! One coarse timer for each relay, and the clock is read only when it fires.

use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

use super::Ending;

/// How many pings a client may leave unanswered that its system has acknowledged. A page that is busy answers late.
const UNANSWERED_MAX: u32 = 3;

/// How many times the timer fires in the idle timeout. So late a silent connection is closed at most.
const CHECKS_PER_IDLE_TIMEOUT: u32 = 4;

/// How often a connection is looked at whatever the options are.
const PERIOD_MAX: Duration = Duration::from_secs(20);

/// What the watchdog sees of a relay.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sight {
    /// Number of bytes that moved so far, without those of control frames.
    pub(super) moved: u64,
    /// Number of those bytes that were sent to the client.
    pub(super) sent: u64,
    /// Whether anything was received from the client since the last look.
    pub(super) is_heard: bool,
    /// Whether the client is read and has got everything, so that only it can be the reason why there is no pong.
    pub(super) may_demand_pong: bool,
    /// Whether the client has closed the connection, although it is not read.
    pub(super) has_hung_up: bool,
}

/// What is to be done.
#[derive(Debug)]
pub(super) enum Verdict {
    Well,
    Ping,
    End(Ending),
}

#[derive(Debug)]
pub(super) struct Watchdog {
    timer: Pin<Box<Sleep>>,
    period: Duration,
    state: State,
}

impl Watchdog {
    /// Begins to watch. A timeout or an interval of zero is none.
    pub(super) fn new(idle_timeout: Duration, ping_interval: Duration) -> Self {
        let mut period = PERIOD_MAX;
        for wanted in [idle_timeout / CHECKS_PER_IDLE_TIMEOUT, ping_interval] {
            if !wanted.is_zero() {
                period = period.min(wanted);
            }
        }
        let state = State {
            idle_timeout,
            ping_interval,
            moved: 0,
            last_moved: Instant::now(),
            sent: 0,
            last_ping: Instant::now(),
            is_heard: false,
            unanswered: 0,
        };
        Self { timer: Box::pin(sleep(period)), period, state }
    }

    /// Ready whenever it is time for a [`check`](Self::check), with the time.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Instant> {
        ready!(self.timer.as_mut().poll(cx));
        let now = Instant::now();
        self.timer.as_mut().reset(now + self.period);
        Poll::Ready(now)
    }

    pub(super) fn check(&mut self, now: Instant, sight: Sight) -> Verdict {
        self.state.check(now, sight)
    }
}

/// What was seen before.
#[derive(Debug)]
struct State {
    idle_timeout: Duration,
    ping_interval: Duration,
    moved: u64,
    last_moved: Instant,
    sent: u64,
    last_ping: Instant,
    /// Whether the client was heard since the last ping.
    is_heard: bool,
    unanswered: u32,
}

impl State {
    fn check(&mut self, now: Instant, sight: Sight) -> Verdict {
        let has_moved = sight.moved > self.moved;
        if has_moved {
            self.moved = sight.moved;
            self.last_moved = now;
        } else if !self.idle_timeout.is_zero() && now - self.last_moved >= self.idle_timeout {
            return Verdict::End(Ending::Idle);
        }
        // What the client sent before it hung up cannot be read, and the server takes nothing.
        if sight.has_hung_up && !has_moved {
            return Verdict::End(Ending::ClientGone(None));
        }
        self.is_heard |= sight.is_heard;
        if self.ping_interval.is_zero() || now - self.last_ping < self.ping_interval {
            return Verdict::Well;
        }
        self.check_pong(now, sight)
    }

    /// Judges the silence since the last ping.
    fn check_pong(&mut self, now: Instant, sight: Sight) -> Verdict {
        let is_heard = std::mem::take(&mut self.is_heard);
        let has_sent = std::mem::replace(&mut self.sent, sight.sent) != sight.sent;
        self.last_ping = now;
        if is_heard {
            self.unanswered = 0;
            if has_sent {
                return Verdict::Well;
            }
        } else if self.unanswered >= UNANSWERED_MAX {
            return Verdict::End(Ending::ClientSilent);
        }
        if sight.may_demand_pong {
            self.unanswered += 1;
        }
        Verdict::Ping
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Looks once a second and returns when which verdict came that was not [`Verdict::Well`].
    fn verdicts(idle: u32, ping: u32, looks: u32, mut sight: impl FnMut(u32) -> Sight) -> Vec<(u32, &'static str)> {
        let begin = Instant::now();
        let mut state = Watchdog { ..Watchdog::new(idle * SECOND, ping * SECOND) }.state;
        state.last_moved = begin;
        state.last_ping = begin;
        let mut verdicts = Vec::new();
        for second in 1..=looks {
            match state.check(begin + second * SECOND, sight(second)) {
                Verdict::Well => {}
                Verdict::Ping => verdicts.push((second, "ping")),
                Verdict::End(Ending::Idle) => return [verdicts, vec![(second, "idle")]].concat(),
                Verdict::End(Ending::ClientSilent) => return [verdicts, vec![(second, "silent")]].concat(),
                Verdict::End(_) => return [verdicts, vec![(second, "gone")]].concat(),
            }
        }
        verdicts
    }

    #[tokio::test]
    async fn the_idle_timeout_counts_moving_bytes_and_not_pongs() {
        let pongs_only = |second| Sight { moved: 7, is_heard: true, sent: u64::from(second), ..Sight::default() };
        assert_eq!(verdicts(5, 0, 99, pongs_only), [(6, "idle")]);
        let bytes = |second| Sight { moved: u64::from(second), ..Sight::default() };
        assert_eq!(verdicts(5, 0, 99, bytes), []);
        assert_eq!(verdicts(0, 0, 99, |_| Sight::default()), []);
    }

    #[tokio::test]
    async fn a_silent_client_is_pinged_and_then_given_up() {
        let silent = |_| Sight { may_demand_pong: true, ..Sight::default() };
        assert_eq!(verdicts(0, 2, 99, silent), [(2, "ping"), (4, "ping"), (6, "ping"), (8, "silent")]);
        let answering = |second| Sight { is_heard: second % 2 == 0, ..silent(second) };
        assert_eq!(verdicts(0, 2, 7, answering), [(2, "ping"), (4, "ping"), (6, "ping")]);
    }

    #[tokio::test]
    async fn no_pong_is_demanded_of_a_client_that_has_not_got_the_ping_or_is_not_read() {
        let stuck = |_| Sight::default();
        assert_eq!(verdicts(0, 20, 99, stuck).last(), Some(&(80, "ping")));
    }

    #[tokio::test]
    async fn a_client_that_is_sent_bytes_and_sends_some_is_not_pinged() {
        let busy =
            |second| Sight { moved: u64::from(second), sent: u64::from(second), is_heard: true, ..Sight::default() };
        assert_eq!(verdicts(5, 2, 99, busy), []);
    }

    #[tokio::test]
    async fn a_client_that_hung_up_is_given_up_if_the_server_takes_nothing() {
        let hung_up = |second: u32| Sight { moved: u64::from(second.min(3)), has_hung_up: true, ..Sight::default() };
        assert_eq!(verdicts(0, 0, 99, hung_up), [(4, "gone")]);
    }
}
