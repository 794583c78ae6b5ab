//! Content-addressed names: `style.css` becomes `style-0123456789abcdef.css`.
//!
//! A file is named after its final bytes, which contain the names of the files that it refers to. So a change of a file also
//! changes the names of all files that refer to it, directly or through others, except `index.html`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use crate::{BundleError, Files};

/// The file that keeps its name, because servers look for the page under this name.
pub const INDEX: &str = "index.html";

/// The number of hexadecimal digits of the SHA-256 hash in a file's name: the first 64 bits of the hash.
const HASH_DIGITS: usize = 16;

/// The extensions of files that may refer to other files.
const TEXT: [&str; 4] = ["css", "html", "js", "mjs"];

/// Names every file but `index.html` after its bytes, and rewrites the references between files.
///
/// A reference is the name of a file, with or without `./` in front, as a whole string in quotes.
///
/// # Errors
///
/// [`BundleError::Cycle`] if files refer to each other in a cycle.
pub fn after_content(files: Files) -> Result<Files, BundleError> {
    let mut unnamed = files;
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    let mut named = Files::new();
    while !unnamed.is_empty() {
        let is_ready = |name: &&String| {
            let mut others = unnamed.keys().filter(|other| other != name);
            !others.any(|other| refers_to(name, &unnamed[*name], other))
        };
        let Some(next) = unnamed.keys().find(is_ready).cloned() else {
            let cycle: Vec<&str> = unnamed.keys().map(String::as_str).collect();
            return Err(BundleError::Cycle(cycle.join(", ")));
        };
        let Some(bytes) = unnamed.remove(&next) else { continue };
        let bytes = if is_text(&next) { rewrite(&bytes, &names) } else { bytes };
        let name = if next == INDEX { next.clone() } else { with_hash(&next, &bytes) };
        named.insert(name.clone(), bytes);
        names.insert(next, name);
    }
    Ok(named)
}

/// Adds the hash of a file's bytes to its name: `style.css` becomes `style-0123456789abcdef.css`.
fn with_hash(name: &str, bytes: &[u8]) -> String {
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    format!("{stem}-{}.{extension}", hash(bytes))
}

/// Returns the first [`HASH_DIGITS`] digits of the bytes' SHA-256 hash.
fn hash(bytes: &[u8]) -> String {
    let mut digits = hexadecimal(&Sha256::digest(bytes));
    digits.truncate(HASH_DIGITS);
    digits
}

/// Formats bytes as lower-case hexadecimal digits.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    let mut digits = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

fn is_text(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, extension)| TEXT.contains(&extension))
}

fn refers_to(name: &str, bytes: &[u8], other: &str) -> bool {
    is_text(name) && references(other).iter().any(|reference| contains(bytes, reference.as_bytes()))
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// Returns all strings by which a file can be referred to.
fn references(name: &str) -> [String; 4] {
    [format!("\"{name}\""), format!("'{name}'"), format!("\"./{name}\""), format!("'./{name}'")]
}

fn rewrite(bytes: &[u8], names: &BTreeMap<String, String>) -> Vec<u8> {
    let mut text = String::from_utf8_lossy(bytes).into_owned();
    for (old, new) in names {
        for (from, to) in references(old).iter().zip(references(new)) {
            text = text.replace(from, &to);
        }
    }
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn files(files: &[(&str, &str)]) -> Files {
        files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect()
    }

    fn page(program: &str) -> Files {
        files(&[
            ("index.html", "<script src=\"./page.mjs\"></script> page.mjs"),
            ("page.mjs", "import load from './glue.js'; import start from \"./start.mjs\""),
            ("start.mjs", "export default () => {}"),
            ("glue.js", "new URL('program_bg.wasm', import.meta.url)"),
            ("program_bg.wasm", program),
        ])
    }

    #[test]
    fn a_name_is_the_hash_of_the_final_bytes_and_references_follow() {
        let named = after_content(page("v1")).unwrap();
        assert_eq!(named.len(), 5);
        for (name, bytes) in &named {
            if name != INDEX {
                assert!(name.contains(&format!("-{}.", hash(bytes))), "{name}");
            }
        }
        // printf v1 | sha256sum
        let program = "program_bg-3bfc269594ef6492.wasm";
        assert_eq!(named[program], b"v1");
        let glue = named.iter().find(|(name, _)| name.starts_with("glue-")).unwrap().1;
        assert_eq!(String::from_utf8_lossy(glue), format!("new URL('{program}', import.meta.url)"));
        let index = String::from_utf8_lossy(&named[INDEX]);
        assert!(index.starts_with("<script src=\"./page-") && index.ends_with("> page.mjs"), "{index}");
    }

    #[test]
    fn a_changed_file_renames_every_file_that_refers_to_it_directly_or_through_others() {
        let old = after_content(page("v1")).unwrap();
        let new = after_content(page("v2")).unwrap();
        let kept: Vec<&String> = old.keys().filter(|name| new.contains_key(*name)).collect();
        assert!(matches!(&kept[..], [index, start] if *index == INDEX && start.starts_with("start-")), "{kept:?}");
        assert_ne!(old[INDEX], new[INDEX]);
    }

    #[test]
    fn a_cycle_of_references_is_an_error_that_names_the_files() {
        let cycle = files(&[("a.js", "'./b.js'"), ("b.js", "'./a.js'"), ("c.js", "")]);
        assert_eq!(after_content(cycle).unwrap_err().to_string(), "files refer to each other in a cycle: a.js, b.js");
    }

    proptest! {
        /// If the bytes of a file that refers to no others are equal, all names are equal; if they differ, names differ.
        #[test]
        fn names_are_a_function_of_the_bytes(one in ".{0,40}", two in ".{0,40}") {
            let names = |program: &str| -> Vec<String> { after_content(page(program)).unwrap().into_keys().collect() };
            prop_assert_eq!(one == two, names(&one) == names(&two));
        }
    }
}
