//! Exports from the page, imports, and the tracks in the browser's performance panel.

use std::time::Duration;

use crate::support::driver::BrowserName;
use crate::support::page_session::PageSession;
use crate::support::{schema, wait};
use fantoccini::Locator;
use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
use launcelot_measure::export::{Document, json};
use launcelot_measure::{Provenance, RunStatus, Span, TracePoint, paths};
use serde_json::{Value, json};

/// The result of a load.
const LOAD: &str = include_str!("../../../measure/tests/fixtures/load-1.json");

#[tokio::test]
async fn every_export_is_saved_and_can_be_read_by_other_programs() {
    let session = PageSession::start().await;
    assert_eq!(session.browser.script("return document.querySelector('#export-json')").await, Value::Null);
    session.ask(1).await;

    let text = session.export("json", ".json").await;
    let schema = include_str!("../../../measure/schema/export.schema.json");
    schema::assert_valid(schema, &serde_json::from_str(&text).unwrap());
    let document: Document = serde_json::from_str(&text).unwrap();
    let recorded = &document.runs[0];
    assert_eq!((recorded.number, &recorded.run.status), (1, &RunStatus::Complete));
    let client = recorded.provenance.client.as_ref().unwrap();
    let system = match session.browser.name {
        BrowserName::Chromium => "Chrome",
        BrowserName::Firefox => "Firefox",
    };
    assert!(recorded.provenance.began.is_some() && client.system.contains(system), "{:?}", recorded.provenance);
    let paths = paths(&recorded.run, recorded.trace.as_ref().unwrap());
    assert!(
        paths.questions().iter().all(|path| path.thinking().is_some()
            && path.between(TracePoint::TunnelBackIn, TracePoint::TunnelBackOut).is_some()),
        "{paths:?}"
    );

    let table = session.export("csv", "-questions.csv").await;
    let lines: Vec<&str> = table.split_terminator("\r\n").collect();
    assert_eq!(lines.len(), 4, "{table}");
    assert!(lines[0].contains(",thinking_us,") && lines[1].contains("What is your name?"), "{table}");

    let trace: Value = serde_json::from_str(&session.export("chrome", "-trace.json").await).unwrap();
    let names: Vec<_> = trace["traceEvents"].as_array().unwrap().iter().map(|event| event["name"].clone()).collect();
    for name in ["thread_name", "connecting", "bridge", "tunnel", "thinking", "What is your quest?"] {
        assert!(names.contains(&name.into()), "no {name} in {names:?}");
    }

    session.ask_in_rounds().await;
    let log = session.export("hlog", ".hlog").await;
    let entries: Vec<_> = IntervalLogIterator::new(log.as_bytes()).map(Result::unwrap).collect();
    assert_eq!(entries.len(), 2 + 3, "the begin, and three stopwatches: {log}");
    let is_interval = |entry: &&LogEntry| matches!(entry, LogEntry::Interval(interval) if interval.max() > 0.0);
    assert_eq!(entries.iter().filter(is_interval).count(), 3, "{log}");
    let rounds = session.export("csv-rounds", "-rounds.csv").await;
    assert_eq!(rounds.lines().count(), 1 + 11, "{rounds}");
    session.browser.assert_console_is_quiet(&[]).await;
}

#[tokio::test]
async fn every_chart_is_saved_as_a_picture_with_its_caption_and_what_limits_it() {
    let session = PageSession::start().await;
    session.ask(1).await;
    session.browser.click("#run-race").await;
    session.browser.wait_for("#race[data-state=complete]").await;
    session.ask_in_rounds().await;
    let pictures = [
        ("dialogue", "The dialogue of run 1, one at a time", "What is your quest?"),
        ("race", "Three ways to ask the same questions: ", "Sent ahead"),
        ("histogram", "How often each time occurred, timed from when the question was sent", "10 samples"),
        ("percentiles", "Percentiles: the share answered within each time, timed from when", "99.9"),
    ];
    for (chart, caption, part) in pictures {
        assert_picture(&session, chart, caption, &[part, "clock step ", "began 20"]).await;
    }
    session.browser.click("#replay-step").await;
    let parts = ["What is your quest?", "The bridge receives the request", "clock step ", "began 20"];
    assert_picture(&session, "slow-motion", "Slow motion: run 1, one at a time, ", &parts).await;
    session.browser.assert_console_is_quiet(&[]).await;
}

#[tokio::test]
async fn every_chart_of_an_imported_load_is_saved_as_a_picture() {
    let session = PageSession::start().await;
    session.drop_file("result.json", LOAD).await;
    session.browser.wait_for("[data-load='1'][aria-busy=false] .load-chart").await;
    let captions = [
        "Throughput: dialogues per second",
        "Latency: time per question",
        "Latency: connect to first answer",
        "Percentiles: time per question",
        "Percentiles: connect to first answer",
    ];
    for (number, caption) in (1..).zip(captions) {
        let parts = ["simple", " clients · ", "imported from result.json"];
        assert_picture(&session, &format!("load-1-{number}"), caption, &parts).await;
    }
    session.browser.assert_console_is_quiet(&[]).await;
}

