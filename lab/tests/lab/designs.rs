//! What the server's designs look like under load. Each test asserts the shape of a design, as ratios within one run; of several rounds
//! the median decides. A planted server, which is of another design than its name says, must not have the shape.

use std::time::Duration;

use launcelot_lab::processors;
use launcelot_measure::load::{CycleResult, Level, LoadResult, LoadSummary, PredictedRate, Prediction, ServerKind};

use crate::support::attempts::{check, within_attempts};
use crate::support::load::{Folder, stderr};
use crate::support::process::output_within;

/// The longest that a load of these tests may take. The plans take up to a minute on an idle machine.
const LOAD_DEADLINE: Duration = Duration::from_secs(240);

/// Whether a server has a shape: if not, its figures.
type Shape = Result<(), String>;

/// Executes `launcelot-lab load` with `arguments` and returns its result.
#[track_caller]
fn load(arguments: &[&str]) -> LoadResult {
    let folder = Folder::new();
    let output = output_within(LOAD_DEADLINE, &mut folder.command(arguments));
    assert!(output.status.success(), "{}", stderr(&output));
    folder.result()
}

/// Returns an option that measures a server under a name that may be wrong. `options` are those of `launcelot-server`.
fn planted(name: &str, options: &str) -> String {
    let lab = env!("CARGO_BIN_EXE_launcelot-lab");
    format!("--server={name}='{lab}' serve {options} --grace 0s 127.0.0.1 {{port}}")
}

/// Returns a shape: that of a server, if `holds`.
fn shape(server: &str, holds: bool, figures: &str) -> Shape {
    if holds { Ok(()) } else { Err(format!("{server}: {figures}")) }
}

/// Checks that a planted server does not have the shape that was looked for in it.
fn lacks_shape(planted: &str, shape: &Shape) -> Shape {
    check(shape.is_err(), || format!("{planted} has the shape"))
}

fn index(result: &LoadResult, server: &str) -> usize {
    result.plan.servers.iter().position(|plan| plan.name == server).unwrap()
}

/// Returns a figure of a server with a number of clients: the median of the rounds.
#[track_caller]
fn median(result: &LoadResult, server: &str, clients: u32, figure: impl Fn(&CycleResult) -> f64) -> f64 {
    let index = index(result, server) as u32;
    let is_one = |cycle: &&CycleResult| cycle.cycle.server == index && cycle.cycle.level == Level::Clients(clients);
    let mut figures: Vec<f64> = result.cycles.iter().filter(is_one).map(figure).collect();
    figures.sort_by(f64::total_cmp);
    *figures.get(figures.len() / 2).unwrap_or_else(|| panic!("no cycle of {server} with {clients} clients"))
}

fn dialogues_per_second(cycle: &CycleResult) -> f64 {
    cycle.counts.dialogues as f64 / cycle.end.as_ref().unwrap().window.as_secs_f64()
}

fn question(cycle: &CycleResult) -> f64 {
    cycle.counts.question_latency.median().as_secs_f64()
}

fn first_answer(cycle: &CycleResult) -> f64 {
    cycle.counts.first_answer_latency.median().as_secs_f64()
}

/// With 20 clients, a question takes as long as with one, and the first answer more than ten times as long.
fn queues_its_clients(result: &LoadResult, server: &str) -> Shape {
    let growth =
        |figure: fn(&CycleResult) -> f64| median(result, server, 20, figure) / median(result, server, 1, figure);
    let questions = growth(question);
    let first_answers = growth(first_answer);
    let holds = questions < 2.0 && first_answers > 10.0;
    shape(
        server,
        holds,
        &format!("a question takes {questions:.2} times as long, the first answer {first_answers:.1} times"),
    )
}

#[test]
fn with_simple_a_question_takes_as_long_with_20_clients_and_the_first_answer_ten_times_as_long() {
    let threads = planted("not simple", "--design threads");
    let options = ["--clients", "1:20", "--ramp", "100ms", "--duration", "500ms", "--rounds", "3"];
    // Other tests may disturb the cycles of one server more than those of another, but not every time.
    within_attempts(3, || {
        let result = load(&[&["--designs", "simple", &threads], &options[..]].concat());
        queues_its_clients(&result, "simple")?;
        lacks_shape("not simple", &queues_its_clients(&result, "not simple"))
    });
}

