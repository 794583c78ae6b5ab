//! The benchmark of the server's designs: its reports on made-up figures, and the program with a real server.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use clap::Parser as _;
use launcelot_lab::bench::options::{Benchmark, ServerOptions};
use launcelot_lab::bench::plan::{Cell, Plan};
use launcelot_lab::bench::results::{CellResults, Failure, Idle, Machine, Measured, Rates, Results};
use launcelot_lab::bench::{markdown, report};
use launcelot_lab::command_line::{CommandLine, Instrument};

use crate::support::process::output;
use crate::support::schema;

const SCHEMA: &str = include_str!("../../schema/bench.schema.json");

fn options(arguments: &[&str]) -> ServerOptions {
    let words = ["launcelot-lab", "bench", "server"].iter().chain(arguments);
    let Some(Instrument::Bench(Benchmark::Server(options))) = CommandLine::parse_from(words).instrument else {
        panic!("not a benchmark of the server");
    };
    options
}

fn plan(arguments: &[&str]) -> Plan {
    Plan::new(&options(arguments), true, None)
}

fn measured(served: usize, questions_per_second: f64, processor_us: f64) -> Measured {
    let memory_bytes = Some(3 << 20);
    Measured { served, questions_per_second, p50_us: 12.34, p99_us: 56.78, processor_us, memory_bytes }
}

/// Three designs in two rounds; the second was twice as slow for everybody.
fn cell() -> CellResults {
    let rounds =
        |served, rate: f64, cost: f64| vec![measured(served, rate, cost), measured(served, rate / 2.0, cost * 2.0)];
    let designs = [
        ("async", rounds(100, 40_000.0, 10.0)),
        ("simple", rounds(1, 30_000.0, 5.0)),
        ("poll", rounds(100, 60_000.0, 8.0)),
    ];
    let redis = measured(100, 50_000.0, 12.0);
    let redis = vec![Measured { memory_bytes: None, ..redis.clone() }, Measured { memory_bytes: None, ..redis }];
    CellResults::new(Cell { clients: 100, depth: 1 }, &designs, Some(&("redis PING", redis)))
}

fn results() -> Results {
    let machine = Machine { processors: 2, processor: "Holy Hand Grenade".to_owned(), kernel: "6.1.0".to_owned() };
    let mut results = Results::begin(machine, &plan(&["--rounds", "2"]));
    results.left_out.push("Redis is left out: there is none.".to_owned());
    results.cells.push(cell());
    results.idle.push(Idle::new("async", 10_000, 10_000, 2 << 20, 22 << 20));
    results.rates.push(Rates {
        design: "async".to_owned(),
        many: 10_000,
        served: 10_000,
        few: 100,
        many_p99_us: 300.0,
        few_p99_us: 150.0,
        ratio: 2.0,
        late_p99_us: 60.0,
    });
    results
}

#[test]
fn the_best_used_least_processor_time_of_those_that_served_every_client() {
    let cell = cell();
    let found: Vec<_> = cell.rows.iter().map(|row| (row.name.as_str(), row.processor_to_best, row.served)).collect();
    // Redis used 12 µs of processor time per question in both rounds, and the best design 8 µs, then 16 µs: the median
    // of 12/8 and 12/16 is 1.125.
    assert_eq!(found, [("async", 1.25, 100), ("simple", 0.625, 1), ("poll", 1.0, 100), ("redis PING", 1.125, 100)]);
    assert_eq!((cell.rows[0].questions_per_second, cell.rows[0].processor_us), (30_000.0, 15.0));
}

#[test]
fn where_no_design_serves_every_client_the_best_is_the_best_of_all() {
    let designs = [("simple", vec![measured(1, 1.0, 4.0)]), ("workers", vec![measured(10, 1.0, 2.0)])];
    let cell = CellResults::new(Cell { clients: 100, depth: 1 }, &designs, None);
    assert_eq!(cell.rows.iter().map(|row| row.processor_to_best).collect::<Vec<_>>(), [2.0, 1.0]);
}

