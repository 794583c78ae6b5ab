//! Loads with fixed plans. Each is a `launcelot-lab load` that a person could type.

use std::path::Path;

use clap::Parser;

use crate::load::options::LoadOptions;
use crate::load::run::{Load, LoadError};

/// A load with a fixed plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CannedLoad {
    /// The name of its folder.
    pub(super) name: String,
    /// What it shows.
    pub(super) shows: String,
    /// The arguments of `launcelot-lab load`.
    pub(super) arguments: Vec<String>,
    /// The only processor that the load generator and its servers share; `None` if they may use all.
    pub(super) processor: Option<usize>,
}

#[derive(Debug, Parser)]
#[command(name = "launcelot-lab load", no_binary_name = true)]
struct Arguments {
    #[command(flatten)]
    options: LoadOptions,
}

impl CannedLoad {
    /// Returns the options that the arguments are parsed to.
    pub(super) fn options(&self) -> LoadOptions {
        Arguments::parse_from(&self.arguments).options
    }

    /// Returns the load, with its results in a folder of its own in `parent`.
    pub(super) fn load(&self, parent: &Path) -> Result<Load, LoadError> {
        Load::new(&LoadOptions { output: Some(parent.join(&self.name)), ..self.options() })
    }

    /// Returns what the load shows and the command that repeats it, as the lines above its table.
    pub(super) fn heading(&self, is_markdown: bool) -> String {
        let prefix = if is_markdown { "## " } else { "" };
        let pinned = self.processor.map(|processor| format!("taskset --cpu-list {processor} ")).unwrap_or_default();
        format!("{prefix}{}\n{pinned}launcelot-lab load {}\n\n", self.shows, shell_words::join(&self.arguments))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heading_is_a_command_that_can_be_typed() {
        let arguments = ["--server", "mine=python3 mine.py {port}", "--clients", "1"].map(str::to_owned).to_vec();
        let mut canned =
            CannedLoad { name: "mine".to_owned(), shows: "A server".to_owned(), arguments, processor: None };
        let expected = "## A server\nlauncelot-lab load --server 'mine=python3 mine.py {port}' --clients 1\n\n";
        assert_eq!(canned.heading(true), expected);
        assert_eq!(canned.options().plan().unwrap().servers[0].name, "mine");
        canned.processor = Some(1);
        assert!(canned.heading(false).starts_with("A server\ntaskset --cpu-list 1 launcelot-lab load --server "));
    }
}
