//! Everything that must hold, in one run: what CI does, and what a person does before a commit.

use std::time::{Duration, Instant};

use crate::browser::Browser;
use crate::command::{self, Failure};
use crate::dist;
use crate::install;
use crate::openssh::OpenSsh;
use crate::progress::{Progress, in_words};
use crate::tools::WASM_TARGET;
use crate::workspace::Workspace;

/// Installs, checks, builds and tests. The first step that fails ends it.
pub(crate) fn run(workspace: &Workspace, progress: &Progress) -> Result<(), Failure> {
    let mut steps = Steps::default();
    let browser = steps.take("Browser", || Browser::ready(workspace, progress))?;
    let openssh = steps.take("OpenSSH", || Ok(OpenSsh::look(workspace, progress)))?;
    let tools = steps.take("Tools", || {
        install::components(workspace, progress)?;
        install::all(workspace, progress)
    })?;
    let cargo = |arguments: &[&str]| {
        let mut command = workspace.cargo();
        command.args(arguments);
        command
    };
    steps.take("Formatting", || progress.run("cargo fmt", cargo(&["fmt", "--all", "--check"])))?;
    steps.take("Clippy", || {
        let all = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
        progress.run("everything", cargo(&all))?;
        let page = [
            "clippy",
            "--package",
            "launcelot-web",
            "--features",
            "split",
            "--target",
            WASM_TARGET,
            "--",
            "-D",
            "warnings",
        ];
        progress.run("the page, for wasm", cargo(&page))
    })?;
    steps.take("Documentation", || {
        let mut doc = cargo(&["doc", "--workspace", "--no-deps"]);
        doc.env("RUSTDOCFLAGS", "-D warnings");
        progress.run("cargo doc", doc)
    })?;
    steps.take("Page", || {
        let sizes = dist::build(workspace, progress, &tools, false)?;
        sizes.print();
        sizes.check()
    })?;
    steps.take("Tests", || {
        let mut tests = cargo(&["test", "--workspace", "--", "--include-ignored"]);
        browser.tell(&mut tests);
        dist::tell(workspace, &tools, &mut tests);
        openssh.tell(&mut tests);
        command::show(tests)
    })?;
    steps.print();
    if let Some(skipped) = openssh.skipped() {
        println!("{skipped}");
    }
    Ok(())
}

/// The steps that were taken, and how long each took.
#[derive(Debug, Default)]
struct Steps(Vec<(&'static str, Duration)>);

impl Steps {
    fn take<T>(&mut self, name: &'static str, step: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
        eprintln!("{name} …");
        let since = Instant::now();
        let result = step();
        let time = since.elapsed();
        match &result {
            Ok(_) => {
                eprintln!("{name}: good, in {}", in_words(time));
                self.0.push((name, time));
            }
            Err(_) => eprintln!("{name}: failed after {}", in_words(time)),
        }
        result
    }

    fn print(&self) {
        println!("\nAll is well.");
        for (name, time) in &self.0 {
            println!("  {name:<16}{:>12}", in_words(*time));
        }
        println!("  {:<16}{:>12}", "in all", in_words(self.0.iter().map(|(_, time)| *time).sum()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_step_is_no_step_taken() {
        let mut steps = Steps::default();
        steps.take("Name", || Ok(())).unwrap();
        let failure = steps.take("Color", || Err::<(), _>(Failure::new("blue, no"))).unwrap_err();
        assert_eq!(failure.to_string(), "blue, no");
        assert_eq!(steps.0.len(), 1);
    }
}
