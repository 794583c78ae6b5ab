//! The overhead of the page on a single run: its button compared with a plain JavaScript worker, in turns in one browser, from
//! connecting to the last answer.

use launcelot_measure::export::Document;
use launcelot_server::Design;
use serde_json::{Value, json};

use super::{catch_export, clock_step, exported, median, middle, question_count, site, start_browser};
use crate::support::fixtures::{Bridge, Server};

/// The number of turns. The page is loaded for each turn, because it keeps only 50 runs.
const TURNS: usize = 5;

/// The number of runs of each client at the beginning of a turn that are not counted.
const WARM_UP: usize = 8;

/// The number of runs of each client in a turn that are counted.
const RUNS: usize = 40;

/// The largest ratio that the benchmark allows: the median of the page's button to that of a plain worker.
const RATIO_MAX: f64 = 1.1;

/// A script that runs `count` dialogues by the page's button and as many by a plain worker, in turns. Before each run,
/// the page finishes drawing.
const IN_TURNS: &str = "const [url, count, done] = arguments;
    const plain = new Worker('/plain/run.mjs', { type: 'module' });
    const dialogue = document.querySelector('#dialogue');
    const byThePage = () => new Promise((resolve) => {
        const before = dialogue.dataset.run;
        new MutationObserver((_, observer) => {
            if (dialogue.dataset.state !== 'complete' || dialogue.dataset.run === before) return;
            observer.disconnect();
            resolve();
        }).observe(dialogue, { attributes: true });
        document.querySelector('#ask').click();
    });
    const byAPlainWorker = () => new Promise((resolve, reject) => {
        plain.onerror = ({ message }) => reject(new Error(message));
        plain.onmessage = ({ data }) => resolve(data.answered.at(-1) * 1e3);
        plain.postMessage(url);
    });
    const frame = () => new Promise(requestAnimationFrame);
    const idle = () => new Promise(requestIdleCallback);
    const rest = async () => { for (const _ of [1, 2, 3]) { await frame(); await idle(); } };
    (async () => {
        const times = [];
        for (let run = 0; run < count; run++) {
            await rest();
            if (run % 2) await byThePage();
            else times.push(await byAPlainWorker());
            await rest();
            if (run % 2) times.push(await byAPlainWorker());
            else await byThePage();
        }
        plain.terminate();
        return times;
    })().then(done, (error) => done(String(error)));";

#[tokio::test(flavor = "multi_thread")]
async fn a_single_run_by_the_page_is_compared_with_one_by_a_plain_worker() {
    let is_measured = question_count().is_some();
    let (turns, warm_up, runs) = if is_measured { (TURNS, WARM_UP, RUNS) } else { (1, 0, 3) };
    let server = Server::start(Design::Async);
    let site = site();
    let bridge = Bridge::start(server.port, Some(site.path().to_owned()));
    let browser = start_browser().await;

    let mut by_page = Vec::new();
    let mut by_plain_worker = Vec::new();
    for _ in 0..turns {
        browser.open(&bridge.page_url()).await;
        catch_export(&browser).await;
        let arguments = vec![json!(bridge.url()), json!(warm_up + runs)];
        let times = browser.client.execute_async(IN_TURNS, arguments).await.unwrap();
        let times = times.as_array().unwrap_or_else(|| panic!("the turns: {times}"));
        by_plain_worker.push(counted(times.iter().filter_map(Value::as_f64).collect(), warm_up));
        by_page.push(counted(totals(&exported(&browser).await), warm_up));
        // The next turn begins without the runs of this one.
        browser.script("localStorage.clear()").await;
    }
    assert!(by_page.iter().chain(&by_plain_worker).all(|times| times.len() == runs), "{by_page:?} {by_plain_worker:?}");
    let ratio = print(&by_page, &by_plain_worker, clock_step(&browser).await);
    // A few runs while other tests run say nothing about the ratio.
    assert!(
        !is_measured || ratio <= RATIO_MAX,
        "a single run by the page takes {ratio:.2} times as long as one by a plain worker, and {RATIO_MAX} is the most it may"
    );
}

/// Returns the time of each run from connecting to the last answer, in microseconds.
fn totals(document: &Document) -> Vec<f64> {
    document.runs.iter().map(|recorded| recorded.run.until().as_secs_f64() * 1e6).collect()
}

/// Returns the times after the warm-up, sorted.
fn counted(mut times: Vec<f64>, warm_up: usize) -> Vec<f64> {
    let mut counted = times.split_off(warm_up);
    counted.sort_by(f64::total_cmp);
    counted
}

/// Prints the table. Returns the median over the turns of the ratio of the medians, the page's button to a plain
/// worker.
fn print(by_page: &[Vec<f64>], by_plain_worker: &[Vec<f64>], step: f64) -> f64 {
    let medians = |turns: &[Vec<f64>]| turns.iter().map(|times| median(times, step)).collect::<Vec<_>>();
    let p90s = |turns: &[Vec<f64>]| turns.iter().map(|times| times[times.len() * 9 / 10]).collect::<Vec<_>>();
    // Ratios are taken within a turn, so that other load on the machine affects both sides.
    let ratio = |of: Vec<f64>, to: Vec<f64>| middle(of.iter().zip(&to).map(|(of, to)| of / to).collect());
    let ratios = |turns: &[Vec<f64>]| {
        (ratio(medians(turns), medians(by_plain_worker)), ratio(p90s(turns), p90s(by_plain_worker)))
    };
    println!("\n| a single run | median | p90 | median, ratio | p90, ratio |\n|---|--:|--:|--:|--:|");
    for (name, turns) in [("the page's button", by_page), ("plain JavaScript, worker", by_plain_worker)] {
        let (at_median, at_p90) = ratios(turns);
        println!(
            "| {name} | {:.0} µs | {:.0} µs | {at_median:.2} | {at_p90:.2} |",
            middle(medians(turns)),
            middle(p90s(turns)),
        );
    }
    println!(
        "\nFrom connecting to the last of three answers, one at a time; medians of {} turns of {} runs each, in turns in one \
         browser.",
        by_page.len(),
        by_page[0].len()
    );
    ratios(by_page).0
}
