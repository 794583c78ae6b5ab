//! The loads of which the benchmark of the server consists.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::time::Duration;

use launcelot_measure::load::{ServerKind, ServerPlan};

use crate::bench::canned::CannedLoad;
use crate::bench::options::ServerOptions;

/// The designs that can serve thousands of connections at once.
const FOR_MANY: [&str; 4] = ["poll", "threads", "async", "per-core"];

/// In the last load there are fewer connections by this factor, and each asks more often by it: as many questions in all.
pub(super) const FEWER: u32 = 100;

/// The interval at which each of many connections asks.
const SELDOM: Duration = Duration::from_secs(1);

/// Descriptors of this process that are not connections of the load.
const OTHER_DESCRIPTORS: u64 = 100;

/// The number of questions in a dialogue, unless more are in flight.
const QUESTIONS: u32 = 10;

/// The time over which clients connect and are answered once. `inetd` starts a process for each of them.
const RAMP: Duration = Duration::from_secs(1);

/// The ramp of the loads by the clock takes at least this long for each connection, which the server has to accept.
const RAMP_PER_CONNECTION: Duration = Duration::from_micros(250);

/// How long a server may take to answer, in addition to the ramp and the window: a client that a design does not serve waits for both
/// of them, and is not a failure.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// The loads, in the order in which they are run.
#[derive(Debug)]
pub(super) struct Loads {
    /// Clients that ask as soon as they are answered: a load for each number of questions in flight.
    pub(super) at_full_speed: Vec<CannedLoad>,
    /// Many connections that ask once a second, then few that ask as many questions in all.
    pub(super) by_the_clock: Vec<CannedLoad>,
    /// What this machine does not allow, a sentence each.
    pub(super) limits: Vec<String>,
}

impl Loads {
    /// Returns the loads that the options describe. `descriptors` is the limit of open descriptors, if there is one.
    pub(super) fn new(options: &ServerOptions, descriptors: Option<u64>) -> Self {
        let available = descriptors.map_or(u64::MAX, |limit| limit.saturating_sub(OTHER_DESCRIPTORS));
        let connections_max = u32::try_from(available).unwrap_or(u32::MAX);
        let mut limits = Vec::new();
        let mut limited = |clients: u32| {
            if clients > connections_max {
                limits.push(format!(
                    "{connections_max} connections instead of {clients}: more would exceed the limit of open descriptors."
                ));
            }
            clients.min(connections_max)
        };
        let mut clients: Vec<u32> = options.clients.iter().map(|clients| limited(clients.get())).collect();
        clients.sort_unstable();
        clients.dedup();
        let in_flight: BTreeSet<NonZeroU32> = options.in_flight.iter().copied().collect();
        let connections = limited(options.connections);
        Self {
            at_full_speed: in_flight.iter().map(|number| at_full_speed(options, &clients, *number)).collect(),
            by_the_clock: if connections == 0 { Vec::new() } else { by_the_clock(options, connections) },
            limits,
        }
    }
}

fn at_full_speed(options: &ServerOptions, clients: &[u32], in_flight: NonZeroU32) -> CannedLoad {
    let (name, shows) = match in_flight.get() {
        1 => ("lockstep".to_owned(), "One question in flight on each connection (lockstep)".to_owned()),
        many => (format!("in-flight-{many}"), format!("{many} questions in flight on each connection (pipelining)")),
    };
    let mut arguments = arguments(options, &options.designs, clients, RAMP);
    arguments.extend(option("--in-flight", &in_flight));
    arguments.extend(option("--questions", &in_flight.get().max(QUESTIONS)));
    for ServerPlan { name, kind } in &options.server {
        if let ServerKind::Command { command } = kind {
            arguments.extend(option("--server", &format!("{name}={command}")));
        }
    }
    CannedLoad { name, shows, arguments, processor: None }
}

/// Returns the loads of the designs that can serve that many connections; none if others were chosen.
fn by_the_clock(options: &ServerOptions, connections: u32) -> Vec<CannedLoad> {
    let is_chosen = |design: &&str| options.designs.iter().any(|chosen| chosen == design || chosen == "all");
    let designs: Vec<String> =
        FOR_MANY.iter().filter(|design| is_chosen(design)).map(|&name| name.to_owned()).collect();
    if designs.is_empty() {
        return Vec::new();
    }
    let few = connections.div_ceil(FEWER);
    let load = |name: &str, shows: &str, clients: &[u32], interval: Duration| {
        let most = clients.iter().copied().max().unwrap_or(1);
        let mut arguments = arguments(options, &designs, clients, RAMP.max(RAMP_PER_CONNECTION * most));
        arguments.extend(option("--questions", &1));
        arguments.extend(option("--think", &humantime::format_duration(interval)));
        CannedLoad { name: name.to_owned(), shows: shows.to_owned(), arguments, processor: None }
    };
    let mut seldom = vec![few, connections];
    seldom.dedup();
    vec![
        load("seldom", "Connections that are silent except for one question a second", &seldom, SELDOM),
        load("often", "As many questions on few connections", &[few], SELDOM / FEWER),
    ]
}

