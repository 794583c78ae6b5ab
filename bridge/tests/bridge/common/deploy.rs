//! The examples of `deploy/`, with the addresses and paths of a test.

use std::fs;
use std::path::Path;

/// Returns a file of `deploy/` in which each of the texts is replaced.
pub(crate) fn example(name: &str, replacements: &[(&str, &str)]) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy").join(name);
    let mut text = fs::read_to_string(path).unwrap();
    for (from, to) in replacements {
        assert!(text.contains(from), "{name} does not contain '{from}'");
        text = text.replace(from, to);
    }
    text
}
