//! Everything the tests need besides cargo: found, or installed on request.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use crate::browser::Browser;
use crate::failure::Failure;
use crate::firefox::Firefox;
use crate::hdrhistogram;
use crate::install;
use crate::interoperability::Interoperability;
use crate::openssh::OpenSsh;
use crate::optimizers::Optimizers;
use crate::packages;
use crate::parts::Parts;
use crate::progress::Progress;
use crate::requirements::{Requirement, Skips};
use crate::tools::{self, Tool};
use crate::workspace::{Workspace, find_program};

/// Everything the tests need besides cargo, as far as it was found.
#[derive(Debug)]
pub(crate) struct Setup {
    pub(crate) browser: Option<Browser>,
    pub(crate) firefox: Option<Firefox>,
    pub(crate) openssh: Option<OpenSsh>,
    pub(crate) has_python: bool,
    pub(crate) has_namespaces: bool,
    /// The Python that has PyPI's `hdrhistogram`.
    pub(crate) hdrhistogram: Option<PathBuf>,
    pub(crate) trunk: Option<Trunk>,
    pub(crate) optimizers: Optimizers,
    pub(crate) interoperability: Interoperability,
}

/// trunk, and the `PATH` on which it finds its wasm-bindgen.
#[derive(Debug)]
pub(crate) struct Trunk {
    pub(crate) program: PathBuf,
    pub(crate) path: OsString,
}

impl Setup {
    /// Finds everything that `parts` need, and adds what is skipped to `skips`. With `install`, installs what is missing,
    /// and fails if that is not possible. The programs of long tests are left out unless those run.
    pub(crate) fn find(
        workspace: &Workspace,
        progress: &Progress,
        parts: &Parts,
        long: bool,
        install: bool,
        skips: &mut Skips,
    ) -> Result<Self, Failure> {
        if parts.has_check("format") || parts.has_check("clippy") {
            install::add_components(workspace, progress)?;
        }
        if parts.has_check("clippy") || parts.page().is_some() {
            install::add_wasm_target(workspace, progress)?;
        }
        let mut setup = Self {
            browser: None,
            firefox: None,
            openssh: None,
            has_python: false,
            has_namespaces: false,
            hdrhistogram: None,
            trunk: None,
            optimizers: Optimizers::default(),
            interoperability: Interoperability::default(),
        };
        if parts.has_bridge() && long {
            setup.interoperability = Interoperability::find(workspace, progress, install, skips)?;
        }
        if parts.has_lab() {
            let found = OpenSsh::find(workspace, progress, install);
            setup.openssh = skips.unless_found(Requirement::OpenSsh, install, found)?;
            let found = python(workspace, progress, install);
            setup.has_python = skips.unless_found(Requirement::Python, install, found)?.is_some();
            let found = namespaces();
            setup.has_namespaces = skips.unless_found(Requirement::Namespaces, install, found)?.is_some();
        }
        if parts.has_measure() {
            let python = python(workspace, progress, install);
            let found = python.and_then(|()| hdrhistogram::find(workspace, progress, install));
            setup.hdrhistogram = skips.unless_found(Requirement::HdrHistogram, install, found)?;
        }
        if parts.page().is_some() {
            let found = Browser::find(workspace, progress, install);
            setup.browser = skips.unless_found(Requirement::Browser, install, found)?;
        }
        if setup.browser.is_some() {
            let requirement = if long { Requirement::FirefoxLong } else { Requirement::Firefox };
            let found = Firefox::find(workspace, progress, install);
            setup.firefox = skips.unless_found(requirement, install, found)?;
            let found = trunk(workspace, progress, install);
            setup.trunk = skips.unless_found(Requirement::Trunk, install, found)?;
            setup.optimizers =
                if install { Optimizers::install(workspace, progress)? } else { Optimizers::find(workspace)? };
        }
        Ok(setup)
    }
}

/// Finds Python, which the tests start by its name.
fn python(workspace: &Workspace, progress: &Progress, install: bool) -> Result<(), Failure> {
    if find_program("python3").is_some() {
        return Ok(());
    }
    packages::require(workspace, progress, &["python3"], "some tests probe a server in Python", install)
}

/// Tries what the tests do in namespaces: a network with few ports, and a small file system.
fn namespaces() -> Result<(), Failure> {
    let script = "ip link set lo up && echo 40000 40001 > /proc/sys/net/ipv4/ip_local_port_range && \
                  mount -t tmpfs -o size=20k none /tmp";
    let mut unshare = Command::new("unshare");
    unshare.args(["--map-root-user", "--net", "--mount", "sh", "-c", script]);
    match unshare.output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => {
            let reason = String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; ");
            Err(Failure::new(format!("namespaces of network and mounts are not permitted here: {reason}")))
        }
        Err(error) => Err(Failure::new(format!("cannot run unshare: {error}"))),
    }
}

/// Finds trunk, together with the wasm-bindgen that it calls.
fn trunk(workspace: &Workspace, progress: &Progress, install: bool) -> Result<Trunk, Failure> {
    if install {
        install::tools(workspace, progress, &[Tool::Trunk, Tool::WasmBindgen])?;
    }
    let trunk = tools::find(workspace, Tool::Trunk)?;
    let wasm_bindgen = tools::find(workspace, Tool::WasmBindgen)?;
    let (Some(program), Some(wasm_bindgen)) = (trunk.path(), wasm_bindgen.path()) else {
        return Err(Failure::new("trunk or its wasm-bindgen is missing; type: cargo xtask tools"));
    };
    let mut path = wasm_bindgen.with_file_name("").into_os_string();
    if let Some(rest) = env::var_os("PATH") {
        path.push(":");
        path.push(rest);
    }
    Ok(Trunk { program: program.to_owned(), path })
}
