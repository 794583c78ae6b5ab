//! The whole page, from the compiled program and the folder of the page's sources.

use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

use crate::index::Index;
use crate::program::MAIN;
use crate::{BundleError, Files, index, names, optimize, program, read};

/// What a page is made from.
#[derive(Debug, Clone)]
pub struct Sources {
    /// The program, compiled for wasm32-unknown-unknown, with its relocations.
    pub program: PathBuf,
    /// The folder with `index.html` and the files that it names.
    pub web: PathBuf,
    /// wasm-opt, if the program is to be made smaller.
    pub wasm_opt: Option<PathBuf>,
}

impl Sources {
    /// A digest of everything that the page is made from but the tools.
    ///
    /// # Errors
    ///
    /// [`BundleError::Read`] or [`BundleError::Index`].
    pub fn digest(&self) -> Result<String, BundleError> {
        let mut digest = Sha256::new();
        let index = self.index()?;
        let program =
            [("program".to_owned(), read(&self.program)?), (names::INDEX.to_owned(), index.html.into_bytes())];
        for (name, bytes) in program.into_iter().chain(index.files) {
            digest.update(format!("{name} {}\n", bytes.len()));
            digest.update(bytes);
        }
        Ok(names::hexadecimal(&digest.finalize()))
    }

    fn index(&self) -> Result<Index, BundleError> {
        let html = String::from_utf8(read(&self.web.join(names::INDEX))?);
        let html = html.map_err(|_| BundleError::Index("it is not UTF-8".to_owned()))?;
        index::resolve(&html, &|href| read(&self.web.join(href)))
    }
}

/// Builds the page: all of its files, under their final names.
///
/// # Errors
///
/// Any [`BundleError`] but [`BundleError::Write`].
pub fn build(sources: &Sources) -> Result<Files, BundleError> {
    let mut files = program::bind(&read(&sources.program)?)?;
    if let Some(wasm_opt) = &sources.wasm_opt {
        optimize::wasm(&mut files, wasm_opt)?;
    }
    let index = sources.index()?;
    let program_bytes = files.get(MAIN).map_or(0, Vec::len);
    files.extend([index.entry(program_bytes)]);
    files.insert(names::INDEX.to_owned(), index.html.into_bytes());
    files.extend(index.files);
    names::after_content(files)
}
