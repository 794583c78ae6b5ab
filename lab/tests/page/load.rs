//! A load of many clients on the page: the report on a `result.json` that was dropped or chosen.

use std::process::Command;

use launcelot_server::{Design, Options};
use serde_json::json;

use crate::support::browser::{Browser, FAILED_WEB_SOCKET};
use crate::support::fixtures::{Bridge, Server};
use crate::support::{page, process, wait};

/// The line that the browser writes to the console if the bridge is not there.
const NO_BRIDGE: &str = "net::ERR_CONNECTION_REFUSED";

/// A result that an earlier version has written.
const VERSION_1: &str = include_str!("../../../measure/tests/fixtures/load-1.json");

/// Returns the `result.json` of a short load on two designs.
fn measured() -> String {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("results");
    let mut load = Command::new(env!("CARGO_BIN_EXE_launcelot-lab"));
    load.args(["load", "--designs", "simple,poll", "--clients", "1:2", "--rounds", "2"]);
    load.args(["--duration", "200ms", "--ramp", "20ms"]).arg("--output").arg(&output);
    let ended = process::output(&mut load);
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    std::fs::read_to_string(output.join("result.json")).unwrap()
}

impl Browser {
    /// Returns the identity of the element that has the focus.
    async fn focused(&self) -> String {
        let id = self.script("return document.activeElement.id").await;
        id.as_str().unwrap().to_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_is_dropped_after_the_bridge_has_stopped_is_drawn_and_can_be_removed() {
    let text = measured();
    let server = Server::start(Design::Async);
    let bridge = Bridge::start(server.port, Some(page::built()));
    let browser = Browser::start().await;
    browser.open(&bridge.page_url()).await;
    let is_loaded = "return performance.getEntriesByType('resource')
        .some(({ name, responseStatus }) => name.includes('/load-') && responseStatus === 200)";
    let loaded = async || (browser.script(is_loaded).await == true).then_some(());
    wait::until_async("the part for loads", loaded).await;
    bridge.stop();
    drop(server);

    assert_eq!(browser.drop_file("result.json", &text).await, "Imported from result.json: load 1.");
    browser.wait_for("[data-load='1'][aria-busy=false] .load-chart").await;
    assert_eq!(browser.focused().await, "run-1", "a screen reader reads on from the report");
    assert_eq!(browser.text("#run-1").await, "Load 1: simple and poll under load");
    // Throughput, and twice latency and percentiles.
    let curves =
        "return [...document.querySelectorAll('.load-chart')].map((chart) => chart.querySelectorAll('.curve').length)";
    assert_eq!(browser.script(curves).await, json!([2, 2, 2, 2, 2]), "a curve for each server");
    let looks = "return [0, 1].map((server) => new Set([...document.querySelectorAll(`.load-report figure .series-${server} .curve`)]
        .map((curve) => `${getComputedStyle(curve).stroke} ${curve.getAttribute('stroke-dasharray')}`)).size)";
    assert_eq!(browser.script(looks).await, json!([1, 1]), "a server looks the same in legends and charts");
    let tables = "return document.querySelectorAll('.load-report table').length";
    assert!(browser.script(tables).await.as_u64().unwrap() >= 6, "a table for each chart");
    let report = browser.text(".load-report").await;
    for part in
        ["2 servers · 1 to 2 clients · 2 rounds", "imported from result.json", "--designs simple,poll", "Started"]
    {
        assert!(report.contains(part), "no {part:?} in {report}");
    }

    assert_eq!(browser.drop_file("again.json", &text).await, "Imported from again.json: load 2.");
    browser.wait_for("[data-load='2'] .load-chart").await;
    browser.click("[data-load='1'] button").await;
    browser.wait_for("#many-rounds + .load-report[data-load='2'] + #export").await;
    browser.click("[data-load='2'] button").await;
    browser.wait_for("#many-rounds + #export").await;
    assert_eq!(browser.focused().await, "import");
    browser.assert_console_is_quiet(&[FAILED_WEB_SOCKET, NO_BRIDGE]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_or_newer_result_is_refused_in_words_with_its_place() {
    let (_server, _bridge, browser) = page::open(&Options::default()).await;
    let lines: Vec<&str> = VERSION_1.lines().collect();
    let line = lines.iter().position(|line| line.contains("\"rounds\": ")).unwrap();
    let half = lines[..lines.len() / 2].join("\n");
    let cases = [
        (VERSION_1.replace("\"rounds\": ", "\"rounds\": x"), format!("line {}, column ", line + 1)),
        (half, format!("line {}, column ", lines.len() / 2)),
        (VERSION_1.replace("\"version\": 1", "\"version\": 2"), "written by a newer program: version 2".to_owned()),
    ];
    for (index, (text, expected)) in cases.iter().enumerate() {
        let name = format!("damaged-{index}.json");
        let message = browser.drop_file(&name, text).await;
        assert!(message.starts_with(&format!("Not imported: {name}: {expected}")), "{message}");
        browser.wait_for("#import-message .mistake").await;
    }
    browser.wait_for("#many-rounds + #export").await;
    browser.assert_console_is_quiet(&[FAILED_WEB_SOCKET]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_on_a_load_is_accessible_and_fits_every_width() {
    let (_server, _bridge, browser) = page::open(&Options::default()).await;
    browser.drop_file("result.json", &measured()).await;
    browser.wait_for("[data-load='1'][aria-busy=false] .load-chart").await;
    browser.for_every_look(async |look| browser.assert_accessible(look).await).await;
    browser.assert_console_is_quiet(&[FAILED_WEB_SOCKET]).await;
}
