//! The options of the program from a file, the environment and the command line.
//!
//! Each option has one name in all three: `--idle-timeout 1min`, `LAUNCELOT_BRIDGE_IDLE_TIMEOUT=1min`, and in the file, which
//! is TOML, `idle-timeout = "1min"`. The command line takes precedence over the environment, and that over the file: clap
//! gets the values of the file as defaults, so that each value is read and checked in the same way.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::builder::OsStr;
use clap::{Arg, ArgAction, ArgMatches, Command};
use thiserror::Error;
use toml::{Table, Value};

use crate::command_line::listen_takes_precedence;

/// The option that names the file.
const CONFIG: &str = "config";

/// What precedes an option's name in the environment.
const ENVIRONMENT_PREFIX: &str = "LAUNCELOT_BRIDGE_";

/// Options that a file or the environment cannot set.
const COMMAND_LINE_ONLY: [&str; 4] = [CONFIG, "print-config", "help", "version"];

/// A file of options cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// It cannot be read.
    #[error("cannot read the options in '{}'", .0.display())]
    Read(PathBuf, #[source] io::Error),
    /// It is not TOML.
    #[error("cannot read the options in '{}'", .0.display())]
    Syntax(PathBuf, #[source] Box<toml::de::Error>),
    /// It sets an option that does not exist.
    #[error("cannot use the options in '{}': unknown option '{name}'", .path.display())]
    Unknown {
        /// The file.
        path: PathBuf,
        /// The name in it.
        name: String,
    },
    /// It gives an option a value that is not a text, number, truth value, or list of them.
    #[error(
        "cannot use the options in '{}': the value of '{name}' is not a text, a number, true, false or a list",
        .path.display()
    )]
    Form {
        /// The file.
        path: PathBuf,
        /// The name in it.
        name: String,
    },
}

/// Returns `command` with the environment and the file that the arguments name as sources of its options.
///
/// # Errors
///
/// See [`ConfigError`].
pub fn with_sources(command: Command) -> Result<Command, ConfigError> {
    let command = command.mut_args(with_environment);
    let named = command.clone().ignore_errors(true).try_get_matches();
    let path = named.ok().and_then(|matches| matches.get_one::<PathBuf>(CONFIG).cloned());
    match path {
        Some(path) => with_file(command, &path),
        None => Ok(command),
    }
}

fn is_in_file(arg: &Arg) -> bool {
    arg.get_long().is_some_and(|name| !COMMAND_LINE_ONLY.contains(&name))
}

fn with_environment(arg: Arg) -> Arg {
    if !is_in_file(&arg) {
        return arg;
    }
    let name = arg.get_long().unwrap_or_default().to_uppercase().replace('-', "_");
    arg.env(OsStr::from(format!("{ENVIRONMENT_PREFIX}{name}"))).hide_env(true)
}

fn with_file(mut command: Command, path: &Path) -> Result<Command, ConfigError> {
    let text = fs::read_to_string(path).map_err(|error| ConfigError::Read(path.to_owned(), error))?;
    let table: Table = text.parse().map_err(|error| ConfigError::Syntax(path.to_owned(), Box::new(error)))?;
    for (name, value) in table {
        let arg = command.get_arguments().find(|arg| is_in_file(arg) && arg.get_long() == Some(name.as_str()));
        let Some(id) = arg.map(|arg| arg.get_id().clone()) else {
            return Err(ConfigError::Unknown { path: path.to_owned(), name });
        };
        let values = texts(&value).ok_or_else(|| ConfigError::Form { path: path.to_owned(), name })?;
        command = command.mut_arg(id, |arg| arg.default_values(values.into_iter().map(OsStr::from)));
    }
    Ok(command)
}

/// Returns a value, or the values of a list, as they would stand on the command line.
fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Integer(number) => Some(vec![number.to_string()]),
        Value::Boolean(truth) => Some(vec![truth.to_string()]),
        Value::Array(values) => {
            let texts: Option<Vec<_>> = values.iter().map(texts).collect();
            Some(texts?.concat())
        }
        _ => None,
    }
}

