//! PyPI's `hdrhistogram`, with which a test reads HdrHistogram logs: found, or installed on request.
//!
//! It is installed per user, each version into a virtual environment of its own, where every clone of the repository finds it.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::command::output_of;
use crate::failure::{Context, Failure};
use crate::packages;
use crate::progress::Progress;
use crate::tools;
use crate::workspace::{self, Workspace, is_program};

const VERSION: &str = "0.10.8";

/// Returns the Python that has the package. With `install`, installs the package if it is missing.
pub(crate) fn find(workspace: &Workspace, progress: &Progress, install: bool) -> Result<PathBuf, Failure> {
    let folder = tools::cache()?.join(format!("hdrhistogram-{VERSION}"));
    let python = python_in(&folder);
    if is_program(&python) {
        return Ok(python);
    }
    if !install {
        let what = "PyPI's hdrhistogram is missing, with which one test reads logs";
        return Err(Failure::new(format!("{what}; type: cargo xtask test --install")));
    }
    let _lock = workspace::lock(&folder.with_added_extension("lock"))?;
    if !is_program(&python) {
        install_into(workspace, progress, &folder)?;
    }
    Ok(python)
}

fn python_in(folder: &Path) -> PathBuf {
    folder.join("bin/python")
}

/// Installs into a temporary folder, which is renamed when it is complete. The Python in it runs from any folder.
fn install_into(workspace: &Workspace, progress: &Progress, folder: &Path) -> Result<(), Failure> {
    let mut has_pip = workspace.command("python3");
    has_pip.args(["-c", "import ensurepip, venv"]);
    if output_of(has_pip).is_err() {
        packages::require(workspace, progress, &["python3-venv"], "a test reads logs with a package from PyPI", true)?;
    }
    let partial = folder.with_added_extension("partial");
    match fs::remove_dir_all(&partial) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(error).context(|| format!("cannot remove {}", partial.display()));
        }
        _ => {}
    }
    let mut create = workspace.command("python3");
    create.args(["-m", "venv"]).arg(&partial);
    progress.run("virtual environment", create)?;
    let mut install = workspace.command(python_in(&partial));
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    install.arg(format!("hdrhistogram=={VERSION}"));
    progress.run(&format!("hdrhistogram {VERSION}"), install)?;
    fs::rename(&partial, folder).context(|| format!("cannot rename {}", partial.display()))
}
