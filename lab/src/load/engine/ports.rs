//! Local ports, which a load can use up: a closed connection keeps its port for a minute.

use std::fs;
use std::net::IpAddr;
use std::time::Duration;

use launcelot_measure::unit::format_count;

use crate::load::cycle::Pace;

/// How long Linux keeps the port of a connection that the client closed first (`TCP_TIMEWAIT_LEN`).
const TIME_WAIT: Duration = Duration::from_secs(60);

/// After this time Linux takes the port again where `net.ipv4.tcp_tw_reuse` permits it (`tcp_tw_reuse_delay`).
const REUSE_DELAY: Duration = Duration::from_secs(1);

/// The range of local ports of a kernel that is not configured otherwise.
const DEFAULT_PORTS: u64 = 28_232;

/// How many loopback addresses a load may come from.
const SOURCES_MAX: u64 = 254;

/// How often the clients of a closed loop can be expected to connect, as far as local ports are concerned.
const CONNECTS_PER_SECOND: u64 = 10_000;

/// How a load uses local ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::load) struct PortUse {
    /// How often a connection is made and closed; 0 if that is not known.
    pub(in crate::load) connects_per_second: u32,
    /// The number of connections at once; 0 if that is not known.
    pub(in crate::load) connections: u32,
    /// How long connections are made to one port of the server.
    pub(in crate::load) time: Duration,
    /// Whether the server is at a loopback address.
    pub(in crate::load) is_loopback: bool,
    /// The number of source addresses.
    pub(in crate::load) sources: u32,
}

/// Returns a warning if the local ports will not last.
pub(in crate::load) fn warning(port_use: &PortUse) -> Option<String> {
    warning_with(port_use, local_ports(), kept(reuse_setting(), port_use.is_loopback))
}

fn warning_with(port_use: &PortUse, ports: u64, kept: Duration) -> Option<String> {
    let connects = u64::from(port_use.connects_per_second);
    let closed = (connects as f64 * port_use.time.min(kept).as_secs_f64()).round() as u64;
    let needed = closed + u64::from(port_use.connections);
    let available = ports * u64::from(port_use.sources);
    if needed <= available {
        return None;
    }
    let cause = if connects == 0 {
        format!("{} connections at once need as many local ports", format_count(u64::from(port_use.connections)))
    } else {
        let kept = humantime::format_duration(kept);
        let (connects, needed) = (format_count(connects), format_count(needed));
        format!(
            "{connects} connects per second need {needed} local ports, since a closed one stays in TIME_WAIT for {kept}"
        )
    };
    let addresses = match port_use.sources {
        1 => String::new(),
        sources => format!(" at each of {sources} source addresses"),
    };
    Some(format!(
        "{cause}, and net.ipv4.ip_local_port_range has {}{addresses}. Dialogues beyond them fail with “no free local port”.",
        format_count(ports)
    ))
}

/// Returns how many source addresses a load uses if the server is at a loopback address.
pub(in crate::load) fn sources(pace: &Pace, keep_alive: bool) -> u32 {
    let (connections, connects_per_second) = match *pace {
        Pace::Closed { clients, .. } => (u64::from(clients), CONNECTS_PER_SECOND),
        Pace::Open { rate, max_in_flight, .. } => (u64::from(max_in_flight), u64::from(rate)),
    };
    sources_with(if keep_alive { 0 } else { connects_per_second }, connections, local_ports())
}

fn sources_with(connects_per_second: u64, connections: u64, ports: u64) -> u32 {
    // Connecting becomes slow when few ports are free, so half of them stay so.
    let needed = 2 * (connects_per_second * TIME_WAIT.as_secs() + connections);
    needed.div_ceil(ports.max(1)).clamp(1, SOURCES_MAX) as u32
}

/// Whether an address is one of those from which a load may come.
pub(in crate::load) fn is_ipv4_loopback(address: IpAddr) -> bool {
    matches!(address, IpAddr::V4(address) if address.is_loopback())
}

/// Returns how long a port cannot be used again, given `net.ipv4.tcp_tw_reuse`: 1 permits it everywhere, 2 on loopback.
fn kept(reuse: Option<u8>, is_loopback: bool) -> Duration {
    match reuse {
        Some(1) => REUSE_DELAY,
        Some(2) if is_loopback => REUSE_DELAY,
        _ => TIME_WAIT,
    }
}

fn reuse_setting() -> Option<u8> {
    fs::read_to_string("/proc/sys/net/ipv4/tcp_tw_reuse").ok()?.trim().parse().ok()
}

/// Returns the number of ports in the range for connections.
fn local_ports() -> u64 {
    let range = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range");
    range.ok().and_then(|range| count_ports(&range)).unwrap_or(DEFAULT_PORTS)
}

fn count_ports(range: &str) -> Option<u64> {
    let mut numbers = range.split_whitespace().map(str::parse::<u64>);
    let first = numbers.next()?.ok()?;
    let last = numbers.next()?.ok()?;
    Some((last + 1).saturating_sub(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_range_of_local_ports_includes_both_ends() {
        assert_eq!(count_ports("32768\t60999\n"), Some(DEFAULT_PORTS));
        assert_eq!(count_ports("32768"), None);
        assert!(local_ports() > 0);
    }

    #[test]
    fn a_port_is_kept_for_a_minute_unless_the_kernel_takes_it_again() {
        let cases =
            [(Some(0), true, 60), (Some(1), false, 1), (Some(2), true, 1), (Some(2), false, 60), (None, true, 60)];
        for (reuse, is_loopback, seconds) in cases {
            assert_eq!(kept(reuse, is_loopback), Duration::from_secs(seconds), "{reuse:?}, loopback: {is_loopback}");
        }
    }

    #[test]
    fn a_warning_names_the_rate_and_the_range() {
        let remote = PortUse {
            connects_per_second: 1_000,
            connections: 0,
            time: Duration::from_secs(600),
            is_loopback: false,
            sources: 1,
        };
        let warning = |port_use| warning_with(&port_use, DEFAULT_PORTS, TIME_WAIT);
        assert_eq!(
            warning(remote).unwrap(),
            "1,000 connects per second need 60,000 local ports, since a closed one stays in TIME_WAIT for 1m, and \
             net.ipv4.ip_local_port_range has 28,232. Dialogues beyond them fail with “no free local port”."
        );
        let enough = [
            PortUse { connects_per_second: 470, ..remote },
            PortUse { time: Duration::from_secs(28), ..remote },
            PortUse { sources: 3, ..remote },
        ];
        assert!(enough.iter().all(|port_use| warning(*port_use).is_none()));
        let many = PortUse { connects_per_second: 0, connections: 60_000, sources: 2, ..remote };
        assert!(warning(many).unwrap().starts_with("60,000 connections at once need as many local ports, and"));
        assert!(warning(many).unwrap().contains("28,232 at each of 2 source addresses."));
    }

    #[test]
    fn a_load_comes_from_as_many_addresses_as_its_ports_need() {
        let cases = [((0, 1), 1), ((0, 10_000), 1), ((0, 20_000), 2), ((1_000, 100), 5), ((1_000_000, 0), 254)];
        for ((rate, connections), expected) in cases {
            assert_eq!(sources_with(rate, connections, DEFAULT_PORTS), expected, "{rate} and {connections}");
        }
    }
}
