//! The benchmark of the bridge, with the real programs.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::process::output;

/// The bridge. Cargo builds it with the tests of the workspace, into the folder of the lab's program.
fn bridge_program() -> PathBuf {
    let program = Path::new(env!("CARGO_BIN_EXE_launcelot-lab")).with_file_name("launcelot-bridge");
    assert!(program.is_file(), "no {}; type: cargo build -p launcelot-bridge", program.display());
    program
}

/// Runs a benchmark without other bridges.
fn bench(bridge: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_launcelot-lab"));
    command.args(["bench", "bridge", "--smallest", "/no/such/bridge", "--bridge"]).arg(bridge).args(arguments);
    output(command.env("PATH", ""))
}

#[test]
fn a_short_benchmark_prints_all_tables_in_80_columns() {
    let arguments = ["--clients", "2", "--in-flight", "3", "--rounds", "1", "--duration", "50ms"];
    let output = bench(&bridge_program(), &[&arguments[..], &["--bulk-mib", "1", "--connections", "5"]].concat());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    for line in [
        "2 clients, 3 questions in flight each",
        "One transfer of 1 MiB",
        "1 client, lockstep, beside 4 downloads through the bridge",
        "5 silent connections",
    ] {
        assert!(text.lines().any(|other| other == line), "{line}: {text}");
    }
    assert_eq!(text.lines().filter(|line| line.starts_with("server alone ")).count(), 3, "{text}");
    assert_eq!(text.lines().filter(|line| line.starts_with("launcelot-bridge ")).count(), 4, "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}

#[test]
fn a_bridge_that_is_not_there_is_one_line_and_exit_code_1() {
    let output = bench(Path::new("/no/such/bridge"), &[]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{output:?}");
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.starts_with("launcelot-lab: cannot find the program '/no/such/bridge': "), "{stderr}");
}
