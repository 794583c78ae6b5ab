//! Shorter names between a WebAssembly program and the script that joins it to JavaScript.
//!
//! wasm-bindgen calls each function that a program imports by what it does and 16 digits more, once in the
//! program and once in the script. The digits do not compress: with names of two letters a page of 140 imports is
//! 5 kB smaller. wasm-opt could do so for the scripts of Emscripten only.

use std::collections::HashMap;

/// The number of the section of imports (WebAssembly Core Specification, 5.5.5).
const IMPORTS: u8 = 2;

/// How a program begins: its magic number and its version.
const HEAD_BYTES: usize = 8;

/// How many digits wasm-bindgen adds to a name.
const DIGITS: usize = 16;

/// The same program and script with short names for what only these two call by name. `None` if the program
/// is not understood: then nothing is changed.
pub(crate) fn shorten(program: &[u8], script: &str) -> Option<(Vec<u8>, String)> {
    let mut names = HashMap::new();
    let mut shorter = program.get(..HEAD_BYTES)?.to_vec();
    let mut rest = program.get(HEAD_BYTES..)?;
    while let Some((kind, after)) = rest.split_first() {
        let mut reader = after;
        let length = number(&mut reader)?;
        let (content, after) = reader.split_at_checked(length)?;
        let renamed = if *kind == IMPORTS { Some(imports(content, script, &mut names)?) } else { None };
        let content = renamed.as_deref().unwrap_or(content);
        shorter.push(*kind);
        write_number(&mut shorter, content.len());
        shorter.extend_from_slice(content);
        rest = after;
    }
    Some((shorter, in_script(script, &names)))
}

/// The section of imports with short names.
fn imports(mut section: &[u8], script: &str, names: &mut HashMap<String, String>) -> Option<Vec<u8>> {
    let mut shorter = Vec::new();
    let count = number(&mut section)?;
    write_number(&mut shorter, count);
    for _ in 0..count {
        let module = text(&mut section)?;
        let name = text(&mut section)?;
        let is_long = is_long_name(name) && script.contains(name);
        let next = format!("a{}", names.len());
        let name = if is_long { names.entry(name.to_owned()).or_insert(next).as_str() } else { name };
        for text in [module, name] {
            write_number(&mut shorter, text.len());
            shorter.extend_from_slice(text.as_bytes());
        }
        // A function and its type; other things than functions are described at greater length.
        let described = section;
        match take(&mut section)? {
            0 => drop(number(&mut section)?),
            1 => {
                take(&mut section)?;
                limits(&mut section)?;
            }
            2 => limits(&mut section)?,
            3 => section = section.get(2..)?,
            4 => {
                take(&mut section)?;
                number(&mut section)?;
            }
            _ => return None,
        }
        shorter.extend_from_slice(&described[..described.len() - section.len()]);
    }
    section.is_empty().then_some(shorter)
}

/// The script with the short names. Long ones are whole words that stand nowhere else.
fn in_script(script: &str, names: &HashMap<String, String>) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
    let mut shorter = String::with_capacity(script.len());
    let mut rest = script;
    while let Some(start) = rest.find(is_part) {
        let (before, word) = rest.split_at(start);
        let (word, after) = word.split_at(word.find(|c| !is_part(c)).unwrap_or(word.len()));
        shorter.push_str(before);
        shorter.push_str(names.get(word).map_or(word, String::as_str));
        rest = after;
    }
    shorter + rest
}

/// Whether wasm-bindgen has made a name.
fn is_long_name(name: &str) -> bool {
    name.starts_with("__wb")
        && name
            .rsplit_once('_')
            .is_some_and(|(_, digits)| digits.len() == DIGITS && digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
}

fn take(bytes: &mut &[u8]) -> Option<u8> {
    let (first, rest) = bytes.split_first()?;
    *bytes = rest;
    Some(*first)
}

/// A number in LEB128 (5.2.2).
fn number(bytes: &mut &[u8]) -> Option<usize> {
    let mut value = 0;
    for shift in (0..).step_by(7).take(5) {
        let byte = take(bytes)?;
        value |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn write_number(bytes: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn text<'a>(bytes: &mut &'a [u8]) -> Option<&'a str> {
    let length = number(bytes)?;
    let (text, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    std::str::from_utf8(text).ok()
}

/// How large a table or a memory may be.
fn limits(bytes: &mut &[u8]) -> Option<()> {
    let has_most = take(bytes)? & 1 == 1;
    number(bytes)?;
    if has_most {
        number(bytes)?;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: &str = "__wbg_now_0123456789abcdef";

    /// A program that imports these names from `m`, each a function, and then has a section of its own.
    fn program(names: &[&str]) -> Vec<u8> {
        let mut section = Vec::new();
        write_number(&mut section, names.len());
        for name in names {
            for text in ["m", name] {
                write_number(&mut section, text.len());
                section.extend_from_slice(text.as_bytes());
            }
            section.extend_from_slice(&[0, 7]);
        }
        let mut program = b"\0asm\x01\0\0\0".to_vec();
        program.push(IMPORTS);
        write_number(&mut program, section.len());
        program.extend(section);
        program.extend_from_slice(&[10, 2, 42, 43]);
        program
    }

    #[test]
    fn long_names_become_short_on_both_sides_and_others_stay() {
        let long = [LONG, "__wbindgen_cast_00000000000000ff", "__wbindgen_throw", "memory"];
        let script = format!("{{{}: () => 1, {}: 2, {LONG}x: 3, __wbindgen_throw: 4}}", long[0], long[1]);
        let (shorter, in_script) = shorten(&program(&long), &script).unwrap();
        assert_eq!(shorter, program(&["a0", "a1", "__wbindgen_throw", "memory"]));
        assert_eq!(in_script, format!("{{a0: () => 1, a1: 2, {LONG}x: 3, __wbindgen_throw: 4}}"));
    }

    #[test]
    fn a_name_that_the_script_does_not_know_stays() {
        let (shorter, _) = shorten(&program(&[LONG]), "nothing").unwrap();
        assert_eq!(shorter, program(&[LONG]));
    }

    #[test]
    fn what_is_no_program_is_left_alone() {
        let whole = program(&[LONG]);
        for cut in [&whole[..3], &whole[..whole.len() - 1], &whole[..20]] {
            assert_eq!(shorten(cut, LONG), None);
        }
    }
}
