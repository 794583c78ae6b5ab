//! What the server's designs look like under load: each test asserts a shape, as a ratio within one run, of the median of several
//! rounds.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use launcelot_measure::Distribution;
use launcelot_measure::load::{CycleResult, Level, LoadResult};

use crate::support::process::output;

/// Executes `launcelot-lab load` with `arguments` and returns its result.
fn load(arguments: &[&str]) -> LoadResult {
    let folder = tempfile::tempdir().unwrap();
    let results = folder.path().join("results");
    let mut command = Command::new(env!("CARGO_BIN_EXE_launcelot-lab"));
    command.arg("load").args(arguments).arg("--output").arg(&results);
    let printed = output(&mut command);
    assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
    read(&results.join("result.json"))
}

fn read(path: &Path) -> LoadResult {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Returns the cycles of a server with a number of clients, one for each round.
fn cycles<'a>(result: &'a LoadResult, server: &str, clients: u32) -> Vec<&'a CycleResult> {
    let index = result.plan.servers.iter().position(|plan| plan.name == server).unwrap() as u32;
    let is_one = |cycle: &&CycleResult| cycle.cycle.server == index && cycle.cycle.level == Level::Clients(clients);
    let cycles: Vec<&CycleResult> = result.cycles.iter().filter(is_one).collect();
    assert!(!cycles.is_empty(), "no cycle of {server} with {clients} clients");
    cycles
}

/// Returns the median over the rounds of a figure.
fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Returns the dialogues in a second: the median over the rounds.
fn dialogues_per_second(result: &LoadResult, server: &str, clients: u32) -> f64 {
    let rate = |cycle: &&CycleResult| {
        let end = cycle.end.as_ref().unwrap();
        cycle.counts.dialogues as f64 / end.window.as_secs_f64()
    };
    median(cycles(result, server, clients).iter().map(rate).collect())
}

/// Returns the median time of all rounds together.
fn median_time(cycles: &[&CycleResult], times: impl Fn(&CycleResult) -> &Distribution) -> Duration {
    let mut all = Distribution::default();
    for cycle in cycles {
        all.merge(times(cycle));
    }
    all.median()
}

fn question(result: &LoadResult, server: &str, clients: u32) -> Duration {
    median_time(&cycles(result, server, clients), |cycle| &cycle.counts.question_latency)
}

fn first_answer(result: &LoadResult, server: &str, clients: u32) -> Duration {
    median_time(&cycles(result, server, clients), |cycle| &cycle.counts.first_answer_latency)
}

fn ratio(long: Duration, short: Duration) -> f64 {
    long.as_secs_f64() / short.as_secs_f64()
}

#[test]
fn with_simple_a_question_takes_as_long_with_20_clients_and_the_first_answer_ten_times_as_long() {
    let result = load(&["--designs", "simple", "--clients", "1:20", "--duration", "700ms", "--rounds", "3"]);
    let questions = ratio(question(&result, "simple", 20), question(&result, "simple", 1));
    let first_answers = ratio(first_answer(&result, "simple", 20), first_answer(&result, "simple", 1));
    assert!(questions < 2.0, "a question takes {questions:.2} times as long");
    assert!(first_answers > 10.0, "the first answer takes only {first_answers:.1} times as long");
}

#[test]
fn while_the_server_works_poll_serves_one_client_at_a_time_and_threads_and_async_all() {
    let result = load(&[
        "--designs",
        "poll,threads,async",
        "--server-think",
        "5ms",
        "--questions",
        "2",
        "--clients",
        "1:8",
        "--duration",
        "700ms",
        "--rounds",
        "3",
    ]);
    let speed_up = |server| dialogues_per_second(&result, server, 8) / dialogues_per_second(&result, server, 1);
    let [poll, threads, tasks] = ["poll", "threads", "async"].map(speed_up);
    assert!(poll < 1.5, "poll answers {poll:.1} times as many with 8 clients");
    assert!(threads > 4.0, "threads answer {threads:.1} times as many with 8 clients");
    assert!(tasks > 4.0, "async answers {tasks:.1} times as many with 8 clients");
}

#[test]
fn a_short_queue_of_the_listener_shows_as_connects_that_take_a_second() {
    let result = load(&[
        "--designs",
        "simple",
        "--backlog",
        "5",
        "--clients",
        "60",
        "--questions",
        "200",
        "--duration",
        "2500ms",
        "--rounds",
        "1",
    ]);
    let counts = &cycles(&result, "simple", 60)[0].counts;
    let longest = counts.first_answer_latency.longest();
    assert!(longest >= Duration::from_millis(990), "the longest first answer took {longest:?}");
    assert_eq!(counts.failures.count(), 0, "{:?}", counts.failures);
}

mod long {
    use super::*;

    #[test]
    fn with_one_client_on_loopback_the_designs_are_alike() {
        let designs = ["simple", "poll", "threads", "workers", "processes", "async", "per-core"];
        let names = designs.join(",");
        let arguments = ["--designs", &names, "--clients", "1", "--ramp", "0s", "--duration", "300ms", "--rounds", "5"];
        let result = load(&arguments);
        // The shortest median of the rounds: other programs can only make a question longer.
        let medians = designs.map(|design| {
            let rounds = cycles(&result, design, 1);
            rounds.iter().map(|cycle| cycle.counts.question_latency.median()).min().unwrap()
        });
        let [shortest, longest] = [medians.iter().min().unwrap(), medians.iter().max().unwrap()];
        assert!(ratio(*longest, *shortest) < 1.5, "{designs:?}: {medians:?}");
    }

    /// Returns how many times as many dialogues `design` completes with 10 clients as with one, and with 20 as with 10.
    fn growth(result: &LoadResult, design: &str) -> [f64; 2] {
        let [one, ten, twenty] = [1, 10, 20].map(|clients| dialogues_per_second(result, design, clients));
        [ten / one, twenty / ten]
    }

    /// Loads designs over a longer link.
    fn load_over_link(designs: &str) -> LoadResult {
        load(&[
            "--designs",
            designs,
            "--link",
            "ssh",
            "--clients",
            "1:10:20",
            "--ramp",
            "200ms",
            "--duration",
            "700ms",
            "--rounds",
            "3",
        ])
    }

    #[test]
    fn over_a_longer_link_simple_stays_flat_and_pools_flatten_at_their_ten() {
        let result = load_over_link("simple,workers,processes");
        let [early, late] = growth(&result, "simple");
        assert!(early < 1.3 && late < 1.3, "simple: {early:.2} and {late:.2} times");
        for pool in ["workers", "processes"] {
            let [early, late] = growth(&result, pool);
            assert!(early > 6.0 && late < 1.3, "{pool}: {early:.2} and {late:.2} times");
        }
    }

    #[test]
    fn over_a_longer_link_designs_that_serve_all_clients_go_on_rising() {
        let designs = ["threads", "poll", "async", "per-core"];
        let result = load_over_link(&designs.join(","));
        for design in designs {
            let [early, late] = growth(&result, design);
            assert!(early > 5.0 && late > 1.4, "{design}: {early:.2} and {late:.2} times");
        }
    }

    #[test]
    fn a_pool_of_20_workers_does_not_flatten_at_ten() {
        let result = load(&[
            "--designs",
            "workers",
            "--workers",
            "20",
            "--link",
            "ssh",
            "--clients",
            "10:20",
            "--duration",
            "1s",
            "--rounds",
            "3",
        ]);
        let late = dialogues_per_second(&result, "workers", 20) / dialogues_per_second(&result, "workers", 10);
        assert!(late > 1.5, "{late:.2} times");
    }
}
