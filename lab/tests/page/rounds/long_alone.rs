//! Rounds that take more than ten seconds.

use launcelot_measure::compare::{Difference, compare};
use launcelot_measure::export::Document;
use launcelot_measure::{Rounds, Stopwatch};

use super::*;
use crate::support::page_session::PageSession;

/// A script that records the longest time between two frames.
const WATCH_FRAMES: &str = "window.frames_gap = 0; let last; const watch = (now) => {
    if (last !== undefined) window.frames_gap = Math.max(window.frames_gap, now - last);
    last = now; requestAnimationFrame(watch); }; requestAnimationFrame(watch);";

/// A script that keeps a reference to the page's WebAssembly memory, which the browser's measurement does not include.
/// Deferred parts of the program share this memory.
const WATCH_WASM: &str = "const made = (result) => {
        window.wasm_memory ??= (result.instance ?? result).exports.memory; return result; };
    for (const name of ['instantiate', 'instantiateStreaming']) {
        const instantiate = WebAssembly[name];
        WebAssembly[name] = (...of) => instantiate(...of).then(made);
    }";

impl Browser {
    /// Returns the number of bytes that the page and its worker use after a garbage collection, including the page's
    /// WebAssembly memory.
    async fn memory_bytes(&self) -> i64 {
        self.devtools("HeapProfiler.collectGarbage", json!({})).await;
        let script = "const done = arguments[0];
            performance.measureUserAgentSpecificMemory().then(
                ({ bytes }) => done(bytes + window.wasm_memory.buffer.byteLength), (error) => done(String(error)))";
        let bytes = self.client.execute_async(script, Vec::new()).await.unwrap();
        bytes.as_i64().unwrap_or_else(|| panic!("{bytes}"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_rounds_neither_block_the_page_nor_grow_its_memory() {
    let (_server, bridge, browser) = page::open_alone().await;
    browser.run_early(WATCH_WASM).await;
    browser.open(&bridge.page_url()).await;
    // The first rounds allocate buffers that later rounds reuse.
    browser.ask_rounds(100, "#one-connection", "", "complete").await;
    let before = browser.memory_bytes().await;
    browser.script(WATCH_FRAMES).await;
    within_attempts_async(5, async || {
        browser.script("window.frames_gap = 0").await;
        browser.ask_rounds(10_000, "#one-connection", "", "complete").await;
        // Wait until the last frame has been drawn.
        let last = "requestAnimationFrame(() => requestAnimationFrame(arguments[0]))";
        browser.client.execute_async(last, Vec::new()).await.unwrap();
        let gap = browser.script("return window.frames_gap").await.as_f64().unwrap();
        assert!(gap > 0.0, "no frame was seen");
        check(gap <= 100.0, || format!("{gap} ms without a frame"))
    })
    .await;
    let grown = browser.memory_bytes().await - before;
    assert!(grown < 20_000_000, "the page grew by {grown} bytes");
}

/// The environment variable with the path of a file to which the series are written: a line for each, with its times in
/// microseconds. `measure/tests/measure/recorded.rs` says how the committed files were recorded.
const RECORD: &str = "LAUNCELOT_RECORD_SERIES";

/// The environment variable with the number of rounds in each series; 100 by default.
const RECORD_ROUNDS: &str = "LAUNCELOT_RECORD_ROUNDS";

/// The environment variable that, if set, has the page ask through the demo's tunnel with its default settings instead
/// of directly.
const RECORD_TUNNEL: &str = "LAUNCELOT_RECORD_TUNNEL";

/// Asks forty series of `rounds` rounds, one after the other, and returns them.
async fn forty_series(session: &PageSession, rounds: u32) -> Vec<Rounds> {
    let mut series = Vec::new();
    for _ in 0..4 {
        // The page stores at most twelve series.
        session.browser.script("localStorage.clear()").await;
        session.open().await;
        if std::env::var_os(RECORD_TUNNEL).is_some() {
            session.browser.click("#tunnel").await;
        }
        for _ in 0..10 {
            session.browser.ask_rounds(rounds, "#one-connection", "", "complete").await;
        }
        let document: Document = serde_json::from_str(&session.export("json", ".json").await).unwrap();
        series.extend(document.rounds);
    }
    series
}

fn as_csv(series: &[Rounds]) -> String {
    let micros = |time: Duration| (time.as_nanos() as f64 / 1_000.0).to_string();
    let line = |rounds: &Rounds| rounds.times(Stopwatch::Question).map(micros).collect::<Vec<_>>().join(",") + "\n";
    series.iter().map(line).collect()
}

/// Prints how many neighbouring series are distinguished, and does not assert it: while other programs run, successive
/// series may really differ. `measure/tests/measure/recorded.rs` asserts it of recorded series.
#[tokio::test(flavor = "multi_thread")]
async fn forty_series_in_a_row_have_all_their_samples() {
    let session = PageSession::start_alone().await;
    let rounds = std::env::var(RECORD_ROUNDS).map_or(100, |rounds| rounds.parse().unwrap());
    let series = forty_series(&session, rounds).await;
    assert_eq!(series.iter().map(|series| series.samples().len()).collect::<Vec<_>>(), [rounds as usize; 40]);
    if let Some(file) = std::env::var_os(RECORD) {
        std::fs::write(file, as_csv(&series)).unwrap();
    }
    let estimates: Vec<_> = series.iter().map(|series| series.estimates(Stopwatch::Question)).collect();
    let is_claim = |found: &Difference| matches!(found, Difference::FirstLonger(_) | Difference::SecondLonger(_));
    let compared: Vec<_> = estimates.windows(2).map(|pair| compare(&pair[0], &pair[1])).collect();
    let claims = compared.iter().filter(|differences| differences.iter().any(is_claim)).count();
    println!("{claims} of 39 neighbours are distinguished");
    if rounds < 368 {
        let has_p99 = |[_, _, p99, ..]: &[Difference; 5]| *p99 != Difference::TooFewSamples;
        assert!(!compared.iter().any(has_p99), "p99 of {rounds} rounds has no upper end");
    }
}
