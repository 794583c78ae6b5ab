//! A standard output that is closed (`| head -1`) or full.

#![allow(clippy::unwrap_used, reason = "in a test, a panic reports the failure")]

use std::fs::File;
use std::process::{Command, Stdio};

#[test]
fn a_closed_or_full_standard_output_is_not_a_panic() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let (reader, closed) = std::io::pipe().unwrap();
    drop(reader);
    for stdout in [Stdio::from(full), Stdio::from(closed)] {
        let output = Command::new(env!("CARGO_BIN_EXE_xtask")).args(["tools", "--check"]).stdout(stdout).output();
        let errors = String::from_utf8(output.unwrap().stderr).unwrap();
        assert!(!errors.contains("panicked"), "{errors}");
    }
}
