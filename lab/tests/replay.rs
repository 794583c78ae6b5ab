//! What the page lets a person do with what it has recorded: slow motion, exports, an import, and the browser's own panel.
//!
//! Like those of `browser.rs`, these tests need a browser; `cargo xtask test` sees to it.

#![allow(clippy::unwrap_used, reason = "in a test, a panic is how a failure is told")]

mod support;

use std::path::Path;
use std::time::Duration;

use fantoccini::Locator;
use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
use launcelot_measure::export::{Document, json};
use launcelot_measure::{Ending, Point, Span, ways};
use serde_json::{Value, json};
use support::browser::Browser;
use support::house::Lab;
use support::page;
use tempfile::TempDir;

/// The demo, a browser that shows its page, and where the browser saves files.
struct Visit {
    lab: Lab,
    browser: Browser,
    files: TempDir,
}

impl Visit {
    async fn begin() -> Self {
        let lab = Lab::start(&page::built(), &[]);
        let browser = Browser::start().await;
        let files = tempfile::tempdir().unwrap();
        let visit = Self { lab, browser, files };
        visit.open().await;
        visit
    }

    async fn open(&self) {
        let save = json!({ "behavior": "allow", "downloadPath": self.files.path() });
        self.browser.devtools("Page.setDownloadBehavior", save).await;
        self.browser.open(&format!("http://localhost:{}/", self.lab.page_port)).await;
        self.browser.wait_for("#tunnel").await;
    }

    /// Asks the three questions through the tunnel, and waits until their legs are known.
    async fn ask(&self, run: u32) {
        if run == 1 {
            self.browser.click("#tunnel").await;
            self.browser.wait_for("#measured[data-rtt-us]").await;
        }
        self.browser.ask(run, "complete").await;
        self.browser.wait_for(&format!("#replay[data-run='{run}'][data-traced=true]")).await;
    }

    /// Asks ten rounds, and waits until they are over.
    async fn ask_in_rounds(&self) {
        self.browser.script("document.querySelector('#rounds').value = 10").await;
        self.browser.click("#ask-rounds").await;
        self.browser.wait_for("#many-rounds[data-state=complete]").await;
    }

    /// Saves an export, and returns what is in it.
    async fn export(&self, form: &str, ending: &str) -> String {
        self.browser.wait_for(&format!("#export-{form}")).await;
        self.browser.click(&format!("#export-{form}")).await;
        let saved = || {
            let files = self.files.path().read_dir().unwrap().map(|file| file.unwrap().path());
            let mut saved = files.filter(|file| file.to_str().unwrap().ends_with(ending));
            // The browser may keep the name with an empty file. It gives it to the file when that is whole.
            saved.find(|file| file.metadata().is_ok_and(|file| file.len() > 0))
        };
        let file = self.until(saved).await;
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::remove_file(file).unwrap();
        text
    }

    async fn until<T>(&self, mut look: impl FnMut() -> Option<T>) -> T {
        for _ in 0..1_000 {
            if let Some(found) = look() {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("nothing was saved; the page says: {}", self.browser.text("#take").await);
    }

    /// Drops a file on the page, and returns what the page says to that.
    async fn drop_file(&self, name: &str, text: &str) -> String {
        let script = "const data = new DataTransfer();
            data.items.add(new File([arguments[1]], arguments[0]));
            document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));";
        self.browser.client.execute(script, vec![name.into(), text.into()]).await.unwrap();
        self.browser.wait_for(&format!("#import-says[data-of='{name}']")).await;
        self.browser.text("#import-says").await
    }

    /// Brings a file by the field for it.
    async fn choose_file(&self, file: &Path) {
        let field = self.browser.client.find(Locator::Css("#import")).await.unwrap();
        field.send_keys(file.to_str().unwrap()).await.unwrap();
    }

    /// A whole number in an attribute.
    async fn number(&self, css: &str, attribute: &str) -> usize {
        let element = self.browser.client.find(Locator::Css(css)).await.unwrap();
        element.attr(attribute).await.unwrap().unwrap().parse().unwrap()
    }
}

