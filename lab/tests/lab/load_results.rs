//! `launcelot-lab report` and `launcelot-lab merge`: results of several runs, and damaged ones.

use std::fs;
use std::path::Path;
use std::process::Output;
use std::thread;

use launcelot_measure::load::{LoadResult, from_json};
use launcelot_server::Design;
use regex::Regex;
use serde_json::{Value, json};

use crate::support::attempts::{check, within_attempts};
use crate::support::fixtures::Server;
use crate::support::load::{Folder, ONE_CYCLE, WITH_PAUSES, lab, python, stderr, stdout, unwrapped};
use crate::support::process::output;
use crate::support::schema;

#[test]
fn results_are_printed_in_every_format_and_reported_later() {
    let folder = Folder::new();
    let json = folder.load(&[&["--designs", "simple", "--json"], &ONE_CYCLE[..]].concat());
    assert_eq!(from_json(&stdout(&json)).unwrap(), folder.result());
    for (option, words) in [("--markdown", "| ---"), ("--csv", "simple,"), ("--json", "launcelot-load")] {
        let report = output(lab("report").arg(folder.path()).arg(option));
        assert!(report.status.success() && stdout(&report).contains(words), "{option}: {report:?}");
    }
    let file = folder.path().join("result.json");
    let damaged = fs::read_to_string(&file).unwrap().replacen("\"plan\"", "plan", 1);
    fs::write(&file, damaged).unwrap();
    let report = output(lab("report").arg(&file));
    assert_eq!(report.status.code(), Some(1));
    assert!(stderr(&report).contains("result.json: line "), "{}", stderr(&report));
}

#[test]
fn a_load_of_six_rounds_compares_its_servers_and_a_shorter_one_does_not() {
    let load = |rounds: &str, duration: &str, format: &[&str]| {
        let cycles = ["--clients", "1", "--rounds", rounds, "--duration", duration, "--ramp", "0s"];
        stdout(&Folder::new().load(&[&["--designs", "simple,poll"], &cycles[..], &WITH_PAUSES, format].concat()))
    };
    // On a busy machine, nothing may be answered in one of the short windows.
    let assert_compared = |format: &[&str], expected: &str| {
        let expected = Regex::new(expected).unwrap();
        let mut durations = ["100ms", "500ms", "2s"].into_iter();
        within_attempts(durations.len(), || {
            let printed = load("6", durations.next().unwrap(), format);
            check(expected.is_match(&printed.replace('\n', " ")), || printed)
        });
    };
    assert_compared(&[], r"poll (has [\d.]+ times|and simple: no difference seen in dialogues per second at 1 client)");
    assert_compared(&["--markdown"], r"\| poll \| simple \| [\d.]+ \|");
    assert!(!load("5", "100ms", &[]).contains("poll and simple"));
    let json = load("6", "100ms", &["--json"]);
    let printed: Value = serde_json::from_str(&json).unwrap();
    schema::assert_valid(include_str!("../../schema/load.schema.json"), &printed);
    assert_eq!(printed["comparisons"][0]["baseline"], "simple", "{printed}");
    assert_eq!(from_json(&json).unwrap().cycles.len(), 12);
}

#[test]
fn results_of_one_plan_are_merged_and_others_are_refused() {
    let port = Server::start(Design::Async);
    let [first, second, other, merged] = [(); 4].map(|()| Folder::new());
    let server = ["localhost", &port.port.to_string()].map(ToOwned::to_owned);
    // With longer windows, so that both are open at the same time.
    let cycle = ["--clients", "2", "--rounds", "1", "--duration", "3s", "--ramp", "20ms", "--think", "1ms"];
    let load = |folder: &Folder, questions: &str| {
        folder.load(&[&[&*server[0], &server[1], "--questions", questions], &cycle[..]].concat());
    };
    thread::scope(|scope| {
        scope.spawn(|| load(&first, "10"));
        load(&second, "10");
    });
    load(&other, "3");
    let merge =
        |results: [&Folder; 2]| output(lab("merge").args(results.map(Folder::path)).arg("--output").arg(merged.path()));
    let refused = merge([&first, &other]);
    assert_eq!(refused.status.code(), Some(1));
    let reason = "it was measured with a different plan: the dialogue options differ\n";
    assert_eq!(stderr(&refused), format!("launcelot-lab: cannot merge {}: {reason}", other.path().display()));
    let twice = merge([&first, &first]);
    assert_eq!(twice.status.code(), Some(1));
    assert!(stderr(&twice).contains(", which has been merged already"), "{}", stderr(&twice));
    assert!(!merged.path().exists());
    let joined = merge([&first, &second]);
    assert!(joined.status.success(), "{}", stderr(&joined));
    let dialogues = |folder: &Folder| folder.result().cycles[0].counts.dialogues;
    assert_eq!(dialogues(&merged), dialogues(&first) + dialogues(&second));
    let text = stdout(&report(&[&merged.path()]));
    assert!(text.contains("Merged from 2 load generators, each with the clients of its row."), "{text}");
    let markdown = stdout(&report(&[&merged.path(), Path::new("--markdown")]));
    assert!(markdown.contains("| Clients per load generator | "), "{markdown}");
}

