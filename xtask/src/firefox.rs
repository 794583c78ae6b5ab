//! Firefox and geckodriver for the tests in a second browser: found, or installed on request; and which tests run there.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;
use crate::install;
use crate::packages;
use crate::progress::Progress;
use crate::tools::{self, Tool};
use crate::workspace::{Workspace, find_program};

/// The names of Firefox's program.
const FIREFOX_NAMES: [&str; 2] = ["firefox-esr", "firefox"];

/// The environment variables from which the tests take the paths. A user may set them to choose a browser and its driver.
const FIREFOX_VARIABLE: &str = "LAUNCELOT_FIREFOX";
const DRIVER_VARIABLE: &str = "LAUNCELOT_GECKODRIVER";

/// The environment variable that chooses the browser in which the tests run; Chromium without it.
const BROWSER_VARIABLE: &str = "LAUNCELOT_BROWSER";

/// The tests that also run in Firefox without `--long`, by their whole names.
pub(crate) const FEW: [&str; 6] = [
    "dialogue::the_button_shows_three_answers_and_their_times_in_both_orders",
    "exports::an_imported_export_is_drawn_and_marked_as_imported",
    "not_isolated::the_page_works_without_cross_origin_isolation_and_says_that_its_clock_is_coarser",
    "replay::slow_motion_steps_through_a_run_in_order_to_its_end",
    "rounds::a_thousand_rounds_give_a_thousand_samples_and_percentiles_that_rise",
    "route::race::a_race_on_a_short_link_has_a_result_or_offers_a_longer_link",
];

/// The tests in a browser that do not run in Firefox, by their whole names, each with the reason.
pub(crate) const ONLY_IN_CHROMIUM: [(&str, &str); 8] = [
    ("imports::long_alone::a_large_file_does_not_block_the_page", "only Chromium reports long tasks"),
    ("imports::long_alone::a_large_result_of_a_load_does_not_block_the_page", "only Chromium reports long tasks"),
    ("keeping::long_alone::fifty_stored_runs_do_not_block_the_page", "only Chromium reports long tasks"),
    ("picture::the_screenshot_of_the_page_is_small_enough_for_the_documentation", "the documents show Chromium"),
    (
        "picture::long_alone::the_screenshot_of_a_report_on_a_load_is_small_enough_for_the_documentation",
        "the documents show Chromium",
    ),
    ("rounds::interrupted::rounds_of_a_frozen_page_are_marked_as_suspended", "Firefox freezes no page"),
    (
        "rounds::interrupted::rounds_of_a_page_in_the_back_forward_cache_are_marked_as_suspended",
        "Firefox keeps no page with a connection in that cache",
    ),
    (
        "rounds::long_alone::ten_thousand_rounds_neither_block_the_page_nor_grow_its_memory",
        "only Chromium measures a page's memory",
    ),
];

/// The paths of Firefox and of its driver.
#[derive(Debug)]
pub(crate) struct Firefox {
    program: PathBuf,
    driver: PathBuf,
}

impl Firefox {
    /// Finds Firefox and geckodriver. With `install`, installs what is missing, as far as this user may.
    pub(crate) fn find(workspace: &Workspace, progress: &Progress, install: bool) -> Result<Self, Failure> {
        if program().is_none() {
            if packages::distribution() == "ubuntu" {
                return Err(Failure::new(format!(
                    "the tests also drive Firefox, and Ubuntu's is a snap, which they cannot drive: install Mozilla's, and \
                     set {FIREFOX_VARIABLE} to it"
                )));
            }
            packages::require(workspace, progress, &["firefox-esr"], "the tests also drive Firefox", install)?;
        }
        let program = program().ok_or_else(|| Failure::new("Firefox was installed, but is not on the path"))?;
        if let Some(driver) = env::var_os(DRIVER_VARIABLE).filter(|path| !path.is_empty()) {
            return Ok(Self { program, driver: driver.into() });
        }
        if install {
            install::tools(workspace, progress, &[Tool::Geckodriver])?;
        }
        let driver = tools::find(workspace, Tool::Geckodriver)?.path().map(Path::to_owned);
        let driver = driver.ok_or_else(|| Failure::new("geckodriver is missing; type: cargo xtask test --install"))?;
        Ok(Self { program, driver })
    }

    /// Passes the paths to a test, and has it run in Firefox.
    pub(crate) fn set_env(&self, command: &mut Command) {
        command.env(BROWSER_VARIABLE, "firefox");
        command.env(FIREFOX_VARIABLE, &self.program);
        command.env(DRIVER_VARIABLE, &self.driver);
    }
}

/// Returns the tests of [`FEW`] that match one of the filters; without filters, all of [`FEW`].
pub(crate) fn few(filters: &[String]) -> Vec<String> {
    let matches = |name: &str| filters.is_empty() || filters.iter().any(|filter| name.contains(filter.as_str()));
    FEW.iter().filter(|name| matches(name)).map(|name| (*name).to_owned()).collect()
}

fn program() -> Option<PathBuf> {
    let chosen = env::var_os(FIREFOX_VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from);
    chosen.or_else(|| FIREFOX_NAMES.iter().find_map(|name| find_program(name)))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn without_a_filter_all_of_the_few_run_and_otherwise_those_that_match_one() {
        assert_eq!(few(&[]), FEW);
        assert_eq!(few(&["race::".to_owned(), "replay".to_owned()]), [FEW[3], FEW[5]]);
        assert_eq!(few(&["swallow".to_owned()]), [""; 0]);
    }

    #[test]
    fn every_test_that_is_named_here_exists() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../lab/tests/page");
        for name in FEW.into_iter().chain(ONLY_IN_CHROMIUM.map(|(name, _)| name)) {
            let (module, test) = name.rsplit_once("::").unwrap();
            // A module without a file of its own is in that of the module around it.
            let outer = module.rsplit_once("::").map_or(module, |(outer, _)| outer);
            let file = |module: &str| folder.join(module.replace("::", "/")).with_extension("rs");
            let path = if file(module).exists() { file(module) } else { file(outer) };
            let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            assert!(text.contains(&format!("fn {test}()")), "{name}");
        }
    }
}
