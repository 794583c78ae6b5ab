//! Running a command: its output, and its failure in one line.

use std::fmt::{self, Display};
use std::io::{self, BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

/// A chore that failed: what was tried and why it failed, in one line.
#[derive(Debug)]
pub(crate) struct Failure {
    line: String,
    /// What the failed command had to say.
    pub(crate) said: String,
}

impl Failure {
    /// A failure without a command.
    pub(crate) fn new(line: impl Into<String>) -> Self {
        Self { line: line.into(), said: String::new() }
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}

/// Says what was tried, where an error only says why it failed.
pub(crate) trait Attempt<T> {
    /// `tried` is a clause such as `cannot read Cargo.lock`.
    fn attempt(self, tried: impl FnOnce() -> String) -> Result<T, Failure>;
}

impl<T> Attempt<T> for io::Result<T> {
    fn attempt(self, tried: impl FnOnce() -> String) -> Result<T, Failure> {
        self.map_err(|error| Failure::new(format!("{}: {error}", tried())))
    }
}

/// What a short command prints on standard output.
pub(crate) fn output_of(mut command: Command) -> Result<String, Failure> {
    let output = command.stdin(Stdio::null()).output().attempt(|| cannot_start(&command))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(failed(&command, output.status, String::from_utf8_lossy(&output.stderr).into_owned()))
    }
}

/// Runs a command to its end; `heard` is told each line that it prints. A failure carries them all.
pub(crate) fn run(mut command: Command, mut heard: impl FnMut(&str)) -> Result<(), Failure> {
    let (ours, theirs) = io::pipe().attempt(|| cannot_start(&command))?;
    let errors = theirs.try_clone().attempt(|| cannot_start(&command))?;
    command.stdin(Stdio::null()).stdout(theirs).stderr(errors);
    let mut child = command.spawn().attempt(|| cannot_start(&command))?;
    // The command holds our copies of the pipe's other end, which would keep it open for ever.
    command.stdout(Stdio::null()).stderr(Stdio::null());

    let mut said = String::new();
    let mut lines = BufReader::new(ours);
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
        let text = String::from_utf8_lossy(&line);
        heard(text.trim_end());
        said.push_str(&text);
        line.clear();
    }
    let status = child.wait().attempt(|| format!("cannot wait for {}", name(&command)))?;
    if status.success() { Ok(()) } else { Err(failed(&command, status, said)) }
}

/// Runs a command that prints for itself.
pub(crate) fn show(mut command: Command) -> Result<(), Failure> {
    let status = command.status().attempt(|| cannot_start(&command))?;
    if status.success() { Ok(()) } else { Err(failed(&command, status, String::new())) }
}

/// Puts the program in the place of this one, so that Ctrl-C and its exit code are its own.
pub(crate) fn become_program(mut program: Command) -> Result<(), Failure> {
    use std::os::unix::process::CommandExt as _;
    let error = program.exec();
    Err(Failure::new(format!("{}: {error}", cannot_start(&program))))
}

fn failed(command: &Command, status: ExitStatus, said: String) -> Failure {
    Failure { line: format!("`{}` failed ({status})", name(command)), said }
}

fn cannot_start(command: &Command) -> String {
    format!("cannot start `{}`", name(command))
}

/// The command as one would type it, its program without its folders.
fn name(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let mut words = vec![program.file_name().unwrap_or(command.get_program()).to_string_lossy()];
    words.extend(command.get_args().map(|argument| argument.to_string_lossy()));
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn both_outputs_are_heard_line_by_line_in_their_order() {
        let mut heard = Vec::new();
        run(shell("echo one; echo two >&2; printf three"), |line| heard.push(line.to_owned())).unwrap();
        assert_eq!(heard, ["one", "two", "three"]);
    }

    #[test]
    fn a_failure_names_the_command_and_its_exit_code_and_keeps_what_it_said() {
        let failure = run(shell("echo ni; exit 3"), |_| {}).unwrap_err();
        assert_eq!(failure.to_string(), "`sh -c echo ni; exit 3` failed (exit status: 3)");
        assert_eq!(failure.said, "ni\n");
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let failure = output_of(Command::new("/no/such/swallow")).unwrap_err();
        assert!(failure.to_string().starts_with("cannot start `swallow`: "), "{failure}");
    }
}