/// Returns the arguments that all loads have in common.
fn arguments(options: &ServerOptions, designs: &[String], clients: &[u32], ramp: Duration) -> Vec<String> {
    let clients: Vec<String> = clients.iter().map(ToString::to_string).collect();
    let timeout = ramp + options.duration + ANSWER_TIMEOUT;
    let mut arguments = vec!["--keep-alive".to_owned()];
    arguments.extend(option("--designs", &designs.join(",")));
    arguments.extend(option("--clients", &clients.join(":")));
    arguments.extend(option("--rounds", &options.rounds));
    arguments.extend(option("--ramp", &humantime::format_duration(ramp)));
    arguments.extend(option("--duration", &humantime::format_duration(options.duration)));
    arguments.extend(option("--timeout", &humantime::format_duration(timeout)));
    arguments
}

fn option(name: &str, value: &impl ToString) -> [String; 2] {
    [name.to_owned(), value.to_string()]
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use launcelot_measure::load::{LoadMode, LoadPlan};

    use super::*;
    use crate::load::conductor::estimate;

    #[derive(Parser)]
    #[command(no_binary_name = true)]
    struct Arguments {
        #[command(flatten)]
        options: ServerOptions,
    }

    fn loads(words: &[&str], descriptors: Option<u64>) -> Loads {
        Loads::new(&Arguments::parse_from(words).options, descriptors)
    }

    fn plans(loads: &[CannedLoad]) -> Vec<LoadPlan> {
        loads.iter().map(|canned| canned.options().plan().unwrap()).collect()
    }

    fn clients(plan: &LoadPlan) -> &[u32] {
        let LoadMode::Closed { clients } = &plan.mode else { panic!("an open loop") };
        clients
    }

    fn servers(plan: &LoadPlan) -> Vec<&str> {
        plan.servers.iter().map(|server| server.name.as_str()).collect()
    }

    #[test]
    fn the_plans_have_every_cell_and_take_minutes_and_not_hours() {
        let loads = loads(&[], None);
        let at_full_speed = plans(&loads.at_full_speed);
        for (plan, in_flight) in at_full_speed.iter().zip([1, 50]) {
            assert_eq!((clients(plan), plan.dialogue.in_flight), (&[1, 10, 100, 1_000][..], in_flight));
            assert!(plan.servers.len() == 8 && plan.dialogue.keep_alive && plan.rounds == 3);
        }
        let [seldom, often] = &plans(&loads.by_the_clock)[..] else { panic!("not two loads") };
        assert_eq!((clients(seldom), clients(often)), (&[100, 10_000][..], &[100][..]));
        assert_eq!(servers(seldom), FOR_MANY);
        assert_eq!(servers(often), FOR_MANY);
        assert!(loads.limits.is_empty());
        let whole: Duration =
            [&at_full_speed[..], &[seldom.clone(), often.clone()]].concat().iter().map(estimate).sum();
        assert!(whole < Duration::from_secs(9 * 60), "{whole:?}");
    }

    #[test]
    fn many_and_few_connections_ask_as_many_questions_in_all() {
        let plans = plans(&loads(&["--connections", "5000"], None).by_the_clock);
        let rates =
            plans.iter().map(|plan| f64::from(*clients(plan).last().unwrap()) / plan.dialogue.think.as_secs_f64());
        assert_eq!(rates.collect::<Vec<_>>(), [5_000.0, 5_000.0]);
    }

    #[test]
    fn a_limit_of_descriptors_is_told_once_for_each_number_that_exceeds_it() {
        let loads = loads(&["--clients", "1,5000,6000"], Some(1_100));
        assert_eq!(clients(&plans(&loads.at_full_speed)[0]), [1, 1_000]);
        assert_eq!(clients(&plans(&loads.by_the_clock)[0]), [10, 1_000]);
        assert_eq!(loads.limits.len(), 3);
        assert!(loads.limits[0].starts_with("1000 connections instead of 5000: "), "{:?}", loads.limits);
    }

    #[test]
    fn a_number_that_is_given_twice_is_measured_once() {
        let plans = plans(&loads(&["--clients", "5,1,5", "--in-flight", "7,1,7"], None).at_full_speed);
        assert_eq!(plans.iter().map(|plan| plan.dialogue.in_flight).collect::<Vec<_>>(), [1, 7]);
        assert_eq!(clients(&plans[0]), [1, 5]);
    }

    #[test]
    fn only_designs_that_can_serve_many_connections_are_given_them() {
        let some = loads(&["--designs", "simple,async"], None);
        assert_eq!(servers(&plans(&some.by_the_clock)[0]), ["async"]);
        assert!(loads(&["--designs", "simple"], None).by_the_clock.is_empty());
        assert!(loads(&["--connections", "0"], None).by_the_clock.is_empty());
    }

    #[test]
    fn other_servers_are_measured_next_to_the_designs() {
        let loads = loads(&["--designs", "async", "--server", "mine=python3 'my server.py' {port}"], None);
        assert_eq!(servers(&plans(&loads.at_full_speed)[1]), ["async", "mine"]);
    }

    #[test]
    fn a_client_that_is_not_served_waits_longer_than_its_cycle_takes() {
        let plans = plans(&loads(&["--duration", "1min"], None).at_full_speed);
        assert!(plans[0].dialogue.timeout > plans[0].ramp + plans[0].duration);
    }
}
