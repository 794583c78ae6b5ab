//! One dialogue: its connections, and its trace.

use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use launcelot_measure::clock::smallest_step;
use launcelot_measure::{Trace, TraceEvent};

use super::TunnelTransit;
use super::connection_log::ConnectionLog;
use super::thinking::Thinking;

/// The smallest step of the clock that all hops in this process read.
static CLOCK_STEP: LazyLock<Duration> = LazyLock::new(|| {
    let begin = Instant::now();
    smallest_step(|| begin.elapsed()).unwrap_or_default()
});

/// A connection, identified by the addresses of both its ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct ConnectionAddresses {
    /// The end that called `connect()`.
    pub(super) from: SocketAddr,
    /// The end that called `accept()`.
    pub(super) to: SocketAddr,
}

/// The hop that reported one end of a connection, and which of the hop's connections it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hop {
    /// The bridge's connection to the next hop.
    Bridge,
    /// A client's connection to the tunnel.
    Tunnel,
    /// The tunnel's connection to the server.
    TunnelOnward,
    /// A client's connection to the server.
    Server,
}

impl Hop {
    /// Returns true if the hop accepted the connection, and false if the hop connected.
    fn accepted(self) -> bool {
        matches!(self, Self::Tunnel | Self::Server)
    }
}

/// A dialogue in the trace store. A clone shares the logs.
#[derive(Debug, Clone, Default)]
pub(super) struct Dialogue {
    pub(super) name: String,
    /// The port to which the client, or the bridge for the client, connected.
    pub(super) to_port: u16,
    /// True if the dialogue came through the bridge without a name, so that no request can return it.
    pub(super) is_ignored: bool,
    /// The ends of connections that hops have reported.
    pub(super) connections: Vec<(Hop, ConnectionAddresses)>,
    /// The logs of the reported ends.
    pub(super) logs: Vec<Arc<ConnectionLog>>,
    pub(super) transit: Option<TunnelTransit>,
    /// True if the dialogue belongs to a series, of which only the server's thinking is kept.
    pub(super) is_in_series: bool,
    /// The sum of the server's thinking over the earlier connections of the series.
    pub(super) thinking_before: Thinking,
    /// True once one of the connections has ended. A later connection with the same addresses belongs to another
    /// dialogue.
    pub(super) has_ended: bool,
}

impl Dialogue {
    /// Returns true if an end of the connection `addresses` that `hop` reports now can belong to this dialogue. Returns
    /// false if a connection of the dialogue has ended, or if the same end has been reported before: then a new
    /// connection uses the same ports.
    pub(super) fn expects(&self, hop: Hop, addresses: ConnectionAddresses) -> bool {
        let is_reported = self
            .connections
            .iter()
            .any(|(other, other_addresses)| *other_addresses == addresses && other.accepted() == hop.accepted());
        !self.has_ended && !is_reported
    }

    /// Returns true if the server's end of the connection `addresses` is all that has been reported of the dialogue.
    pub(super) fn is_known_from_server_only(&self, addresses: ConnectionAddresses) -> bool {
        !self.has_ended && self.connections == [(Hop::Server, addresses)]
    }

    /// Adds logs. Discards their events if the dialogue is ignored or belongs to a series; of a series, the sum of the
    /// server's thinking is kept.
    pub(super) fn add(&mut self, logs: impl IntoIterator<Item = Arc<ConnectionLog>>) {
        self.logs.extend(logs);
        if self.is_ignored {
            self.discard();
        } else if self.is_in_series {
            for log in &self.logs {
                log.sum_up();
            }
        }
    }

    /// Removes all logs. Returns the sum of the server's thinking up to this dialogue, without the logs whose announced
    /// events have not been recorded yet, and those logs.
    pub(super) fn take_thinking(&mut self) -> (Thinking, Vec<Arc<ConnectionLog>>) {
        let mut thinking = self.thinking_before;
        let mut pending = Vec::new();
        for log in std::mem::take(&mut self.logs) {
            match log.take_thinking() {
                Some(of_connection) => thinking.add(of_connection),
                None => pending.push(log),
            }
        }
        (thinking, pending)
    }

    /// Returns the sum of the server's thinking over this and the earlier connections of the series. Waits for
    /// announced events.
    pub(super) fn thinking(&self) -> Thinking {
        let mut thinking = self.thinking_before;
        for log in &self.logs {
            thinking.add(log.thinking());
        }
        thinking
    }

    /// Discards the recorded events of all connections, and drops all later ones.
    pub(super) fn discard(&self) {
        for log in &self.logs {
            log.discard();
        }
    }

    /// Returns the events of all hops in chronological order, with times counted from the first event. Waits for
    /// announced events.
    pub(super) fn trace(&self) -> Trace {
        let mut events = Vec::new();
        let mut connecting = Vec::new();
        let mut is_truncated = false;
        for log in &self.logs {
            is_truncated |= log.append_to(&mut events, &mut connecting);
        }
        events.sort_by_key(|event| (event.at, event.point));
        connecting.sort_by_key(|event| (event.at, event.point));
        let first_event = events.first().map(|event| event.at);
        let first_connecting = connecting.first().map(|event| event.at);
        let began = first_event.into_iter().chain(first_connecting).min();
        let since_began = |at: Instant| began.map(|began| at - began).unwrap_or_default();
        let events = events.into_iter().map(|event| TraceEvent {
            point: event.point,
            at: since_began(event.at),
            bytes: event.bytes,
        });
        let connecting = connecting
            .into_iter()
            .map(|event| launcelot_measure::ConnectEvent { point: event.point, at: since_began(event.at) });
        Trace {
            id: self.name.clone(),
            events: events.collect(),
            connecting: connecting.collect(),
            is_truncated,
            clock_step: *CLOCK_STEP,
        }
    }
}
