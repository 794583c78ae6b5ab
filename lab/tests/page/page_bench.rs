//! The overhead of asking from the page: the same questions through the same bridge from the page's worker, from plain
//! JavaScript, and from the native client.
//!
//! `cargo xtask bench page` runs this benchmark and shows the table. As a test, it asks only a few questions, and
//! checks that all of them are answered.

mod single_runs;

use std::path::Path;
use std::time::Duration;

use crate::support::browser::Browser;
use crate::support::driver::BrowserName;
use crate::support::fixtures::{Bridge, Server};
use crate::support::page;
use launcelot_client::{DialogueConfig, Target, ask};
use launcelot_measure::export::Document;
use launcelot_measure::{Order, Stopwatch};
use launcelot_protocol::{Framing, Question};
use launcelot_server::Design;
use serde_json::json;

/// The number of turns of each client. They alternate, so that other load on the machine affects all clients.
const TURNS: usize = 5;

/// The number of questions at the beginning of each turn that are not counted.
const WARM_UP: usize = 100;

/// The clients that are compared.
const CLIENTS: [&str; 4] =
    ["the page's worker", "plain JavaScript, worker", "plain JavaScript, main thread", "launcelot-client ws://"];

/// The index of the client with which the others are compared.
const BASELINE: usize = 1;

/// The largest ratio that the benchmark allows, of the page's worker to plain JavaScript in a worker: of their medians in
/// Chromium, and of their total times in Firefox, whose clock is too coarse for medians.
const RATIO_MAX: f64 = 1.05;

/// The times of one client in one turn, in microseconds, without the warm-up.
#[derive(Clone)]
struct Turn {
    /// The time of each question to its answer, in ascending order.
    times: Vec<f64>,
    /// The time from the last answer of the warm-up to the last answer of all.
    total: f64,
}

