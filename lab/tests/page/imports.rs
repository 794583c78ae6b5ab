//! Several files, files that are imported at once, and files that would overload the page.

use std::time::Duration;

use launcelot_measure::export::document::DOCUMENT_MAX_BYTES;
use launcelot_measure::export::{Document, RecordedRun, json};
use launcelot_measure::load::fixtures::sample;
use launcelot_measure::{Order, Run, RunStatus};
use launcelot_server::Design;
use serde_json::{Value, json};

use crate::support::attempts::{check, within_attempts_async};
use crate::support::fixtures::Server;
use crate::support::page::{self, BLOCKED_MAX_MS, OBSERVE_LONG_TASKS};
use crate::support::page_session::PageSession;

/// Returns the sentences about files, in their order.
const SENTENCES: &str =
    "return [...document.querySelectorAll('#import-message p')].map((sentence) => sentence.textContent)";

/// Returns the number of runs on the page.
const RUNS: &str = "return document.querySelectorAll('#runs tbody tr').length + 1";

/// The size of the largest file that the page reads.
const RESULT_MAX_BYTES: usize = DOCUMENT_MAX_BYTES as usize;

/// Returns a document with copies of its first run, each with another question.
fn of_runs(document: &Document, prefix: &str, count: usize) -> String {
    let mut runs = vec![document.runs[0].clone(); count];
    for (index, recorded) in runs.iter_mut().enumerate() {
        recorded.trace = None;
        recorded.run.questions[0].question = format!("{prefix} {index}?");
    }
    json::write(&Document { runs, ..Document::default() })
}

async fn measured(session: &PageSession) -> Document {
    session.ask(1).await;
    session.ask_in_rounds().await;
    let document = serde_json::from_str(&session.export("json", ".json").await).unwrap();
    session.forget().await;
    document
}

