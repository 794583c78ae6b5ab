//! The whole build, from the compiled program and the page's sources to the files of the page.

use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

use crate::error::{BundleError, read};
use crate::index::Index;
use crate::program::MAIN;
use crate::{Files, docs, index, minify, names, optimize, program};

/// The inputs of a page.
#[derive(Debug, Clone)]
pub struct Sources {
    /// The program, compiled for wasm32-unknown-unknown, with its relocations.
    pub program: PathBuf,
    /// The folder with `index.html` and the files that it names.
    pub web: PathBuf,
    /// The folder with the documentation in Markdown.
    pub docs: PathBuf,
    /// The path of wasm-opt, which makes the program smaller; `None` leaves the program as it is.
    pub wasm_opt: Option<PathBuf>,
    /// The path of esbuild, which makes the scripts smaller; `None` leaves the scripts as they are.
    pub esbuild: Option<PathBuf>,
}

impl Sources {
    /// Returns a digest of all inputs except wasm-opt and esbuild.
    ///
    /// # Errors
    ///
    /// Returns [`BundleError::Read`] or [`BundleError::Index`].
    pub fn digest(&self) -> Result<String, BundleError> {
        let mut digest = Sha256::new();
        let index = self.index()?;
        let mut inputs = index.files;
        inputs.insert("program".to_owned(), read(&self.program)?);
        inputs.insert(names::INDEX.to_owned(), index.html.into_bytes());
        let docs = docs::load(&self.docs)?;
        inputs.extend(docs.texts().iter().map(|(name, text)| (format!("{name}.md"), text.clone().into_bytes())));
        inputs.extend(docs.pictures().clone());
        for (name, bytes) in inputs {
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

/// Builds the page and returns all of its files under their final names.
///
/// # Errors
///
/// Returns any [`BundleError`] but [`BundleError::Write`].
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
    if let Some(esbuild) = &sources.esbuild {
        minify::scripts(&mut files, esbuild)?;
    }
    files.insert(docs::STYLE.to_owned(), docs::STYLE_TEXT.into());
    let mut named = names::after_content(files)?;
    // The page's own style sheet comes first, by its name.
    let links: String = named.keys().rev().filter_map(|name| link_to(name)).collect();
    let docs = docs::load(&sources.docs)?;
    named.extend(docs.pages(&links));
    named.extend(docs.pictures().clone());
    Ok(named)
}

/// Returns the element with which a page of the documentation links a style sheet or the icon.
fn link_to(name: &str) -> Option<String> {
    let kind = match name.rsplit_once('.') {
        Some((_, "css")) => "stylesheet",
        Some((_, "svg")) => "icon",
        _ => return None,
    };
    Some(format!("<link rel=\"{kind}\" href=\"./{name}\">\n"))
}
