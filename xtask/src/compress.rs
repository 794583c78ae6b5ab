//! Compressed variants beside the files of the page, for a server that sends what a browser accepts.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

/// What a compressed variant's name adds.
pub(crate) const GZIP: &str = "gz";
/// What a compressed variant's name adds.
pub(crate) const BROTLI: &str = "br";

/// Other files, pictures above all, are compressed already.
const COMPRESSIBLE: [&str; 9] = ["css", "html", "js", "json", "map", "mjs", "svg", "txt", "wasm"];

/// Both formats' highest levels: it is done once, and sent often.
const BROTLI_QUALITY: i32 = 11;

/// A window of 4 MiB, larger than any of the files.
const BROTLI_WINDOW: i32 = 22;

/// Writes `.gz` and `.br` beside every compressible file below `folder`, where that is the smaller one.
pub(crate) fn folder(folder: &Path) -> io::Result<()> {
    for path in files(folder)? {
        if path.extension().is_some_and(|extension| COMPRESSIBLE.iter().any(|known| extension == *known)) {
            let raw = fs::read(&path)?;
            for (extension, small) in [(GZIP, gzip(&raw)?), (BROTLI, brotli(&raw)?)] {
                if small.len() < raw.len() {
                    File::create(variant(&path, extension))?.write_all(&small)?;
                }
            }
        }
    }
    Ok(())
}

/// The name of a file's compressed variant.
pub(crate) fn variant(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    name.into()
}

/// All files below a folder, in the order of their names.
pub(crate) fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn gzip(raw: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(raw)?;
    encoder.finish()
}

fn brotli(raw: &[u8]) -> io::Result<Vec<u8>> {
    let mut small = Vec::new();
    let parameters = brotli::enc::BrotliEncoderParams {
        quality: BROTLI_QUALITY,
        lgwin: BROTLI_WINDOW,
        size_hint: raw.len(),
        ..Default::default()
    };
    brotli::BrotliCompress(&mut &raw[..], &mut small, &parameters)?;
    Ok(small)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn both_variants_hold_what_the_file_holds() {
        let page = tempfile::tempdir().unwrap();
        let text = "What is the airspeed velocity of an unladen swallow? ".repeat(40);
        let path = page.path().join("page.js");
        fs::write(&path, &text).unwrap();
        folder(page.path()).unwrap();

        let mut unzipped = String::new();
        flate2::read::GzDecoder::new(File::open(variant(&path, GZIP)).unwrap()).read_to_string(&mut unzipped).unwrap();
        assert_eq!(unzipped, text);

        let mut unpacked = Vec::new();
        brotli::BrotliDecompress(&mut File::open(variant(&path, BROTLI)).unwrap(), &mut unpacked).unwrap();
        assert_eq!(unpacked, text.as_bytes());
    }

    #[test]
    fn what_would_not_get_smaller_has_no_variants() {
        let page = tempfile::tempdir().unwrap();
        fs::write(page.path().join("tiny.js"), "x").unwrap();
        fs::write(page.path().join("page.png"), "a".repeat(4_000)).unwrap();
        folder(page.path()).unwrap();
        assert_eq!(files(page.path()).unwrap().len(), 2);
    }
}
