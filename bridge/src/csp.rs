//! The Content-Security-Policy: nothing from elsewhere, and no inline script but those that the file
//! on disk really has.
//!
//! trunk starts a page with an inline `<script type="module">`. A strict policy lets such a script
//! run only if it names the script's hash, and the hash changes with every build. So the bridge
//! reads the scripts out of each HTML file as it serves it.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// The policy of a page whose inline scripts have these hashes (`'sha256-…'`); of every other
/// response, with none.
pub fn policy(script_hashes: &[String]) -> String {
    let mut policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'".to_owned();
    for hash in script_hashes {
        // Writing to a string cannot fail.
        let _ = write!(policy, " {hash}");
    }
    policy.push_str(
        "; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; worker-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    policy
}

/// The hash sources of the inline scripts in `html`, in their order.
pub fn script_hashes(html: &[u8]) -> Vec<String> {
    // What a browser hashes is the text that it parsed: as UTF-8, every line end a line feed.
    let html = String::from_utf8_lossy(html).replace("\r\n", "\n").replace('\r', "\n");
    let hash = |script: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(script)));
    inline_scripts(&html).into_iter().map(hash).collect()
}

/// The text between `<script …>` and `</script>`, where the tag has no `src`.
fn inline_scripts(html: &str) -> Vec<&str> {
    let mut scripts = Vec::new();
    let mut rest = html;
    while let Some(open) = rest.find('<') {
        rest = &rest[open..];
        if let Some(comment) = rest.strip_prefix("<!--") {
            rest = comment.find("-->").map_or("", |end| &comment[end..]);
        } else if is_tag(rest, "<script") {
            let (has_src, text) = attributes(&rest["<script".len()..]);
            let end = end_of_script(text);
            if !has_src {
                scripts.push(&text[..end]);
            }
            rest = &text[end..];
        } else {
            rest = &rest[1..];
        }
    }
    scripts
}

/// Whether `text` begins with this tag, and not with one whose name only begins like it.
fn is_tag(text: &str, tag: &str) -> bool {
    let text = text.as_bytes();
    text.len() > tag.len()
        && text[..tag.len()].eq_ignore_ascii_case(tag.as_bytes())
        && (text[tag.len()].is_ascii_whitespace() || matches!(text[tag.len()], b'>' | b'/'))
}

fn end_of_script(text: &str) -> usize {
    let ends = text.match_indices("</").map(|(at, _)| at);
    ends.into_iter().find(|at| is_tag(&text[*at..], "</script")).unwrap_or(text.len())
}

/// Reads a tag's attributes, up to its `>`: whether one of them is `src`, and what follows the tag.
fn attributes(tag: &str) -> (bool, &str) {
    let mut has_src = false;
    let mut rest = tag;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        if let Some(text) = rest.strip_prefix('>') {
            return (has_src, text);
        }
        if rest.is_empty() {
            return (has_src, rest);
        }
        // An attribute's name may begin with `=`, and with nothing else that ends it.
        let first = rest.chars().next().map_or(0, char::len_utf8);
        let ends_name = |c: char| c.is_ascii_whitespace() || matches!(c, '=' | '>' | '/');
        let name_end = rest[first..].find(ends_name).map_or(rest.len(), |at| first + at);
        has_src |= rest[..name_end].eq_ignore_ascii_case("src");
        rest = rest[name_end..].trim_start_matches(|c: char| c.is_ascii_whitespace());
        if let Some(value) = rest.strip_prefix('=') {
            rest = after_value(value.trim_start_matches(|c: char| c.is_ascii_whitespace()));
        }
    }
}

fn after_value(value: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some(quoted) = value.strip_prefix(quote) {
            return quoted.split_once(quote).map_or("", |(_, after)| after);
        }
    }
    value.find(|c: char| c.is_ascii_whitespace() || c == '>').map_or("", |end| &value[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inline_scripts_are_found_as_a_browser_would() {
        let cases: [(&str, &[&str]); 15] = [
            ("<script>one()</script>", &["one()"]),
            ("<script type=\"module\">\nimport init from '/a.js';\n</script>", &["\nimport init from '/a.js';\n"]),
            ("<SCRIPT>one()</Script >two", &["one()"]),
            ("<script>one()</script><p><script>two()</script>", &["one()", "two()"]),
            ("<script src=\"/a.js\">ignored()</script><script>one()</script>", &["one()"]),
            ("<script src=/a.js></script>", &[]),
            ("<script async SRC = '/a.js'></script>", &[]),
            ("<script data-src=\"/a.js\">one()</script>", &["one()"]),
            ("<script data-a=\"src\" data-b='>'>one()</script>", &["one()"]),
            ("<script data-a=src=b>one()</script>", &["one()"]),
            ("<scripts>none()</scripts>", &[]),
            ("<!-- <script>none()</script> --><script>one()</script>", &["one()"]),
            ("<script>if (a </b/.test(c)) d('</scripture>')</script>", &["if (a </b/.test(c)) d('</scripture>')"]),
            ("<script></script>", &[""]),
            ("<script>never ends", &["never ends"]),
        ];
        for (html, expected) in cases {
            assert_eq!(inline_scripts(html), expected, "{html:?}");
        }
    }

    #[test]
    fn the_hash_is_that_of_the_exact_text() {
        // printf "alert('Hello, world.');" | openssl dgst -sha256 -binary | base64
        let expected = ["'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='"];
        assert_eq!(script_hashes(b"<script>alert('Hello, world.');</script>"), expected);
    }

    #[test]
    fn line_ends_count_as_the_browser_reads_them() {
        assert_eq!(script_hashes(b"<script>a\r\nb\rc</script>"), script_hashes(b"<script>a\nb\nc</script>"));
    }

    #[test]
    fn hashes_are_sources_of_scripts() {
        let policy = policy(&["'sha256-a='".to_owned(), "'sha256-b='".to_owned()]);
        assert!(policy.contains("; script-src 'self' 'wasm-unsafe-eval' 'sha256-a=' 'sha256-b='; "), "{policy}");
    }
}
