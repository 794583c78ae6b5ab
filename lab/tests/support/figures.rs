//! Compares the output of a program with a document: figures by pattern, everything else word by word.

use std::sync::LazyLock;

use regex::Regex;

/// Alone on a line, stands for any number of lines; at the end of a line, for the rest of it.
const ELLIPSIS: char = '…';

/// Patterns of what differs from run to run, and what replaces them before lines are compared.
static VARIES: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let patterns = [
        // A duration, a share, a ratio or a size, with its unit.
        (r"\d[\d,]*(\.\d+)?\s?(ns|µs|ms|s|%|times|bytes|KiB|MiB)(\b|$)?", " ‹figure› "),
        (r"\d[\d,]*\.\d+", " ‹figure› "),
        // The bars of a drawing.
        (r"[░▒▓█]+", " "),
        // The number of one run of a program.
        (r"\b[0-9a-f]{16}\b", "‹number›"),
    ];
    patterns.map(|(pattern, name)| (Regex::new(pattern).expect("a valid pattern"), name)).into()
});

/// Replaces what differs from run to run, and puts one space between words.
pub(crate) fn normalized(line: &str) -> String {
    let mut text = line.to_owned();
    for (pattern, name) in VARIES.iter() {
        text = pattern.replace_all(&text, *name).into_owned();
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns whether the output matches the documented lines.
pub(crate) fn are_alike(documented: &[&str], printed: &[&str]) -> bool {
    let Some((first, rest)) = documented.split_first() else { return printed.is_empty() };
    if first.trim() == ELLIPSIS.to_string() {
        return (0..=printed.len()).any(|skipped| are_alike(rest, &printed[skipped..]));
    }
    let Some((printed_first, printed_rest)) = printed.split_first() else { return false };
    is_alike(first, printed_first) && are_alike(rest, printed_rest)
}

fn is_alike(documented: &str, printed: &str) -> bool {
    match documented.trim_end().strip_suffix(ELLIPSIS) {
        Some(beginning) => normalized(printed).starts_with(&normalized(beginning)),
        None => normalized(documented) == normalized(printed),
    }
}
