//! `docs/bridge.md` names every option with its default, every close code and every metric.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::common::request::{body, get};
use launcelot_bridge::close_code::CloseCode;
use launcelot_bridge::{Bridge, Options};
use launcelot_testing::process::output;
use tower::ServiceExt as _;

/// What is not an option of the bridge as it is built for this test.
const ELSEWHERE: [&str; 6] = ["bin", "features", "header", "sanitizer", "tls-cert", "tls-key"];

fn docs() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/bridge.md")).unwrap()
}

/// Returns the text of the section with this heading.
fn section(heading: &str) -> String {
    let docs = docs();
    let section = docs.split("\n## ").find(|section| section.starts_with(heading));
    section.unwrap_or_else(|| panic!("no section '{heading}'")).to_owned()
}

/// Returns the cells of a row of a table.
fn cells(row: &str) -> Vec<&str> {
    row.trim_matches('|').split('|').map(str::trim).collect()
}

/// Returns the options in the table, with their defaults.
fn documented_options() -> BTreeMap<String, String> {
    let section = section("Options of");
    let rows = section.lines().filter(|line| line.starts_with("| `--")).map(cells);
    rows.map(|cells| {
        let name = cells[0].trim_matches('`').trim_start_matches("--").split(' ').next().unwrap();
        (name.to_owned(), cells[1].to_owned())
    })
    .collect()
}

#[test]
fn every_option_is_documented_with_its_default() {
    let documented = documented_options();
    let printed = output(Command::new(env!("CARGO_BIN_EXE_launcelot-bridge")).arg("--print-config"));
    for line in String::from_utf8(printed.stdout).unwrap().lines() {
        let (name, value) = line.split_once(" = ").unwrap();
        let value = value.trim_matches(['[', ']', '"']);
        let Some(default) = documented.get(name) else { panic!("--{name} is not documented") };
        let is_unset = matches!(value, "" | "false" | "0");
        assert!(default == value || is_unset && default.is_empty(), "--{name}: {default} instead of {value}");
    }
}

#[test]
fn every_option_that_the_docs_mention_exists() {
    let documented = documented_options();
    for mention in docs().split("--").skip(1) {
        let name = mention.split(|c: char| !c.is_ascii_lowercase() && c != '-').next().unwrap();
        if !name.starts_with(|c: char| c.is_ascii_lowercase()) || ELSEWHERE.contains(&name) {
            continue;
        }
        assert!(documented.contains_key(name) || name == "help", "--{name}");
    }
}

#[test]
fn every_close_code_is_documented() {
    let section = section("Close codes");
    let rows = section.lines().filter_map(|line| line.strip_prefix("| ")?.split(' ').next()?.parse::<u16>().ok());
    let documented: Vec<u16> = rows.collect();
    assert_eq!(documented, CloseCode::ALL.map(CloseCode::number));
}

#[tokio::test]
async fn every_metric_is_documented() {
    let section = section("Metrics");
    let bridge = Bridge::new(Options::default()).unwrap();
    let response = bridge.metrics_router().oneshot(get("/metrics", &[])).await.unwrap();
    let text = body(response).await;
    let metrics: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
    assert!(metrics.len() >= 8, "{text}");
    for metric in metrics {
        let (name, kind) = metric.split_once(' ').unwrap();
        let suffix = if kind == "counter" { "_total" } else { "" };
        assert!(section.contains(&format!("`{name}{suffix}")), "{name}{suffix}");
    }
    let reasons = text.lines().filter_map(|line| line.split("{reason=\"").nth(1)?.split('"').next());
    for reason in reasons {
        assert!(section.contains(&format!("`{reason}`")), "{reason}");
    }
}
