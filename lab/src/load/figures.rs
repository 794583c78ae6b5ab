//! The figures that every report on a load shows: for each server and level, all rounds together.

use launcelot_measure::Distribution;
use launcelot_measure::load::{Counts, CycleResult, Level, LoadMode, LoadResult, RatedUnit};

/// The figures of a server at one level, over all rounds.
#[derive(Debug, Clone)]
pub struct LevelFigures {
    /// The level.
    pub level: Level,
    /// Dialogues per second in each round, the slowest first.
    pub dialogue_rates: Vec<f64>,
    /// Questions per second in each round, the slowest first.
    pub question_rates: Vec<f64>,
    /// The counts of all rounds.
    pub counts: Counts,
    /// Processor time of the server in microseconds per question; `None` if it is not known.
    pub server_us_per_question: Option<f64>,
    /// The most memory of the server at the end of a round, in bytes; `None` if it is not known.
    pub memory_bytes: Option<u64>,
    /// The most threads of the server at the end of a round; `None` if it is not known.
    pub threads: Option<u32>,
    /// Context switches of the server per question; `None` if they are not known.
    pub switches_per_question: Option<f64>,
    /// Processors that the load generator kept busy, in percent of one.
    pub generator_percent: f64,
    /// How the server ended before the window did, once for each round in which it did.
    pub ended: Vec<String>,
}

/// The figures of a server.
#[derive(Debug, Clone)]
pub struct ServerFigures {
    /// The name of the server.
    pub name: String,
    /// Its figures at each level at which it was measured, in the order of the plan.
    pub levels: Vec<LevelFigures>,
}

/// Returns the figures of all servers, in the order of the plan.
pub fn figures(result: &LoadResult) -> Vec<ServerFigures> {
    let mut levels = result.plan.mode.levels();
    levels.sort_unstable();
    levels.dedup();
    let of_server = |index: usize| {
        let at_level = |level: &Level| {
            let cycles =
                result.cycles.iter().filter(|it| it.cycle.server as usize == index && it.cycle.level == *level);
            LevelFigures::of(*level, &cycles.collect::<Vec<_>>())
        };
        levels.iter().filter_map(at_level).collect()
    };
    let servers = result.plan.servers.iter().enumerate();
    servers.map(|(index, server)| ServerFigures { name: server.name.clone(), levels: of_server(index) }).collect()
}

/// Returns what the levels of a plan count, with its unit.
pub fn level_unit(mode: &LoadMode) -> &'static str {
    match mode {
        LoadMode::Closed { .. } => "clients",
        LoadMode::Open { per: RatedUnit::Dialogue, .. } => "dialogues due per second",
        LoadMode::Open { per: RatedUnit::Question, .. } => "questions due per second",
    }
}

impl LevelFigures {
    /// Returns the figures of all rounds at one level; `None` if none was measured.
    fn of(level: Level, cycles: &[&CycleResult]) -> Option<Self> {
        if cycles.is_empty() {
            return None;
        }
        let mut counts = Counts::default();
        for cycle in cycles {
            counts.merge(&cycle.counts);
        }
        let ends = || cycles.iter().filter_map(|cycle| cycle.end.as_ref());
        let usages = || ends().filter_map(|end| end.server.as_ref());
        let window: f64 = ends().map(|end| end.window.as_secs_f64()).sum();
        let generator: f64 = ends().map(|end| end.generator.processor.as_secs_f64()).sum();
        let per_question = |total: f64| {
            let known = cycles.iter().filter(|it| it.end.as_ref().is_some_and(|end| end.server.is_some()));
            let questions: u64 = known.map(|it| it.counts.questions).sum();
            (questions > 0).then(|| total / questions as f64)
        };
        Some(Self {
            level,
            dialogue_rates: rates(cycles, &|counts| counts.dialogues),
            question_rates: rates(cycles, &|counts| counts.questions),
            server_us_per_question: per_question(usages().map(|usage| usage.processor.as_secs_f64() * 1e6).sum()),
            memory_bytes: usages().map(|usage| usage.memory_bytes).max(),
            threads: usages().map(|usage| usage.threads).max(),
            switches_per_question: per_question(usages().map(|usage| usage.context_switches as f64).sum()),
            generator_percent: if window > 0.0 { generator / window * 100.0 } else { 0.0 },
            ended: ends().filter_map(|end| end.server_ended.clone()).collect(),
            counts,
        })
    }

    /// Whether dialogues failed, or the server ended.
    pub fn has_failures(&self) -> bool {
        self.counts.failures.count() > 0 || !self.ended.is_empty()
    }

    /// Returns the median of the dialogues per second; `None` if no round has ended.
    pub fn median_rate(&self) -> Option<f64> {
        median(&self.dialogue_rates)
    }
}

/// Returns the counts per second of each round that has ended, the lowest first.
fn rates(cycles: &[&CycleResult], count: &dyn Fn(&Counts) -> u64) -> Vec<f64> {
    let of_cycle = |cycle: &&CycleResult| {
        let seconds = cycle.end.as_ref()?.window.as_secs_f64();
        (seconds > 0.0).then(|| count(&cycle.counts) as f64 / seconds)
    };
    let mut rates: Vec<f64> = cycles.iter().filter_map(of_cycle).collect();
    rates.sort_by(f64::total_cmp);
    rates
}

/// Returns the median of sorted numbers; `None` if there is none.
pub fn median(sorted: &[f64]) -> Option<f64> {
    let upper = *sorted.get(sorted.len() / 2)?;
    let lower = sorted[(sorted.len() - 1) / 2];
    Some(f64::midpoint(lower, upper))
}

/// A percentile that tables show: its name, and its share in thousandths.
pub const SHOWN_PERCENTILES: [(&str, u64); 5] =
    [("p50", 500), ("p90", 900), ("p95", 950), ("p99", 990), ("p99.9", 999)];

/// Returns a percentile from its share in thousandths; `None` if no sample would rank above it.
pub fn percentile(times: &Distribution, thousandths: u64) -> Option<std::time::Duration> {
    let rank = (times.count() * thousandths).div_ceil(1_000);
    (rank < times.count()).then(|| times.at_rank(rank))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_of_rounds_is_between_two() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0]), Some(3.0));
        assert_eq!(median(&[1.0, 2.0]), Some(1.5));
        assert_eq!(median(&[1.0, 2.0, 9.0]), Some(2.0));
    }

    #[test]
    fn a_percentile_needs_a_sample_that_ranks_above_it() {
        // Up to 200 µs a distribution is exact.
        let us = std::time::Duration::from_micros;
        let times: Distribution = (1..=20).map(us).collect();
        assert_eq!(percentile(&times, 500), Some(us(10)));
        assert_eq!(percentile(&times, 950), Some(us(19)));
        assert_eq!(percentile(&times, 990), None);
        assert_eq!(percentile(&Distribution::default(), 500), None);
    }
}