/// Returns the options as a file that sets all of them.
pub fn print(command: &Command, matches: &ArgMatches) -> String {
    let mut table = Table::new();
    for arg in command.get_arguments().filter(|arg| is_in_file(arg)) {
        let (Some(name), id) = (arg.get_long(), arg.get_id().as_str()) else { continue };
        let value = match arg.get_action() {
            ArgAction::SetTrue => Value::Boolean(matches.get_flag(id)),
            ArgAction::Count => Value::Integer(matches.get_count(id).into()),
            action => {
                let Some(raw) = matches.get_raw(id) else { continue };
                let mut values = raw.map(|value| value.to_string_lossy().into_owned());
                if matches!(action, ArgAction::Append) {
                    Value::Array(values.map(Value::String).collect())
                } else {
                    let text = values.next().unwrap_or_default();
                    text.parse().map_or(Value::String(text), Value::Integer)
                }
            }
        };
        table.insert(name.to_owned(), value);
    }
    if listen_takes_precedence(matches) {
        table.insert("listen-fds".to_owned(), Value::Boolean(false));
    }
    table.to_string()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::command_line::CommandLine;

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), text).unwrap();
        file
    }

    fn parse(text: &str, arguments: &[&str]) -> CommandLine {
        let command = with_file(CommandLine::command(), file(text).path()).unwrap();
        let matches = command.try_get_matches_from([&["launcelot-bridge"], arguments].concat()).unwrap();
        CommandLine::from_matches(&matches).unwrap()
    }

    #[test]
    fn the_command_line_takes_precedence_over_the_file_and_that_over_the_defaults() {
        let text = "idle-timeout = '1min'\ntarget = ['a:1', 'b=b:2']\nmax-connections = 7\nrequire-origin = true";
        let from_file = parse(text, &[]);
        assert_eq!(from_file.idle_timeout.as_secs(), 60);
        assert_eq!(from_file.targets.len(), 2);
        assert_eq!(from_file.max_connections.get(), 7);
        assert!(from_file.require_origin);
        assert_eq!(from_file.grace.as_secs(), 5);
        let from_both = parse(text, &["--idle-timeout", "2min", "--target", "c:3"]);
        assert_eq!(from_both.idle_timeout.as_secs(), 120);
        assert_eq!(from_both.targets.len(), 1);
    }

    #[test]
    fn an_address_to_listen_on_takes_precedence_over_inherited_listeners_of_the_file() {
        let text = "listen-fds = true";
        assert!(parse(text, &[]).listen.listen_fds);
        assert!(!parse(text, &["--listen", "localhost:0"]).listen.listen_fds);
        assert!(parse("listen = 'localhost:0'", &["--listen-fds"]).listen.listen_fds);
    }

    #[test]
    fn options_that_do_not_exist_are_refused() {
        for text in ["idle = '1min'", "config = 'other.toml'", "help = true"] {
            let refused = with_file(CommandLine::command(), file(text).path());
            assert!(matches!(refused, Err(ConfigError::Unknown { .. })), "{text}");
        }
        let refused = with_file(CommandLine::command(), file("grace").path());
        assert!(matches!(refused, Err(ConfigError::Syntax(..))));
        let refused = with_file(CommandLine::command(), file("[grace]\na = 1").path());
        assert!(matches!(refused, Err(ConfigError::Form { .. })));
    }

    #[test]
    fn what_is_printed_is_a_file_with_the_same_options() {
        let command = CommandLine::command();
        let arguments = ["launcelot-bridge", "--grace", "7s", "--target", "a:1", "--require-origin", "-v"];
        let matches = command.clone().try_get_matches_from(arguments).unwrap();
        let printed = print(&command, &matches);
        let again = with_file(CommandLine::command(), file(&printed).path()).unwrap();
        let again = again.try_get_matches_from(["launcelot-bridge"]).unwrap();
        assert_eq!(print(&command, &again), printed);
        assert!(printed.contains("grace = \"7s\"") && printed.contains("verbose = 1"), "{printed}");
    }
}
