//! What is measured, in which order, and how long it will take.

use std::time::Duration;

use super::options::{ServerOptions, known_designs};

/// The designs that can keep thousands of connections at once, and be asked on each of them.
const FOR_MANY: [&str; 4] = ["async", "per-core", "poll", "threads"];

/// Those of them that are asked by the clock unless others are chosen: they are made for it.
const FOR_RATES: [&str; 2] = ["async", "per-core"];

/// How long an open loop runs: many times the second in which each connection asks once.
const RATE_TIME: Duration = Duration::from_secs(3);

/// What one measurement takes besides the time in which it asks: starting, connecting, ending.
const AROUND: Duration = Duration::from_millis(150);

/// The same for a connection, and with a silent one it is all there is.
const AROUND_A_CONNECTION: Duration = Duration::from_micros(100);

/// How many descriptors of this process are something else than the load's connections.
const OTHER_DESCRIPTORS: u64 = 100;

/// So many clients, each with so many questions in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// How many clients there are.
    pub clients: usize,
    /// How many questions each keeps in flight.
    pub depth: u32,
}

/// A whole benchmark.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The cells in which all designs are compared.
    pub cells: Vec<Cell>,
    /// The designs.
    pub designs: Vec<String>,
    /// Those that keep many silent connections.
    pub idle_designs: Vec<String>,
    /// Those that are asked by the clock.
    pub rate_designs: Vec<String>,
    /// How often everything is measured.
    pub rounds: usize,
    /// How long one closed loop runs.
    pub time: Duration,
    /// How long one open loop runs.
    pub rate_time: Duration,
    /// How many connections are many; 0 leaves that part out.
    pub connections: usize,
    /// Whether Redis is measured beside.
    pub redis: bool,
    /// What is not measured and why, a sentence each.
    pub left_out: Vec<String>,
}

impl Plan {
    /// What the options come to on this machine. `descriptors` is the limit, if there is one.
    pub fn new(options: &ServerOptions, redis: bool, descriptors: Option<u64>) -> Self {
        let mut left_out = Vec::new();
        let chosen = !options.designs.is_empty();
        let designs = if chosen { options.designs.clone() } else { known_designs() };
        if !redis {
            left_out.push("Redis is left out: `apt-get install redis-server` would bring it.".to_owned());
        }
        let room = descriptors
            .map_or(usize::MAX, |limit| usize::try_from(limit.saturating_sub(OTHER_DESCRIPTORS)).unwrap_or(usize::MAX));
        let connections = options.connections.min(room);
        if connections < options.connections {
            left_out.push(format!(
                "{connections} connections in place of {}: the limit of open descriptors allows no more.",
                options.connections
            ));
        }
        let among = |few: &[&str]| designs.iter().filter(|design| few.contains(&design.as_str())).cloned().collect();
        let cell = |clients: usize, depth| Cell { clients: clients.min(room), depth };
        let depths = || options.depths.iter().map(|depth| depth.get());
        Self {
            cells: options
                .clients
                .iter()
                .flat_map(|clients| depths().map(|depth| cell(clients.get(), depth)))
                .collect(),
            idle_designs: among(&FOR_MANY),
            rate_designs: among(if chosen { &FOR_MANY } else { &FOR_RATES }),
            designs,
            rounds: options.rounds.get(),
            time: options.seconds,
            rate_time: RATE_TIME,
            connections,
            redis,
            left_out,
        }
    }

    /// About how long it takes.
    pub fn estimate(&self) -> Duration {
        let times = |duration: Duration, count: usize| duration * u32::try_from(count).unwrap_or(u32::MAX);
        let connecting = |clients| times(AROUND_A_CONNECTION, clients);
        let subjects = self.designs.len() + usize::from(self.redis);
        let one_each: Duration = self.cells.iter().map(|cell| self.time + AROUND + connecting(cell.clients)).sum();
        let closed = times(one_each, subjects * self.rounds);
        if self.connections == 0 {
            return closed;
        }
        let idle = times(AROUND + connecting(self.connections), self.idle_designs.len());
        let rate = times(self.rate_time + AROUND, 2) + connecting(self.connections);
        closed + idle + times(rate, self.rate_designs.len() * self.rounds)
    }
}
