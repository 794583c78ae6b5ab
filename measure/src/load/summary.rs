//! The summary of a load: the figures of each server at each level. Reports, tables, expectations and comparisons read it.

use std::time::Duration;

use serde::Serialize;

use super::counts::Counts;
use super::plan::{Level, LoadPlan, RatedUnit};
use super::result::{CycleResult, LoadResult};
use super::usage::ServerUsage;

/// The figures of a load, a table of servers and levels. Cycles that are not over are left out.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct LoadSummary {
    /// What a dialogue is called.
    #[serde(skip)]
    pub unit: RatedUnit,
    /// The levels of the plan, the lowest first, each once.
    pub levels: Vec<Level>,
    /// The servers, in the order of the plan.
    pub servers: Vec<ServerSummary>,
}

/// The figures of a server.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ServerSummary {
    /// Its name.
    pub name: String,
    /// A cell for each of [`LoadSummary::levels`], in the same order; one that was not measured has zero rounds.
    pub cells: Vec<Cell>,
}

/// The figures of a server at a level.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cell {
    /// The level.
    pub level: Level,
    /// The rates of each round whose window is complete, in the order of the rounds. If none is, the rates of the rounds that were cut
    /// short.
    pub rounds: Vec<RoundRates>,
    /// The number of rounds in which the server did not start.
    pub not_started: u32,
    /// Dialogues a second over the rounds; `None` before the first round.
    pub dialogues_per_s: Option<Spread>,
    /// Questions a second over the rounds; `None` before the first round.
    pub questions_per_s: Option<Spread>,
    /// The smallest number of clients that were answered in a round; `None` before the first round, and if they were not counted.
    pub clients_answered: Option<u64>,
    /// The counts of all rounds together: latencies, failures, what was cut and what was queued.
    pub counts: Counts,
    /// Failed dialogues as a share of all that ended, from 0 to 1.
    pub failed_share: f64,
    /// What the server used; `None` if its processes are not known.
    pub server: Option<ServerFigures>,
    /// The largest share of a processor that each thread of the load generator used in a round, from 0 to 1. Near 1 the generator is
    /// the limit, and not the server. `None` before the first round.
    pub generator_share: Option<f64>,
    /// The largest share of a processor that the other threads of the load generator's process used in a round: those of the
    /// emulated link, and a little of the display. It may exceed 1, and in results of several load generators it is their sum.
    /// `None` before the first round.
    pub other_share: Option<f64>,
    /// How much later than due the emulated link delivered bytes, the median of the worst round; `None` if it is not known.
    #[serde(serialize_with = "crate::micros::option::serialize", rename = "link_lateness_p50_us")]
    pub link_lateness: Option<Duration>,
    /// Why the server did not start, or how it ended, in the rounds in which it did.
    pub server_ended: Vec<String>,
}

/// The rates of a round.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RoundRates {
    /// The round, from 0.
    pub round: u32,
    /// Dialogues a second.
    pub dialogues_per_s: f64,
    /// Questions a second.
    pub questions_per_s: f64,
}

/// A figure over several rounds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// The median of the rounds.
    pub median: f64,
    /// The smallest of the rounds.
    pub least: f64,
    /// The largest of the rounds.
    pub most: f64,
}

/// What a server used at a level.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ServerFigures {
    /// Processor time per answered question, in microseconds; `None` if nothing was answered.
    pub processor_us_per_question: Option<f64>,
    /// Context switches per answered question; `None` if nothing was answered.
    pub context_switches_per_question: Option<f64>,
    /// The server's resident memory in bytes, measured at the end of each round; the largest.
    pub memory_bytes: u64,
    /// The number of processes, counted at the end of each round; the largest.
    pub processes: u32,
    /// The number of threads, counted at the end of each round; the largest.
    pub threads: u32,
}

