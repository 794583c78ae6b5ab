//! Makes scripts smaller with esbuild: without comments and white space, and with short names.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::Files;
use crate::error::BundleError;

/// The options of esbuild. The scripts are modules, so names at the top level are as private as others.
const OPTIONS: [&str; 3] = ["--minify", "--format=esm", "--log-level=warning"];

/// Makes each script smaller with `esbuild`.
///
/// # Errors
///
/// Returns [`BundleError::Optimize`] if `esbuild` fails.
pub fn scripts(files: &mut Files, esbuild: &Path) -> Result<(), BundleError> {
    for (name, text) in files.iter_mut().filter(|(name, _)| is_script(name)) {
        let failed = |reason: String| BundleError::Optimize { name: name.clone(), program: esbuild.to_owned(), reason };
        *text = minified(name, text, esbuild).map_err(failed)?;
    }
    Ok(())
}

fn is_script(name: &str) -> bool {
    name.ends_with(".js") || name.ends_with(".mjs")
}

fn minified(name: &str, text: &[u8], esbuild: &Path) -> Result<Vec<u8>, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let input = folder.path().join(name);
    fs::write(&input, text).map_err(|error| error.to_string())?;
    let mut command = Command::new(esbuild);
    command.args(OPTIONS).arg(&input).stdin(Stdio::null());
    let run = command.output().map_err(|error| error.to_string())?;
    if !run.status.success() {
        return Err(format!("{}: {}", run.status, String::from_utf8_lossy(&run.stderr).trim()));
    }
    Ok(run.stdout)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(script: &str) -> Result<Files, BundleError> {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("esbuild");
        // Another process writes the script. A file that is open for writing in any process cannot be executed, and if this
        // process opened it, a child that another test starts meanwhile could inherit the descriptor.
        let write = "printf '#!/bin/sh\n%s\n' \"$1\" > \"$0\" && chmod 755 \"$0\"";
        assert!(Command::new("sh").args(["-c", write]).arg(&program).arg(script).status().unwrap().success());
        let files = ["a.js", "b.mjs", "c.css"].map(|name| (name.to_owned(), b"text".to_vec()));
        let mut files = Files::from(files);
        scripts(&mut files, &program)?;
        Ok(files)
    }

    #[test]
    fn scripts_are_replaced_by_what_the_program_prints_and_other_files_stay() {
        let files = run("cat \"$4\" \"$4\"").unwrap();
        assert_eq!(files["a.js"], b"texttext");
        assert_eq!(files["b.mjs"], b"texttext");
        assert_eq!(files["c.css"], b"text");
    }

    #[test]
    fn a_failure_is_an_error_that_names_the_file_and_the_program() {
        let error = run("echo unexpected end >&2; exit 1").unwrap_err().to_string();
        assert!(
            error.starts_with("cannot optimize a.js with ") && error.contains("exit status: 1: unexpected end"),
            "{error}"
        );
    }
}
