//! Programs of other people for the long tests of the bridge: reverse proxies, servers, and clients in Python and
//! JavaScript. Found, or installed on request.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::browser;
use crate::command::output_of;
use crate::failure::{Context, Failure};
use crate::install;
use crate::packages;
use crate::progress::Progress;
use crate::requirements::{Requirement, Skips};
use crate::tools::{self, Tool, cache, check_npm};
use crate::workspace::{self, Workspace, find_program, is_program};

/// Why packages are installed, for the user.
const WHY: &str = "long tests connect the bridge with other people's programs";

/// Where distributions put programs that are not on the `PATH` of common users.
const SYSTEM_PROGRAMS: &str = "/usr/sbin";

/// A program of the distribution.
struct Program {
    requirement: Requirement,
    name: &'static str,
    /// Debian's package; `None` if it is not installed for the tests.
    package: Option<&'static str>,
    /// The environment variable by which a test gets its path.
    variable: &'static str,
}

const PROGRAMS: [Program; 6] = [
    Program { requirement: Requirement::Nginx, name: "nginx", package: Some("nginx"), variable: "LAUNCELOT_NGINX" },
    Program {
        requirement: Requirement::HaProxy,
        name: "haproxy",
        package: Some("haproxy"),
        variable: "LAUNCELOT_HAPROXY",
    },
    Program {
        requirement: Requirement::Redis,
        name: "redis-server",
        package: Some("redis-server"),
        variable: "LAUNCELOT_REDIS",
    },
    Program {
        requirement: Requirement::Sshd,
        name: "sshd",
        package: Some("openssh-server"),
        variable: "LAUNCELOT_SSHD",
    },
    Program { requirement: Requirement::Curl, name: "curl", package: Some("curl"), variable: "LAUNCELOT_CURL" },
    Program { requirement: Requirement::PostgreSql, name: "postgres", package: None, variable: "LAUNCELOT_POSTGRES" },
];

/// The clients in Python, each with its version.
const PYTHON_CLIENTS: [&str; 2] = ["websockets==17.4", "websocket-client==1.9.2"];

/// The paths of the programs that were found.
#[derive(Debug, Default)]
pub(crate) struct Interoperability {
    paths: Vec<(&'static str, PathBuf)>,
    missing: Vec<Requirement>,
}

impl Interoperability {
    /// Finds the programs, and adds the tests of the missing ones to `skips`. With `install`, installs what is missing,
    /// as far as this user may, and fails if that is not possible.
    pub(crate) fn find(
        workspace: &Workspace,
        progress: &Progress,
        install: bool,
        skips: &mut Skips,
    ) -> Result<Self, Failure> {
        if install {
            install_packages(workspace, progress)?;
        }
        let mut found = Self::default();
        for Program { requirement, name, package, variable } in PROGRAMS {
            let path = find_system_program(name).map(|path| vec![(variable, path)]);
            let path = path.ok_or_else(|| Failure::new(format!("{name} is not on the path")));
            found.add(skips, requirement, install && package.is_some(), path)?;
        }
        let python = python_clients(workspace, progress, install);
        found.add(skips, Requirement::PythonClients, install, python)?;
        let node = node_clients(workspace, progress, install);
        found.add(skips, Requirement::NodeClients, install, node)?;
        let novnc = novnc(workspace, progress, install);
        found.add(skips, Requirement::NoVnc, install, novnc)?;
        Ok(found)
    }

