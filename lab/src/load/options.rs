//! The options of `launcelot-lab load`, and the plan that they make.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Args, ValueEnum};
use launcelot_measure::load::expectation::Expectation;
use launcelot_measure::load::json::check_plan;
use launcelot_measure::load::{
    Arrivals, DialoguePlan, LinkFaults, LoadMode, LoadPlan, RatedUnit, ServerKind, ServerPlan,
};
use launcelot_measure::unit::format_count;
use launcelot_protocol::PORT;
use launcelot_server::command_line::DesignName;
use thiserror::Error;

use super::format::FormatOptions;
use super::server_under_test::INETD;
use crate::durations::{parse_duration, parse_positive};
use crate::server_command;
use crate::tunnel::TunnelSettings;
use crate::tunnel::options::LinkOptions;

/// The value of `--designs` that stands for all designs.
const ALL: &str = "all";

/// The default of `--start-timeout`.
pub(crate) const START_TIMEOUT: Duration = Duration::from_secs(10);

/// The default of `--questions`.
const QUESTIONS: u32 = 10;

/// The default of `--clients`.
const CLIENTS: [u32; 9] = [1, 2, 3, 5, 7, 10, 13, 16, 20];

/// The longest window of the direct measurement: hundreds of dialogues on loopback, unless the server simulates work.
const DIRECT_WINDOW_MAX: Duration = Duration::from_millis(500);
/// The numbers of clients of [`NamedPlan::HalfMinute`].
const HALF_MINUTE_CLIENTS: [u32; 1] = [10];

/// The largest number of cycles: each takes about 20 kB in the result, which is read as a whole.
const CYCLES_MAX: u64 = 5_000;

/// The largest number of clients at once. Each has a descriptor and some kilobytes.
const CLIENTS_MAX: u64 = 100_000;

/// The highest rate. What cannot begin in time is queued in memory.
const RATE_MAX: u64 = 1_000_000;

/// The arguments of `launcelot-lab load`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
DURATION is a number with a unit, such as 30s, 1.5min or 200ms. BANDWIDTH is a
number with a unit, such as 56kbit or 10Mbit.

The exit code is 0 after a completed run, 1 after a failure, 2 for a usage
error, 99 if an expectation is missed, and 130 if Ctrl-C ended the run early.
Failures of dialogues are counted, and are not a failure of the program.

Examples:
  launcelot-lab load --designs all --link ssh
  launcelot-lab load localhost 1060 --clients 1:2:5:10:20
  launcelot-lab load ws://localhost:8080/ws --rate 500
  launcelot-lab load --designs poll --server 'mine=python3 server.py {port}'")]
pub struct LoadOptions {
    /// Name or address of a running server, or the URL of a running bridge: ws://HOST:PORT/ws
    pub host: Option<String>,
    /// Port of the running server [default: 1060]
    #[arg(value_parser = clap::value_parser!(u16).range(1..))]
    pub port: Option<u16>,

    /// Start these designs of launcelot-server, separated by commas; `all` for every design
    #[arg(long, value_name = "NAMES", value_delimiter = ',', hide_possible_values = true, value_parser = PossibleValuesParser::new(design_values()))]
    pub designs: Vec<String>,
    /// Start any program for each cycle, with a free port instead of {port}; may be repeated
    #[arg(long, value_name = "NAME=COMMAND", value_parser = parse_server)]
    pub server: Vec<ServerPlan>,