#[tokio::test]
#[ignore = "needs a browser: `cargo xtask test` runs it"]
async fn every_export_is_saved_and_read_by_others() {
    let visit = Visit::begin().await;
    assert_eq!(visit.browser.script("return document.querySelector('#export-json')").await, Value::Null);
    visit.ask(1).await;

    let text = visit.export("json", ".json").await;
    let schema = serde_json::from_str(include_str!("../../measure/schema/export.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    let errors: Vec<_> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?} in {text}");
    let document: Document = serde_json::from_str(&text).unwrap();
    let recorded = &document.runs[0];
    assert_eq!((recorded.number, &recorded.run.ending), (1, &Ending::Complete));
    let ways = ways(&recorded.run, recorded.trace.as_ref().unwrap());
    assert!(
        ways.iter()
            .all(|way| way.thinking().is_some() && way.between(Point::TunnelBackIn, Point::TunnelBackOut).is_some()),
        "{ways:?}"
    );

    let table = visit.export("csv", "-questions.csv").await;
    let lines: Vec<&str> = table.split_terminator("\r\n").collect();
    assert_eq!(lines.len(), 4, "{table}");
    assert!(lines[0].contains(",thinking_us,") && lines[1].contains("What is your name?"), "{table}");

    let trace: Value = serde_json::from_str(&visit.export("chrome", "-trace.json").await).unwrap();
    let names: Vec<_> = trace["traceEvents"].as_array().unwrap().iter().map(|event| event["name"].clone()).collect();
    for name in ["thread_name", "connecting", "bridge", "tunnel", "thinking", "What is your quest?"] {
        assert!(names.contains(&name.into()), "no {name} in {names:?}");
    }

    visit.ask_in_rounds().await;
    let log = visit.export("hlog", ".hlog").await;
    let entries: Vec<_> = IntervalLogIterator::new(log.as_bytes()).map(Result::unwrap).collect();
    assert_eq!(entries.len(), 3, "{log}");
    assert!(entries.iter().all(|entry| matches!(entry, LogEntry::Interval(interval) if interval.max() > 0.0)), "{log}");
    let rounds = visit.export("csv-rounds", "-rounds.csv").await;
    assert_eq!(rounds.lines().count(), 1 + 10, "{rounds}");
    assert_eq!(visit.browser.complaints().await, Vec::<String>::new());
}

#[tokio::test]
#[ignore = "needs a browser: `cargo xtask test` runs it"]
async fn an_export_that_is_dropped_or_chosen_is_drawn_again_and_marked() {
    let visit = Visit::begin().await;
    visit.ask(1).await;
    let rows = visit.browser.rows().await;
    visit.ask_in_rounds().await;
    let text = visit.export("json", ".json").await;
    let file = visit.files.path().join("kept.txt");
    std::fs::write(&file, &text).unwrap();

    visit.open().await;
    assert!(visit.drop_file("one.json", &text).await.starts_with("Imported from one.json: 1 run and 1 series"));
    visit.browser.wait_for("#dialogue[data-run='1'][data-state=complete]").await;
    assert_eq!(visit.browser.rows().await, rows, "drawn again as it was");
    assert!(visit.browser.text(".meaning").await.starts_with("imported"), "marked");
    visit.browser.wait_for("#replay[data-run='1'][data-traced=true]").await;
    let limits = visit.browser.text("#replay .limits").await;
    assert!(limits.contains(" core") && !limits.contains("unknown"), "those that the file tells of: {limits}");
    assert!(
        visit.browser.text("#many-rounds").await.contains("imported · 9 samples"),
        "the rounds are drawn again, and marked"
    );

    visit.browser.ask(2, "complete").await;
    assert!(visit.browser.text("#runs [data-run='1']").await.contains("imported"), "marked among the earlier runs");
    visit.choose_file(&file).await;
    visit.browser.wait_for("#runs [data-run='3']").await;
    visit.browser.wait_for("#dialogue[data-run='2']").await;
    visit.browser.click("#runs [data-run='3'] button").await;
    visit.browser.wait_for("#dialogue .ghost").await;

    // The native client looks up an address, and is no browser.
    let mut document: Document = serde_json::from_str(&text).unwrap();
    document.runs[0].run.lookup = Some(Span { from: Duration::ZERO, until: Duration::from_micros(9) });
    visit.open().await;
    visit.drop_file("client.json", &json::write(&document)).await;
    let legs = visit.browser.text("#legs").await;
    assert!(legs.contains("From the client to") && !legs.contains("browser"), "{legs}");
    assert_eq!(visit.browser.complaints().await, Vec::<String>::new());
}

#[tokio::test]
#[ignore = "needs a browser: `cargo xtask test` runs it"]
async fn a_race_comes_back_as_a_race_and_its_runs_play_in_slow_motion() {
    let visit = Visit::begin().await;
    visit.ask(1).await;
    visit.browser.click("#run-race").await;
    visit.browser.wait_for("#race[data-state=complete]").await;
    let titles = "return [...document.querySelectorAll('#replay-run option')].map((option) => option.textContent)";
    let expected = [
        "run 1, one at a time",
        "race, one at a time",
        "race, sent ahead",
        "race, connection 1",
        "race, connection 2",
        "race, connection 3",
    ];
    assert_eq!(visit.browser.script(titles).await, json!(expected));
    visit.browser.click("#replay-run option:nth-child(3)").await;
    visit.browser.wait_for("#replay[data-traced=true]:not([data-run='1'])").await;
    // The next race takes the place of that which was chosen.
    visit.browser.click("#run-race").await;
    visit.browser.wait_for("#race[data-state=complete]").await;
    visit.browser.wait_for("#replay[data-traced=true][data-run='1']").await;
    let rows = "return [...document.querySelectorAll('#race table')].map((table) => table.innerText)";
    let raced = visit.browser.script(rows).await;
    let text = visit.export("json", ".json").await;
    let document: Document = serde_json::from_str(&text).unwrap();
    assert!(document.races[0].sent_ahead[0].trace.is_some(), "its legs are exported, too");

    visit.open().await;
    let said = visit.drop_file("race.json", &text).await;
    assert!(said.starts_with("Imported from race.json: 1 run and 1 race."), "{said}");
    visit.browser.wait_for(".imported-race .limits").await;
    assert_eq!(visit.browser.script(rows).await, raced, "drawn again as it was");
    let limits = visit.browser.text(".imported-race .limits").await;
    assert!(limits.ends_with(" · 3 questions discarded as warm-up · no errors"), "{limits}");
    assert!(visit.browser.text(".imported-race").await.starts_with("imported"), "marked");
    visit.browser.wait_for("#dialogue[data-run='1'][data-state=complete]").await;
    let is_seen = "const place = document.querySelector('#import-says').getBoundingClientRect();
        return place.top >= 0 && place.bottom <= innerHeight";
    assert_eq!(visit.browser.script(is_seen).await, true, "what came of the drop");
    assert_eq!(visit.browser.complaints().await, Vec::<String>::new());
}

#[tokio::test]
#[ignore = "needs a browser: `cargo xtask test` runs it"]
async fn a_race_alone_is_taken_along_and_so_is_what_there_is_of_one_that_was_stopped() {
    let visit = Visit::begin().await;
    visit.browser.click("#run-race").await;
    visit.browser.wait_for("#race[data-state=complete]").await;
    let table = visit.export("csv", "-questions.csv").await;
    assert_eq!(table.lines().count(), 1 + 9, "{table}");
    visit.browser.wait_for("#export-chrome").await;

    visit.browser.click("#tunnel").await;
    visit.browser.client.find(Locator::XPath("//button[.='a satellite']")).await.unwrap().click().await.unwrap();
    visit.browser.wait_for("#measured[data-nominal-us='600000'][data-rtt-us]").await;
    visit.browser.click("#run-race").await;
    visit.browser.wait_for("#race[data-state=running] table").await;
    visit.browser.click("#run-race").await;
    visit.browser.wait_for("#race[data-state=broken]").await;
    let limits = visit.browser.text("#race .limits").await;
    assert!(limits.starts_with("3 questions · ") && limits.ends_with(" errors"), "{limits}");
    let document: Document = serde_json::from_str(&visit.export("json", ".json").await).unwrap();
    let raced = &document.races[0];
    assert_eq!(raced.one_at_a_time[0].run.ending, Ending::Stopped);
    assert_eq!((raced.one_at_a_time[0].run.questions.len(), raced.sent_ahead.len()), (3, 0));
}

#[tokio::test]
#[ignore = "needs a browser: `cargo xtask test` runs it"]
async fn what_is_brought_pushes_out_nothing_of_one_s_own() {
    let visit = Visit::begin().await;
    visit.ask_in_rounds().await;
    let mut document: Document = serde_json::from_str(&visit.export("json", ".json").await).unwrap();
    let names = "return [...document.querySelectorAll('#kept-rounds input')].map((input) => input.value)";
    let own = visit.browser.script(names).await[0].as_str().unwrap().to_owned();
    document.rounds = vec![document.rounds[0].clone(); 14];
    let said = visit.drop_file("many.json", &serde_json::to_string(&document).unwrap()).await;
    assert!(said.contains("11 series of rounds. 3 things were left out"), "{said}");
    let kept = visit.browser.script(names).await;
    assert_eq!(kept.as_array().unwrap().len(), 12);
    assert!(kept.as_array().unwrap().contains(&own.into()), "{kept}");
}

#[tokio::test]
#[ignore = "needs a browser: `cargo xtask test` runs it"]
async fn what_is_no_export_is_refused_in_a_sentence_and_changes_nothing() {
    let visit = Visit::begin().await;
    let newer = r#"{"format":"launcelot","version":2}"#;
    let damaged = r#"{"format":"launcelot","version":1,"runs":[{"number":1}],"races":[],"rounds":[]}"#;
    let empty = r#"{"format":"launcelot","version":1,"runs":[],"races":[],"rounds":[]}"#;
    visit.ask(1).await;
    let impossible = {
        let mut document: Value = serde_json::from_str(&visit.export("json", ".json").await).unwrap();
        document["runs"][0]["run"]["connecting"] = json!({ "from_us": 9.0, "until_us": 8.0 });
        document.to_string()
    };
    visit.open().await;
    let cases = [
        ("picture.png", "\u{89}PNG", "no export"),
        ("other.json", "{}", "no export"),
        ("null.json", "null", "no export"),
        ("damaged.json", damaged, "damaged"),
        ("newer.json", newer, "version 2"),
        ("empty.json", empty, "nothing in"),
        ("impossible.json", impossible.as_str(), "cannot have been measured"),
    ];
    for (name, text, why) in cases {
        let says = visit.drop_file(name, text).await;
        assert!(says.contains(name) && says.contains(why), "{name}: {says}");
    }
    let large = visit.files.path().join("large.json");
    std::fs::File::create(&large).unwrap().set_len(20_000_001).unwrap();
    visit.choose_file(&large).await;
    visit.browser.wait_for("#import-says[data-of='large.json']").await;
    assert!(visit.browser.text("#import-says").await.contains("larger than 20 MB"));
    visit.browser.wait_for("#dialogue[data-state=idle]").await;
    assert_eq!(visit.browser.complaints().await, Vec::<String>::new());
}

#[tokio::test]
#[ignore = "needs a browser: `cargo xtask test` runs it"]
async fn slow_motion_steps_through_a_run_in_order_and_ends_with_everything_home() {
    let visit = Visit::begin().await;
    visit.ask(1).await;
    let mut said = Vec::new();
    let mut last = visit.number(".player", "data-passed").await;
    while visit.browser.script("return document.querySelector('#replay-step').ariaDisabled").await == "false" {
        visit.browser.click("#replay-step").await;
        visit.browser.wait_for(&format!(".player[data-passed='{}']", last + 1)).await;
        last += 1;
        said.push(visit.browser.text("#replay-words").await);
    }
    let order = [
        "The connection can be used.",
        "The browser sends “What is your name?”",
        "The bridge hands “What is your name?” to TCP.",
        "The tunnel hands on “What is your name?”",
        "The server has read “What is your name?”",
        "The server knows its answer: “My name is Sir Lancelot of Camelot.”",
        "The tunnel hands on “My name is Sir Lancelot of Camelot.”",
        "The bridge hands back “My name is Sir Lancelot of Camelot.”",
        "The browser has “My name is Sir Lancelot of Camelot.”",
        "The browser sends “What is your quest?”",
        "The browser has “Blue.”",
    ];
    // What happened within one step of the clock is one moment, and its sentences come together.
    let said = said.join(" ");
    let mut rest = said.as_str();
    for sentence in order {
        (_, rest) = rest.split_once(sentence).unwrap_or_else(|| panic!("no {sentence:?}, in its order, in {said}"));
    }

    let limits = visit.browser.text("#replay .limits").await;
    assert!(limits.starts_with("3 questions · through the tunnel at ") && limits.ends_with(" · no errors"), "{limits}");

    let scrub = "const scrub = document.querySelector('#replay-scrub');
        scrub.value = arguments[0] === 'end' ? scrub.max : scrub.min;
        scrub.dispatchEvent(new Event('input', { bubbles: true }));";
    visit.browser.client.execute(scrub, vec!["start".into()]).await.unwrap();
    visit.browser.wait_for(".player[data-passed='1']").await;
    visit.browser.client.execute(scrub, vec!["end".into()]).await.unwrap();
    visit.browser.wait_for(&format!(".player[data-passed='{last}']")).await;
    assert!(visit.browser.text("#replay-words").await.contains("The browser has “Blue.”"));
    let home = visit.browser.script("return document.querySelectorAll('.message.answer[cx=\"4.5%\"]').length").await;
    assert_eq!(home, 4, "connecting and three answers");
}

#[tokio::test]
#[ignore = "needs a browser: `cargo xtask test` runs it"]
async fn it_plays_by_itself_and_by_steps_for_those_who_do_not_like_motion() {
    let visit = Visit::begin().await;
    visit.ask(1).await;
    visit.browser.click("#replay-slowness option[value='100']").await;
    visit.browser.click("#replay-play").await;
    visit.browser.wait_for(".player[data-playing=true]").await;
    visit.browser.wait_for(".player[data-playing=false]").await;
    assert!(visit.browser.text("#replay-words").await.contains("“Blue.”"));

    let still = json!({ "features": [{ "name": "prefers-reduced-motion", "value": "reduce" }] });
    visit.browser.devtools("Emulation.setEmulatedMedia", still).await;
    // Every place that is drawn is at a recorded moment, more than a second apart: never so many as there are frames.
    let watch = "const done = arguments[0], seen = new Set(), scrub = document.querySelector('#replay-scrub');
        document.querySelector('#replay-play').click();
        const began = performance.now();
        let frames = 0;
        const look = () => {
            seen.add(scrub.value);
            frames += 1;
            if (performance.now() - began < 4000) requestAnimationFrame(look); else done([seen.size, frames]);
        };
        look();";
    let seen = visit.browser.client.execute_async(watch, Vec::new()).await.unwrap();
    assert!((2..6).contains(&seen[0].as_u64().unwrap()) && seen[1].as_u64().unwrap() > 12, "{seen}");
    visit.browser.click("#replay-play").await;
    visit.browser.wait_for(".player[data-playing=false]").await;
}

#[tokio::test]
#[ignore = "needs a browser: `cargo xtask test` runs it"]
async fn after_a_run_its_legs_are_tracks_in_the_performance_panel() {
    let visit = Visit::begin().await;
    let before = visit.browser.script("return performance.now()").await.as_f64().unwrap();
    visit.ask(1).await;
    let entries = "return performance.getEntriesByType('measure').map((entry) => ({
        name: entry.name, from: entry.startTime, until: entry.startTime + entry.duration, tells: entry.detail.devtools }))";
    let measures = visit.browser.script(entries).await;
    let after = visit.browser.script("return performance.now()").await.as_f64().unwrap();
    let measures = measures.as_array().unwrap();
    for track in ["asker", "bridge", "wire", "server"] {
        let of_track = measures.iter().filter(|measure| measure["tells"]["track"] == track).count();
        assert!(of_track >= 3, "{track}: {measures:?}");
    }
    for measure in measures {
        assert_eq!(measure["tells"]["dataType"], "track-entry");
        assert_eq!(measure["tells"]["trackGroup"], "Launcelot");
        let [from, until] = ["from", "until"].map(|name| measure[name].as_f64().unwrap());
        assert!(before <= from && from <= until && until <= after, "{before} {measure} {after}");
    }
    let text = visit.export("json", ".json").await;
    let document: Document = serde_json::from_str(&text).unwrap();
    let took = document.runs[0].run.connecting.unwrap().took().as_secs_f64() * 1e3;
    let connecting = measures.iter().find(|measure| measure["name"] == "connecting").unwrap();
    let measured = connecting["until"].as_f64().unwrap() - connecting["from"].as_f64().unwrap();
    assert!((measured - took).abs() < 0.001, "{measured} and {took} ms");
}

#[tokio::test]
#[ignore = "needs a browser: `cargo xtask test` runs it"]
async fn slow_motion_and_exports_have_no_barriers() {
    let visit = Visit::begin().await;
    visit.ask(1).await;
    let text = visit.export("json", ".json").await;
    visit.drop_file("one.json", &text).await;
    for _ in 0..8 {
        visit.browser.click("#replay-step").await;
    }
    for width in [1280, 360] {
        for scheme in ["light", "dark"] {
            visit.browser.look(width, scheme).await;
            assert_eq!(visit.browser.barriers().await, Vec::<String>::new(), "{width} {scheme}");
            let overflow = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
            assert_eq!(visit.browser.script(overflow).await, 0, "{width} {scheme}");
        }
    }
}
