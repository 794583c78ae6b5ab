//! The browser's local storage: entries of text under keys, which all tabs of this origin share.

use web_sys::Storage;

/// The begin of the keys of all entries that any version of this page has written.
const PREFIX: &str = "launcelot-";

/// Entries of text under keys.
pub(crate) trait Entries {
    /// Returns all keys, also those of other pages from this origin.
    fn keys(&self) -> Vec<String>;
    /// Returns the text under a key.
    fn get(&self, key: &str) -> Option<String>;
    /// Puts a text under a key. Returns whether there was room for it.
    fn set(&self, key: &str, text: &str) -> bool;
    /// Removes the entry under a key, if there is one.
    fn remove(&self, key: &str);
}

/// Returns the browser's local storage. A browser may forbid it, or have none.
pub(crate) fn local() -> Option<Box<dyn Entries>> {
    let storage = web_sys::window()?.local_storage().ok().flatten()?;
    Some(Box::new(storage))
}

/// Removes all entries of this page from the browser's local storage, also those that it cannot read or does not show.
pub(crate) fn clear() {
    if let Some(entries) = local() {
        remove_all(&*entries);
    }
}

fn remove_all(entries: &dyn Entries) {
    for key in entries.keys().iter().filter(|key| key.starts_with(PREFIX)) {
        entries.remove(key);
    }
}

impl Entries for Storage {
    fn keys(&self) -> Vec<String> {
        let length = self.length().unwrap_or_default();
        (0..length).filter_map(|index| self.key(index).ok().flatten()).collect()
    }

    fn get(&self, key: &str) -> Option<String> {
        self.get_item(key).ok().flatten()
    }

    fn set(&self, key: &str, text: &str) -> bool {
        self.set_item(key, text).is_ok()
    }

    fn remove(&self, key: &str) {
        // An entry that is not there is not an error.
        let _ = self.remove_item(key);
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::cell::{Cell, RefCell};
    use std::collections::BTreeMap;
    use std::rc::Rc;

    use super::*;

    /// Entries in memory, which tabs share, with room for a number of characters.
    #[derive(Debug, Clone)]
    pub(crate) struct InMemory {
        pub(crate) entries: Rc<RefCell<BTreeMap<String, String>>>,
        pub(crate) room: Rc<Cell<usize>>,
    }

    impl Default for InMemory {
        fn default() -> Self {
            Self { entries: Rc::default(), room: Rc::new(Cell::new(usize::MAX)) }
        }
    }

    impl Entries for InMemory {
        fn keys(&self) -> Vec<String> {
            self.entries.borrow().keys().cloned().collect()
        }

        fn get(&self, key: &str) -> Option<String> {
            self.entries.borrow().get(key).cloned()
        }

        fn set(&self, key: &str, text: &str) -> bool {
            let mut entries = self.entries.borrow_mut();
            let others = entries.iter().filter(|(other, _)| *other != key);
            let used: usize = others.map(|(_, text)| text.chars().count()).sum();
            let has_room = used + text.chars().count() <= self.room.get();
            if has_room {
                entries.insert(key.to_owned(), text.to_owned());
            }
            has_room
        }

        fn remove(&self, key: &str) {
            self.entries.borrow_mut().remove(key);
        }
    }

    #[test]
    fn everything_of_this_page_is_cleared_and_nothing_of_others() {
        let entries = InMemory::default();
        for key in ["launcelot-run-1-1-1", "launcelot-series-1-1", "launcelot-rounds-4-7", "another"] {
            assert!(entries.set(key, ""));
        }
        remove_all(&entries);
        assert_eq!(entries.keys(), ["another"]);
    }
}