    /// How long to wait for a started server to listen [default: 10s]
    #[arg(long, value_name = "DURATION", value_parser = parse_positive)]
    pub start_timeout: Option<Duration>,
    /// Use the settings of a named plan where no option says otherwise
    #[arg(long, value_enum, value_name = "NAME", conflicts_with = "rate")]
    pub plan: Option<NamedPlan>,
    /// Closed loop: the numbers of clients, a cycle each [default: 1:2:3:5:7:10:13:16:20]
    #[arg(long, value_name = "N:N:…", value_delimiter = ':', conflicts_with = "rate")]
    pub clients: Vec<NonZeroU32>,
    /// Length of the window in which each cycle is measured
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "2s",
        default_value_if("plan", "half-minute", "900ms"),
        value_parser = parse_positive
    )]
    pub duration: Duration,
    /// Closed loop: the time over which the clients start, before the window
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "500ms",
        default_value_if("plan", "half-minute", "100ms"),
        value_parser = parse_duration,
        conflicts_with = "rate"
    )]
    pub ramp: Duration,
    /// Pause between two cycles
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = parse_duration)]
    pub pause: Duration,
    /// Number of rounds; the servers take turns within a round
    #[arg(long, value_name = "N", default_value = "3", default_value_if("plan", "half-minute", "15"))]
    pub rounds: NonZeroU32,

    /// Open loop: how many dialogues begin per second, however long the answers take; a cycle for each rate
    #[arg(long, value_name = "R:R:…", value_delimiter = ':')]
    pub rate: Vec<NonZeroU32>,
    /// Open loop: how dialogues are distributed in time, independently of each other or at equal intervals
    #[arg(
        long,
        value_enum,
        value_name = "poisson|steady",
        default_value = "poisson",
        hide_possible_values = true,
        requires = "rate"
    )]
    pub arrivals: ArrivalsOption,
    /// Open loop: whether the rate counts dialogues, or questions on connections that stay open
    #[arg(
        long,
        value_enum,
        value_name = "dialogue|question",
        default_value = "dialogue",
        hide_possible_values = true,
        requires = "rate"
    )]
    pub per: PerOption,
    /// Open loop: maximum number of concurrent dialogues; any due beyond that are queued
    #[arg(long, value_name = "N", default_value = "10000", requires = "rate")]
    pub max_in_flight: NonZeroU32,

    /// Number of questions in a dialogue [default: 10]
    #[arg(long, value_name = "N")]
    pub questions: Option<NonZeroU32>,
    /// Maximum number of questions in flight on a connection (pipelining) [default: 1]
    #[arg(long, value_name = "N")]
    pub in_flight: Option<NonZeroU32>,
    /// Pause of a client between an answer and its next question [default: 0s]
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub think: Option<Duration>,
    /// Keep each connection open for the whole cycle, one dialogue after the other
    #[arg(long)]
    pub keep_alive: bool,
    /// Timeout for connecting, and for each answer
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = parse_positive)]
    pub timeout: Duration,
    /// Ask the questions of this script instead of the three questions (a TOML file)
    #[arg(long, value_name = "FILE")]
    pub script: Option<PathBuf>,

    /// The emulated link in front of each server.
    #[command(flatten)]
    pub link: LinkOptions,

    /// Workers of the workers and processes designs
    #[arg(long, value_name = "N", requires = "designs")]
    pub workers: Option<NonZeroU32>,
    /// Maximum number of connections waiting to be accepted by each design
    #[arg(long, value_name = "N", requires = "designs")]
    pub backlog: Option<u32>,
    /// Simulated work of each design on each answer
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = parse_duration, requires = "designs")]
    pub server_think: Duration,
    /// Threads that run the tasks of the async and per-core designs
    #[arg(long, value_name = "N", requires = "designs")]
    pub server_threads: Option<NonZeroU32>,

    /// Exit with 99 unless this holds, such as 'p99<2ms', 'errors=0' or 'workers:rate>1000@20'; may be repeated
    #[arg(long, value_name = "EXPECTATION")]
    pub expect: Vec<Expectation>,
    /// Folder for the results, which is created [default: results/DATE-TIME]
    #[arg(long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// How the results are printed.
    #[command(flatten)]
    pub format: FormatOptions,
    /// The seed of the times at which dialogues begin at random, to repeat them [default: a random one]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
}

/// The value of `--plan`: settings with a name, so that results on several machines and days have the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum NamedPlan {
    /// Compares two servers in half a minute: 10 clients, 15 rounds of 900ms
    HalfMinute,
}

/// The value of `--arrivals`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ArrivalsOption {
    /// Independent of each other
    Poisson,
    /// At equal intervals
    Steady,
}

/// The value of `--per`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PerOption {
    /// The rate counts dialogues
    Dialogue,
    /// The rate counts questions
    Question,
}

