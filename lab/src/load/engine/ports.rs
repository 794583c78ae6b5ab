//! Local ports, which a load can use up: a closed connection keeps its port for a minute.

use std::fs;

/// How long Linux keeps the port of a connection that the client closed first (`TCP_TIMEWAIT_LEN`).
const TIME_WAIT_SECONDS: u64 = 60;

/// The range of local ports of a kernel that is not configured otherwise.
const DEFAULT_PORTS: u64 = 28_232;

/// How many loopback addresses a load may come from.
const SOURCES_MAX: u64 = 254;

/// Returns a warning if connecting this often uses up the local ports; the load then fails with "no local port". It does not
/// concern servers at loopback addresses, for which the load comes from several addresses.
pub fn port_warning(connects_per_second: u32) -> Option<String> {
    warning(connects_per_second, local_ports())
}

fn warning(connects_per_second: u32, ports: u64) -> Option<String> {
    let needed = u64::from(connects_per_second) * TIME_WAIT_SECONDS;
    (needed > ports).then(|| {
        format!(
            "{connects_per_second} connects a second keep {needed} local ports in TIME_WAIT, and \
             net.ipv4.ip_local_port_range has {ports}"
        )
    })
}

/// Returns how many source addresses are needed for this many connects a second and this many connections at once.
pub(super) fn sources_needed(connects_per_second: u64, connections: u64) -> u32 {
    sources(connects_per_second, connections, local_ports())
}

fn sources(connects_per_second: u64, connections: u64, ports: u64) -> u32 {
    // Connecting becomes slow when few ports are free, so half of them stay so.
    let needed = 2 * (connects_per_second * TIME_WAIT_SECONDS + connections);
    needed.div_ceil(ports.max(1)).clamp(1, SOURCES_MAX) as u32
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
    fn a_warning_names_the_rate_and_the_range() {
        assert_eq!(warning(470, DEFAULT_PORTS), None);
        assert_eq!(
            warning(1000, DEFAULT_PORTS).unwrap(),
            "1000 connects a second keep 60000 local ports in TIME_WAIT, and net.ipv4.ip_local_port_range has 28232"
        );
    }

    #[test]
    fn a_load_comes_from_as_many_addresses_as_its_ports_need() {
        let cases = [((0, 1), 1), ((0, 10_000), 1), ((0, 20_000), 2), ((1_000, 100), 5), ((1_000_000, 0), 254)];
        for ((rate, connections), expected) in cases {
            assert_eq!(sources(rate, connections, DEFAULT_PORTS), expected, "{rate} and {connections}");
        }
    }
}