#[tokio::test]
async fn all_dropped_files_are_imported_in_turn_and_each_has_its_sentence() {
    let session = PageSession::start().await;
    let document = measured(&session).await;
    let texts: Vec<String> = ["a", "b", "c"].iter().map(|prefix| of_runs(&document, prefix, 1)).collect();
    let files = [
        ("1.json", &*texts[0]),
        ("2.json", "damaged"),
        ("3.json", &texts[1]),
        ("4.json", &texts[0]),
        ("5.json", &texts[2]),
    ];
    session.browser.drop_files(&files).await;
    session.browser.wait_for("#import-message[data-of='5.json']").await;
    let expected = [
        "Imported from 1.json: 1 run.",
        "Not imported: 2.json is not a Launcelot JSON export, or it is damaged.",
        "Imported from 3.json: 1 run.",
        "Nothing was imported from 4.json. 1 item was already here and not imported again.",
        "Imported from 5.json: 1 run.",
    ];
    assert_eq!(session.browser.script(SENTENCES).await, json!(expected));
    assert_eq!(session.browser.script(RUNS).await, 3);

    let paths: Vec<String> =
        ["6.json", "7.json"].map(|name| session.files.path().join(name).display().to_string()).into();
    for (path, prefix) in paths.iter().zip(["d", "e"]) {
        std::fs::write(path, of_runs(&document, prefix, 1)).unwrap();
    }
    session.choose_file(paths.join("\n").as_ref()).await;
    session.browser.wait_for("#import-message[data-of='7.json']").await;
    let expected = ["Imported from 6.json: 1 run.", "Imported from 7.json: 1 run."];
    assert_eq!(session.browser.script(SENTENCES).await, json!(expected));
    session.browser.assert_console_is_quiet(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_dropped_before_the_part_that_imports_is_loaded_are_imported_once_it_is() {
    let server = Server::start(Design::Async);
    let (web, _bridge, browser) = page::open_without_part("files", server.port).await;
    let mut run = Run::new("ws://b/ws".to_owned(), Order::OneAtATime, Duration::ZERO, ["What?".to_owned()]);
    run.status = RunStatus::Stopped;
    let document = Document { runs: vec![RecordedRun::new(1, run)], ..Document::default() };
    browser.drop_files(&[("1.json", &json::write(&document))]).await;
    browser.wait_for("[role=alert] .load-again").await;
    browser.drop_files(&[("2.json", "damaged")]).await;

    page::copy(&page::built(), web.path());
    browser.click(".load-again").await;
    browser.wait_for("#import-message[data-of='2.json']").await;
    let expected =
        ["Imported from 1.json: 1 run.", "Not imported: 2.json is not a Launcelot JSON export, or it is damaged."];
    assert_eq!(browser.script(SENTENCES).await, json!(expected));
    browser.wait_for("#dialogue[data-run='1'][data-state=stopped]").await;
}

#[tokio::test]
async fn two_imports_at_once_stay_within_the_bounds() {
    let session = PageSession::start().await;
    let document = measured(&session).await;
    let [first, second] = ["first", "second"].map(|prefix| of_runs(&document, prefix, 40));
    session.browser.drop_files(&[("first.json", &first)]).await;
    session.browser.drop_files(&[("second.json", &second)]).await;
    session.browser.wait_for("#import-message[data-of='second.json']").await;
    let message = session.browser.text("#import-message").await;
    assert!(message.contains("Imported from second.json: 10 runs. 30 items did not fit"), "{message}");
    assert_eq!(session.browser.script(RUNS).await, 50);
}

#[tokio::test]
async fn a_file_with_more_than_the_protocol_allows_is_refused_in_words() {
    let session = PageSession::start().await;
    let document = measured(&session).await;
    let run = document.runs[0].run.clone();
    let cases = [
        (vec!["x".repeat(200_000)], "contains a question or an answer of more than 1,024 bytes"),
        (vec!["Où?".to_owned()], "or a question that is not printable ASCII"),
        (vec!["What?".to_owned(); 5_000], "contains more than this page can draw"),
    ];
    for (index, (questions, why)) in cases.into_iter().enumerate() {
        let mut document = document.clone();
        document.runs[0].run = Run::new(run.target.clone(), run.order, run.clock_step, questions);
        document.runs[0].run.status = RunStatus::Complete;
        let name = format!("{index}.json");
        let message = session.drop_file(&name, &json::write(&document)).await;
        assert!(message.starts_with(&format!("Not imported: {name}")) && message.contains(why), "{message}");
    }
    session.browser.assert_console_is_quiet(&[]).await;
}

/// Drops a file, which `make` makes of a document in the page, and returns for how long the page was blocked at most meanwhile.
async fn blocked_ms(session: &PageSession, name: &str, document: &Value, make: &str) -> f64 {
    let script = format!(
        "const document_ = arguments[0];
        {make}
        const text = JSON.stringify(document_);
        setTimeout(() => {{
            {OBSERVE_LONG_TASKS}
            setTimeout(() => {{
                const data = new DataTransfer();
                data.items.add(new File([text], arguments[1]));
                document.body.dispatchEvent(new DragEvent('drop', {{ dataTransfer: data, bubbles: true, cancelable: true }}));
            }}, 100);
        }}, 100);"
    );
    session.browser.client.execute(&script, vec![document.clone(), name.into()]).await.unwrap();
    session.browser.wait_for(&format!("#import-message[data-of='{name}']")).await;
    session.browser.longest_task_ms().await
}

/// The largest `result.json` that the page reads: eight servers at twelve levels, in as many rounds as there is room for.
fn large_result() -> String {
    let clients = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000];
    let servers = ["simple", "poll", "threads", "workers", "processes", "async", "per-core", "inetd"];
    let mut result = sample::rounds(1, &servers, &clients);
    let round = std::mem::take(&mut result.cycles);
    // Compressing the histograms of each round would take a minute.
    let texts: Vec<String> = round.iter().map(|cycle| serde_json::to_string(cycle).unwrap()).collect();
    let bytes: usize = texts.iter().map(|text| text.len() + 1).sum();
    result.plan.rounds = u32::try_from((RESULT_MAX_BYTES - 10_000) / bytes).unwrap();
    let cycles = (0..result.plan.rounds)
        .flat_map(|number| texts.iter().map(move |text| text.replace(r#""round":0"#, &format!(r#""round":{number}"#))));
    let cycles = cycles.collect::<Vec<_>>().join(",");
    serde_json::to_string(&result).unwrap().replace(r#""cycles":[]"#, &format!(r#""cycles":[{cycles}]"#))
}

mod long_alone {
    use super::*;

    #[tokio::test]
    async fn a_large_result_of_a_load_does_not_block_the_page() {
        let session = PageSession::start_alone().await;
        let text = large_result();
        assert!((RESULT_MAX_BYTES - 1_000_000..RESULT_MAX_BYTES).contains(&text.len()), "{} bytes", text.len());
        let file = session.files.path().join("result.json");
        std::fs::write(&file, text).unwrap();
        within_attempts_async(5, async || {
            session.open().await;
            session.browser.script(OBSERVE_LONG_TASKS).await;
            session.choose_file(&file).await;
            session.browser.wait_for("[data-load='1'][aria-busy=false] .provenance").await;
            assert_eq!(session.browser.text("#import-message").await, "Imported from result.json: load 1.");
            let blocked = session.browser.longest_task_ms().await;
            check(blocked <= BLOCKED_MAX_MS, || format!("the page was blocked for {blocked} ms"))
        })
        .await;
        session.browser.assert_console_is_quiet(&[]).await;
    }

    #[tokio::test]
    async fn a_large_file_does_not_block_the_page() {
        let session = PageSession::start_alone().await;
        let document = serde_json::to_value(measured(&session).await).unwrap();
        let large = [
            (
                "rounds.json",
                "const round = document_.rounds[0].answered[0];
                 document_.rounds = Array.from({ length: 12 }, (_, series) => ({ ...document_.rounds[0], name: `Series ${series}`,
                    answered: Array.from({ length: 10000 }, (_, index) => ({ ...round, asked_100ns: 1000 + index + series })) }));",
            ),
            (
                "questions.json",
                "const question = document_.runs[0].run.questions[2];
                 document_.runs = Array.from({ length: 50 }, (_, run) => ({ ...document_.runs[0], trace: null, run: {
                    ...document_.runs[0].run, questions: Array.from({ length: 200 }, (_, index) => ({ ...question,
                    question: `Run ${run}, question ${index}?`, asked_us: 1000 + index, answered_us: 1001 + index })) } }));",
            ),
        ];
        for (name, make) in large {
            within_attempts_async(5, async || {
                session.forget().await;
                let blocked = blocked_ms(&session, name, &document, make).await;
                let message = session.browser.text("#import-message").await;
                assert!(message.starts_with(&format!("Imported from {name}: ")), "{message}");
                check(blocked <= BLOCKED_MAX_MS, || format!("{name} blocked the page for {blocked} ms"))
            })
            .await;
        }
        session.browser.assert_console_is_quiet(&[]).await;
    }
}