/// Why options do not make a plan. Each is a usage error.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PlanError {
    /// There is nothing to measure.
    #[error("which server? Name a HOST, --designs or --server")]
    NoServer,
    /// Two servers have one name.
    #[error("two servers have the name '{0}'")]
    SameName(String),
    /// The URL of a bridge has no port argument.
    #[error("the URL '{0}' contains the port of the bridge, so PORT cannot be used with it")]
    PortOfUrl(String),
    /// The URL is not that of a bridge.
    #[error("'{0}' is not the URL of a bridge: expected ws://HOST:PORT/PATH")]
    NotBridge(String),
    /// An expectation names a server that is not in the plan.
    #[error("the expectation '{expectation}' names the server '{server}', but the plan has only: {known}")]
    UnknownServer {
        /// The expectation.
        expectation: String,
        /// The server that it names.
        server: String,
        /// The servers of the plan.
        known: String,
    },
    /// An expectation names a level that is not in the plan.
    #[error("the expectation '{expectation}' names level {level}, but the plan has only: {known}")]
    UnknownLevel {
        /// The expectation.
        expectation: String,
        /// The level that it names.
        level: u32,
        /// The levels of the plan.
        known: String,
    },
    /// A number of clients or a rate is listed twice.
    #[error("{option} has {number} twice")]
    Twice {
        /// The option.
        option: &'static str,
        /// The number.
        number: u32,
    },
    /// An option changes nothing with the others.
    #[error("{option} has no effect: {reason}")]
    NoEffect {
        /// The option.
        option: &'static str,
        /// The reason.
        reason: &'static str,
    },
    /// The result of the plan could not be read.
    #[error("{0}")]
    OutOfBounds(String),
}

impl LoadOptions {
    /// Returns the plan.
    ///
    /// # Errors
    ///
    /// See [`PlanError`].
    pub fn plan(&self) -> Result<LoadPlan, PlanError> {
        self.check_effects()?;
        let settings = self.tunnel_settings();
        let plan = LoadPlan {
            servers: self.servers()?,
            link: settings.map(|settings| settings.link),
            handshake: settings.is_some_and(|settings| settings.handshake),
            faults: settings.map(|settings| settings.faults()).filter(|faults| *faults != LinkFaults::default()),
            direct: self.direct_window(),
            dialogue: self.dialogue(),
            mode: self.mode()?,
            duration: self.duration,
            ramp: if self.rate.is_empty() { self.ramp } else { Duration::ZERO },
            pause: self.pause,
            rounds: self.rounds.get(),
            seed: self.seed.unwrap_or_else(|| fastrand::u64(..1 << 53)),
        };
        check_plan(&plan).map_err(PlanError::OutOfBounds)?;
        check_size(&plan)?;
        Ok(plan)
    }

    /// Checks that no option was given that changes nothing.
    fn check_effects(&self) -> Result<(), PlanError> {
        let by_question = "with --per question, each question is due by the clock";
        let names = self.design_names();
        let has = |of_design: fn(&str) -> bool| names.iter().any(|name| of_design(name));
        let is_by_question = self.is_rated_by_question();
        let is_started = !names.is_empty() || !self.server.is_empty();
        let (questions, in_flight) =
            (self.questions.map_or(QUESTIONS, NonZeroU32::get), self.in_flight.map_or(1, NonZeroU32::get));
        let never_thinks = self.think.is_some() && in_flight >= questions && !self.keep_alive;
        let is_random = !self.rate.is_empty() && self.arrivals == ArrivalsOption::Poisson;
        let useless = [
            ("--questions", self.questions.is_some() && is_by_question, by_question),
            ("--in-flight", self.in_flight.is_some() && is_by_question, by_question),
            ("--think", self.think.is_some() && is_by_question, by_question),
            ("--keep-alive", self.keep_alive && is_by_question, "with --per question, connections stay open anyway"),
            ("--in-flight", in_flight > questions, "a dialogue has fewer questions"),
            ("--think", never_thinks, "all questions of a dialogue are sent at once"),
            ("--seed", self.seed.is_some() && !is_random, "only the Poisson arrivals of --rate are random"),
            ("--workers", self.workers.is_some() && !has(has_workers), "only workers and processes have workers"),
            (
                "--server-threads",
                self.server_threads.is_some() && !has(has_threads),
                "only async and per-core have them",
            ),
            ("--backlog", self.backlog.is_some() && !has(has_backlog), "inetd does not listen itself"),
            ("--start-timeout", self.start_timeout.is_some() && !is_started, "no server is started"),
        ];
        match useless.into_iter().find(|(_, is_useless, _)| *is_useless) {
            Some((option, _, reason)) => Err(PlanError::NoEffect { option, reason }),
            None => Ok(()),
        }
    }

