//! Compares the output of a program with a document: figures by pattern, everything else word by word. Where a sentence is
//! wrapped depends on the width of its figures, so line breaks of wrapped sentences are not compared.

use std::sync::LazyLock;

use regex::Regex;

/// In documented output, stands for any number of lines if it is alone on a line, and for the rest of a line if it ends
/// the line.
const ELLIPSIS: char = '…';

/// The width to which programs wrap their sentences.
const WIDTH: usize = 80;

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
    lines_are_alike(documented, printed) || lines_are_alike(&unwrapped(documented), &unwrapped(printed))
}

fn lines_are_alike<Line: AsRef<str>>(documented: &[Line], printed: &[Line]) -> bool {
    let Some((first, rest)) = documented.split_first() else { return printed.is_empty() };
    if first.as_ref().trim() == ELLIPSIS.to_string() {
        return (0..=printed.len()).any(|skipped| lines_are_alike(rest, &printed[skipped..]));
    }
    let Some((printed_first, printed_rest)) = printed.split_first() else { return false };
    is_alike(first.as_ref(), printed_first.as_ref()) && lines_are_alike(rest, printed_rest)
}

/// Joins lines of sentences where the next word would not have fitted into [`WIDTH`] columns. Tables have several spaces in a
/// row.
fn unwrapped(lines: &[&str]) -> Vec<String> {
    let mut joined: Vec<String> = Vec::new();
    let mut columns = 0;
    for line in lines {
        let first_word = line.split(' ').next().unwrap_or_default();
        let is_wrapped = columns <= WIDTH && columns + 1 + first_word.chars().count() > WIDTH;
        let is_sentence = !line.contains("  ") && !line.starts_with(ELLIPSIS);
        match joined.last_mut() {
            Some(last) if is_wrapped && is_sentence && !last.contains("  ") && !last.ends_with(ELLIPSIS) => {
                last.push(' ');
                last.push_str(line);
            }
            _ => joined.push((*line).to_owned()),
        }
        columns = line.chars().count();
    }
    joined
}

fn is_alike(documented: &str, printed: &str) -> bool {
    match documented.trim_end().strip_suffix(ELLIPSIS) {
        Some(beginning) => normalized(printed).starts_with(&normalized(beginning)),
        None => normalized(documented) == normalized(printed),
    }
}
