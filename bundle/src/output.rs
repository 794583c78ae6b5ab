//! The folder from which a page is served.
//!
//! A page is written to a temporary folder, which is renamed when it is complete. A record file next to the folder contains the
//! page's inputs and the sizes of its files, so a page is built again only if its inputs or the sizes of its files have changed.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::Files;
use crate::error::BundleError;

/// The folder of a page.
#[derive(Debug)]
pub struct OutputFolder {
    folder: PathBuf,
}

impl OutputFolder {
    /// Creates a handle for the page in `folder`, which need not exist yet.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Returns whether the folder contains a complete page that was built from `inputs`.
    pub fn is_current(&self, inputs: &str) -> bool {
        let (Ok(recorded), Ok(list)) = (fs::read_to_string(self.record()), self.list()) else { return false };
        recorded == record_text(inputs, &list)
    }

    /// Replaces the page in the folder by `files`, and records that it was built from `inputs`.
    ///
    /// # Errors
    ///
    /// Returns [`BundleError::Write`] with the file or folder.
    pub fn replace(&self, files: &Files, inputs: &str) -> Result<(), BundleError> {
        let next = self.folder.with_extension("next");
        remove(&next)?;
        fs::create_dir_all(&next).map_err(|source| cannot_write(&next, source))?;
        for (name, bytes) in files {
            let path = next.join(name);
            fs::write(&path, bytes).map_err(|source| cannot_write(&path, source))?;
        }
        // The record is removed first and written last: a page without a record, after an interruption, counts as incomplete.
        remove(&self.record())?;
        remove(&self.folder)?;
        fs::rename(&next, &self.folder).map_err(|source| cannot_write(&self.folder, source))?;
        let list = self.list().map_err(|source| cannot_write(&self.folder, source))?;
        fs::write(self.record(), record_text(inputs, &list)).map_err(|source| cannot_write(&self.record(), source))
    }

    /// Returns the name and the length in bytes of each file of the folder, sorted by name.
    ///
    /// # Errors
    ///
    /// Returns the system's error if the folder cannot be read.
    pub fn list(&self) -> io::Result<Vec<(String, u64)>> {
        let mut list = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            list.push((entry.file_name().to_string_lossy().into_owned(), entry.metadata()?.len()));
        }
        list.sort();
        Ok(list)
    }

    fn record(&self) -> PathBuf {
        self.folder.with_extension("record")
    }
}

/// Returns the text of a record. It omits compressed variants, which are added to a page after its record is written.
fn record_text(inputs: &str, list: &[(String, u64)]) -> String {
    let mut text = format!("made from {inputs}\n");
    for (name, length) in list.iter().filter(|(name, _)| !is_variant(name)) {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{length} {name}");
    }
    text
}

/// Returns whether a file is the compressed variant of another file, by its extension.
pub(crate) fn is_variant(name: &str) -> bool {
    name.ends_with(".gz") || name.ends_with(".br")
}

fn cannot_write(path: &Path, source: io::Error) -> BundleError {
    BundleError::Write { path: path.to_owned(), source }
}

/// Removes a file or a folder, if it exists.
fn remove(path: &Path) -> Result<(), BundleError> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(cannot_write(path, error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(files: &[(&str, &str)]) -> Files {
        files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect()
    }

    #[test]
    fn a_page_is_current_only_with_its_inputs_and_all_of_its_files() {
        let folder = tempfile::tempdir().unwrap();
        let output = OutputFolder::new(folder.path().join("page"));
        assert!(!output.is_current("v1"));
        output.replace(&files(&[("index.html", "one"), ("old.js", "")]), "v1").unwrap();
        assert!(output.is_current("v1") && !output.is_current("v2"));

        output.replace(&files(&[("index.html", "two")]), "v2").unwrap();
        assert_eq!(output.list().unwrap(), [("index.html".to_owned(), 3)]);
        fs::write(folder.path().join("page/index.html.br"), "a compressed variant").unwrap();
        assert!(output.is_current("v2"));
        fs::write(folder.path().join("page/index.html"), "").unwrap();
        assert!(!output.is_current("v2"));
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_named_with_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let error = OutputFolder::new(file.join("page")).replace(&files(&[("a", "")]), "").unwrap_err().to_string();
        assert!(error.starts_with("cannot write ") && error.contains("file/page.next: Not a directory"), "{error}");
    }
}