impl Spread {
    /// Returns the spread of `figures`; `None` if there are none.
    pub fn of(figures: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = figures.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        let upper = *sorted.get(middle)?;
        let median = if sorted.len().is_multiple_of(2) { f64::midpoint(sorted[middle - 1], upper) } else { upper };
        Some(Self { median, least: sorted[0], most: sorted[sorted.len() - 1] })
    }
}

/// A summary to which cycles are added one after another, so that not all of them must be kept.
#[derive(Debug)]
pub struct LoadSummarizer {
    unit: RatedUnit,
    /// The duration of a complete window.
    duration: Duration,
    levels: Vec<Level>,
    servers: Vec<(String, Vec<CellTotal>)>,
}

impl LoadSummarizer {
    /// Begins the summary of a plan.
    pub fn new(plan: &LoadPlan) -> Self {
        let mut levels = Vec::new();
        for level in plan.mode.levels() {
            if !levels.contains(&level) {
                levels.push(level);
            }
        }
        levels.sort_unstable();
        let cells = || levels.iter().map(|level| CellTotal::new(*level)).collect();
        let servers = plan.servers.iter().map(|server| (server.name.clone(), cells())).collect();
        Self { unit: plan.mode.unit(), duration: plan.duration, levels, servers }
    }

    /// Adds a cycle.
    pub fn add(&mut self, cycle: &CycleResult) {
        let index = self.levels.binary_search(&cycle.cycle.level);
        let server = self.servers.get_mut(cycle.cycle.server as usize);
        if let (Ok(index), Some((_, cells))) = (index, server) {
            cells[index].add(cycle, self.duration);
        }
    }

    /// Returns the summary.
    pub fn finish(self) -> LoadSummary {
        let server = |(name, cells): (String, Vec<CellTotal>)| ServerSummary {
            name,
            cells: cells.into_iter().map(CellTotal::finish).collect(),
        };
        LoadSummary { unit: self.unit, levels: self.levels, servers: self.servers.into_iter().map(server).collect() }
    }
}

impl LoadSummary {
    /// Summarizes a result, which may be that of a run that goes on.
    pub fn of(result: &LoadResult) -> Self {
        let mut summary = LoadSummarizer::new(&result.plan);
        result.cycles.iter().for_each(|cycle| summary.add(cycle));
        summary.finish()
    }

    /// Returns the server of that name.
    pub fn server(&self, name: &str) -> Option<&ServerSummary> {
        self.servers.iter().find(|server| server.name == name)
    }
}

impl ServerSummary {
    /// Returns the cell of a level.
    pub fn cell(&self, level: Level) -> Option<&Cell> {
        self.cells.iter().find(|cell| cell.level == level)
    }
}

impl Cell {
    fn empty(level: Level) -> Self {
        Self {
            level,
            rounds: Vec::new(),
            not_started: 0,
            dialogues_per_s: None,
            questions_per_s: None,
            clients_answered: None,
            counts: Counts::default(),
            failed_share: 0.0,
            server: None,
            generator_share: None,
            other_share: None,
            link_lateness: None,
            server_ended: Vec::new(),
        }
    }
}

/// A cell to which cycles are added.
#[derive(Debug)]
struct CellTotal {
    cell: Cell,
    server: ServerTotal,
    rounds: Vec<Round>,
}

/// A round of a cell.
#[derive(Debug)]
struct Round {
    rates: RoundRates,
    /// The number of clients that were answered, if it was counted.
    clients_answered: Option<u64>,
    is_complete: bool,
}

impl CellTotal {
    fn new(level: Level) -> Self {
        Self { cell: Cell::empty(level), server: ServerTotal::default(), rounds: Vec::new() }
    }

