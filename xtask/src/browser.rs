//! Chromium, its driver and axe-core for the tests in a browser: found, or installed on request.

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

/// The names of Chromium's program.
const CHROMIUM_NAMES: [&str; 5] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];

/// The environment variables from which the tests take the paths. A user may set the first two to choose a browser and
/// its driver.
pub(crate) const CHROMIUM_VARIABLE: &str = "LAUNCELOT_CHROMIUM";
const DRIVER_VARIABLE: &str = "LAUNCELOT_CHROMEDRIVER";
const AXE_VARIABLE: &str = "LAUNCELOT_AXE";

/// The paths of a browser, of its driver, and of axe-core, which checks the page's accessibility.
#[derive(Debug)]
pub(crate) struct Browser {
    chromium: PathBuf,
    driver: PathBuf,
    axe: PathBuf,
}

impl Browser {
    /// Finds the browser, its driver and axe-core. With `install`, installs what is missing, as far as this user may.
    pub(crate) fn find(workspace: &Workspace, progress: &Progress, install: bool) -> Result<Self, Failure> {
        require_packages(workspace, progress, install)?;
        let chromium = chromium().ok_or_else(|| Failure::new("Chromium was installed, but is not on the path"))?;
        let driver = driver().ok_or_else(|| Failure::new("chromedriver was installed, but is not on the path"))?;
        let chromium_version = major_version(workspace.command(&chromium))?;
        let driver_version = major_version(workspace.command(&driver))?;
        if chromium_version != driver_version {
            return Err(Failure::new(format!(
                "{} is version {chromium_version}, but {} drives version {driver_version}: \
                 set {CHROMIUM_VARIABLE} and {DRIVER_VARIABLE} to programs of one version",
                chromium.display(),
                driver.display(),
            )));
        }
        if install {
            install::tools(workspace, progress, &[Tool::Axe])?;
        }
        let axe = tools::find(workspace, Tool::Axe)?.path().map(Path::to_owned);
        let axe = axe.ok_or_else(|| Failure::new("axe-core is missing; type: cargo xtask test --install"))?;
        Ok(Self { chromium, driver, axe })
    }

    /// Passes the paths to a test.
    pub(crate) fn set_env(&self, command: &mut Command) {
        command.env(CHROMIUM_VARIABLE, &self.chromium);
        command.env(DRIVER_VARIABLE, &self.driver);
        command.env(AXE_VARIABLE, &self.axe);
    }
}

/// Finds Chromium, without its driver. With `install`, installs it, as far as this user may.
pub(crate) fn find_chromium(workspace: &Workspace, progress: &Progress, install: bool) -> Result<PathBuf, Failure> {
    if chromium().is_none() {
        require_packages(workspace, progress, install)?;
    }
    chromium().ok_or_else(|| Failure::new("Chromium was installed, but is not on the path"))
}

fn require_packages(workspace: &Workspace, progress: &Progress, install: bool) -> Result<(), Failure> {
    let mut packages = Vec::new();
    if chromium().is_none() {
        // Without any font the page would have no text.
        packages.extend(["chromium", "fonts-liberation"]);
    }
    if driver().is_none() {
        packages.push("chromium-driver");
    }
    let has_axe = tools::find(workspace, Tool::Axe)?.path().is_some();
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
    let chosen = env::var_os(CHROMIUM_VARIABLE).and_then(non_empty);
    chosen.or_else(|| CHROMIUM_NAMES.iter().find_map(|name| find_program(name)))
}

fn driver() -> Option<PathBuf> {
    env::var_os(DRIVER_VARIABLE).and_then(non_empty).or_else(|| find_program("chromedriver"))
}

fn non_empty(path: OsString) -> Option<PathBuf> {
    (!path.is_empty()).then(|| path.into())
}

fn major_version(mut command: Command) -> Result<u32, Failure> {
    let program = command.get_program().to_string_lossy().into_owned();
    command.arg("--version");
    let text = output_of(command)?;
    let version = versions::find(&text).and_then(versions::major);
    version.ok_or_else(|| Failure::new(format!("`{program} --version` printed no version: `{}`", text.trim())))
}