#[test]
fn the_report_lines_up_and_says_what_limits_it() {
    let results = results();
    assert_eq!(
        report::head(&results),
        "On 2 processors (Holy Hand Grenade), Linux 6.1.0, over loopback.\n\
         Load and server share these processors, so ratios say more than absolute figures.\n\
         The best is the design that used least processor time for a question, of those that served everybody.\n\
         Redis is left out: there is none.\n"
    );
    let expected = "
100 clients, lockstep; medians of 2 × 1 s
design             served  questions/s  of best      p50 µs      p99 µs  CPU µs/q  × best     memory
async                 all       30,000     0.67        12.3        56.8    15.000    1.25    3.0 MiB
simple           1 of 100       22,500     0.50        12.3        56.8     7.500    0.62    3.0 MiB
poll                  all       45,000     1.00        12.3        56.8    12.000    1.00    3.0 MiB
redis PING            all       50,000     1.25        12.3        56.8    12.000    1.12          –
";
    assert_eq!(report::cell(&results.cells[0], &plan(&["--rounds", "2"])), expected);
    assert_eq!(
        report::idle(&results.idle, &[]),
        "\nSilent connections, each answered once\n\
         async: 2.05 KiB of resident memory a connection (2.0 MiB without any, 22.0 MiB with 10,000)\n"
    );
    assert_eq!(
        report::rates(&results.rates, &[]),
        "\nBy the clock, measured from when a question was due\n\
         async: p99 300.0 µs with 10,000 that ask once a second, 150.0 µs with 100 that ask 100 times a second: \
         2.00 times (the load itself is up to 60.0 µs late)\n"
    );
    assert_eq!((report::idle(&[], &[]), report::rates(&[], &[])), (String::new(), String::new()));
}

#[test]
fn the_table_of_the_readme_has_a_row_for_each_design_and_only_cells_that_were_measured() {
    let expected = "\
| design | 100 clients, lockstep | memory with 100 |
|---|--:|--:|
| `async` | 30,000 · 15.0 µs | 3.0 MiB |
| `simple` | 22,500 · 7.5 µs (1 of 100) | 3.0 MiB |
| `poll` | 45,000 · 12.0 µs | 3.0 MiB |
| `redis PING` | 50,000 · 12.0 µs | – |
";
    let table = markdown::table(&results());
    let (rows, source) = table.split_at(expected.len());
    assert_eq!(rows, expected);
    assert!(source.contains("2 processors (Holy Hand Grenade, Linux 6.1.0)"), "{source}");
}

fn failure(name: &str) -> Failure {
    Failure { name: name.to_owned(), reason: "the castle has fallen".to_owned() }
}

/// The same results with a failure in every part.
fn results_with_failures() -> Results {
    let mut results = results();
    results.cells[0].failures.push(failure("per-core"));
    results.idle_failures.push(failure("poll"));
    results.rates_failures.push(failure("threads"));
    results
}

#[test]
fn failed_cells_are_reported_with_their_reasons() {
    let results = results_with_failures();
    assert_eq!((results.failed(), results.attempted()), (3, 4 + 1 + 1 + 3));
    let cell = report::cell(&results.cells[0], &plan(&["--rounds", "2"]));
    assert!(cell.ends_with("\nper-core    failed: the castle has fallen\n"), "{cell}");
    assert!(report::idle(&[], &results.idle_failures).ends_with("\npoll: failed: the castle has fallen\n"));
    assert!(report::rates(&[], &results.rates_failures).ends_with("\nthreads: failed: the castle has fallen\n"));
    let table = markdown::table(&results);
    assert!(table.contains("\n| `per-core` | failed | – |\n"), "{table}");
    assert!(table.contains("\n`per-core` failed with 100 clients, lockstep: the castle has fallen\n"), "{table}");
}

#[test]
fn json_holds_to_its_schema() {
    for results in [results(), results_with_failures()] {
        let mut value = serde_json::to_value(results).unwrap();
        schema::assert_valid(SCHEMA, &value);
        value["cells"][0]["rows"][0]["speed"] = 1.into();
        assert!(!jsonschema::is_valid(&serde_json::from_str(SCHEMA).unwrap(), &value));
    }
}

#[test]
fn a_plan_has_every_cell_and_takes_minutes_and_not_hours() {
    let plan = plan(&[]);
    let cells: Vec<_> = plan.cells.iter().map(|cell| (cell.clients, cell.depth)).collect();
    assert_eq!(cells, [(1, 1), (1, 50), (10, 1), (10, 50), (100, 1), (100, 50), (1000, 1), (1000, 50)]);
    assert!(plan.designs.contains(&"async".to_owned()) && plan.designs.contains(&"inetd".to_owned()));
    assert!(plan.left_out.is_empty());
    assert!(plan.estimate() < Duration::from_secs(6 * 60), "{:?}", plan.estimate());
}