    /// Adds a cycle. `duration` is that of a complete window.
    fn add(&mut self, CycleResult { cycle, counts, end }: &CycleResult, duration: Duration) {
        let Some(end) = end else { return };
        let cell = &mut self.cell;
        cell.counts.merge(counts);
        cell.server_ended.extend(end.server_ended.clone());
        if let Some(usage) = &end.server {
            self.server.add(usage, counts.questions);
        }
        let seconds = end.window.as_secs_f64();
        if seconds == 0.0 {
            cell.not_started += u32::from(end.server_ended.is_some());
            return;
        }
        let is_counted = counts.clients_answered > 0 || counts.questions == 0;
        let rates = RoundRates {
            round: cycle.round,
            dialogues_per_s: counts.dialogues as f64 / seconds,
            questions_per_s: counts.questions as f64 / seconds,
        };
        self.rounds.push(Round {
            rates,
            clients_answered: is_counted.then_some(counts.clients_answered),
            is_complete: end.window >= duration,
        });
        if end.generator.threads > 0 {
            let share = end.generator.processor.as_secs_f64() / seconds / f64::from(end.generator.threads);
            cell.generator_share = Some(cell.generator_share.unwrap_or_default().max(share));
            cell.link_lateness = cell.link_lateness.max(end.link_lateness);
            let other_share = end.generator.other_processor.as_secs_f64() / seconds;
            cell.other_share = Some(cell.other_share.unwrap_or_default().max(other_share));
        }
    }

    fn finish(self) -> Cell {
        let Self { mut cell, server, mut rounds } = self;
        // The rate of a window that was cut short varies more than that of a complete one.
        if rounds.iter().any(|round| round.is_complete) {
            rounds.retain(|round| round.is_complete);
        }
        rounds.sort_by_key(|round| round.rates.round);
        cell.clients_answered = rounds.iter().map(|round| round.clients_answered).min().flatten();
        cell.rounds = rounds.into_iter().map(|round| round.rates).collect();
        cell.dialogues_per_s = Spread::of(cell.rounds.iter().map(|rates| rates.dialogues_per_s));
        cell.questions_per_s = Spread::of(cell.rounds.iter().map(|rates| rates.questions_per_s));
        let failures = cell.counts.failures.count();
        cell.failed_share = failures as f64 / (failures + cell.counts.dialogues).max(1) as f64;
        cell.server = server.figures();
        cell
    }
}

/// The usage of a server in several cycles.
#[derive(Debug, Default)]
struct ServerTotal {
    cycles: u32,
    questions: u64,
    processor: Duration,
    context_switches: u64,
    memory_bytes: u64,
    processes: u32,
    threads: u32,
}

impl ServerTotal {
    fn add(&mut self, usage: &ServerUsage, questions: u64) {
        self.cycles += 1;
        self.questions += questions;
        self.processor += usage.processor;
        self.context_switches += usage.context_switches;
        self.memory_bytes = self.memory_bytes.max(usage.memory_bytes);
        self.processes = self.processes.max(usage.processes);
        self.threads = self.threads.max(usage.threads);
    }