    fn is_rated_by_question(&self) -> bool {
        !self.rate.is_empty() && self.per == PerOption::Question
    }

    /// Questions that are due by the clock are dialogues of one question, on connections that stay open.
    fn dialogue(&self) -> DialoguePlan {
        let is_by_question = self.is_rated_by_question();
        DialoguePlan {
            script: self.script.as_ref().map(|path| path.display().to_string()),
            script_hash: None,
            questions: if is_by_question { 1 } else { self.questions.map_or(QUESTIONS, NonZeroU32::get) },
            in_flight: self.in_flight.map_or(1, NonZeroU32::get),
            think: self.think.unwrap_or_default(),
            keep_alive: self.keep_alive || is_by_question,
            timeout: self.timeout,
        }
    }

    /// Returns the settings of the emulated link; `None` for a direct connection.
    pub fn tunnel_settings(&self) -> Option<TunnelSettings> {
        let settings = self.link.apply_to(TunnelSettings::default());
        (settings != TunnelSettings::default()).then_some(settings)
    }

    /// Returns the window of the direct measurement, from which the model takes the time of a question without the link. An open loop
    /// needs none: the plan sets its rate.
    fn direct_window(&self) -> Option<Duration> {
        let is_needed = self.rate.is_empty() && self.tunnel_settings().is_some();
        is_needed.then_some(self.duration.min(DIRECT_WINDOW_MAX))
    }

    fn servers(&self) -> Result<Vec<ServerPlan>, PlanError> {
        let mut servers = Vec::new();
        if let Some(host) = &self.host {
            servers.push(self.running_server(host)?);
        }
        for design in self.design_names() {
            let kind = ServerKind::Design {
                design: design.clone(),
                workers: self.workers.map(NonZeroU32::get).filter(|_| has_workers(&design)),
                threads: self.server_threads.map(NonZeroU32::get).filter(|_| has_threads(&design)),
                backlog: self.backlog.filter(|_| has_backlog(&design)),
                think: self.server_think,
            };
            servers.push(ServerPlan { name: design, kind });
        }
        servers.extend(self.server.iter().cloned());
        if servers.is_empty() {
            return Err(PlanError::NoServer);
        }
        let mut names = BTreeSet::new();
        match servers.iter().find(|server| !names.insert(&server.name)) {
            Some(server) => Err(PlanError::SameName(server.name.clone())),
            None => Ok(servers),
        }
    }

    fn design_names(&self) -> Vec<String> {
        if self.designs.iter().any(|name| name == ALL) {
            return known_designs().map(|value| value.get_name().to_owned()).collect();
        }
        self.designs.clone()
    }

    fn running_server(&self, host: &str) -> Result<ServerPlan, PlanError> {
        if !host.contains("://") {
            let port = self.port.unwrap_or(PORT);
            let kind = ServerKind::Address { host: host.to_owned(), port };
            return Ok(ServerPlan { name: format!("{host}:{port}"), kind });
        }
        if !is_bridge_url(host) {
            return Err(PlanError::NotBridge(host.to_owned()));
        }
        if self.port.is_some() {
            return Err(PlanError::PortOfUrl(host.to_owned()));
        }
        Ok(ServerPlan { name: host.to_owned(), kind: ServerKind::WebSocket { url: host.to_owned() } })
    }

    fn default_clients(&self) -> Vec<u32> {
        match self.plan {
            Some(NamedPlan::HalfMinute) => HALF_MINUTE_CLIENTS.to_vec(),
            None => CLIENTS.to_vec(),
        }
    }

    fn mode(&self) -> Result<LoadMode, PlanError> {
        if self.rate.is_empty() {
            let clients =
                if self.clients.is_empty() { self.default_clients() } else { distinct("--clients", &self.clients)? };
            return Ok(LoadMode::Closed { clients });
        }
        Ok(LoadMode::Open {
            rates: distinct("--rate", &self.rate)?,
            arrivals: match self.arrivals {
                ArrivalsOption::Poisson => Arrivals::Poisson,
                ArrivalsOption::Steady => Arrivals::Steady,
            },
            per: match self.per {
                PerOption::Dialogue => RatedUnit::Dialogue,
                PerOption::Question => RatedUnit::Question,
            },
            max_in_flight: self.max_in_flight.get(),
        })
    }
}

