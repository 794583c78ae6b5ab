//! Comparisons of servers by one primary figure: within a run, and across two runs.
//!
//! Within a run the servers take turns, so they are paired by round: the mean of the log-ratios of all rounds, with the interval of
//! Student's t. Two runs have no rounds in common: the difference of the means of the logarithms, with the interval of Welch, whose
//! width is the spread between the rounds. Either interval is corrected for the number of all comparisons (Bonferroni),
//! also those of a third and further runs, so that all of them together are right with a confidence of 95 %.

use serde::Serialize;
use statrs::distribution::{ContinuousCDF, StudentsT};

use super::plan::Level;
use super::primary::Primary;
use super::summary::{LoadSummary, ServerSummary};

/// The smallest number of rounds that is compared.
pub const ROUNDS_MIN: usize = 6;

/// The probability that any of the intervals of a report does not contain its ratio.
const OUTSIDE: f64 = 0.05;

/// The comparison of a server with a baseline.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ServerComparison {
    /// The name of the server.
    pub server: String,
    /// The number of its run, from 1, if runs are compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<u32>,
    /// The name of the server that it is compared with: another one of the same run, or itself in another run.
    pub baseline: String,
    /// The number of the baseline's run, if runs are compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline_run: Option<u32>,
    /// The figure, in words.
    pub figure: String,
    /// What was found.
    pub outcome: Outcome,
}

/// What a comparison found.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Either has fewer than [`ROUNDS_MIN`] rounds, or they have fewer in common.
    TooFewRounds {
        /// The number of rounds.
        rounds: usize,
    },
    /// In a round, one of them answered nothing: there is no ratio.
    NothingAnswered,
    /// The figure as a multiple of the baseline's.
    Compared(Ratio),
}

/// A ratio with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Ratio {
    /// The geometric mean.
    pub ratio: f64,
    /// The lower end of the interval.
    pub from: f64,
    /// The upper end of the interval.
    pub until: f64,
}

impl Ratio {
    /// Whether the interval leaves out 1.
    pub fn is_difference(&self) -> bool {
        self.from > 1.0 || self.until < 1.0
    }
}

impl ServerComparison {
    /// Whether the figure is worse by more than `share` (0.1 for 10 %): the whole interval lies beyond.
    pub fn is_regression(&self, share: f64) -> bool {
        matches!(self.outcome, Outcome::Compared(ratio) if ratio.until < 1.0 - share)
    }

    /// Whether the outcome is a ratio.
    pub fn is_compared(&self) -> bool {
        matches!(self.outcome, Outcome::Compared(_))
    }

    /// Returns the server with its run, if runs are compared: `simple (run 2)`.
    pub fn server_in_run(&self) -> String {
        in_run(&self.server, self.run)
    }

    /// Returns the baseline with its run, if runs are compared.
    pub fn baseline_in_run(&self) -> String {
        in_run(&self.baseline, self.baseline_run)
    }

    /// Returns the comparison in words.
    pub fn describe(&self) -> String {
        let Self { figure, outcome, .. } = self;
        let (server, baseline) = (self.server_in_run(), self.baseline_in_run());
        match outcome {
            Outcome::TooFewRounds { rounds } => {
                format!("{server} and {baseline}: too few rounds to tell ({rounds}, but {ROUNDS_MIN} are needed)")
            }
            Outcome::NothingAnswered => format!("{server} and {baseline}: one of them answered nothing in a round"),
            Outcome::Compared(Ratio { ratio, from, until }) => {
                let interval = format!("{ratio:.3} times (95\u{a0}% interval {from:.3} to {until:.3})");
                if matches!(outcome, Outcome::Compared(ratio) if ratio.is_difference()) {
                    format!("{server} has {interval} as many {figure} as {baseline}")
                } else {
                    format!("{server} and {baseline}: no difference seen in {figure}, {interval}")
                }
            }
        }
    }
}

fn in_run(server: &str, run: Option<u32>) -> String {
    match run {
        Some(run) => format!("{server} (run {run})"),
        None => server.to_owned(),
    }
}

