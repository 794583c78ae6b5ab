//! Versions: in `Cargo.lock`, and in what programs print with `--version`.

/// Finds the version of a crate in the text of a `Cargo.lock`.
pub(crate) fn locked<'a>(lock_file: &'a str, name: &str) -> Option<&'a str> {
    let named = format!("name = \"{name}\"");
    let mut lines = lock_file.lines().skip_while(|line| *line != named);
    lines.next()?;
    lines.next()?.strip_prefix("version = \"")?.strip_suffix('"')
}

/// Finds the version in `trunk 0.21.14`, `wasm-bindgen 0.2.130 (abc)` or `wasm-opt version 132 (version_132)`: the first
/// word that begins with a digit.
pub(crate) fn find(text: &str) -> Option<&str> {
    text.split_whitespace().find(|word| word.starts_with(|first: char| first.is_ascii_digit()))
}

/// Returns the number before the first dot.
pub(crate) fn major(version: &str) -> Option<u32> {
    version.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK_FILE: &str = r#"
[[package]]
name = "wasm-bindgen-macro"
version = "0.2.1"

[[package]]
name = "wasm-bindgen"
version = "0.2.130"
source = "somewhere"
dependencies = [
 "wasm-bindgen-macro",
]
"#;

    #[test]
    fn a_crate_is_found_by_its_whole_name() {
        assert_eq!(locked(LOCK_FILE, "wasm-bindgen"), Some("0.2.130"));
        assert_eq!(locked(LOCK_FILE, "wasm-bindgen-macro"), Some("0.2.1"));
        assert_eq!(locked(LOCK_FILE, "wasm"), None);
    }

    #[test]
    fn the_lock_file_of_this_workspace_has_one_wasm_bindgen() {
        let lock_file = include_str!("../../Cargo.lock");
        assert_eq!(lock_file.matches("name = \"wasm-bindgen\"\n").count(), 1);
        assert!(locked(lock_file, "wasm-bindgen").is_some());
    }

    #[test]
    fn a_version_is_the_first_word_that_begins_with_a_digit() {
        let cases = [
            ("trunk 0.21.14\n", Some("0.21.14")),
            ("wasm-bindgen 0.2.130 (8ae2ef2b5 2026-01-01)", Some("0.2.130")),
            ("wasm-opt version 132 (version_132)", Some("132")),
            ("Chromium 150.0.7871.1 built on Debian", Some("150.0.7871.1")),
            ("an unladen swallow", None),
        ];
        for (text, version) in cases {
            assert_eq!(find(text), version, "{text:?}");
        }
        assert_eq!(major("150.0.7871.1"), Some(150));
        assert_eq!(major("132"), Some(132));
        assert_eq!(major("x"), None);
    }
}
