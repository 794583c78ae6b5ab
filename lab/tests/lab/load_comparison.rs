//! The comparison of two servers in one run, by the plan `half-minute`: servers that are the same, and one that is a fifth slower.

use std::path::Path;
use std::process::Command;

use crate::support::process::output;

/// The exit code of a report on a regression.
const REGRESSION: i32 = 99;

/// Compares `launcelot-lab serve` with itself; `new` gets further arguments. Returns the exit code and the last line of the
/// report, which says what was found.
fn compare(folder: &Path, new: &str) -> (Option<i32>, String) {
    let lab = env!("CARGO_BIN_EXE_launcelot-lab");
    let results = folder.join("results");
    let server =
        |name: &str, arguments: &str| format!("{name}={lab} serve --design threads 127.0.0.1 {{port}} {arguments}");
    let mut load = Command::new(lab);
    load.args(["load", "--plan", "half-minute", "--link", "ssh"]);
    load.args(["--server", &server("old", ""), "--server", &server("new", new)]).arg("--output").arg(&results);
    let printed = output(&mut load);
    assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
    let report = output(Command::new(lab).args(["report", "--fail-on-regression", "10%"]).arg(&results));
    std::fs::remove_dir_all(&results).unwrap();
    let text = String::from_utf8(report.stdout).unwrap();
    (report.status.code(), text.trim_end().lines().next_back().unwrap().to_owned())
}

mod long {
    use super::*;

    /// A question takes 1.6 ms over this link, so 0.4 ms more make a fifth fewer dialogues a second.
    const A_FIFTH_SLOWER: &str = "--think 400us";

    #[test]
    fn the_same_server_is_not_found_to_differ_and_one_that_is_a_fifth_slower_is() {
        let folder = tempfile::tempdir().unwrap();
        let mut false_differences = Vec::new();
        let mut missed = Vec::new();
        for _ in 0..3 {
            let (code, same) = compare(folder.path(), "");
            if code == Some(REGRESSION) || !same.contains("no difference seen") {
                false_differences.push(same);
            }
            let (code, slower) = compare(folder.path(), A_FIFTH_SLOWER);
            if code != Some(REGRESSION) || !slower.starts_with("new has 0.") {
                missed.push(slower);
            }
        }
        assert!(false_differences.len() <= 1, "{false_differences:?}");
        assert!(missed.len() <= 1, "{missed:?}");
    }
}
