//! The sizes of the page's files, raw and compressed, and limits on three sums: of what a browser loads first, of what it loads
//! once it is idle, and of what it loads after that to draw loads of many clients.

use std::collections::BTreeMap;
use std::fmt::{self, Display};

use thousands::Separable as _;

use crate::output::is_variant;
use crate::program::{is_later_part, is_load_part};

/// The limit on the size, compressed with Brotli, of the program that a browser loads before the page is complete: WebAssembly
/// and scripts, including the worker's, without the later parts.
pub const FIRST_LOAD_MAX_BYTES: u64 = 180_000;

/// The limit on the size, compressed with Brotli, of what a browser loads once it is idle, to draw what a person sees after the first
/// question, and to read and write files.
pub const LATER_MAX_BYTES: u64 = 245_000;

/// The limit on the size, compressed with Brotli, of what a browser loads after that, to draw loads of many clients.
pub const LOADS_MAX_BYTES: u64 = 120_000;

/// The sizes of all files of a page.
#[derive(Debug)]
pub struct Sizes(Vec<FileSizes>);

/// One file's sizes in bytes. A file without a compressed variant is sent as it is.
#[derive(Debug)]
struct FileSizes {
    name: String,
    raw: u64,
    gzip: u64,
    brotli: u64,
}

impl Sizes {
    /// Takes the sizes from a list of names and lengths in bytes that includes compressed variants (`.gz`, `.br`).
    pub fn of(list: &[(String, u64)]) -> Self {
        let lengths: BTreeMap<&str, u64> = list.iter().map(|(name, length)| (name.as_str(), *length)).collect();
        let mut sizes = Vec::new();
        for (name, raw) in list {
            if is_variant(name) {
                continue;
            }
            let variant = |extension: &str| lengths.get(format!("{name}{extension}").as_str()).copied().unwrap_or(*raw);
            sizes.push(FileSizes { name: name.clone(), raw: *raw, gzip: variant(".gz"), brotli: variant(".br") });
        }
        Self(sizes)
    }

    /// Checks all limits.
    ///
    /// # Errors
    ///
    /// Returns a sentence with the sum and its limit if a sum is above its limit.
    pub fn check(&self) -> Result<(), String> {
        for (sum, limit) in self.sums() {
            if sum.brotli > limit {
                let bytes = sum.brotli.separate_with_commas();
                let limit = limit.separate_with_commas();
                return Err(format!("the page is too large: {}: {bytes} bytes with Brotli, at most {limit}", sum.name));
            }
        }
        Ok(())
    }

    /// Returns all sums, each with its limit.
    fn sums(&self) -> [(FileSizes, u64); 3] {
        [
            (self.sum("program, first load", |name| is_program(name) && !is_later_part(name)), FIRST_LOAD_MAX_BYTES),
            (self.sum("loaded when idle", |name| is_later_part(name) && !is_load_part(name)), LATER_MAX_BYTES),
            (self.sum("loaded after that", is_load_part), LOADS_MAX_BYTES),
        ]
    }

    fn sum(&self, name: &str, is_counted: impl Fn(&str) -> bool) -> FileSizes {
        let mut sum = FileSizes { name: name.to_owned(), raw: 0, gzip: 0, brotli: 0 };
        for file in self.0.iter().filter(|file| is_counted(&file.name)) {
            sum.raw += file.raw;
            sum.gzip += file.gzip;
            sum.brotli += file.brotli;
        }
        sum
    }
}

/// Returns whether a file is a part of the program: WebAssembly or a script.
fn is_program(name: &str) -> bool {
    [".wasm", ".js", ".mjs"].iter().any(|extension| name.ends_with(extension))
}

impl Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.0.iter().map(|file| file.name.len()).max().unwrap_or(0).max(20);
        writeln!(f, "{:<width$}{:>11}{:>11}{:>11}", "bytes", "raw", "gzip", "Brotli")?;
        let line = |f: &mut fmt::Formatter<'_>, file: &FileSizes| {
            let [raw, gzip, brotli] = [file.raw, file.gzip, file.brotli].map(|bytes| bytes.separate_with_commas());
            writeln!(f, "{:<width$}{raw:>11}{gzip:>11}{brotli:>11}", file.name)
        };
        self.0.iter().try_for_each(|file| line(f, file))?;
        for (sum, limit) in self.sums() {
            line(f, &sum)?;
            writeln!(f, "{:<width$}{:>33}", "at most", limit.separate_with_commas())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(files: &[(&str, u64)]) -> Vec<(String, u64)> {
        files.iter().map(|(name, length)| ((*name).to_owned(), *length)).collect()
    }

    #[test]
    fn the_first_load_is_the_sum_of_webassembly_and_scripts_without_later_parts() {
        let sizes = Sizes::of(&list(&[
            ("files-0123456789abcdef.wasm", 80_000),
            ("chunk_0-0123456789abcdef.wasm", 10_000),
            ("index.html", 2_000),
            ("launcelot-0123456789abcdef.js", 19_000),
            ("launcelot_bg-0123456789abcdef.wasm", 300_000),
            ("launcelot_bg-0123456789abcdef.wasm.br", 100_000),
            ("launcelot_bg-0123456789abcdef.wasm.gz", 130_000),
            ("load-0123456789abcdef.wasm", 40_000),
        ]));
        sizes.check().unwrap();
        assert_eq!(sizes.to_string(), TABLE);
    }

    const TABLE: &str = "\
bytes                                     raw       gzip     Brotli
files-0123456789abcdef.wasm            80,000     80,000     80,000
chunk_0-0123456789abcdef.wasm          10,000     10,000     10,000
index.html                              2,000      2,000      2,000
launcelot-0123456789abcdef.js          19,000     19,000     19,000
launcelot_bg-0123456789abcdef.wasm    300,000    130,000    100,000
load-0123456789abcdef.wasm             40,000     40,000     40,000
program, first load                   319,000    149,000    119,000
at most                                                     180,000
loaded when idle                       90,000     90,000     90,000
at most                                                     245,000
loaded after that                      40,000     40,000     40,000
at most                                                     120,000
";

    #[test]
    fn one_byte_above_a_limit_is_too_large() {
        for (name, length, expected) in [
            (
                "page.mjs",
                180_001,
                "the page is too large: program, first load: 180,001 bytes with Brotli, at most 180,000",
            ),
            (
                "files.wasm",
                245_001,
                "the page is too large: loaded when idle: 245,001 bytes with Brotli, at most 245,000",
            ),
            (
                "load-0123456789abcdef.wasm",
                120_001,
                "the page is too large: loaded after that: 120,001 bytes with Brotli, at most 120,000",
            ),
        ] {
            assert_eq!(Sizes::of(&list(&[(name, length)])).check().unwrap_err(), expected);
        }
    }
}