/// Checks that a run is not so large that its result could not be read, or that the lab would run out of memory.
fn check_size(plan: &LoadPlan) -> Result<(), PlanError> {
    let cycles = plan.servers.len() as u64 * plan.mode.levels().len() as u64 * u64::from(plan.rounds);
    let (clients, rate) = match &plan.mode {
        LoadMode::Closed { clients } => (clients.iter().copied().max().unwrap_or_default(), 0),
        LoadMode::Open { rates, max_in_flight, .. } => {
            (*max_in_flight, rates.iter().copied().max().unwrap_or_default())
        }
    };
    let sizes = [
        ("cycles (servers × levels × rounds)", cycles, CYCLES_MAX),
        ("clients at once", u64::from(clients), CLIENTS_MAX),
        ("arrivals per second", u64::from(rate), RATE_MAX),
    ];
    match sizes.into_iter().find(|(_, number, max)| number > max) {
        Some((what, number, max)) => {
            let [number, max] = [number, max].map(format_count);
            Err(PlanError::OutOfBounds(format!("{number} {what}: the maximum is {max}")))
        }
        None => Ok(()),
    }
}

/// Returns the numbers of an option, each of which is measured once.
fn distinct(option: &'static str, list: &[NonZeroU32]) -> Result<Vec<u32>, PlanError> {
    let numbers: Vec<u32> = list.iter().map(|number| number.get()).collect();
    let mut seen = BTreeSet::new();
    match numbers.iter().find(|number| !seen.insert(**number)) {
        Some(number) => Err(PlanError::Twice { option, number: *number }),
        None => Ok(numbers),
    }
}

/// Whether `--workers` sets something of a design.
fn has_workers(design: &str) -> bool {
    ["workers", "processes"].contains(&design)
}

/// Whether `--server-threads` sets something of a design.
fn has_threads(design: &str) -> bool {
    ["async", "per-core"].contains(&design)
}

/// Whether `--backlog` sets something of a design: `inetd` gets its connections from a super-server.
fn has_backlog(design: &str) -> bool {
    design != INETD
}

fn known_designs() -> impl Iterator<Item = PossibleValue> {
    DesignName::value_variants().iter().filter_map(DesignName::to_possible_value)
}

pub(crate) fn design_values() -> Vec<PossibleValue> {
    known_designs().chain([PossibleValue::new(ALL)]).collect()
}

fn is_bridge_url(url: &str) -> bool {
    let Ok(uri) = url.parse::<http::Uri>() else { return false };
    uri.scheme_str() == Some("ws") && uri.host().is_some_and(|host| !host.is_empty())
}