/// Compares the servers of a run with one of them, the first unless `baseline` names another. Returns an empty list if the baseline or
/// the level was not in the plan.
pub fn compare_servers(summary: &LoadSummary, primary: Primary, baseline: Option<&str>) -> Vec<ServerComparison> {
    let base = match baseline {
        Some(name) => summary.server(name),
        None => summary.servers.first(),
    };
    let (Some(base), Some(level)) = (base, primary.level(&summary.levels)) else { return Vec::new() };
    let base_rounds = primary.rounds(base, level);
    let others: Vec<_> = summary.servers.iter().filter(|server| server.name != base.name).collect();
    let mut comparisons = Vec::new();
    for server in &others {
        let mut pairs = Vec::new();
        for (round, figure) in primary.rounds(server, level) {
            if let Some((_, base)) = base_rounds.iter().find(|(base_round, _)| *base_round == round) {
                pairs.push((figure, *base));
            }
        }
        comparisons.push(ServerComparison {
            server: server.name.clone(),
            run: None,
            baseline: base.name.clone(),
            baseline_run: None,
            figure: primary.describe(level),
            outcome: unless_not_started([*server, base], level, paired(&pairs, others.len())),
        });
    }
    comparisons
}

/// Compares each server of the second and each further run with itself in the first, at the highest level that all runs have unless
/// `primary` names one.
pub fn compare_runs(runs: &[LoadSummary], primary: Primary) -> Vec<ServerComparison> {
    let [before, later @ ..] = runs else { return Vec::new() };
    let is_in_all = |level: &Level| later.iter().all(|run| run.levels.contains(level));
    let levels: Vec<Level> = before.levels.iter().copied().filter(is_in_all).collect();
    let Some(level) = primary.level(&levels) else { return Vec::new() };
    let mut pairs = Vec::new();
    for (run, after) in (2..).zip(later) {
        for server in &after.servers {
            pairs.extend(before.server(&server.name).map(|base| (run, server, base)));
        }
    }
    let figures = |server: &ServerSummary| -> Vec<f64> {
        primary.rounds(server, level).into_iter().map(|(_, figure)| figure).collect()
    };
    let mut comparisons = Vec::new();
    for (run, server, base) in &pairs {
        comparisons.push(ServerComparison {
            server: server.name.clone(),
            run: Some(*run),
            baseline: base.name.clone(),
            baseline_run: Some(1),
            figure: primary.describe(level),
            outcome: unless_not_started([server, base], level, unpaired(&figures(server), &figures(base), pairs.len())),
        });
    }
    comparisons
}

/// Parses the limit of a regression: `10%`, as a share.
///
/// # Errors
///
/// Returns what is wrong with the text.
pub fn parse_regression(text: &str) -> Result<f64, String> {
    let error = || format!("'{text}' is not a percentage from 0% to 100%, such as 10%");
    let percent: f64 = text.strip_suffix('%').and_then(|number| number.trim().parse().ok()).ok_or_else(error)?;
    if (0.0..100.0).contains(&percent) { Ok(percent / 100.0) } else { Err(error()) }
}

/// Returns an outcome, or that there is none because one of the servers did not start in a round: those rounds have no figures.
fn unless_not_started(servers: [&ServerSummary; 2], level: Level, outcome: Outcome) -> Outcome {
    let failed = |server: &ServerSummary| server.cell(level).is_some_and(|cell| cell.not_started > 0);
    if servers.into_iter().any(failed) { Outcome::NothingAnswered } else { outcome }
}

fn paired(pairs: &[(f64, f64)], comparisons: usize) -> Outcome {
    if pairs.len() < ROUNDS_MIN {
        return Outcome::TooFewRounds { rounds: pairs.len() };
    }
    if pairs.iter().any(|(figure, base)| *figure <= 0.0 || *base <= 0.0) {
        return Outcome::NothingAnswered;
    }
    let ratios = Moments::of(pairs.iter().map(|(figure, base)| (figure / base).ln()));
    interval(ratios.mean, ratios.squared_error(), ratios.count - 1.0, comparisons)
}

