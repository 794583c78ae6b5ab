//! Splits the compiled program into the files that a browser loads: the main part, later parts, and the JavaScript glue.
//!
//! The program's crate marks the functions at which it may be split. The splitter follows the calls between functions to find
//! what else belongs to a part; for that the linker has to keep relocations. All parts share one memory: a later part is loaded
//! into the running main part.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use wasm_bindgen_cli_support::Bindgen;
use wasm_split_cli_support::{Options, transform};

use crate::Files;
use crate::error::{BundleError, read};

/// The glue: the script that loads the main part, and through which the program calls JavaScript.
pub const GLUE: &str = "launcelot.js";

/// The main part, as the glue refers to it.
pub const MAIN: &str = "launcelot_bg.wasm";

/// The name from which wasm-bindgen forms [`GLUE`] and [`MAIN`].
const OUT_NAME: &str = "launcelot";

/// The module that loads later parts, as the splitter writes it.
const LOADER: &str = "./parts.js";

/// The prefix that the splitter gives to the name of a later part.
const PART_PREFIX: &str = "split_";

/// Splits a compiled program and binds it to JavaScript.
///
/// # Errors
///
/// Returns [`BundleError::Split`] if the program was linked without relocations, and [`BundleError::Bind`] if it was compiled
/// with another version of wasm-bindgen than this crate was.
pub fn bind(program: &[u8]) -> Result<Files, BundleError> {
    let Parts { main, loader, later } = split(program)?;
    let mut output = Bindgen::new();
    let bind = |error| BundleError::Bind(format!("{error:#}"));
    output.web(true).map_err(bind)?;
    output.input_bytes(OUT_NAME, main).out_name(OUT_NAME).typescript(false).keep_lld_exports(true);
    let mut output = output.generate_output().map_err(bind)?;

    let mut glue = join(output.js(), &loader)?;
    let imports = output.wasm_mut().imports.iter_mut();
    for (index, import) in imports.filter(|import| is_generated(&import.name)).enumerate() {
        let short = format!("i{index}_");
        glue = glue.replace(&import.name, &short);
        import.name = short;
    }
    let mut files = later;
    files.insert(GLUE.to_owned(), glue.into_bytes());
    files.insert(MAIN.to_owned(), output.wasm_mut().emit_wasm());
    Ok(files)
}

