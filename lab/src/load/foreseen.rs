//! What will limit the load generator of a plan, found before the first cycle.

use std::time::Duration;

use launcelot_endpoint::lookup::look_up_blocking;
use launcelot_measure::load::{Level, LoadMode, LoadPlan, RatedUnit, ServerKind};
use launcelot_measure::unit::format_count;
use rustix::process::{Resource, getrlimit};

use super::cycle::Pace;
use super::engine::ports::{self, PortUse};
use super::server_under_test::url_host_and_port;

/// The descriptors that the lab needs besides those of its connections.
const OTHER_DESCRIPTORS: u64 = 64;

/// Returns what will limit the load generator: a sentence each.
pub(super) fn warnings(plan: &LoadPlan) -> Vec<String> {
    let mut warnings = Vec::new();
    for server in &plan.servers {
        warnings.extend(port_use(plan, &server.kind).and_then(|port_use| ports::warning(&port_use)));
    }
    // Servers that are reached in the same way have the same limit.
    warnings.dedup();
    warnings.extend(descriptor_warning(plan, getrlimit(Resource::Nofile).current));
    warnings
}

/// Returns how the highest level of a plan uses local ports; `None` if the server's address is not known.
fn port_use(plan: &LoadPlan, server: &ServerKind) -> Option<PortUse> {
    let highest = plan.mode.levels().into_iter().max()?;
    let pace = Pace::of(&plan.mode, highest, plan.ramp);
    let is_rated_by_question = matches!(plan.mode, LoadMode::Open { per: RatedUnit::Question, .. });
    let keep_alive = plan.dialogue.keep_alive || is_rated_by_question;
    let is_loopback = match server {
        ServerKind::Design { .. } | ServerKind::Command { .. } => true,
        ServerKind::Address { host, port } => is_loopback(host, *port)?,
        ServerKind::WebSocket { url } => {
            let (host, port) = url_host_and_port(url);
            is_loopback(&host, port)?
        }
    };
    let is_started = matches!(server, ServerKind::Design { .. } | ServerKind::Command { .. });
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

/// Whether clients connect to an IPv4 loopback address first.
fn is_loopback(host: &str, port: u16) -> Option<bool> {
    let addresses = look_up_blocking(host, port).ok()?;
    Some(ports::is_ipv4_loopback(addresses.first()?.ip()))
}

fn descriptor_warning(plan: &LoadPlan, limit: Option<u64>) -> Option<String> {
    let limit = limit?;
    // How many dialogues of an open loop are in flight at once depends on the server.
    let LoadMode::Closed { clients } = &plan.mode else { return None };
    let clients = u64::from(*clients.iter().max()?);
    // The emulated link accepts each connection, and makes another one to the server.
    let each = if plan.link.is_some() { 3 } else { 1 };
    let needed = clients * each + OTHER_DESCRIPTORS;
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