fn report(arguments: &[&Path]) -> Output {
    output(lab("report").args(arguments))
}

#[test]
fn two_results_are_one_json_document_with_their_comparison() {
    let [first, second] = [(); 2].map(|()| Folder::new());
    for folder in [&first, &second] {
        folder.load(&[&["--designs", "simple,poll"], &ONE_CYCLE[..]].concat());
    }
    let printed = report(&[&first.path(), &second.path(), Path::new("--json")]);
    let document: Value = serde_json::from_slice(&printed.stdout).unwrap();
    let results = document["results"].as_array().unwrap();
    let read: Vec<LoadResult> = results.iter().map(|result| from_json(&result.to_string()).unwrap()).collect();
    assert_eq!(read, [first.result(), second.result()]);
    let comparisons = document["comparisons"].as_array().unwrap();
    assert_eq!(comparisons.len(), 2);
    assert_eq!(comparisons[0]["outcome"], json!({ "too-few-rounds": { "rounds": 1 } }));

    let html = first.path().join("both.html");
    let table = report(&[&first.path(), &second.path(), Path::new("--html"), &html]);
    let text = stdout(&table);
    assert!(text.contains("Run 1: ") && text.contains("Run 2: "), "{text}");
    assert!(text.contains("simple (run 2) and simple (run 1): too few rounds to tell"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    let html = fs::read_to_string(html).unwrap();
    assert!(html.contains(">Run 1: ") && html.contains(">Run 2: ") && html.contains("id=\"comparison\""));
}

#[test]
fn a_regression_is_not_looked_for_where_nothing_can_be_compared() {
    let folder = Folder::new();
    folder.load(&[&["--designs", "simple"], &ONE_CYCLE[..]].concat());
    let report = output(lab("report").arg(folder.path()).args(["--fail-on-regression", "10%"]));
    assert_eq!(report.status.code(), Some(1));
    let expected = "launcelot-lab: cannot look for a regression: there is one result with one server\n";
    assert_eq!(stderr(&report), expected);
    let level = output(lab("report").arg(folder.path()).args(["--primary", "dialogues@7"]));
    assert!(level.status.success() && stderr(&level).starts_with("Nothing is compared: "), "{level:?}");
}

#[test]
fn a_regression_is_not_ruled_out_where_a_server_cannot_be_compared() {
    let is_regression = |folder: &Folder| {
        let report = output(lab("report").arg(folder.path()).args(["--fail-on-regression", "10%"]));
        (report.status.code(), unwrapped(&report))
    };
    let rounds = |server: &str, rounds: &str| {
        let folder = Folder::new();
        let cycles = ["--clients", "1", "--rounds", rounds, "--duration", "100ms", "--timeout", "500ms"];
        let servers = ["--designs", "simple", "--server", server, "--ramp", "0s"];
        folder.load(&[&servers[..], &cycles, &WITH_PAUSES].concat());
        folder
    };
    let dead = rounds(&python("dead", "misbehaving.py", "exits"), "6");
    let (code, message) = is_regression(&dead);
    assert_eq!(code, Some(1), "{message}");
    let expected = "cannot look for a regression: dead and simple: one of them answered nothing in a round";
    assert!(message.contains(expected), "{message}");
    let few = rounds(&python("mine", "naive.py", ""), "5");
    let (code, message) = is_regression(&few);
    assert_eq!(code, Some(1), "{message}");
    assert!(message.contains("mine and simple: too few rounds to tell (5, but 6 are needed)"), "{message}");
    let silent = rounds(&python("silent", "misbehaving.py", "silent"), "6");
    let (code, message) = is_regression(&silent);
    assert_eq!(code, Some(1), "{message}");
    assert!(message.contains("silent and simple: one of them answered nothing in a round"), "{message}");
}

#[test]
fn results_of_different_plans_are_compared_with_a_warning_and_are_no_evidence() {
    let [first, second] = [(); 2].map(|()| Folder::new());
    for (folder, questions) in [(&first, "10"), (&second, "3")] {
        let cycles = ["--clients", "1", "--rounds", "6", "--duration", "100ms", "--ramp", "0s"];
        folder.load(&[&["--designs", "poll", "--questions", questions], &cycles[..], &WITH_PAUSES].concat());
    }
    let difference = "run 2 was measured with a different plan from run 1: the dialogue options differ";
    let html = first.path().join("both.html");
    let compared = report(&[&first.path(), &second.path(), Path::new("--html"), &html]);
    assert!(compared.status.success() && unwrapped(&compared).contains(&format!("warning: {difference}.")));
    assert!(fs::read_to_string(&html).unwrap().contains("from run 1: the dialogue options differ"));
    let options = ["--fail-on-regression", "10%"].map(Path::new);
    let looked_for = report(&[&first.path(), &second.path(), options[0], options[1]]);
    assert_eq!(looked_for.status.code(), Some(1));
    let message = unwrapped(&looked_for);
    assert!(message.contains(&format!("cannot look for a regression: {difference}")), "{message}");
}

#[test]
fn a_damaged_result_is_named_with_what_is_wrong_and_where() {
    let folder = Folder::new();
    folder.load(&[&["--designs", "simple"], &ONE_CYCLE[..]].concat());
    let file = folder.path().join("result.json");
    let sound = fs::read_to_string(&file).unwrap();
    let with = |pointer: &str, value: Value| {
        let mut result: Value = serde_json::from_str(&sound).unwrap();
        *result.pointer_mut(pointer).unwrap() = value;
        format!("{result:#}")
    };
    let cases = [
        (sound[..sound.len() / 2].to_owned(), "line "),
        (String::new(), "line 1, column 0: "),
        ("My name is Sir Lancelot of Camelot.".to_owned(), "line 1, column 1: "),
        ("{}".to_owned(), "not the result of a load"),
        (with("/format", json!("launcelot-run")), "not the result of a load"),
        (with("/version", json!(99)), "written by a newer program: version 99"),
        (with("/plan/rounds", json!("three")), "invalid type: string \"three\""),
        (with("/cycles", json!({})), "invalid type: map"),
        (with("/cycles/0/counts/dialogues", json!(u64::MAX)), "cannot have been measured: "),
        (with("/cycles/0/counts/dialogues", json!(-1)), "invalid value: integer `-1`"),
        (sound.replacen("\"rounds\": 1", "\"rounds\": 1e999", 1), "number out of range"),
    ];
    for (damaged, words) in cases {
        fs::write(&file, &damaged).unwrap();
        let other = folder.path().join("merged");
        for command in [
            lab("report").arg(folder.path()),
            lab("merge").args([&folder.path(), &folder.path()]).arg("--output").arg(&other),
        ] {
            let output = output(command);
            let message = stderr(&output);
            assert_eq!((output.status.code(), message.lines().count()), (Some(1), 1), "{message}");
            let begin = format!("launcelot-lab: cannot read {}: ", file.display());
            assert!(message.starts_with(&begin) && message.contains(words), "{message}");
            assert!(!other.exists() && output.stdout.is_empty());
        }
    }
    fs::write(&file, [0xff, 0xfe]).unwrap();
    assert!(stderr(&report(&[&file])).contains("UTF-8"));
    fs::remove_file(&file).unwrap();
    assert!(stderr(&report(&[&file])).ends_with("result.json: No such file or directory\n"));
}