#[test]
fn a_plan_says_what_it_leaves_out() {
    let few_descriptors = Plan::new(&options(&["--clients", "5000"]), false, Some(1100));
    assert_eq!((few_descriptors.connections, few_descriptors.cells[0].clients), (1000, 1000));
    let said = few_descriptors.left_out.join("\n");
    for words in ["Redis is left out", "1000 connections in place of 10000"] {
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn only_designs_that_can_keep_many_connections_are_given_them() {
    let plan = plan(&["--designs", "simple,threads,async"]);
    let many = ["threads", "async"].map(str::to_owned);
    assert_eq!((&plan.idle_designs[..], &plan.rate_designs[..]), (&many[..], &many[..]));
}

fn lab(arguments: &[&str]) -> Output {
    output(Command::new(env!("CARGO_BIN_EXE_launcelot-lab")).args(arguments))
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

#[test]
fn a_server_that_is_not_there_is_one_line_and_exit_code_1() {
    let output = lab(&["bench", "server", "--server", "/no/such/castle"]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{output:?}");
    let expected = "launcelot-lab: there is no server program at '/no/such/castle': ";
    assert!(stderr(&output).starts_with(expected) && stderr(&output).lines().count() == 1, "{}", stderr(&output));
}

/// The arguments of the shortest benchmark.
const SHORT: [&str; 10] =
    ["--clients", "1", "--depths", "1", "--rounds", "1", "--seconds", "0.05", "--connections", "0"];

/// Runs a short benchmark of a server program, without Redis.
fn bench(server: &Path, designs: &str, format: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_launcelot-lab"));
    command.args(["bench", "server", "--designs", designs, "--server"]).arg(server).args(SHORT).args(format);
    output(command.env("PATH", ""))
}

/// The real server program. Cargo builds it with the tests of the workspace, into the folder of the lab's.
fn server_program() -> PathBuf {
    let program = Path::new(env!("CARGO_BIN_EXE_launcelot-lab")).with_file_name("launcelot-server");
    assert!(program.is_file(), "no {}; type: cargo build -p launcelot-server", program.display());
    program
}

/// A server program that exits at once with one design, and is the real server with the others.
fn server_that_fails_with(design: &str, folder: &Path) -> PathBuf {
    let program = folder.join("server");
    let real = server_program();
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in *'--design {design}'*) echo 'It is a silly place'; exit 1;; esac\nexec '{}' \"$@\"\n",
        real.display()
    );
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    program
}

#[test]
fn a_benchmark_of_a_real_server_prints_json_that_holds_to_the_schema() {
    let output = bench(&server_program(), "async", &["--json"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let value = serde_json::from_slice(&output.stdout).unwrap();
    schema::assert_valid(SCHEMA, &value);
    let row = &value["cells"][0]["rows"][0];
    assert_eq!((&row["name"], &row["served"]), (&"async".into(), &1.into()), "{value:#}");
    assert!(row["questions_per_second"].as_f64() > Some(0.0), "{value:#}");
}

#[test]
fn a_benchmark_of_a_real_server_prints_a_markdown_row() {
    let output = bench(&server_program(), "async", &["--markdown"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let table = String::from_utf8(output.stdout).unwrap();
    let rows: Vec<&str> = table.lines().filter(|line| line.starts_with("| `")).collect();
    assert!(rows.len() == 1 && rows[0].starts_with("| `async` | ") && rows[0].contains(" µs | "), "{table}");
}

#[test]
fn a_cell_that_fails_is_recorded_and_the_others_are_measured() {
    let folder = tempfile::tempdir().unwrap();
    let server = server_that_fails_with("simple", folder.path());
    let json = bench(&server, "simple,async", &["--json"]);
    assert_eq!(json.status.code(), Some(1), "{json:?}");
    assert_eq!(stderr(&json).lines().last(), Some("launcelot-lab: 1 of 2 cells failed"));
    let value = serde_json::from_slice(&json.stdout).unwrap();
    schema::assert_valid(SCHEMA, &value);
    let cell = &value["cells"][0];
    assert_eq!((&cell["rows"][0]["name"], &cell["failures"][0]["name"]), (&"async".into(), &"simple".into()));
    let reason = cell["failures"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("It is a silly place"), "{reason}");

    for (format, expected) in
        [(&[][..], "\nsimple  failed: the server with"), (&["--markdown"], "\n| `simple` | failed | ")]
    {
        let output = bench(&server, "simple,async", format);
        let text = std::str::from_utf8(&output.stdout).unwrap();
        assert!(text.contains(expected) && output.status.code() == Some(1), "{text}");
    }
}

#[test]
fn invalid_arguments_exit_with_2() {
    let cases: [&[&str]; 6] = [
        &["bench"],
        &["bench", "server", "--designs", "sideways"],
        &["bench", "server", "--clients", "0"],
        &["bench", "server", "--seconds", "0"],
        &["bench", "server", "--json", "--markdown"],
        &["--open", "bench", "server"],
    ];
    for arguments in cases {
        assert_eq!(lab(arguments).status.code(), Some(2), "{arguments:?}");
    }
}