/// Saves a chart as SVG and as PNG. Fails unless it has this caption and these parts of its text.
async fn assert_picture(session: &PageSession, chart: &str, caption: &str, parts: &[&str]) {
    let svg = session.export(&format!("{chart}-svg"), &format!("-{chart}.svg")).await;
    // The policy of the page forbids the style of a document that the page parses itself.
    let texts = format!(
        "const svg = {}.replace(/<style>.*?<.style>/s, '');
         const picture = new DOMParser().parseFromString(svg, 'image/svg+xml');
         return [...picture.querySelectorAll('parsererror, text')].map((text) => text.textContent).join(' ')",
        Value::from(svg.as_str())
    );
    let texts = session.browser.script(&texts).await;
    let texts = texts.as_str().unwrap();
    assert!(texts.starts_with(caption), "{chart}: {texts}");
    for part in parts {
        assert!(texts.contains(part), "{chart}: not {part:?} in {texts}");
    }

    let png = session.export_bytes(&format!("{chart}-png"), &format!("-{chart}.png")).await;
    assert!(png.starts_with(b"\x89PNG\r\n\x1a\n") && png[16..20] == 1_920_u32.to_be_bytes(), "{chart}");
    assert!(png.len() > 10_000, "{chart} is almost empty: {} bytes", png.len());
}

#[tokio::test]
async fn an_imported_export_is_drawn_and_marked_as_imported() {
    let session = PageSession::start().await;
    session.ask(1).await;
    let rows = session.browser.rows().await;
    session.ask_in_rounds().await;
    let text = session.export("json", ".json").await;
    // Runs of another day, which are not those of the first file.
    let mut document: Document = serde_json::from_str(&text).unwrap();
    document.runs[0].provenance = Provenance::default();
    let file = session.files.path().join("kept.txt");
    std::fs::write(&file, json::write(&document)).unwrap();

    session.forget().await;
    assert!(session.drop_file("one.json", &text).await.starts_with("Imported from one.json: 1 run and 1 series"));
    session.browser.wait_for("#dialogue[data-run='1'][data-state=complete]").await;
    assert_eq!(session.browser.rows().await, rows, "drawn as before");
    assert!(session.browser.text(".meaning").await.starts_with("imported"), "marked");
    session.browser.wait_for("#replay[data-run='1'][data-traced=true]").await;
    let limits = session.browser.text("#replay .limits").await;
    assert!(limits.contains(" core") && !limits.contains("unknown"), "those that the file names: {limits}");
    assert!(
        session.browser.text("#many-rounds").await.contains("imported · 10 samples"),
        "the rounds are drawn again, and marked"
    );

    session.ask(2).await;
    assert!(session.browser.text("#runs [data-run='1']").await.contains("imported"), "marked among the earlier runs");
    let year = session.browser.text("#runs [data-run='1'] small").await;
    assert!(year.contains(" 20"), "the date is shown: {year}");
    session.choose_file(&file).await;
    session.browser.wait_for("#runs [data-run='3']").await;
    session.browser.wait_for("#dialogue[data-run='2']").await;
    session.browser.click("#runs [data-run='3'] button").await;
    session.browser.wait_for("#dialogue .ghost").await;

    // The native client is not a browser, and has a name lookup.
    document.runs[0].run.lookup = Some(Span { from: Duration::ZERO, until: Duration::from_micros(9) });
    session.forget().await;
    session.drop_file("client.json", &json::write(&document)).await;
    let legs = session.browser.text("#legs").await;
    assert!(legs.contains("From the client to") && !legs.contains("browser"), "{legs}");
    session.browser.assert_console_is_quiet(&[]).await;
}

