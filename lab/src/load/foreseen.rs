//! What will limit the load generator of a plan, found before the first cycle.

use std::net::SocketAddr;
use std::time::Duration;

use launcelot_measure::load::{Level, LoadMode, LoadPlan, RatedUnit, ServerKind, ServerPlan};
use launcelot_measure::unit::format_count;
use rustix::process::{Resource, getrlimit};

use super::cycle::Pace;
use super::engine::ports::{self, PortUse};
use super::server_under_test::{Addresses, INETD};

/// The descriptors that the lab needs besides those of its connections.
pub(crate) const OTHER_DESCRIPTORS: u64 = 64;

/// Returns what will limit the load generator: a sentence each.
pub(super) fn warnings(plan: &LoadPlan, addresses: &Addresses) -> Vec<String> {
    let mut warnings = Vec::new();
    for server in &plan.servers {
        let port_use = port_use(plan, &server.kind, &addresses.of(server));
        warnings.extend(port_use.and_then(|port_use| ports::warning(&port_use)));
    }
    // Servers that are reached in the same way have the same limit.
    warnings.dedup();
    warnings.extend(descriptor_warning(plan, getrlimit(Resource::Nofile).current));
    warnings
}

/// Returns how the highest level of a plan uses local ports. Only an open loop has a known rate of connections. `addresses` are those of
/// a server that runs already.
fn port_use(plan: &LoadPlan, server: &ServerKind, addresses: &[SocketAddr]) -> Option<PortUse> {
    let highest = plan.mode.levels().into_iter().max()?;
    let pace = Pace::of(&plan.mode, highest, plan.ramp);
    let is_rated_by_question = matches!(plan.mode, LoadMode::Open { per: RatedUnit::Question, .. });
    let keep_alive = plan.dialogue.keep_alive || is_rated_by_question;
    let is_started = matches!(server, ServerKind::Design { .. } | ServerKind::Command { .. });
    // Clients connect to the first address first.
    let is_loopback = is_started || ports::is_ipv4_loopback(addresses.first()?.ip());
    // Each started server has a port of its own, and ports of clients are taken only together with it.
    let cycles = if is_started { 1 } else { plan.rounds.saturating_mul(plan.mode.levels().len() as u32) };
    let (connects_per_second, connections) = match highest {
        Level::Rate(rate) if !keep_alive => (rate, 0),
        Level::Rate(_) => (0, 0),
        Level::Clients(clients) => (0, clients),
    };
    // The emulated link connects to the server from one address.
    let is_spread = is_loopback && plan.link.is_none();
    Some(PortUse {
        connects_per_second,
        connections,
        time: plan.duration.checked_mul(cycles).unwrap_or(Duration::MAX),
        is_loopback,
        sources: if is_spread { ports::sources(&pace, keep_alive) } else { 1 },
    })
}

fn is_inetd(server: &ServerPlan) -> bool {
    matches!(&server.kind, ServerKind::Design { design, .. } if design == INETD)
}

fn descriptor_warning(plan: &LoadPlan, limit: Option<u64>) -> Option<String> {
    let limit = limit?;
    // How many dialogues of an open loop are in flight at once depends on the server.
    let LoadMode::Closed { clients } = &plan.mode else { return None };
    let clients = u64::from(*clients.iter().max()?);
    // The emulated link accepts each connection, and makes another one to the server. A super-server watches each of its programs.
    let of_link = if plan.link.is_some() { 2 } else { 0 };
    let of_super_server = u64::from(plan.servers.iter().any(is_inetd));
    let needed = clients * (1 + of_link + of_super_server) + OTHER_DESCRIPTORS;
    (needed > limit).then(|| {
        format!(
            "{} clients need about {} file descriptors, and the limit of this process is {} (ulimit -n). Dialogues beyond it fail \
             with “no free file descriptor”.",
            format_count(clients),
            format_count(needed),
            format_count(limit)
        )
    })
}

#[cfg(test)]
mod tests {
    use launcelot_measure::LinkSettings;
    use launcelot_measure::load::Arrivals;
    use launcelot_measure::load::fixtures::sample;

    use super::*;

    fn plan(mode: LoadMode) -> LoadPlan {
        LoadPlan { mode, duration: Duration::from_secs(100), ..sample::result(&["poll"], &[1]).plan }
    }

    fn rate(rate: u32) -> LoadMode {
        LoadMode::Open { rates: vec![1, rate], arrivals: Arrivals::Steady, per: RatedUnit::Dialogue, max_in_flight: 10 }
    }

    #[test]
    fn an_emulated_link_has_the_ports_of_one_address() {
        let mut plan = plan(rate(10_000));
        let server = plan.servers[0].kind.clone();
        let direct = port_use(&plan, &server, &[]).unwrap();
        assert!(direct.is_loopback && direct.sources > 1, "{direct:?}");
        plan.link = Some(LinkSettings { rtt: Duration::from_millis(1), ..LinkSettings::default() });
        assert_eq!(port_use(&plan, &server, &[]).unwrap(), PortUse { sources: 1, ..direct });
        plan.dialogue.keep_alive = true;
        assert_eq!(port_use(&plan, &server, &[]).unwrap().connects_per_second, 0);
    }

    #[test]
    fn a_running_server_has_one_port_for_all_cycles() {
        let plan = plan(rate(500));
        let running = ServerKind::Address { host: "localhost".to_owned(), port: 1060 };
        let cycles = plan.rounds * 2;
        let at = |address: [u8; 4]| port_use(&plan, &running, &[SocketAddr::from((address, 1060))]).unwrap();
        assert_eq!(at([127, 0, 0, 1]).time, plan.duration * cycles);
        assert_eq!(port_use(&plan, &plan.servers[0].kind, &[]).unwrap().time, plan.duration);
        let remote = at([192, 0, 2, 1]);
        assert!(!remote.is_loopback && remote.sources == 1, "{remote:?}");
    }

    #[test]
    fn descriptors_are_counted_with_those_of_the_link() {
        let mut plan = plan(LoadMode::Closed { clients: vec![1, 1_000] });
        assert_eq!(descriptor_warning(&plan, Some(1_064)), None);
        assert!(descriptor_warning(&plan, Some(1_063)).unwrap().starts_with("1,000 clients need about 1,064 file"));
        plan.link = Some(LinkSettings { rtt: Duration::from_millis(1), ..LinkSettings::default() });
        assert!(descriptor_warning(&plan, Some(3_000)).is_some() && descriptor_warning(&plan, None).is_none());
    }
}