impl Turn {
    fn new(mut times: Vec<f64>, total: f64) -> Self {
        times.sort_by(f64::total_cmp);
        Self { times, total }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_clients_ask_the_same_questions_through_one_bridge() {
    let requested = question_count();
    let count = requested.unwrap_or(500) / TURNS;
    let server = Server::start(Design::Async);
    let site = site();
    let bridge = Bridge::start(server.port, Some(site.path().to_owned()));
    let browser = start_browser().await;

    let mut turns = vec![Vec::new(); CLIENTS.len()];
    for turn in 0..TURNS {
        for position in 0..CLIENTS.len() {
            // Each client is first, second, third and last in turn.
            let client = (turn + position) % CLIENTS.len();
            let turn = match client {
                0 => from_the_page(&browser, &bridge, count).await,
                1 => from_javascript(&browser, &bridge, "worker", count).await,
                2 => from_javascript(&browser, &bridge, "mainThread", count).await,
                _ => natively(&bridge, count).await,
            };
            assert_eq!(turn.times.len(), count, "{}", CLIENTS[client]);
            turns[client].push(turn);
        }
    }
    let ratios = print(browser.name, &turns, clock_step(&browser).await);
    let (what, ratio) = match browser.name {
        BrowserName::Chromium => ("median", ratios.median),
        BrowserName::Firefox => ("total time", ratios.total),
    };
    println!(
        "The {what} of the page's worker is {ratio:.3} times that of a plain worker; at most {RATIO_MAX} is allowed."
    );
    // A few questions while other tests run say nothing about the ratio.
    assert!(
        requested.is_none() || ratio <= RATIO_MAX,
        "the {what} of the page's worker is {ratio:.3} times that of a plain worker, and {RATIO_MAX} is the most it may be"
    );
}

/// Returns the number of questions of each client without the warm-up, if the test runs as a benchmark.
fn question_count() -> Option<usize> {
    std::env::var("LAUNCELOT_BENCH_QUESTIONS").ok().map(|text| text.parse().unwrap())
}

/// Starts a browser, alone on the machine if the test runs as a benchmark.
async fn start_browser() -> Browser {
    if question_count().is_some() { Browser::start_alone().await } else { Browser::start().await }
}

/// Makes a folder with the built page, and the page in plain JavaScript.
fn site() -> tempfile::TempDir {
    let site = tempfile::tempdir().unwrap();
    page::copy(&page::built(), site.path());
    page::copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/page/plain"), &site.path().join("plain"));
    site
}

/// Asks two series of rounds on the page. Returns the times of the last `count` rounds from the page's export.
async fn from_the_page(browser: &Browser, bridge: &Bridge, count: usize) -> Turn {
    browser.open(&bridge.page_url()).await;
    catch_export(browser).await;
    let fill_in = "localStorage.clear(); document.querySelector('#rounds').value = arguments[0];";
    browser.client.execute(fill_in, vec![json!(WARM_UP + count)]).await.unwrap();
    // A script on the page waits for the end of the rounds, because polling from here would take processor time from the browser.
    let rounds =
        "const done = arguments[0], section = document.querySelector('#many-rounds'), before = section.dataset.run;
        new MutationObserver((_, observer) => {
            if (section.dataset.state !== 'complete' || section.dataset.run === before) return;
            observer.disconnect();
            done();
        }).observe(section, { attributes: true });
        document.querySelector('#ask-rounds').click();";
    for _ in 0..2 {
        browser.client.execute_async(rounds, Vec::new()).await.unwrap();
    }
    let document = exported(browser).await;
    let rounds = document.rounds.last().unwrap();
    let last = |stopwatch| {
        let times: Vec<f64> = rounds.times(stopwatch).map(|time| time.as_secs_f64() * 1e6).collect();
        times[times.len() - count..].to_vec()
    };
    // Without a pace, each round is due at the answer before it.
    Turn::new(last(Stopwatch::Question), last(Stopwatch::Due).iter().sum())
}

/// Has the page keep the text of its next export, which [`exported`] returns.
async fn catch_export(browser: &Browser) {
    let catch = "const made = URL.createObjectURL;
        URL.createObjectURL = (blob) => { blob.text().then((text) => window.exported = text); return made.call(URL, blob); };";
    browser.script(catch).await;
}

/// Exports everything from the page as JSON, and returns it.
async fn exported(browser: &Browser) -> Document {
    browser.click("#export-json").await;
    let script = "const done = arguments[0];
        const wait = () => window.exported ? done(window.exported) : setTimeout(wait, 5);
        wait();";
    let exported = browser.client.execute_async(script, Vec::new()).await.unwrap();
    serde_json::from_str(exported.as_str().unwrap()).unwrap()
}

async fn from_javascript(browser: &Browser, bridge: &Bridge, client: &str, count: usize) -> Turn {
    browser.client.goto(&format!("{}plain/index.html", bridge.page_url())).await.unwrap();
    let script = "const [client, url, count, done] = arguments;
        const wait = () => window[client]
            ? window[client](url, count).then(() => window[client](url, count)).then(done, (error) => done(String(error)))
            : setTimeout(wait, 5);
        wait();";
    let arguments = vec![json!(client), json!(bridge.url()), json!(WARM_UP + count)];
    let result = browser.client.execute_async(script, arguments).await.unwrap();
    let [times, answered]: [Vec<f64>; 2] =
        serde_json::from_value(result.clone()).unwrap_or_else(|_| panic!("{client}: {result}"));
    let times = times[WARM_UP..].iter().map(|milliseconds| milliseconds * 1e3).collect();
    Turn::new(times, (answered[answered.len() - 1] - answered[WARM_UP - 1]) * 1e3)
}

async fn natively(bridge: &Bridge, count: usize) -> Turn {
    let questions = Question::the_three().into_iter().cycle().take(WARM_UP + count).collect();
    let target = Target::parse(&bridge.url(), None).unwrap();
    let config = DialogueConfig {
        target,
        order: Order::OneAtATime,
        questions,
        framing: Framing::default(),
        timeout: Duration::from_secs(20),
    };
    let (run, result) = ask(&config, |_| ()).await;
    result.unwrap();
    let times = run.questions[WARM_UP..].iter().map(|asked| asked.took().unwrap().as_secs_f64() * 1e6).collect();
    let answered = |index: usize| run.questions[index].answered.unwrap();
    let total = answered(run.questions.len() - 1) - answered(WARM_UP - 1);
    Turn::new(times, total.as_secs_f64() * 1e6)
}

/// Measures the smallest step of the page's clock, in microseconds.
async fn clock_step(browser: &Browser) -> f64 {
    let script = "const steps = [];
        for (let last = performance.now(); steps.length < 20;) {
            const now = performance.now();
            if (now > last) steps.push(now - last);
            last = now;
        }
        return Math.min(...steps)";
    browser.script(script).await.as_f64().unwrap() * 1e3
}

/// Returns the median of timings from a coarse clock with the resolution `step`. Times within one step are treated as
/// evenly distributed.
fn median(sorted: &[f64], step: f64) -> f64 {
    let middle = sorted[sorted.len() / 2];
    let below = sorted.iter().filter(|time| **time < middle - step / 2.0).count();
    let alike = sorted.iter().filter(|time| (**time - middle).abs() <= step / 2.0).count();
    middle - step / 2.0 + step * (sorted.len() as f64 / 2.0 - below as f64) / alike as f64
}

/// Returns the median of the turns' figures.
fn middle(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Ratios of the page's worker to the baseline.
struct Ratios {
    /// The median over the turns of the ratio of the medians.
    median: f64,
    /// The ratio of the total times of all turns.
    total: f64,
}

/// Prints the table, and returns the ratios of the page's worker. Other ratios are to the baseline, too.
fn print(browser: BrowserName, turns: &[Vec<Turn>], step: f64) -> Ratios {
    let medians = |client: usize| turns[client].iter().map(|turn| median(&turn.times, step)).collect::<Vec<_>>();
    let p99 = |times: &[f64]| times[times.len() * 99 / 100];
    let p99s = |client: usize| turns[client].iter().map(|turn| p99(&turn.times)).collect::<Vec<_>>();
    let total = |client: usize| turns[client].iter().map(|turn| turn.total).sum::<f64>();
    // Ratios are taken within a turn, so that other load on the machine affects both sides.
    let ratio = |of: Vec<f64>, to: Vec<f64>| middle(of.iter().zip(&to).map(|(of, to)| of / to).collect());
    println!("\n| client, {browser:?} | median | p99 | total | median, ratio | p99, ratio | total, ratio |");
    println!("|---|--:|--:|--:|--:|--:|--:|");
    for (client, name) in CLIENTS.iter().enumerate() {
        println!(
            "| {name} | {:.0} µs | {:.0} µs | {:.0} ms | {:.2} | {:.2} | {:.2} |",
            middle(medians(client)),
            middle(p99s(client)),
            total(client) / 1e3,
            ratio(medians(client), medians(BASELINE)),
            ratio(p99s(client), p99s(BASELINE)),
            total(client) / total(BASELINE),
        );
    }
    let count = turns[0][0].times.len();
    println!(
        "\nFrom a question to its answer, one at a time, through one bridge; medians of {TURNS} turns of {count} questions, and \
         the total time of all of them. The browser's clock moves in steps of {step:.0} µs."
    );
    Ratios { median: ratio(medians(0), medians(BASELINE)), total: total(0) / total(BASELINE) }
}
