//! The benchmark of the designs with many clients: loads with fixed plans, each of which shows what tells the designs apart.

use std::process::ExitCode;

use clap::Parser as _;
use launcelot_endpoint::output;

use super::options::DesignsOptions;
use crate::command_line::{CommandLine, Instrument};
use crate::load;
use crate::load::command_line::LoadCommandError;
use crate::load::results_folder::default_path;

/// A load with a fixed plan.
#[derive(Debug, Clone, Copy)]
struct CannedLoad {
    /// The name of its folder.
    name: &'static str,
    /// What it shows.
    shows: &'static str,
    /// The arguments of `launcelot-lab load`.
    arguments: &'static [&'static str],
}

const LOADS: [CannedLoad; 4] = [
    CannedLoad {
        name: "link",
        shows: "Over a longer link: one client at a time, ten at a time, or all of them",
        arguments: &["--designs", "all", "--link", "ssh", "--clients", "1:2:5:10:15:20"],
    },
    CannedLoad {
        name: "one-client",
        shows: "One client on loopback: the designs are alike",
        arguments: &["--designs", "all", "--clients", "1"],
    },
    CannedLoad {
        name: "work",
        shows: "A server that works for 5 ms on each answer: who else waits meanwhile",
        arguments: &["--designs", "poll,threads,async", "--server-think", "5ms", "--clients", "1:4:8"],
    },
    CannedLoad {
        name: "backlog",
        shows: "A listener with a queue of 5: a client that finds it full connects after a second",
        arguments: &["--designs", "simple", "--backlog", "5", "--clients", "60", "--questions", "200"],
    },
];

/// Runs all loads one after the other, and prints the table of each. Returns the exit code of the first that did not complete.
///
/// # Errors
///
/// See [`LoadCommandError`].
pub fn run(options: &DesignsOptions) -> Result<ExitCode, LoadCommandError> {
    let folder = options.output.clone().unwrap_or_else(|| default_path("designs-"));
    for canned in LOADS {
        output::print(&heading(canned, options.markdown));
        let mut words = vec!["launcelot-lab".to_owned(), "load".to_owned()];
        words.extend(canned.arguments.iter().map(|&word| word.to_owned()));
        words.extend(["--output".to_owned(), folder.join(canned.name).display().to_string()]);
        words.extend(["--rounds".to_owned(), options.rounds.to_string()]);
        words.extend(["--duration".to_owned(), options.duration.to_string()]);
        if options.markdown {
            words.push("--markdown".to_owned());
        }
        let Some(Instrument::Load(load_options)) = CommandLine::parse_from(words).instrument else {
            unreachable!("the second word is the command");
        };
        let code = load::command_line::run(&load_options)?;
        if code != ExitCode::SUCCESS {
            return Ok(code);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn heading(canned: CannedLoad, is_markdown: bool) -> String {
    let prefix = if is_markdown { "## " } else { "" };
    format!("{prefix}{}\nlauncelot-lab load {}\n\n", canned.shows, canned.arguments.join(" "))
}