fn unpaired(figures: &[f64], base: &[f64], comparisons: usize) -> Outcome {
    let rounds = figures.len().min(base.len());
    if rounds < ROUNDS_MIN {
        return Outcome::TooFewRounds { rounds };
    }
    if figures.iter().chain(base).any(|figure| *figure <= 0.0) {
        return Outcome::NothingAnswered;
    }
    let figures = Moments::of(figures.iter().map(|figure| figure.ln()));
    let base = Moments::of(base.iter().map(|figure| figure.ln()));
    let (first, second) = (figures.squared_error(), base.squared_error());
    let squared_error = first + second;
    // Welch and Satterthwaite. Without any spread, the degrees of freedom do not matter.
    let divisor = first * first / (figures.count - 1.0) + second * second / (base.count - 1.0);
    let freedom = if divisor > 0.0 { squared_error * squared_error / divisor } else { figures.count - 1.0 };
    interval(figures.mean - base.mean, squared_error, freedom, comparisons)
}

fn interval(log_ratio: f64, squared_error: f64, freedom: f64, comparisons: usize) -> Outcome {
    let student = StudentsT::new(0.0, 1.0, freedom).expect("there are more than one round");
    let quantile = student.inverse_cdf(1.0 - OUTSIDE / comparisons.max(1) as f64 / 2.0);
    let half = quantile * squared_error.sqrt();
    Outcome::Compared(Ratio { ratio: log_ratio.exp(), from: (log_ratio - half).exp(), until: (log_ratio + half).exp() })
}

/// The mean and the variance of figures, at least two.
struct Moments {
    count: f64,
    mean: f64,
    variance: f64,
}

impl Moments {
    fn of(figures: impl Iterator<Item = f64>) -> Self {
        let figures: Vec<f64> = figures.collect();
        let count = figures.len() as f64;
        let mean = figures.iter().sum::<f64>() / count;
        let variance = figures.iter().map(|figure| (figure - mean).powi(2)).sum::<f64>() / (count - 1.0);
        Self { count, mean, variance }
    }