    fn figures(&self) -> Option<ServerFigures> {
        let per_question = |figure: f64| (self.questions > 0).then_some(figure / self.questions as f64);
        (self.cycles > 0).then_some(ServerFigures {
            processor_us_per_question: per_question(self.processor.as_secs_f64() * 1e6),
            context_switches_per_question: per_question(self.context_switches as f64),
            memory_bytes: self.memory_bytes,
            processes: self.processes,
            threads: self.threads,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{cycle, result};
    use super::*;

    #[test]
    fn a_figure_is_the_median_of_its_rounds_with_the_least_and_the_most() {
        let rounds = [20, 60, 40].into_iter().enumerate();
        let cycles = rounds.map(|(round, dialogues)| cycle(0, 5, round as u32, dialogues));
        let summary = LoadSummary::of(&result(&["simple", "poll"], &[1, 5], cycles));
        assert_eq!(summary.levels, [Level::Clients(1), Level::Clients(5)]);
        let cell = summary.server("simple").unwrap().cell(Level::Clients(5)).unwrap();
        assert_eq!(cell.dialogues_per_s, Some(Spread { median: 20.0, least: 10.0, most: 30.0 }), "in windows of 2 s");
        assert_eq!(cell.questions_per_s.unwrap().median, 200.0);
        assert_eq!((cell.rounds.len(), cell.counts.dialogues), (3, 120));
        assert_eq!((cell.clients_answered, cell.counts.clients_answered), (Some(5), 15));
        let server = cell.server.unwrap();
        assert_eq!((server.processor_us_per_question, server.threads), (Some(10.0), 3));
        assert!((cell.generator_share.unwrap() - 0.25).abs() < 1e-9, "1 s of two threads in 2 s");
        assert!((cell.other_share.unwrap() - 0.25).abs() < 1e-9, "0.5 s in 2 s");
        let unmeasured = summary.server("poll").unwrap().cell(Level::Clients(1)).unwrap();
        assert_eq!((unmeasured.rounds.len(), unmeasured.dialogues_per_s), (0, None));
    }

    #[test]
    fn the_median_of_an_even_number_of_rounds_lies_between_the_two_in_the_middle() {
        assert_eq!(Spread::of([4.0, 1.0, 2.0, 3.0]).unwrap().median, 2.5);
        assert_eq!(Spread::of([]), None);
    }

    #[test]
    fn a_round_that_was_cut_short_is_ignored_if_another_is_complete() {
        let mut short = cycle(0, 5, 1, 0);
        short.end.as_mut().unwrap().window = Duration::from_millis(5);
        let rates = |cycles: &[CycleResult]| {
            let summary = LoadSummary::of(&result(&["simple"], &[5], cycles.to_vec()));
            summary.servers[0].cells[0].dialogues_per_s.unwrap()
        };
        assert_eq!(rates(&[cycle(0, 5, 0, 40), short.clone()]), Spread { median: 20.0, least: 20.0, most: 20.0 });
        assert_eq!(rates(&[short]).median, 0.0);
    }

    #[test]
    fn levels_are_in_ascending_order_however_they_were_given() {
        let summary = LoadSummary::of(&result(&["simple"], &[20, 1, 10], []));
        assert_eq!(summary.levels, [1, 10, 20].map(Level::Clients));
    }

    #[test]
    fn clients_answered_are_those_of_the_worst_round_and_unknown_if_a_round_did_not_count_them() {
        let mut cycles = [cycle(0, 5, 0, 20), cycle(0, 5, 1, 20)];
        let answered = |cycles: &[CycleResult]| {
            LoadSummary::of(&result(&["simple"], &[5], cycles.to_vec())).servers[0].cells[0].clients_answered
        };
        cycles[1].counts.clients_answered = 1;
        assert_eq!(answered(&cycles), Some(1));
        cycles[1].counts.clients_answered = 0;
        assert_eq!(answered(&cycles), None, "questions were answered");
        cycles[1].counts.questions = 0;
        assert_eq!(answered(&cycles), Some(0));
    }

    #[test]
    fn a_cycle_that_is_not_over_is_left_out() {
        let mut going_on = cycle(0, 1, 0, 8);
        going_on.end = None;
        let summary = LoadSummary::of(&result(&["simple"], &[1], [going_on]));
        assert_eq!(summary.servers[0].cells[0], Cell::empty(Level::Clients(1)));
    }

    #[test]
    fn a_server_that_did_not_start_is_named_without_rates() {
        let mut failed = cycle(0, 1, 0, 0);
        let end = failed.end.as_mut().unwrap();
        end.window = Duration::ZERO;
        end.server_ended = Some("exited with status 1".to_owned());
        let summary = LoadSummary::of(&result(&["simple"], &[1], [failed]));
        let cell = &summary.servers[0].cells[0];
        assert_eq!(
            (cell.rounds.len(), cell.server_ended.as_slice()),
            (0, ["exited with status 1".to_owned()].as_slice())
        );
    }
}
