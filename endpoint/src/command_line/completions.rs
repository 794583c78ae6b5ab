//! Reading the arguments of a program, and the command `completions SHELL`.

use std::process;

use clap::{Arg, ArgMatches, Command, CommandFactory, FromArgMatches, value_parser};
use clap_complete::{Shell, generate};

use crate::output;

/// The name of the command that prints completions.
const COMPLETIONS: &str = "completions";

/// Maximum width of help, in columns. In a narrower terminal, help is wrapped to the terminal's width.
const HELP_MAX_COLUMNS: usize = 80;

/// Reads the arguments of this program. Usage errors end it with exit code 2; `--help` and `completions SHELL` print what is
/// asked for and end it with 0.
pub fn parse<T: CommandFactory + FromArgMatches>() -> T {
    T::from_arg_matches(&matches::<T>()).unwrap_or_else(|error| error.exit())
}

/// Returns the arguments of this program as clap's matches, for a program that checks them itself. Like [`parse`], ends the
/// program after a usage error, `--help` and `completions SHELL`.
pub fn matches<T: CommandFactory>() -> ArgMatches {
    matches_of(T::command())
}

/// Returns the arguments of this program, like [`matches()`], for a command that was changed.
pub fn matches_of(command: Command) -> ArgMatches {
    let mut command = with_completions(command);
    let matches = command.get_matches_mut();
    if let Some((COMPLETIONS, arguments)) = matches.subcommand()
        && let Some(shell) = arguments.get_one::<Shell>("shell")
    {
        output::print(&script(&mut command, *shell));
        process::exit(0);
    }
    matches
}

fn with_completions(command: Command) -> Command {
    let shell = Arg::new("shell").value_name("SHELL").required(true).value_parser(value_parser!(Shell));
    let completions =
        Command::new(COMPLETIONS).about("Prints a script that completes this program's arguments").arg(shell);
    command
        .subcommand(completions)
        .args_conflicts_with_subcommands(true)
        .subcommand_negates_reqs(true)
        .disable_help_subcommand(true)
        .max_term_width(HELP_MAX_COLUMNS)
}

fn script(command: &mut Command, shell: Shell) -> String {
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    generate(shell, command, name, &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

#[cfg(test)]
mod tests {
    use clap::{Parser, ValueEnum as _};

    use super::*;
    use crate::command_line::Verbosity;

    #[derive(Debug, Parser)]
    #[command(name = "launcelot-example")]
    struct Example {
        host: String,
        port: Option<u16>,
        #[command(flatten)]
        verbosity: Verbosity,
    }

    #[test]
    fn the_completions_command_does_not_conflict_with_positional_arguments() {
        let parse = |arguments: &[&str]| with_completions(Example::command()).try_get_matches_from(arguments);
        let matches = parse(&["example", "completions", "bash"]).unwrap();
        assert_eq!(matches.subcommand_name(), Some(COMPLETIONS));
        let example = Example::from_arg_matches(&parse(&["example", "localhost", "1060", "-vv"]).unwrap()).unwrap();
        assert_eq!((example.host.as_str(), example.port, example.verbosity.verbose), ("localhost", Some(1060), 2));
        assert!(parse(&["example"]).is_err(), "the host is still required");
    }

    #[test]
    fn help_fits_80_columns() {
        let long = "word ".repeat(40);
        let mut command = with_completions(Example::command().about(long.clone()).after_help(long));
        let help = command.render_long_help().to_string();
        assert!(help.lines().all(|line| line.chars().count() <= HELP_MAX_COLUMNS), "{help}");
    }

    #[test]
    fn every_shell_gets_a_script_that_names_the_options() {
        for shell in Shell::value_variants() {
            assert!(script(&mut with_completions(Example::command()), *shell).contains("verbose"), "{shell}");
        }
    }
}
