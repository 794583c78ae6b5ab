//! How large the page is: each file raw and compressed, what a browser loads before the page runs, and what it
//! loads after that.

use std::fmt::{self, Display};
use std::fs;
use std::io;
use std::path::Path;

use thousands::Separable as _;

use crate::command::Failure;
use crate::compress::{self, BROTLI, GZIP};
use crate::shrink::WASM;

/// What the page's programs may come to, compressed with brotli: WebAssembly and the scripts
/// around it, those of the worker too.
pub(crate) const LIMIT_BYTES: u64 = 120_000;

/// What a browser may load after that, when the first question can be asked already, compressed with brotli.
pub(crate) const LATER_LIMIT_BYTES: u64 = 130_000;

/// The extensions of what runs.
const PROGRAMS: [&str; 3] = [".wasm", ".js", ".mjs"];

/// The sizes of all files of a page.
#[derive(Debug)]
pub(crate) struct Sizes(Vec<FileSizes>);

/// One file's sizes in bytes. A file without a compressed variant is sent as it is.
#[derive(Debug)]
struct FileSizes {
    name: String,
    raw: u64,
    gzip: u64,
    brotli: u64,
}

impl Sizes {
    /// Measures a finished page.
    pub(crate) fn of(page: &Path) -> io::Result<Self> {
        let mut sizes = Vec::new();
        for path in compress::files(page)? {
            let name = path.strip_prefix(page).unwrap_or(&path).to_string_lossy().into_owned();
            if [GZIP, BROTLI].iter().any(|extension| name.ends_with(&format!(".{extension}"))) {
                continue;
            }
            let raw = fs::metadata(&path)?.len();
            let small = |extension| fs::metadata(compress::variant(&path, extension)).map_or(raw, |file| file.len());
            sizes.push(FileSizes { name, raw, gzip: small(GZIP), brotli: small(BROTLI) });
        }
        Ok(Self(sizes))
    }

    /// Prints the table.
    pub(crate) fn print(&self) {
        print!("{self}");
    }

    /// Fails above the limit.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        for (sum, limit) in self.sums() {
            if sum.brotli > limit {
                return Err(Failure::new(format!(
                    "the page is too large: {} bytes of {} with brotli, at most {}",
                    sum.brotli.separate_with_commas(),
                    sum.name,
                    limit.separate_with_commas()
                )));
            }
        }
        Ok(())
    }

    /// What runs, each with its limit: what is loaded first, and what is loaded later.
    fn sums(&self) -> [(FileSizes, u64); 2] {
        [
            (self.sum("wasm and scripts", |name| !is_later(name)), LIMIT_BYTES),
            (self.sum("wasm loaded later", is_later), LATER_LIMIT_BYTES),
        ]
    }

    /// The sum of what runs and is of a kind.
    fn sum(&self, name: &str, is_of_it: impl Fn(&str) -> bool) -> FileSizes {
        let sum = FileSizes { name: name.to_owned(), raw: 0, gzip: 0, brotli: 0 };
        let runs = |name: &str| PROGRAMS.iter().any(|extension| name.ends_with(extension));
        self.0.iter().filter(|file| runs(&file.name) && is_of_it(&file.name)).fold(sum, |sum, file| FileSizes {
            name: sum.name,
            raw: sum.raw + file.raw,
            gzip: sum.gzip + file.gzip,
            brotli: sum.brotli + file.brotli,
        })
    }
}

/// Whether this is a part of the program that is loaded into the first one.
fn is_later(name: &str) -> bool {
    name.ends_with(".wasm") && !name.ends_with(WASM)
}

impl Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.0.iter().map(|file| file.name.len()).max().unwrap_or(0).max(17);
        writeln!(f, "{:<width$}{:>11}{:>11}{:>11}", "bytes", "raw", "gzip", "brotli")?;
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

    fn page(files: &[(&str, usize)]) -> tempfile::TempDir {
        let page = tempfile::tempdir().unwrap();
        fs::create_dir(page.path().join("snippets")).unwrap();
        for (name, length) in files {
            fs::write(page.path().join(name), "x".repeat(*length)).unwrap();
        }
        page
    }

    #[test]
    fn the_sum_counts_what_runs_in_its_smallest_form() {
        let page = page(&[
            ("index.html", 900_000),
            ("page_bg.wasm", 300_000),
            ("page_bg.wasm.gz", 130_000),
            ("page_bg.wasm.br", 100_000),
            ("page-later.wasm", 80_000),
            ("page.js", 19_000),
            ("snippets/start.mjs", 1_000),
        ]);
        let sizes = Sizes::of(page.path()).unwrap();
        let [(first, _), (later, _)] = sizes.sums();
        assert_eq!((first.raw, first.gzip, first.brotli, later.brotli), (320_000, 150_000, 120_000, 80_000));
        sizes.check().unwrap();
        assert_eq!(sizes.to_string(), TABLE);
    }

    const TABLE: &str = "\
bytes                     raw       gzip     brotli
index.html            900,000    900,000    900,000
page-later.wasm        80,000     80,000     80,000
page.js                19,000     19,000     19,000
page_bg.wasm          300,000    130,000    100,000
snippets/start.mjs      1,000      1,000      1,000
wasm and scripts      320,000    150,000    120,000
at most                                     120,000
wasm loaded later      80,000     80,000     80,000
at most                                     130,000
";

    #[test]
    fn one_byte_above_the_limit_is_too_large() {
        for (name, length, expected) in [
            ("page_bg.wasm", 120_001, "120,001 bytes of wasm and scripts with brotli, at most 120,000"),
            ("page-later.wasm", 130_001, "130,001 bytes of wasm loaded later with brotli, at most 130,000"),
        ] {
            let page = page(&[(name, length)]);
            let failure = Sizes::of(page.path()).unwrap().check().unwrap_err().to_string();
            assert_eq!(failure, format!("the page is too large: {expected}"));
        }
    }
}