    /// Returns the square of the standard error of the mean.
    fn squared_error(&self) -> f64 {
        self.variance / self.count
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::fixtures::{cycle, result};
    use super::*;

    fn rounds(figures: &[&[u64]]) -> LoadSummary {
        let names = ["old", "new", "third"];
        let mut cycles = Vec::new();
        for (server, figures) in figures.iter().enumerate() {
            for (round, dialogues) in figures.iter().enumerate() {
                cycles.push(cycle(server as u32, 20, round as u32, *dialogues));
            }
        }
        LoadSummary::of(&result(&names[..figures.len()], &[1, 20], cycles))
    }

    fn ratio(comparison: &ServerComparison) -> Ratio {
        let Outcome::Compared(ratio) = comparison.outcome else { panic!("{comparison:?}") };
        ratio
    }

    #[test]
    fn servers_of_a_run_are_paired_by_round() {
        // A machine that becomes slower by half: unpaired, the rounds of each server overlap.
        let old = [100, 90, 80, 70, 60, 50];
        let new = old.map(|dialogues| dialogues * 8 / 10);
        let summary = rounds(&[&old, &new]);
        let [comparison] = compare_servers(&summary, Primary::default(), None).try_into().unwrap();
        let found = ratio(&comparison);
        assert!((found.ratio - 0.8).abs() < 1e-9 && found.is_difference(), "{found:?}");
        assert!(comparison.is_regression(0.1) && !comparison.is_regression(0.3));
        assert_eq!(
            comparison.describe().replace('\u{a0}', " "),
            "new has 0.800 times (95 % interval 0.800 to 0.800) as many dialogues per second at 20 clients as old"
        );
        let swapped = compare_servers(&summary, Primary::default(), Some("new"));
        assert!((ratio(&swapped[0]).ratio - 1.25).abs() < 1e-9);
        assert!(compare_servers(&summary, Primary::default(), Some("none")).is_empty());
    }

    #[test]
    fn runs_are_compared_by_the_spread_between_their_rounds() {
        let before = rounds(&[&[100, 90, 80, 70, 60, 50]]);
        let after = rounds(&[&[80, 72, 64, 56, 48, 40]]);
        let runs = [before, after];
        let [comparison] = compare_runs(&runs, Primary::default()).try_into().unwrap();
        assert!(!ratio(&comparison).is_difference(), "{comparison:?}");
        let words = comparison.describe();
        assert!(
            words.starts_with("old (run 2) and old (run 1): no difference seen in dialogues per second"),
            "{words}"
        );
    }

    #[test]
    fn a_third_run_widens_each_interval() {
        let figures = [[100, 90, 110, 95, 105, 100], [80, 75, 85, 82, 78, 80], [90, 85, 95, 92, 88, 90]];
        let runs = figures.map(|figures| rounds(&[&figures]));
        let two = compare_runs(&runs[..2], Primary::default());
        let three = compare_runs(&runs, Primary::default());
        assert_eq!(three.iter().map(|comparison| comparison.run).collect::<Vec<_>>(), [Some(2), Some(3)]);
        let width = |comparison: &ServerComparison| ratio(comparison).until / ratio(comparison).from;
        assert!(width(&three[0]) > width(&two[0]), "{three:?} {two:?}");
    }

    #[test]
    fn the_interval_is_that_of_student_and_welch() {
        // Log-ratios with the mean 0.1 and the standard deviation 0.1 of six rounds: t(0.975, 5) = 2.5706.
        let deviations = [1.0, -1.0, 1.0, -1.0, 1.0, -1.0].map(|sign: f64| 0.1 * sign * (5.0_f64 / 6.0).sqrt());
        let pairs = deviations.map(|deviation| ((0.1 + deviation).exp(), 1.0));
        let Outcome::Compared(found) = paired(&pairs, 1) else { panic!("six rounds are enough") };
        let half = 2.5706 * 0.1 / 6.0_f64.sqrt();
        assert!((found.from.ln() - (0.1 - half)).abs() < 1e-5 && (found.until.ln() - (0.1 + half)).abs() < 1e-5);
        // Equal variances and counts: 10 degrees of freedom, t(0.975, 10) = 2.2281.
        let figures = deviations.map(f64::exp);
        let Outcome::Compared(found) = unpaired(&figures, &figures, 1) else { panic!("six rounds are enough") };
        assert!((found.until.ln() - 2.2281 * 0.1 * (2.0 / 6.0_f64).sqrt()).abs() < 1e-5, "{found:?}");
    }

    #[test]
    fn more_comparisons_widen_each_interval() {
        let pairs = [(1.0, 1.1), (1.2, 1.1), (1.0, 1.0), (1.1, 1.0), (0.9, 1.0), (1.0, 1.0)];
        let width = |comparisons| {
            let Outcome::Compared(ratio) = paired(&pairs, comparisons) else { panic!("six rounds are enough") };
            ratio.until / ratio.from
        };
        assert!(width(6) > width(2) && width(2) > width(1));
    }

    #[test]
    fn a_server_that_did_not_start_in_a_round_is_not_compared() {
        let mut cycles = Vec::new();
        for round in 0..8 {
            cycles.push(cycle(0, 20, round, 100));
            cycles.push(cycle(1, 20, round, 100));
        }
        let end = cycles[1].end.as_mut().unwrap();
        (end.window, end.server_ended) = (Duration::ZERO, Some("did not start".to_owned()));
        let summary = LoadSummary::of(&result(&["old", "new"], &[20], cycles));
        let outcomes = compare_servers(&summary, Primary::default(), None);
        assert_eq!(outcomes[0].outcome, Outcome::NothingAnswered);
        let outcomes = compare_runs(&[summary.clone(), summary], Primary::default());
        assert_eq!(outcomes[1].outcome, Outcome::NothingAnswered);
        assert!(matches!(outcomes[0].outcome, Outcome::Compared(_)));
    }

    #[test]
    fn five_rounds_are_too_few_and_nothing_answered_has_no_ratio() {
        let summary = rounds(&[&[5; 5], &[5; 5]]);
        let too_few = &compare_servers(&summary, Primary::default(), None)[0];
        assert_eq!(too_few.describe(), "new and old: too few rounds to tell (5, but 6 are needed)");
        let summary = rounds(&[&[5; 6], &[0; 6]]);
        let nothing = &compare_servers(&summary, Primary::default(), None)[0];
        assert_eq!(nothing.outcome, Outcome::NothingAnswered);
    }

    #[test]
    fn the_limit_of_a_regression_is_a_percentage() {
        assert_eq!(parse_regression("10%"), Ok(0.1));
        assert!(["10", "-1%", "100%", "NaN%"].iter().all(|text| parse_regression(text).is_err()));
    }
}
