//! Whether anything has changed: one number for the contents of many files.

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::path::Path;

/// The fingerprint of files and folders below `root`, and of a text that matters as much.
///
/// It guards against forgetting, not against forgers. Another version of Rust may count otherwise,
/// and then the page is built once more.
pub(crate) fn of(root: &Path, inputs: &[&str], text: &str) -> io::Result<String> {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    for input in inputs {
        add(root, Path::new(input), &mut hasher)?;
    }
    Ok(format!("{:016x}", hasher.finish()))
}

fn add(root: &Path, path: &Path, hasher: &mut DefaultHasher) -> io::Result<()> {
    let whole = root.join(path);
    path.hash(hasher);
    if whole.is_dir() {
        let mut names =
            fs::read_dir(whole)?.map(|entry| entry.map(|entry| entry.file_name())).collect::<io::Result<Vec<_>>>()?;
        names.sort();
        names.len().hash(hasher);
        names.iter().try_for_each(|name| add(root, &path.join(name), hasher))
    } else {
        fs::read(whole)?.hash(hasher);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_of_a_file_changes_it_and_nothing_else_does() {
        let root = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| fs::write(root.path().join(name), text).unwrap();
        let now = |tools: &str| of(root.path(), &["web", "Cargo.lock"], tools).unwrap();
        fs::create_dir_all(root.path().join("web/src")).unwrap();
        file("web/src/main.rs", "fn main() {}");
        file("Cargo.lock", "");

        let first = now("trunk 1");
        file("web/src/main.rs", "fn main() {}");
        file("README.md", "not an input");
        assert_eq!(now("trunk 1"), first);
        assert_ne!(now("trunk 2"), first);

        let mut seen = vec![first];
        for (name, text) in [("web/src/main.rs", "fn main() { }"), ("web/src/new.rs", ""), ("Cargo.lock", "x")] {
            file(name, text);
            let next = now("trunk 1");
            assert!(!seen.contains(&next), "{name}");
            seen.push(next);
        }
        fs::rename(root.path().join("web/src/new.rs"), root.path().join("web/src/renamed.rs")).unwrap();
        assert!(!seen.contains(&now("trunk 1")));
    }

    #[test]
    fn an_input_that_is_not_there_is_an_error() {
        let root = tempfile::tempdir().unwrap();
        assert!(of(root.path(), &["web"], "").is_err());
    }
}