#[tokio::test]
async fn what_was_imported_stays_marked_and_the_same_file_twice_is_noticed() {
    let session = PageSession::start().await;
    session.ask(1).await;
    session.ask_in_rounds().await;
    let text = session.export("json", ".json").await;
    let nothing =
        |name: &str| format!("Nothing was imported from {name}. 2 items were already here and not imported again.");
    assert_eq!(session.drop_file("own.json", &text).await, nothing("own.json"));

    session.forget().await;
    session.drop_file("first.json", &text).await;
    assert_eq!(session.drop_file("again.json", &text).await, nothing("again.json"));
    let measured: Document = serde_json::from_str(&text).unwrap();
    let text = session.export("json", ".json").await;
    let imported: Document = serde_json::from_str(&text).unwrap();
    let provenance = |document: &Document| [document.runs[0].provenance.clone(), document.rounds[0].provenance.clone()];
    let expected = provenance(&measured).map(|provenance| Provenance { is_imported: true, ..provenance });
    assert_eq!(provenance(&imported), expected);

    session.forget().await;
    session.drop_file("exported again.json", &text).await;
    let name = session.browser.script("return document.querySelector('#kept-rounds input').value").await;
    assert_eq!(name, format!("{} (imported)", measured.rounds[0].name));
    let provenance = session.browser.text("#kept-rounds small").await;
    assert!(provenance.contains(" · in this browser · ") && provenance.ends_with(" · imported"), "{provenance}");
    let year = format!(" {} ", &measured.rounds[0].provenance.began.unwrap().to_string()[..4]);
    assert!(provenance.replace(',', " ").contains(&year), "{provenance}");
    session.browser.assert_console_is_quiet(&[]).await;
}

#[tokio::test]
async fn a_race_can_be_imported_and_its_runs_play_in_slow_motion() {
    let session = PageSession::start().await;
    session.ask(1).await;
    session.browser.click("#run-race").await;
    session.browser.wait_for("#race[data-state=complete]").await;
    let titles = r"return [...document.querySelectorAll('#replay-run option')].map((option) =>
        option.textContent.replace(/, \d+ [A-Z][a-z]+ \d{4}, \d\d:\d\d:\d\d$/, ', DATE'))";
    let expected = [
        "run 1, one at a time, DATE",
        "race, one at a time, DATE",
        "race, sent ahead, DATE",
        "race, connection 1, DATE",
        "race, connection 2, DATE",
        "race, connection 3, DATE",
    ];
    assert_eq!(session.browser.script(titles).await, json!(expected));
    session.browser.click("#replay-run option:nth-child(3)").await;
    session.browser.wait_for("#replay[data-traced=true]:not([data-run='1'])").await;
    // The next race replaces the chosen one.
    session.browser.click("#run-race").await;
    session.browser.wait_for("#race[data-state=complete]").await;
    session.browser.wait_for("#replay[data-traced=true][data-run='1']").await;
    let rows = "return [...document.querySelectorAll('#race table')].map((table) => table.innerText)";
    let drawn = session.browser.script(rows).await;
    // Its traces arrive after its end, and are exported, too.
    let text = wait::until_async("the traces of the race", async || {
        let text = session.export("json", ".json").await;
        let document: Document = serde_json::from_str(&text).unwrap();
        document.races[0].sent_ahead[0].trace.is_some().then_some(text)
    })
    .await;

    session.forget().await;
    let message = session.drop_file("race.json", &text).await;
    assert!(message.starts_with("Imported from race.json: 1 run and 1 race."), "{message}");
    session.browser.wait_for(".imported-race .limits").await;
    assert_eq!(session.browser.script(rows).await, drawn, "as before");
    let limits = session.browser.text(".imported-race .limits").await;
    assert!(limits.ends_with(" · 3 warm-up questions not counted · no errors"), "{limits}");
    assert!(session.browser.text(".imported-race").await.starts_with("imported"), "marked");
    session.browser.wait_for("#dialogue[data-run='1'][data-state=complete]").await;
    let is_seen = "const place = document.querySelector('#import-message').getBoundingClientRect();
        return place.top >= 0 && place.bottom <= innerHeight";
    assert_eq!(session.browser.script(is_seen).await, true, "the message about the import");
    session.browser.assert_console_is_quiet(&[]).await;
}

#[tokio::test]
async fn a_race_and_a_race_that_was_stopped_can_be_exported() {
    let session = PageSession::start().await;
    session.browser.click("#run-race").await;
    session.browser.wait_for("#race[data-state=complete]").await;
    let table = session.export("csv", "-questions.csv").await;
    assert_eq!(table.lines().count(), 1 + 5 * 9, "five turns: {table}");
    session.browser.wait_for("#export-chrome").await;

    session.browser.click("#tunnel").await;
    session.browser.client.find(Locator::XPath("//button[.='a satellite']")).await.unwrap().click().await.unwrap();
    session.browser.wait_for("#measured[data-nominal-us='600000'][data-rtt-us]").await;
    session.browser.click("#run-race").await;
    session.browser.wait_for("#race[data-state=running] table").await;
    session.browser.click("#run-race").await;
    session.browser.wait_for("#race[data-state=broken]").await;
    let limits = session.browser.text("#race .limits").await;
    assert!(limits.contains(" questions · ") && limits.ends_with(" errors"), "{limits}");
    let document: Document = serde_json::from_str(&session.export("json", ".json").await).unwrap();
    let race = &document.races[0];
    let mut runs = race.one_at_a_time.iter().chain(&race.sent_ahead).chain(&race.at_once);
    assert!(runs.any(|recorded| recorded.run.status == RunStatus::Stopped), "{race:#?}");
}

