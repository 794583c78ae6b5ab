//! The comparison of two servers in one run, by the plan `half-minute`: servers that are the same, and one that is a fifth slower.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::support::process::output_within;

/// The longest that a load by the plan `half-minute` may take.
const LOAD_DEADLINE: Duration = Duration::from_secs(240);

/// Compares `launcelot-lab serve` with itself; `new` gets further arguments. Returns the sentence on the two.
fn compare(folder: &Path, new: &str) -> String {
    let lab = env!("CARGO_BIN_EXE_launcelot-lab");
    let results = folder.join("results");
    let server =
        |name: &str, arguments: &str| format!("{name}={lab} serve --design threads 127.0.0.1 {{port}} {arguments}");
    let mut load = Command::new(lab);
    load.args(["load", "--plan", "half-minute", "--link", "ssh"]);
    load.args(["--server", &server("old", ""), "--server", &server("new", new)]).arg("--output").arg(&results);
    let printed = output_within(LOAD_DEADLINE, &mut load);
    assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
    std::fs::remove_dir_all(&results).unwrap();
    let text = String::from_utf8(printed.stdout).unwrap();
    // The sentences on comparisons follow an empty line, and are the last.
    let sentence = text.rsplit("\n\n").next().unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(sentence.starts_with("new has ") || sentence.starts_with("new and old: "), "{text}");
    sentence
}

mod long_alone {
    use super::*;

    /// A question takes 1.6 ms over this link, so 0.4 ms more make a fifth fewer dialogues a second.
    const A_FIFTH_SLOWER: &str = "--think 400us";

    const REPEATS: usize = 10;

    #[test]
    fn the_same_server_is_not_found_to_differ_and_one_that_is_a_fifth_slower_is() {
        let folder = tempfile::tempdir().unwrap();
        let mut false_differences = Vec::new();
        let mut missed = Vec::new();
        for _ in 0..REPEATS {
            let same = compare(folder.path(), "");
            if !same.starts_with("new and old: no difference seen") {
                false_differences.push(same);
            }
            let slower = compare(folder.path(), A_FIFTH_SLOWER);
            if !slower.starts_with("new has 0.") {
                missed.push(slower);
            }
        }
        assert!(false_differences.len() <= 1, "{false_differences:?}");
        assert!(missed.len() <= 1, "{missed:?}");
    }
}
