//! Compressed variants of the page's files, from which a server chooses the encoding that a browser accepts.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use brotli::enc::BrotliEncoderParams;
use brotli::enc::backward_references::BrotliEncoderMode;
use flate2::Compression;
use flate2::write::GzEncoder;

/// The extension of a gzip variant.
pub const GZIP: &str = "gz";
/// The extension of a Brotli variant.
pub const BROTLI: &str = "br";

/// The extensions of files that are compressed. Files with other extensions, such as pictures, are not: most have a compressed
/// format already.
const COMPRESSIBLE: [&str; 6] = ["css", "html", "js", "mjs", "svg", "wasm"];

/// The highest quality, like the gzip level: a page is compressed once and sent often.
const BROTLI_QUALITY: i32 = 11;

/// The base-2 logarithm of Brotli's window: 4 MiB, larger than any of the files.
const BROTLI_WINDOW: i32 = 22;

/// The first bytes of every WebAssembly module.
const WASM_MAGIC: &[u8] = b"\0asm";

/// Writes a `.gz` and a `.br` variant for every compressible file in `folder`, unless the variant would not be smaller than the
/// file. Existing variants are kept, because a file's name stands for its content. Those of HTML, whose names do not, are written again.
///
/// # Errors
///
/// Returns the system's error if a file cannot be read or written.
pub fn add_variants(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if !is_compressible(&path) {
            continue;
        }
        let raw = fs::read(&path)?;
        for (extension, encode) in [(GZIP, gzip as Encode), (BROTLI, brotli)] {
            let variant = variant(&path, extension);
            if variant.exists() && path.extension().is_none_or(|extension| extension != "html") {
                continue;
            }
            let small = encode(&raw)?;
            if small.len() < raw.len() {
                fs::write(variant, small)?;
            }
        }
    }
    Ok(())
}

/// Compresses the bytes of a file.
type Encode = fn(&[u8]) -> io::Result<Vec<u8>>;

/// Returns the path of a file's compressed variant.
fn variant(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    name.into()
}

fn is_compressible(path: &Path) -> bool {
    path.extension().is_some_and(|extension| COMPRESSIBLE.iter().any(|known| extension == *known))
}

fn gzip(raw: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(raw)?;
    encoder.finish()
}

fn brotli(raw: &[u8]) -> io::Result<Vec<u8>> {
    let small = brotli_in(BrotliEncoderMode::BROTLI_MODE_GENERIC, raw)?;
    if !raw.starts_with(WASM_MAGIC) {
        return Ok(small);
    }
    // The mode for fonts, which are binary too, makes some modules smaller by a hundredth.
    let other = brotli_in(BrotliEncoderMode::BROTLI_MODE_FONT, raw)?;
    Ok(if other.len() < small.len() { other } else { small })
}

fn brotli_in(mode: BrotliEncoderMode, raw: &[u8]) -> io::Result<Vec<u8>> {
    let parameters = BrotliEncoderParams {
        mode,
        quality: BROTLI_QUALITY,
        lgwin: BROTLI_WINDOW,
        size_hint: raw.len(),
        ..BrotliEncoderParams::default()
    };
    let mut small = Vec::new();
    brotli::BrotliCompress(&mut &raw[..], &mut small, &parameters)?;
    Ok(small)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn both_variants_decompress_to_the_file() {
        let page = tempfile::tempdir().unwrap();
        let text = "What is the airspeed velocity of an unladen swallow? ".repeat(40);
        fs::write(page.path().join("page.js"), &text).unwrap();
        add_variants(page.path()).unwrap();
        let variant = |extension: &str| fs::File::open(page.path().join(format!("page.js.{extension}"))).unwrap();

        let mut unzipped = String::new();
        flate2::read::GzDecoder::new(variant(GZIP)).read_to_string(&mut unzipped).unwrap();
        assert_eq!(unzipped, text);

        let mut decompressed = Vec::new();
        brotli::BrotliDecompress(&mut variant(BROTLI), &mut decompressed).unwrap();
        assert_eq!(decompressed, text.as_bytes());
    }

    #[test]
    fn files_of_other_kinds_or_that_would_not_get_smaller_have_no_variants() {
        let page = tempfile::tempdir().unwrap();
        fs::write(page.path().join("tiny.js"), "x").unwrap();
        fs::write(page.path().join("page.png"), "a".repeat(4_000)).unwrap();
        add_variants(page.path()).unwrap();
        assert_eq!(fs::read_dir(page.path()).unwrap().count(), 2);
    }

    #[test]
    fn existing_variants_are_kept_except_those_of_html() {
        let page = tempfile::tempdir().unwrap();
        for name in ["index.html", "figures.html", "a-0123456789abcdef.js"] {
            fs::write(page.path().join(name), "a".repeat(4_000)).unwrap();
            fs::write(page.path().join(format!("{name}.br")), "old").unwrap();
        }
        add_variants(page.path()).unwrap();
        for name in ["index.html.br", "figures.html.br"] {
            assert_ne!(fs::read(page.path().join(name)).unwrap(), b"old");
        }
        assert_eq!(fs::read(page.path().join("a-0123456789abcdef.js.br")).unwrap(), b"old");
    }
}