/// Returns whether wasm-bindgen has generated the name of an import. Such a name ends with 16 hexadecimal digits, which do not
/// compress: after Brotli, some 170 such names take 5 kB in the program and the glue. Short names take almost nothing.
fn is_generated(import: &str) -> bool {
    let digits = import.strip_prefix("__wb").and_then(|name| name.rsplit_once('_'));
    digits.is_some_and(|(_, digits)| digits.len() == 16 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
}

/// Returns whether a file is a part that a browser loads after the main one.
pub fn is_later_part(name: &str) -> bool {
    name.ends_with(".wasm") && !name.starts_with("launcelot_bg")
}

/// Returns whether a file is the part that draws loads of many clients, which a browser loads last.
pub fn is_load_part(name: &str) -> bool {
    name.ends_with(".wasm") && name.starts_with("load-")
}

struct Parts {
    main: Vec<u8>,
    /// The text of [`LOADER`].
    loader: String,
    later: Files,
}

fn split(program: &[u8]) -> Result<Parts, BundleError> {
    let cannot_split = |error: &dyn std::fmt::Display| BundleError::Split(format!("{error:#}"));
    // The splitter works on files only.
    let folder = tempfile::tempdir().map_err(|error| cannot_split(&error))?;
    let main = folder.path().join("main.wasm");
    let glue = format!("./{GLUE}");
    let mut options = Options::new(program);
    options.output_dir = folder.path();
    options.main_out_path = &main;
    options.link_name = LOADER;
    options.main_module = &glue;
    let split = transform(options).map_err(|error| cannot_split(&error))?;

    let mut loader = text(&folder.path().join(LOADER))?;
    let mut later = Files::new();
    for path in &split.split_modules {
        let old_name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = old_name.trim_start_matches(PART_PREFIX).to_owned();
        loader = loader.replace(&format!("\"./{old_name}\""), &format!("\"./{name}\""));
        later.insert(name, read(path)?);
    }
    Ok(Parts { main: read(&main)?, loader, later })
}

fn text(path: &Path) -> Result<String, BundleError> {
    fs::read_to_string(path).map_err(|source| BundleError::Read { path: path.to_owned(), source })
}

/// Joins the loader of the later parts with the glue. As separate modules they would import each other, and files that
/// refer to each other cannot both be named after their content.
fn join(glue: &str, loader: &str) -> Result<String, BundleError> {
    let from_glue = format!("import {{ initSync }} from \"./{GLUE}\";");
    let Some(body) = loader.strip_prefix(&from_glue) else {
        return Err(BundleError::Join("the loader does not begin with the import of initSync"));
    };
    let exports: Vec<&str> = body.lines().filter_map(exported).collect();
    if exports.is_empty() {
        return Err(BundleError::Join("the loader exports no function"));
    }
    let body = body.replace("export const ", "const ");
    let mut joined = format!("const parts = (() => {{{body}\nreturn {{ {} }};\n}})();\n", exports.join(", "));
    let mut imports = 0;
    for line in glue.lines() {
        match imported(line) {
            Some(name) => {
                imports += 1;
                let _ = writeln!(joined, "const {name} = parts;");
            }
            None => {
                let _ = writeln!(joined, "{line}");
            }
        }
    }
    if imports == 0 {
        return Err(BundleError::Join("the glue does not import the loader"));
    }
    Ok(joined)
}

/// Returns the name in `export const NAME = …`.
fn exported(line: &str) -> Option<&str> {
    line.strip_prefix("export const ")?.split_whitespace().next()
}

/// Returns the name in `import * as NAME from "./parts.js"`.
fn imported(line: &str) -> Option<&str> {
    let (name, from) = line.strip_prefix("import * as ")?.split_once(" from ")?;
    (from.trim_end_matches(';').trim_matches('"') == LOADER).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOADER_TEXT: &str =
        "import { initSync } from \"./launcelot.js\";\n\nconst a = 1;\nexport const load_files = a;\n";

    #[test]
    fn the_loader_becomes_a_part_of_the_glue() {
        let glue = "import * as import1 from \"./parts.js\"\nimport * as import2 from \"./parts.js\"\nfunction initSync() {}\n";
        let expected = "const parts = (() => {\n\nconst a = 1;\nconst load_files = a;\n\nreturn { load_files };\n})();\n\
                        const import1 = parts;\nconst import2 = parts;\nfunction initSync() {}\n";
        assert_eq!(join(glue, LOADER_TEXT).unwrap(), expected);
    }

    #[test]
    fn an_unknown_form_of_loader_or_glue_is_an_error() {
        let glue = "import * as import1 from \"./parts.js\"\n";
        for (glue, loader) in [
            (glue, "const a = 1;"),
            (glue, "import { initSync } from \"./launcelot.js\";\nconst a = 1;"),
            ("import * as x from \"./other.js\"\n", LOADER_TEXT),
        ] {
            assert!(matches!(join(glue, loader), Err(BundleError::Join(_))), "{glue} {loader}");
        }
    }

    #[test]
    fn generated_names_begin_with_wb_and_end_with_16_hexadecimal_digits() {
        for (name, expected) in [
            ("__wbg_now_0123456789abcdef", true),
            ("__wbindgen_cast_00000000000000ff", true),
            ("__wbindgen_throw", false),
            ("__wbg_now_0123456789abcdeg", false),
            ("now_0123456789abcdef", false),
        ] {
            assert_eq!(is_generated(name), expected, "{name}");
        }
    }

    #[test]
    fn bytes_that_are_not_a_program_are_an_error() {
        assert!(matches!(bind(b"spam"), Err(BundleError::Split(_))));
    }

    #[test]
    fn all_parts_but_the_main_one_are_later_parts() {
        let cases = [("launcelot_bg-0.wasm", false), (MAIN, false), ("files-0.wasm", true), (GLUE, false)];
        for (name, is_later) in cases {
            assert_eq!(is_later_part(name), is_later, "{name}");
        }
    }
}
