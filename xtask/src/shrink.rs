//! Making the built page smaller: its WebAssembly by wasm-opt, its scripts by esbuild, each where it is there, and
//! the names between the two.

use std::fs;
use std::path::{Path, PathBuf};

use thousands::Separable as _;

use crate::command::{Attempt, Failure};
use crate::compress;
use crate::dist::Making;
use crate::progress::Progress;
use crate::shorten::shorten;
use crate::workspace::Workspace;

/// Asks Node, which wasm-opt needs anyway, whether a browser would accept a file.
const VALIDATE: &str = "process.exit(WebAssembly.validate(require('fs').readFileSync(process.argv[1])) ? 0 : 1)";

/// What a program's file is called behind the name that its script has.
pub(crate) const WASM: &str = "_bg.wasm";

/// Makes the page smaller, and tells its `index.html`, which names the sizes of programs for the progress while
/// loading.
pub(crate) fn page(Making { workspace, progress, tools, page, say }: &Making) -> Result<(), Failure> {
    let cannot = || "cannot make the page smaller".to_owned();
    let index = page.join("index.html");
    let mut html = fs::read_to_string(&index).attempt(cannot)?;
    let files = compress::files(page).attempt(cannot)?;
    for path in files.iter().filter(|path| has_extension(path, &["wasm"])) {
        let large = fs::metadata(path).attempt(cannot)?.len();
        if let Some(wasm_opt) = &tools.wasm_opt {
            optimize(workspace, progress, &wasm_opt.path, path)?;
        }
        shorten_names(path)?;
        let small = fs::metadata(path).attempt(cannot)?.len();
        say(&format!("{} bytes of wasm made {}", large.separate_with_commas(), small.separate_with_commas()));
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        html = with_size(&html, &name, large, small);
    }
    if let Some(esbuild) = &tools.esbuild {
        for path in files.iter().filter(|path| has_extension(path, &["js", "mjs"])) {
            let mut command = workspace.command(&esbuild.path);
            // A script stays what it is: no module is joined to another.
            command.args(["--minify", "--allow-overwrite", "--log-level=warning"]);
            command.arg(format!("--outfile={}", path.display())).arg(path);
            progress.command(command, say)?;
        }
    }
    fs::write(&index, html).attempt(cannot)
}

fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    path.extension().is_some_and(|extension| extensions.iter().any(|wanted| extension == *wanted))
}

fn optimize(workspace: &Workspace, progress: &Progress, wasm_opt: &Path, path: &Path) -> Result<(), Failure> {
    let smaller = path.with_extension("smaller");
    // It reads the features to keep to from the file itself. Functions whose names are alike are alike as a rule,
    // and compress better side by side: by 800 bytes.
    let mut command = workspace.command(wasm_opt);
    command.args(["-Oz", "--reorder-functions-by-name", "--strip-producers", "-o"]).arg(&smaller).arg(path);
    progress.command(command, &|_| ())?;
    let mut node = workspace.command("node");
    node.args(["--eval", VALIDATE]).arg(&smaller);
    progress.command(node, &|_| ())?;
    fs::rename(&smaller, path).attempt(|| format!("cannot replace {}", path.display()))
}

/// Shortens what a program and its script call each other. A program without a script of its own stays as it is.
fn shorten_names(program: &Path) -> Result<(), Failure> {
    let Some(script) = script_of(program) else { return Ok(()) };
    let cannot = || format!("cannot shorten the names in {}", program.display());
    let bytes = fs::read(program).attempt(cannot)?;
    let text = fs::read_to_string(&script).attempt(cannot)?;
    let (bytes, text) = shorten(&bytes, &text).map_err(|why| Failure::new(format!("{}: {why}", cannot())))?;
    fs::write(program, bytes).attempt(cannot)?;
    fs::write(&script, text).attempt(cannot)
}

fn script_of(program: &Path) -> Option<PathBuf> {
    let name = program.file_name()?.to_str()?.strip_suffix(WASM)?;
    Some(program.with_file_name(format!("{name}.js"))).filter(|script| script.is_file())
}

/// Trunk's start script with another size for one file: `'/page_bg.wasm', 190606`.
pub(crate) fn with_size(html: &str, name: &str, from: u64, to: u64) -> String {
    html.replace(&format!("{name}', {from},"), &format!("{name}', {to},"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_script_is_told_the_new_size_of_its_own_file_only() {
        let html = "init, '/page-1a_bg.wasm', 190606, initializer() … '/other_bg.wasm', 190606,";
        let expected = "init, '/page-1a_bg.wasm', 118393, initializer() … '/other_bg.wasm', 190606,";
        assert_eq!(with_size(html, "page-1a_bg.wasm", 190_606, 118_393), expected);
    }

    #[test]
    fn a_program_s_script_is_the_one_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("page-1a.js");
        fs::write(&script, "").unwrap();
        assert_eq!(script_of(&folder.path().join("page-1a_bg.wasm")), Some(script));
        assert_eq!(script_of(&folder.path().join("other_bg.wasm")), None);
    }
}