/// Returns how many times as many dialogues a server completes with 8 clients as with one, while it works on each answer.
fn speed_up(result: &LoadResult, server: &str) -> f64 {
    median(result, server, 8, dialogues_per_second) / median(result, server, 1, dialogues_per_second)
}

fn works_on_one_answer(result: &LoadResult, server: &str) -> Shape {
    let speed_up = speed_up(result, server);
    shape(server, speed_up < 1.5, &format!("{speed_up:.1} times as many with 8 clients"))
}

fn works_on_all_answers(result: &LoadResult, server: &str) -> Shape {
    let speed_up = speed_up(result, server);
    shape(server, speed_up > 4.0, &format!("{speed_up:.1} times as many with 8 clients"))
}

#[test]
fn while_the_server_works_poll_serves_one_client_at_a_time_and_threads_and_async_all() {
    let threads = planted("not poll", "--design threads --think 5ms");
    let poll = planted("not threads", "--design poll --think 5ms");
    let servers = ["--designs", "poll,threads,async", "--server-think", "5ms", &threads, &poll];
    let options = ["--questions", "2", "--clients", "1:8", "--ramp", "100ms", "--duration", "500ms", "--rounds", "3"];
    within_attempts(3, || {
        let result = load(&[&servers[..], &options].concat());
        works_on_one_answer(&result, "poll")?;
        lacks_shape("not poll", &works_on_one_answer(&result, "not poll"))?;
        for design in ["threads", "async"] {
            works_on_all_answers(&result, design)?;
        }
        lacks_shape("not threads", &works_on_all_answers(&result, "not threads"))
    });
}

/// Some connects take a second, not a single one fails, and the report says why.
fn retransmits_connects(result: &LoadResult, server: &str) -> Shape {
    let longest = median(result, server, 60, |cycle| cycle.counts.first_answer_latency.longest().as_secs_f64());
    let failures = median(result, server, 60, |cycle| cycle.counts.failures.count() as f64);
    let begin = format!("`{server}` at 60 clients: connecting took up to ");
    let is_explained = |warning: &String| warning.starts_with(&begin) && warning.contains("SYN was lost");
    let is_said = result.provenance[0].warnings.iter().any(is_explained);
    let holds = longest >= 0.99 && failures == 0.0 && is_said;
    shape(server, holds, &format!("the longest first answer took {longest:.3} s, {failures} failures, said: {is_said}"))
}

#[test]
fn a_short_queue_of_the_listener_shows_as_connects_that_take_a_second() {
    let long_queue = planted("not short", "--design simple --backlog 128");
    let servers = ["--designs", "simple", "--backlog", "5", &long_queue];
    let options = ["--clients", "60", "--questions", "20", "--ramp", "100ms", "--duration", "1s", "--rounds", "3"];
    let result = load(&[&servers[..], &options].concat());
    retransmits_connects(&result, "simple").unwrap();
    retransmits_connects(&result, "not short").unwrap_err();
}

mod long_alone {
    use super::*;

    /// With one client, a question takes at most 1.5 times as long as with the quickest of the designs.
    fn is_like(result: &LoadResult, server: &str, designs: &[&str]) -> Shape {
        let quickest = designs.iter().map(|design| median(result, design, 1, question)).fold(f64::INFINITY, f64::min);
        let ratio = median(result, server, 1, question) / quickest;
        shape(server, ratio < 1.5, &format!("a question takes {ratio:.2} times as long as with the quickest design"))
    }

    #[test]
    fn with_one_client_on_loopback_the_designs_are_alike() {
        let designs = ["simple", "poll", "threads", "workers", "processes", "async", "per-core"];
        let working = planted("not alike", "--design poll --think 100us");
        let options = ["--clients", "1", "--ramp", "0s", "--duration", "300ms", "--rounds", "9"];
        let load = || load(&[&["--designs", &designs.join(","), &working], &options[..]].concat());
        let result = processors::run_on(processors::first_allowed().unwrap(), load).unwrap();
        for design in designs {
            is_like(&result, design, &designs).unwrap();
        }
        is_like(&result, "not alike", &designs).unwrap_err();
    }

