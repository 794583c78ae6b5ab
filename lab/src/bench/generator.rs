//! The benchmark of the load generator: how late its clients ask, compared with a bare loop of timers at the same time.

mod timers;

use std::io;
use std::num::NonZeroU32;
use std::process::ExitCode;
use std::time::Duration;

use launcelot_endpoint::{descriptors, output};
use launcelot_measure::load::summary::Spread;
use launcelot_measure::load::{LoadResult, RunStatus};
use launcelot_measure::unit::{format_count, format_duration};
use launcelot_measure::{Distribution, Percentile};
use thiserror::Error;

use super::canned::CannedLoad;
use super::options::GeneratorOptions;
use crate::load::foreseen::OTHER_DESCRIPTORS;
use crate::load::results_folder;
use crate::load::run::LoadError;
use crate::load::signals::RunSignals;
use crate::load::terminal::say;
use timers::Timers;

/// The time over which the clients start.
const RAMP: Duration = Duration::from_secs(3);

/// At both ends of the window, the time that the timers leave out: the server starts before the ramp, and connections are closed after
/// the window.
const MARGIN: Duration = Duration::from_millis(200);

/// Each client asks once in this time.
const THINK: Duration = Duration::from_secs(1);

/// How many times as late as the timers the load generator should be at most, at p99.
const BAR: f64 = 1.5;

/// Why the benchmark was broken off.
#[derive(Debug, Error)]
pub enum GeneratorError {
    /// The load failed.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The system gives no timer or no thread.
    #[error("cannot wait for a timer")]
    Timers(#[source] io::Error),
}

/// Measures the lateness of a load's clients and of timers, in several rounds, and prints both. Returns the exit code.
///
/// # Errors
///
/// See [`GeneratorError`].
pub fn run(options: &GeneratorOptions) -> Result<ExitCode, GeneratorError> {
    let signals = RunSignals::handle().map_err(LoadError::Signals)?;
    let folder = options.output.clone().unwrap_or_else(|| results_folder::default_path("generator-"));
    let clients = clients(options.clients, descriptors::raise_limit());
    if clients < options.clients {
        say(&format!(
            "{clients} clients instead of {}: more would exceed the limit of open descriptors.",
            options.clients
        ));
    }
    output::print(&format!(
        "{} clients that ask once a second, and a loop of as many timers at the same time.\n\
         How late they were:\n\n{HEAD}",
        format_count(clients.get().into())
    ));
    let mut ratios = Vec::new();
    for round in 1..=options.rounds.get() {
        let load = load(clients, options.duration, round).load(&folder)?;
        let timers = Timers::start(clients, RAMP + MARGIN, options.duration.saturating_sub(MARGIN * 2));
        let timers = timers.map_err(GeneratorError::Timers)?;
        let result = load.run(None, &signals)?;
        let of_timers = timers.stop().map_err(GeneratorError::Timers)?;
        if result.status == RunStatus::Interrupted {
            return Ok(RunSignals::interrupted());
        }
        let of_clients = lateness(&result);
        let ratio = ratio(&of_clients, &of_timers);
        ratios.extend(ratio);
        output::print(&row(round, &of_clients, &of_timers, ratio));
    }
    let Some(spread) = Spread::of(ratios) else {
        say("launcelot-lab: nothing to compare: no client asked in a window, or the window is too short");
        return Ok(ExitCode::FAILURE);
    };
    output::print(&conclusion(spread));
    Ok(ExitCode::SUCCESS)
}

/// Returns as many of the clients as a limit of open descriptors allows.
fn clients(clients: NonZeroU32, descriptors: Option<u64>) -> NonZeroU32 {
    let available = descriptors.map_or(u64::MAX, |limit| limit.saturating_sub(OTHER_DESCRIPTORS));
    let available = NonZeroU32::new(u32::try_from(available).unwrap_or(u32::MAX)).unwrap_or(NonZeroU32::MIN);
    clients.min(available)
}

fn load(clients: NonZeroU32, window: Duration, round: u32) -> CannedLoad {
    let duration = |duration| humantime::format_duration(duration).to_string();
    let mut arguments = vec!["--designs".to_owned(), "async".to_owned(), "--keep-alive".to_owned()];
    let values = [
        ("--clients", clients.to_string()),
        // Longer dialogues would cross the edges of the window.
        ("--questions", "1".to_owned()),
        ("--think", duration(THINK)),
        ("--ramp", duration(RAMP)),
        ("--rounds", "1".to_owned()),
        ("--duration", duration(window)),
    ];
    for (name, value) in values {
        arguments.extend([name.to_owned(), value]);
    }
    let shows = "Clients that ask once a second".to_owned();
    CannedLoad { name: format!("round-{round}"), shows, arguments, processor: None }
}

/// Returns how late the clients asked, in all cycles.
fn lateness(result: &LoadResult) -> Distribution {
    let mut all = Distribution::default();
    for cycle in &result.cycles {
        all.merge(&cycle.counts.lateness);
    }
    all
}

/// Returns how many times as late as the timers the clients were at p99; `None` if there were none.
fn ratio(of_clients: &Distribution, of_timers: &Distribution) -> Option<f64> {
    let [clients, timers] = [of_clients, of_timers].map(|lateness| lateness.percentile(Percentile::P99));
    Some(clients?.as_secs_f64() / timers?.max(Duration::from_nanos(1)).as_secs_f64())
}

const HEAD: &str = "round   clients p50        p99   timers p50        p99   p99, ratio\n";

fn row(round: u32, of_clients: &Distribution, of_timers: &Distribution, ratio: Option<f64>) -> String {
    let [[clients_p50, clients_p99], [timers_p50, timers_p99]] = [of_clients, of_timers].map(|lateness| {
        let percentiles = lateness.percentiles([Percentile::P50, Percentile::P99]);
        percentiles.map(|time| time.map_or_else(|| "–".to_owned(), format_duration))
    });
    let ratio = ratio.map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.2}"));
    format!("{round:>5} {clients_p50:>13} {clients_p99:>10} {timers_p50:>12} {timers_p99:>10} {ratio:>12}\n")
}