#[tokio::test]
async fn an_import_does_not_evict_measured_rounds() {
    let session = PageSession::start().await;
    session.ask_in_rounds().await;
    let mut document: Document = serde_json::from_str(&session.export("json", ".json").await).unwrap();
    let names = "return [...document.querySelectorAll('#kept-rounds input')].map((input) => input.value)";
    let own = session.browser.script(names).await[0].as_str().unwrap().to_owned();
    document.rounds = vec![document.rounds[0].clone(); 14];
    for rounds in &mut document.rounds {
        rounds.target = "ws://elsewhere/ws".to_owned();
    }
    let message = session.drop_file("many.json", &serde_json::to_string(&document).unwrap()).await;
    assert!(message.contains("11 series of rounds. 3 items did not fit"), "{message}");
    let kept = session.browser.script(names).await;
    assert_eq!(kept.as_array().unwrap().len(), 12);
    assert!(kept.as_array().unwrap().contains(&own.into()), "{kept}");
}

#[tokio::test]
async fn a_file_that_is_not_an_export_is_refused_with_a_reason_and_changes_nothing() {
    let session = PageSession::start().await;
    let newer = r#"{"format":"launcelot","version":5}"#;
    let damaged = r#"{"format":"launcelot","version":1,"runs":[{"number":1}],"races":[],"rounds":[]}"#;
    let empty = r#"{"format":"launcelot","version":1,"runs":[],"races":[],"rounds":[]}"#;
    session.ask(1).await;
    let impossible = {
        let mut document: Value = serde_json::from_str(&session.export("json", ".json").await).unwrap();
        document["runs"][0]["run"]["connecting"] = json!({ "from_us": 9.0, "until_us": 8.0 });
        document.to_string()
    };
    session.forget().await;
    let cases = [
        ("picture.png", "\u{89}PNG", "is not a Launcelot JSON export"),
        ("other.json", "{}", "is not a Launcelot JSON export"),
        ("null.json", "null", "is not a Launcelot JSON export"),
        ("damaged.json", damaged, "damaged"),
        ("newer.json", newer, "version 5"),
        ("empty.json", empty, "contains no measurements"),
        ("impossible.json", impossible.as_str(), "cannot have been measured"),
    ];
    for (name, text, why) in cases {
        let message = session.drop_file(name, text).await;
        assert!(message.contains(name) && message.contains(why), "{name}: {message}");
    }
    let large = session.files.path().join("large.json");
    std::fs::File::create(&large).unwrap().set_len(20_000_001).unwrap();
    session.choose_file(&large).await;
    session.browser.wait_for("#import-message[data-of='large.json']").await;
    assert!(session.browser.text("#import-message").await.contains("larger than 20 MB"));
    session.browser.wait_for("#dialogue[data-state=idle]").await;
    session.browser.assert_console_is_quiet(&[]).await;
}

#[tokio::test]
async fn after_a_run_its_legs_are_tracks_in_the_performance_panel() {
    let session = PageSession::start().await;
    let before = session.browser.script("return performance.now()").await.as_f64().unwrap();
    session.ask(1).await;
    let entries = "return performance.getEntriesByType('measure').map((entry) => ({
        name: entry.name, from: entry.startTime, until: entry.startTime + entry.duration, details: entry.detail.devtools }))";
    // The code that writes these measures is lazy-loaded when the browser is idle.
    let measures = wait::until_async("the measures", async || {
        let measures = session.browser.script(entries).await;
        (!measures.as_array().unwrap().is_empty()).then_some(measures)
    })
    .await;
    let after = session.browser.script("return performance.now()").await.as_f64().unwrap();
    let measures = measures.as_array().unwrap();
    for track in ["client", "bridge", "link", "server"] {
        let of_track = measures.iter().filter(|measure| measure["details"]["track"] == track).count();
        assert!(of_track >= 3, "{track}: {measures:?}");
    }
    for measure in measures {
        assert_eq!(measure["details"]["dataType"], "track-entry");
        assert_eq!(measure["details"]["trackGroup"], "Launcelot");
        let [from, until] = ["from", "until"].map(|name| measure[name].as_f64().unwrap());
        assert!(before <= from && from <= until && until <= after, "{before} {measure} {after}");
    }
    let text = session.export("json", ".json").await;
    let document: Document = serde_json::from_str(&text).unwrap();
    let took = document.runs[0].run.connecting.unwrap().took().as_secs_f64() * 1e3;
    let connecting = measures.iter().find(|measure| measure["name"] == "connecting").unwrap();
    let measured = connecting["until"].as_f64().unwrap() - connecting["from"].as_f64().unwrap();
    assert!((measured - took).abs() < 0.001, "{measured} and {took} ms");
}