    /// Loads servers over a longer link.
    #[track_caller]
    fn load_over_link(servers: &[&str]) -> LoadResult {
        let options = ["--clients", "1:10:20", "--ramp", "200ms", "--duration", "700ms", "--rounds", "3"];
        load(&[servers, &["--link", "ssh"], &options].concat())
    }

    /// Returns how many times as many dialogues a server completes with 10 clients as with one, and with 20 as with 10.
    fn growth(result: &LoadResult, server: &str) -> (f64, f64) {
        let [one, ten, twenty] = [1, 10, 20].map(|clients| median(result, server, clients, dialogues_per_second));
        (ten / one, twenty / ten)
    }

    fn stays_flat(result: &LoadResult, server: &str) -> Shape {
        let (early, late) = growth(result, server);
        shape(server, early < 1.3 && late < 1.3, &format!("{early:.2} and {late:.2} times"))
    }

    fn flattens_at_ten(result: &LoadResult, server: &str) -> Shape {
        let (early, late) = growth(result, server);
        shape(server, early > 6.0 && late < 1.3, &format!("{early:.2} and {late:.2} times"))
    }

    fn goes_on_rising(result: &LoadResult, server: &str) -> Shape {
        let (early, late) = growth(result, server);
        shape(server, early > 5.0 && late > 1.4, &format!("{early:.2} and {late:.2} times"))
    }

    #[test]
    fn over_a_longer_link_simple_stays_flat_and_pools_flatten_at_their_ten() {
        let threads = planted("not simple", "--design threads");
        let twenty = planted("not ten", "--design workers --workers 20");
        let result = load_over_link(&["--designs", "simple,workers,processes", &threads, &twenty]);
        stays_flat(&result, "simple").unwrap();
        stays_flat(&result, "not simple").unwrap_err();
        for pool in ["workers", "processes"] {
            flattens_at_ten(&result, pool).unwrap();
        }
        flattens_at_ten(&result, "not ten").unwrap_err();
    }

    #[test]
    fn over_a_longer_link_designs_that_serve_all_clients_go_on_rising() {
        let designs = ["threads", "poll", "async", "per-core"];
        let pool = planted("not threads", "--design workers");
        let result = load_over_link(&["--designs", &designs.join(","), &pool]);
        for design in designs {
            goes_on_rising(&result, design).unwrap();
        }
        goes_on_rising(&result, "not threads").unwrap_err();
    }

    /// The rates of a server lie within 15 % of the model's.
    fn is_as_predicted(result: &LoadResult, server: &str) -> Shape {
        let prediction = Prediction::of(result, &LoadSummary::of(result), index(result, server)).unwrap();
        assert_eq!(prediction.rates.len(), 3, "{prediction:?}");
        let deviations: Vec<f64> = prediction.rates.iter().map(PredictedRate::deviation_percent).collect();
        let holds = deviations.iter().all(|deviation| deviation.abs() <= 15.0);
        shape(server, holds, &format!("{deviations:+.1?} % from the model"))
    }

    #[test]
    fn over_a_longer_link_threads_and_async_are_as_the_model_predicts() {
        let pool = planted("not threads", "--design workers");
        let options = ["--clients", "1:10:20", "--ramp", "200ms", "--duration", "800ms", "--rounds", "5"];
        let mut result = load(&[&["--designs", "threads,async", &pool, "--link", "ssh"], &options[..]].concat());
        let threads = ServerKind::Design {
            design: "threads".to_owned(),
            workers: None,
            threads: None,
            backlog: None,
            think: Duration::ZERO,
        };
        let planted = index(&result, "not threads");
        result.plan.servers[planted].kind = threads;
        for design in ["threads", "async"] {
            is_as_predicted(&result, design).unwrap();
        }
        is_as_predicted(&result, "not threads").unwrap_err();
    }
}