/// Parses `NAME=COMMAND`. The command must contain `{port}` among its arguments.
pub(crate) fn parse_server(text: &str) -> Result<ServerPlan, String> {
    let expected = || "expected NAME=COMMAND, such as mine='python3 server.py {port}'".to_owned();
    let (name, command) = text.split_once('=').ok_or_else(expected)?;
    if name.is_empty() || name.contains(char::is_control) {
        return Err(expected());
    }
    server_command::split(command)?;
    Ok(ServerPlan { name: name.to_owned(), kind: ServerKind::Command { command: command.to_owned() } })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        options: LoadOptions,
    }

    fn plan_of(arguments: &[&str]) -> Result<LoadPlan, PlanError> {
        Program::try_parse_from(["load"].iter().chain(arguments)).unwrap().options.plan()
    }

    fn plan(arguments: &[&str]) -> LoadPlan {
        plan_of(&[&["--designs", "poll"], arguments].concat()).unwrap()
    }

    #[test]
    fn questions_by_the_clock_are_dialogues_of_one_on_open_connections() {
        let dialogue = plan(&["--rate", "5", "--per", "question"]).dialogue;
        assert_eq!((dialogue.questions, dialogue.in_flight, dialogue.keep_alive), (1, 1, true));
        assert_eq!(plan(&["--rate", "5", "--questions", "3"]).dialogue.questions, 3);
    }

    #[test]
    fn an_option_without_an_effect_and_a_number_that_is_listed_twice_are_errors() {
        let by_question = ["--designs", "poll", "--rate", "5", "--per", "question"];
        let cases: [(&[&str], &str); 19] = [
            (&[&by_question[..], &["--questions", "10"]].concat(), "--questions has no effect: with --per question, "),
            (&[&by_question[..], &["--in-flight", "5"]].concat(), "--in-flight has no effect: "),
            (&[&by_question[..], &["--keep-alive"]].concat(), "--keep-alive has no effect: "),
            (&["--designs", "poll", "--in-flight", "50"], "--in-flight has no effect: a dialogue has fewer questions"),
            (&["--designs", "poll", "--questions", "1", "--think", "1s"], "--think has no effect: "),
            (&["--designs", "poll", "--seed", "5"], "--seed has no effect: "),
            (&["--designs", "poll", "--rate", "5", "--arrivals", "steady", "--seed", "5"], "--seed has no effect: "),
            (
                &["--designs", "all", "--rounds", "200"],
                "14,400 cycles (servers × levels × rounds): the maximum is 5,000",
            ),
            (
                &["--designs", "poll", "--clients", "4000000000"],
                "4,000,000,000 clients at once: the maximum is 100,000",
            ),
            (
                &["--designs", "poll", "--rate", "100000000"],
                "100,000,000 arrivals per second: the maximum is 1,000,000",
            ),
            (&[&by_question[..], &["--think", "1ms"]].concat(), "--think has no effect: "),
            (&["--designs", "poll,inetd", "--workers", "3"], "--workers has no effect: only workers and processes"),
            (&["--designs", "threads", "--server-threads", "3"], "--server-threads has no effect: only async"),
            (&["--designs", "inetd", "--backlog", "3"], "--backlog has no effect: inetd does not listen itself"),
            (&["localhost", "--start-timeout", "3s"], "--start-timeout has no effect: no server is started"),
            (&["localhost", "--clients", "5:1:5"], "--clients has 5 twice"),
            (&["localhost", "--rate", "100:100"], "--rate has 100 twice"),
            (&["localhost", "--rounds", "20000"], "20000 rounds: the maximum is 10000"),
            (&["localhost", "--duration", "400d"], "a time of more than a year"),
        ];
        for (arguments, words) in cases {
            let message = plan_of(arguments).unwrap_err().to_string();
            assert!(message.starts_with(words), "{arguments:?}: {message}");
        }
    }

    #[test]
    fn a_design_is_told_only_what_it_has() {
        let settings = ["--workers", "3", "--backlog", "5", "--server-threads", "2"];
        let plan = plan_of(&[&["--designs", "poll,workers,async,inetd"], &settings[..]].concat()).unwrap();
        let told = plan.servers.iter().map(|server| match server.kind {
            ServerKind::Design { workers, threads, backlog, .. } => [workers, threads, backlog],
            _ => panic!("{server:?}"),
        });
        let expected = [[None, None, Some(5)], [Some(3), None, Some(5)], [None, Some(2), Some(5)], [None, None, None]];
        assert_eq!(told.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn faults_of_the_link_are_part_of_the_plan() {
        assert_eq!(plan(&["--link", "ssh"]).faults, None);
        let faults = plan(&["--slice", "3", "--reset-after", "9", "--stall-after", "8", "--slow-close", "1s"]).faults;
        let expected = LinkFaults {
            slice_bytes: Some(3),
            reset_after_bytes: Some(9),
            stall_after_bytes: Some(8),
            slow_close: Duration::from_secs(1),
        };
        assert_eq!(faults, Some(expected));
    }

    #[test]
    fn a_named_plan_sets_what_no_other_option_sets() {
        let named = plan(&["--plan", "half-minute"]);
        assert_eq!(named.mode, LoadMode::Closed { clients: vec![10] });
        assert_eq!((named.rounds, named.duration), (15, Duration::from_millis(900)));
        let two_servers = (named.ramp + named.duration) * named.rounds * 2;
        assert_eq!(two_servers, Duration::from_secs(30));
        let with_options = plan(&["--plan", "half-minute", "--rounds", "6", "--clients", "1:2"]);
        assert_eq!(with_options.mode, LoadMode::Closed { clients: vec![1, 2] });
        assert_eq!((with_options.rounds, with_options.duration), (6, Duration::from_millis(900)));
    }
}