    fn add(
        &mut self,
        skips: &mut Skips,
        requirement: Requirement,
        mandatory: bool,
        paths: Result<Vec<(&'static str, PathBuf)>, Failure>,
    ) -> Result<(), Failure> {
        match skips.unless_found(requirement, mandatory, paths)? {
            Some(paths) => self.paths.extend(paths),
            None => self.missing.push(requirement),
        }
        Ok(())
    }

    /// Returns the requirements that are missing.
    pub(crate) fn missing(&self) -> &[Requirement] {
        &self.missing
    }

    /// Passes the paths to a test.
    pub(crate) fn set_env(&self, tests: &mut Command) {
        tests.envs(self.paths.iter().map(|(variable, path)| (variable, path)));
    }
}

fn find_system_program(name: &str) -> Option<PathBuf> {
    let elsewhere = Path::new(SYSTEM_PROGRAMS).join(name);
    find_program(name).or_else(|| is_program(&elsewhere).then_some(elsewhere))
}

/// Installs the packages of the distribution that are missing, all together.
fn install_packages(workspace: &Workspace, progress: &Progress) -> Result<(), Failure> {
    let missing = PROGRAMS.iter().filter(|program| find_system_program(program.name).is_none());
    let mut names: Vec<&str> = missing.filter_map(|program| program.package).collect();
    if check_npm().is_err() {
        names.extend(["nodejs", "npm"]);
    }
    let mut venv = workspace.command("python3");
    venv.args(["-c", "import ensurepip, venv"]);
    if output_of(venv).is_err() {
        names.extend(["python3", "python3-venv"]);
    }
    if names.is_empty() {
        return Ok(());
    }
    packages::require_without_services(workspace, progress, &names, WHY, true)
}

/// Finds Python with its clients, in a virtual environment of their versions.
fn python_clients(
    workspace: &Workspace,
    progress: &Progress,
    install: bool,
) -> Result<Vec<(&'static str, PathBuf)>, Failure> {
    let folder = cache()?.join(format!("python-{}", PYTHON_CLIENTS.join("-").replace("==", "-")));
    let python = folder.join("bin/python3");
    let found = || {
        let mut import = workspace.command(&python);
        import.args(["-c", "import websocket, websockets"]);
        output_of(import).map(|_| vec![("LAUNCELOT_PYTHON_CLIENTS", python.clone())])
    };
    if !install {
        return found().map_err(|_| missing_from("PyPI", &PYTHON_CLIENTS));
    }
    let _lock = workspace::lock(&folder.with_added_extension("lock"))?;
    if let Ok(found) = found() {
        return Ok(found);
    }
    if folder.exists() {
        fs::remove_dir_all(&folder).context(|| format!("cannot remove {}", folder.display()))?;
    }
    let mut venv = workspace.command("python3");
    venv.args(["-m", "venv"]).arg(&folder);
    progress.run("a virtual environment of Python", venv)?;
    let mut pip = workspace.command(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(PYTHON_CLIENTS);
    progress.run(&PYTHON_CLIENTS.join(" "), pip)?;
    found()
}

/// Finds the clients in JavaScript.
fn node_clients(
    workspace: &Workspace,
    progress: &Progress,
    install: bool,
) -> Result<Vec<(&'static str, PathBuf)>, Failure> {
    check_npm().map_err(Failure::new)?;
    let ws = package(workspace, progress, install, Tool::Ws)?;
    let undici = package(workspace, progress, install, Tool::Undici)?;
    Ok(vec![("LAUNCELOT_WS", ws), ("LAUNCELOT_UNDICI", undici)])
}

/// Finds noVNC and the browser in which it runs.
fn novnc(workspace: &Workspace, progress: &Progress, install: bool) -> Result<Vec<(&'static str, PathBuf)>, Failure> {
    let chromium = browser::find_chromium(workspace, progress, install)?;
    let novnc = package(workspace, progress, install, Tool::NoVnc)?;
    Ok(vec![(browser::CHROMIUM_VARIABLE, chromium), ("LAUNCELOT_NOVNC", novnc)])
}

/// Finds the folder of a package from npm.
fn package(workspace: &Workspace, progress: &Progress, install: bool, tool: Tool) -> Result<PathBuf, Failure> {
    if install {
        install::tools(workspace, progress, &[tool])?;
    }
    let manifest = tools::find(workspace, tool)?;
    let folder = manifest.path().and_then(Path::parent).map(Path::to_owned);
    folder.ok_or_else(|| missing_from("npm", &[tool.package()]))
}

fn missing_from(registry: &str, packages: &[&str]) -> Failure {
    let names = packages.join(" and ");
    Failure::new(format!("{names} of {registry} are missing; type: cargo xtask test --long --install"))
}
