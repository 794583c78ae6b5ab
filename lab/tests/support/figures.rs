//! Comparing what a program printed with what a document shows: figures by their pattern, everything else word by word.

use std::sync::LazyLock;

use regex::Regex;

/// A line of a document that stands for any number of lines, and at the end of a line for the rest of it.
const ELLIPSIS: char = '…';

/// What differs from run to run, and what takes its place before lines are compared.
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

/// A line without what differs from run to run, its words one space apart.
pub(crate) fn normalized(line: &str) -> String {
    let mut text = line.to_owned();
    for (pattern, name) in VARIES.iter() {
        text = pattern.replace_all(&text, *name).into_owned();
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether lines are what a document shows.
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
