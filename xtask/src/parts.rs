//! The parts of `cargo xtask test`, and the selection of them by name.

use std::collections::BTreeSet;

use crate::failure::Failure;

/// Each folder with its package. The lab's tests in a browser do not belong to the part `lab`, but are the part
/// [`PAGE`].
const PACKAGES: [(&str, &str); 12] = [
    ("protocol", "launcelot-protocol"),
    ("measure", "launcelot-measure"),
    ("endpoint", "launcelot-endpoint"),
    ("charts", "launcelot-charts"),
    ("server", "launcelot-server"),
    ("client", "launcelot-client"),
    ("bridge", "launcelot-bridge"),
    ("lab", "launcelot-lab"),
    ("web", "launcelot-web"),
    ("bundle", "launcelot-bundle"),
    ("testing", "launcelot-testing"),
    ("xtask", "xtask"),
];

/// The checks that are not tests.
const CHECKS: [&str; 4] = ["format", "clippy", "docs", "licences"];

/// The part with the tests in a browser.
const PAGE: &str = "page";

/// The selected parts.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Parts {
    checks: BTreeSet<&'static str>,
    /// The packages whose tests run, each with a filter of test names.
    packages: Vec<(&'static str, Option<String>)>,
    /// The filters of the tests in a browser; `None` if no test in a browser runs, empty if all of them run.
    page: Option<Vec<String>>,
    is_all: bool,
}

/// Checks a name on the command line. Returns the name, or a message if it is not a part.
pub(crate) fn parse_name(text: &str) -> Result<String, String> {
    let name = text.to_owned();
    match Parts::named(std::slice::from_ref(&name)) {
        Ok(_) => Ok(name),
        Err(failure) => Err(failure.to_string()),
    }
}

impl Parts {
    /// Selects the parts with these names, or all parts if there is no name.
    pub(crate) fn named(names: &[String]) -> Result<Self, Failure> {
        if names.is_empty() {
            let packages = PACKAGES.iter().map(|(_, package)| (*package, None)).collect();
            return Ok(Self { checks: CHECKS.into(), packages, page: Some(Vec::new()), is_all: true });
        }
        let mut parts = Self { checks: BTreeSet::new(), packages: Vec::new(), page: None, is_all: false };
        for name in names {
            parts.add(name)?;
        }
        Ok(parts)
    }

    fn add(&mut self, name: &str) -> Result<(), Failure> {
        let (part, filter) = match name.split_once("::") {
            Some((part, filter)) => (part, Some(filter.to_owned())),
            None => (name, None),
        };
        if let Some(check) = CHECKS.iter().find(|check| **check == name) {
            self.checks.insert(check);
        } else if part == PAGE {
            self.page.get_or_insert_default().extend(filter);
        } else if let Some((_, package)) = PACKAGES.iter().find(|(folder, _)| *folder == part) {
            self.packages.push((package, filter));
        } else {
            let packages = PACKAGES.iter().map(|(folder, _)| *folder);
            let all: Vec<&str> = CHECKS.into_iter().chain(packages).chain([PAGE]).collect();
            let all = all.join(", ");
            return Err(Failure::new(format!("'{name}' is not a part of the tests; the parts are: {all}")));
        }
        Ok(())
    }

    /// Returns whether all parts are selected without any filter.
    pub(crate) fn is_all(&self) -> bool {
        self.is_all
    }

    /// Returns whether a check is selected.
    pub(crate) fn has_check(&self, name: &str) -> bool {
        self.checks.contains(name)
    }

    /// Returns the packages whose tests run, each with a filter of test names.
    pub(crate) fn packages(&self) -> &[(&'static str, Option<String>)] {
        &self.packages
    }

    /// Returns the filters of the tests in a browser, if those run.
    pub(crate) fn page(&self) -> Option<&[String]> {
        self.page.as_deref()
    }

    /// Returns whether the tests of the lab that need no browser are selected.
    pub(crate) fn has_lab(&self) -> bool {
        self.has_package("launcelot-lab")
    }

    /// Returns whether all tests of the lab that need no browser are selected.
    pub(crate) fn has_whole_lab(&self) -> bool {
        self.packages.contains(&("launcelot-lab", None))
    }

    /// Returns whether tests of the measure are selected.
    pub(crate) fn has_measure(&self) -> bool {
        self.has_package("launcelot-measure")
    }

    fn has_package(&self, name: &str) -> bool {
        self.packages.iter().any(|(package, _)| *package == name)
    }

    /// Returns whether the tests of the bridge are selected.
    pub(crate) fn has_bridge(&self) -> bool {
        self.packages.iter().any(|(package, _)| *package == "launcelot-bridge")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(names: &[&str]) -> Result<Parts, Failure> {
        Parts::named(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn without_a_name_all_parts_are_selected() {
        let all = named(&[]).unwrap();
        assert!(all.is_all() && all.has_lab() && all.has_check("clippy") && all.page() == Some(&[]));
        assert_eq!(all.packages().len(), PACKAGES.len());
    }

    #[test]
    fn a_name_selects_a_check_a_folder_or_tests_in_a_folder() {
        let parts = named(&["format", "measure", "page::rounds::long", "page::route"]).unwrap();
        assert!(parts.has_check("format") && !parts.has_check("clippy") && !parts.has_lab() && !parts.is_all());
        assert_eq!(parts.packages(), [("launcelot-measure", None)]);
        assert!(parts.has_measure());
        assert_eq!(parts.page(), Some(&["rounds::long".to_owned(), "route".to_owned()][..]));
    }

    #[test]
    fn an_unknown_name_is_an_error_that_lists_the_parts() {
        let failure = named(&["swallow"]).unwrap_err().to_string();
        assert!(
            failure.starts_with("'swallow' is not a part of the tests; the parts are: format, clippy"),
            "{failure}"
        );
    }

    #[test]
    fn every_folder_with_a_package_is_a_part() {
        let manifest = include_str!("../../Cargo.toml");
        let members = manifest.split_once("members = [").unwrap().1.split_once(']').unwrap().0;
        for member in members.split(',') {
            let member = member.trim().trim_matches('"');
            assert!(member.is_empty() || PACKAGES.iter().any(|(folder, _)| *folder == member), "{member}");
        }
    }
}
