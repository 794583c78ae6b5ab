//! What the browser tests need: Chromium, its driver, and axe-core, found or installed.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use crate::command::{Failure, output_of};
use crate::install;
use crate::packages;
use crate::progress::Progress;
use crate::tools::{NODE_MAJOR_MIN, is_npm_version, node_major, npm_package};
use crate::versions;
use crate::workspace::Workspace;

/// The names that Chromium goes by.
const CHROMIUM: [&str; 5] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];

/// axe-core finds what keeps people with a screen reader or a keyboard out.
const AXE: (&str, &str) = ("axe-core", "4.14.1");

/// The variables that name what the browser tests use. Who sets the first two chooses the browser.
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
    /// Finds all of it, or installs what is missing where this user may.
    pub(crate) fn ready(workspace: &Workspace, progress: &Progress) -> Result<Self, Failure> {
        install_packages(workspace, progress)?;
        let missing = || Failure::new("Chromium was installed, but neither it nor its driver is on the path");
        let chromium = chromium(workspace).ok_or_else(missing)?;
        let driver = driver(workspace).ok_or_else(missing)?;
        let (browser, drives) = (major(workspace.command(&chromium))?, major(workspace.command(&driver))?);
        if browser != drives {
            return Err(Failure::new(format!(
                "{} is version {browser}, but {} drives version {drives}: \
                 set {CHROMIUM_VARIABLE} and {DRIVER_VARIABLE} to a pair that belongs together",
                chromium.display(),
                driver.display(),
            )));
        }
        Ok(Self { chromium, driver, axe: axe(workspace, progress)? })
    }

    /// Tells a test where everything is.
    pub(crate) fn tell(&self, command: &mut Command) {
        command.env(CHROMIUM_VARIABLE, &self.chromium);
        command.env(DRIVER_VARIABLE, &self.driver);
        command.env(AXE_VARIABLE, &self.axe);
    }
}

fn install_packages(workspace: &Workspace, progress: &Progress) -> Result<(), Failure> {
    let mut packages = Vec::new();
    if chromium(workspace).is_none() {
        // Without a font there is nothing to read on the page.
        packages.extend(["chromium", "fonts-liberation"]);
    }
    if driver(workspace).is_none() {
        packages.push("chromium-driver");
    }
    if workspace.find_program("npm").is_none() {
        packages.extend(["nodejs", "npm"]);
    }
    if packages.iter().any(|package| package.starts_with("chromium")) && packages::distribution() == "ubuntu" {
        return Err(Failure::new(format!(
            "the tests drive a browser, and Ubuntu's Chromium is a snap, which they cannot drive: install Chrome and the \
             chromedriver of its version, and set {CHROMIUM_VARIABLE} and {DRIVER_VARIABLE} to them"
        )));
    }
    if !packages.is_empty() {
        packages::install(workspace, progress, &packages, "the tests drive a browser")?;
    }
    match node_major(workspace) {
        Some(major) if major >= NODE_MAJOR_MIN => Ok(()),
        _ => Err(Failure::new(format!(
            "what makes the page small needs Node {NODE_MAJOR_MIN} or newer, and what is here is older: put a newer one on the path"
        ))),
    }
}

fn chromium(workspace: &Workspace) -> Option<PathBuf> {
    let find = || CHROMIUM.iter().find_map(|name| workspace.find_program(name));
    env::var_os(CHROMIUM_VARIABLE).and_then(non_empty).or_else(find)
}

fn driver(workspace: &Workspace) -> Option<PathBuf> {
    env::var_os(DRIVER_VARIABLE).and_then(non_empty).or_else(|| workspace.find_program("chromedriver"))
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

fn axe(workspace: &Workspace, progress: &Progress) -> Result<PathBuf, Failure> {
    let (package, version) = AXE;
    let folder = npm_package(workspace, package);
    let script = folder.join("axe.min.js");
    let is_there = is_npm_version(&folder, version) && script.is_file();
    if !is_there {
        progress.run(&format!("{package} {version}, by npm"), install::npm(workspace, package, version)?)?;
    }
    Ok(script)
}