fn conclusion(ratios: Spread) -> String {
    let Spread { median, least, most } = ratios;
    let verdict = if median <= BAR { "met" } else { "not met" };
    format!("\nMedian of the ratios: {median:.2} ({least:.2} to {most:.2}). At most {BAR}: {verdict}.\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_load_has_a_plan_with_the_clients_and_the_window_of_the_options() {
        let duration = Duration::from_millis(1_500);
        let plan = load(NonZeroU32::new(7).unwrap(), duration, 3).options().plan().unwrap();
        assert_eq!((plan.mode.levels().len(), plan.rounds, plan.duration, plan.ramp), (1, 1, duration, RAMP));
        assert_eq!((plan.dialogue.think, plan.dialogue.keep_alive), (THINK, true));
    }

    #[test]
    fn there_are_no_more_clients_than_descriptors() {
        let number = |number| NonZeroU32::new(number).unwrap();
        assert_eq!(clients(number(8_000), None), number(8_000));
        assert_eq!(clients(number(8_000), Some(1_024)), number(960));
        assert_eq!(clients(number(8_000), Some(3)), number(1));
    }

    #[test]
    fn a_row_has_its_figures_below_the_head() {
        // Of a thousand, so that there is a p99.
        let times = |frequent: u64, rare: u64| -> Distribution {
            let micros = (0..1_000).map(|index| if index < 980 { frequent } else { rare });
            micros.map(Duration::from_micros).collect()
        };
        let (clients, timers) = (times(18, 90), times(17, 60));
        let row = row(1, &clients, &timers, ratio(&clients, &timers)).replace('\u{a0}', " ");
        assert_eq!(row, "    1         18 µs      90 µs        17 µs      60 µs         1.50\n");
        assert_eq!(row.chars().count(), HEAD.chars().count());
        assert_eq!(ratio(&clients, &Distribution::default()), None);
    }

    #[test]
    fn the_median_of_the_ratios_is_compared_with_the_bar() {
        let expected = "\nMedian of the ratios: 1.20 (0.90 to 2.00). At most 1.5: met.\n";
        assert_eq!(conclusion(Spread::of([2.0, 0.9, 1.2]).unwrap()), expected);
        assert!(conclusion(Spread::of([1.6]).unwrap()).ends_with("not met.\n"));
    }
}
