//! What the browser tests need: Chromium, its driver, and axe-core, found or installed.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::output_of;
use crate::failure::Failure;
use crate::install;
use crate::packages;
use crate::progress::Progress;
use crate::tools::{self, Tool};
use crate::versions;
use crate::workspace::{Workspace, find_program};

/// The names that Chromium goes by.
const CHROMIUM: [&str; 5] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];

/// The variables that name what the browser tests use. The first two, if set, choose the browser.
const CHROMIUM_VARIABLE: &str = "LAUNCELOT_CHROMIUM";
const DRIVER_VARIABLE: &str = "LAUNCELOT_CHROMEDRIVER";
const AXE_VARIABLE: &str = "LAUNCELOT_AXE";

/// A browser, its driver, and what judges the page in it.
#[derive(Debug)]
pub(crate) struct Browser {
    chromium: PathBuf,
    driver: PathBuf,
    axe: PathBuf,
}

impl Browser {
    /// Finds all of it. With `install`, installs what is missing where this user may.
    pub(crate) fn find(workspace: &Workspace, progress: &Progress, install: bool) -> Result<Self, Failure> {
        require_packages(workspace, progress, install)?;
        let missing = || Failure::new("Chromium was installed, but neither it nor its driver is on the path");
        let chromium = chromium().ok_or_else(missing)?;
        let driver = driver().ok_or_else(missing)?;
        let (browser, drives) = (major(workspace.command(&chromium))?, major(workspace.command(&driver))?);
        if browser != drives {
            return Err(Failure::new(format!(
                "{} is version {browser}, but {} drives version {drives}: \
                 set {CHROMIUM_VARIABLE} and {DRIVER_VARIABLE} to a pair that belongs together",
                chromium.display(),
                driver.display(),
            )));
        }
        if install {
            install::tools(workspace, progress, &[Tool::Axe])?;
        }
        let axe = tools::look(workspace, Tool::Axe)?.path().map(Path::to_owned);
        let axe = axe.ok_or_else(|| Failure::new("axe-core is missing; type: cargo xtask test --install"))?;
        Ok(Self { chromium, driver, axe })
    }

    /// Tells a test where everything is.
    pub(crate) fn describe_to(&self, command: &mut Command) {
        command.env(CHROMIUM_VARIABLE, &self.chromium);
        command.env(DRIVER_VARIABLE, &self.driver);
        command.env(AXE_VARIABLE, &self.axe);
    }
}

fn require_packages(workspace: &Workspace, progress: &Progress, install: bool) -> Result<(), Failure> {
    let mut packages = Vec::new();
    if chromium().is_none() {
        // Without a font there is nothing to read on the page.
        packages.extend(["chromium", "fonts-liberation"]);
    }
    if driver().is_none() {
        packages.push("chromium-driver");
    }
    let has_axe = tools::look(workspace, Tool::Axe)?.path().is_some();
    if !has_axe && find_program("npm").is_none() {
        packages.extend(["nodejs", "npm"]);
    }
    if packages.iter().any(|package| package.starts_with("chromium")) && packages::distribution() == "ubuntu" {
        return Err(Failure::new(format!(
            "the tests drive a browser, and Ubuntu's Chromium is a snap, which they cannot drive: install Chrome and the \
             chromedriver of its version, and set {CHROMIUM_VARIABLE} and {DRIVER_VARIABLE} to them"
        )));
    }
    if packages.is_empty() {
        return Ok(());
    }
    packages::require(workspace, progress, &packages, "the tests drive a browser", install)
}

fn chromium() -> Option<PathBuf> {
    let find = || CHROMIUM.iter().find_map(|name| find_program(name));
    env::var_os(CHROMIUM_VARIABLE).and_then(non_empty).or_else(find)
}

fn driver() -> Option<PathBuf> {
    env::var_os(DRIVER_VARIABLE).and_then(non_empty).or_else(|| find_program("chromedriver"))
}

fn non_empty(path: OsString) -> Option<PathBuf> {
    (!path.is_empty()).then(|| path.into())
}

fn major(mut command: Command) -> Result<u32, Failure> {
    let program = command.get_program().to_string_lossy().into_owned();
    command.arg("--version");
    let text = output_of(command)?;
    versions::said(&text)
        .and_then(versions::major)
        .ok_or_else(|| Failure::new(format!("{program} does not say its version: `{}`", text.trim())))
}
