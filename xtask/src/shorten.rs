//! Shorter names between a WebAssembly program and the script that joins it to JavaScript.
//!
//! wasm-bindgen calls each function that a program imports by what it does and 16 digits more, once in the
//! program and once in the script. The digits do not compress: with names of two letters a page of 140 imports is
//! 5 kB smaller. wasm-opt could do so for the scripts of Emscripten only.

use std::collections::HashMap;

use wasm_encoder::reencode::{self, Reencode as _, RoundtripReencoder};
use wasm_encoder::{ImportSection, Module, RawSection};
use wasmparser::{Parser, Payload};

/// How many digits wasm-bindgen adds to a name.
const DIGITS: usize = 16;

/// The same program and script with short names for what only these two call by name.
pub(crate) fn shorten(program: &[u8], script: &str) -> Result<(Vec<u8>, String), reencode::Error> {
    let mut names = HashMap::new();
    let mut shorter = Module::new();
    for payload in Parser::new(0).parse_all(program) {
        let payload = payload?;
        if let Payload::ImportSection(section) = payload {
            let mut imports = ImportSection::new();
            for import in section.into_imports() {
                let import = import?;
                let is_long = is_long_name(import.name) && script.contains(import.name);
                let next = format!("a{}", names.len());
                let name =
                    if is_long { names.entry(import.name.to_owned()).or_insert(next).as_str() } else { import.name };
                imports.import(import.module, name, RoundtripReencoder.entity_type(import.ty)?);
            }
            shorter.section(&imports);
        } else if let Some((id, range)) = payload.as_section() {
            shorter.section(&RawSection { id, data: &program[range.start as usize..range.end as usize] });
        }
    }
    Ok((shorter.finish(), in_script(script, &names)))
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

#[cfg(test)]
mod tests {
    use wasm_encoder::{EntityType, FunctionSection, MemoryType, TypeSection};

    use super::*;

    const LONG: &str = "__wbg_now_0123456789abcdef";

    /// A program that imports functions of these names and a memory from `m`, and has a section after that.
    fn program(names: &[&str]) -> Vec<u8> {
        let mut types = TypeSection::new();
        types.ty().function([], []);
        let mut imports = ImportSection::new();
        for name in names {
            imports.import("m", name, EntityType::Function(0));
        }
        let memory = MemoryType { minimum: 17, maximum: None, memory64: false, shared: false, page_size_log2: None };
        imports.import("m", "memory", memory);
        let mut module = Module::new();
        module.section(&types).section(&imports).section(&FunctionSection::new());
        module.finish()
    }

    #[test]
    fn long_names_become_short_on_both_sides_and_others_stay() {
        let long = [LONG, "__wbindgen_cast_00000000000000ff", "__wbindgen_throw"];
        let script = format!("{{{}: () => 1, {}: 2, {LONG}x: 3, __wbindgen_throw: 4}}", long[0], long[1]);
        let (shorter, in_script) = shorten(&program(&long), &script).unwrap();
        assert_eq!(shorter, program(&["a0", "a1", "__wbindgen_throw"]));
        assert_eq!(in_script, format!("{{a0: () => 1, a1: 2, {LONG}x: 3, __wbindgen_throw: 4}}"));
    }

    #[test]
    fn a_name_that_the_script_does_not_know_stays() {
        let (shorter, _) = shorten(&program(&[LONG]), "nothing").unwrap();
        assert_eq!(shorter, program(&[LONG]));
    }

    #[test]
    fn what_is_no_program_is_refused() {
        let whole = program(&[LONG]);
        for cut in [&whole[..3], &whole[..whole.len() - 1], &whole[..20]] {
            assert!(shorten(cut, LONG).is_err());
        }
    }
}
