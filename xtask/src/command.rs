//! Running a command: its output, and its failure as one line.

use std::io::{self, BufRead as _, BufReader, Read};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;

use crate::failure::{Context, Failure};
use crate::parallel;

/// Runs a command to its end and returns its standard output.
pub(crate) fn output_of(mut command: Command) -> Result<String, Failure> {
    let output = command.stdin(Stdio::null()).output().context(|| cannot_start(&command))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(failed(&command, output.status, String::from_utf8_lossy(&output.stderr).into_owned()))
    }
}

/// Runs a command to its end and calls `on_line` with each line that it prints, on either output. A failure carries all
/// lines.
pub(crate) fn run(mut command: Command, on_line: impl FnMut(&str)) -> Result<(), Failure> {
    let (reader, writer) = io::pipe().context(|| cannot_start(&command))?;
    let errors = writer.try_clone().context(|| cannot_start(&command))?;
    command.stdin(Stdio::null()).stdout(writer).stderr(errors);
    let running = parallel::start(&mut command).context(|| cannot_start(&command))?;
    // `command` holds copies of the writing end, which would keep the pipe open.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let printed = read_lines(reader, on_line);
    check(&command, running.wait(), printed)
}

/// Runs a command to its end and returns its standard output. Each line of its standard error is passed to `on_error_line`;
/// without it, the command inherits this program's standard error.
pub(crate) fn run_for_output(mut command: Command, on_error_line: Option<&dyn Fn(&str)>) -> Result<String, Failure> {
    let (output, output_writer) = io::pipe().context(|| cannot_start(&command))?;
    command.stdin(Stdio::null()).stdout(output_writer);
    let mut errors = None;
    if on_error_line.is_some() {
        let (reader, writer) = io::pipe().context(|| cannot_start(&command))?;
        command.stderr(writer);
        errors = Some(reader);
    }
    let running = parallel::start(&mut command).context(|| cannot_start(&command))?;
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let output = thread::spawn(move || read_lines(output, |_| ()));
    let mut printed = String::new();
    if let (Some(errors), Some(on_error_line)) = (errors, on_error_line) {
        printed = read_lines(errors, on_error_line);
    }
    let output = output.join().unwrap_or_default();
    check(&command, running.wait(), printed)?;
    Ok(output)
}

/// Reads to the end, calls `on_line` with each line, and returns all of them.
fn read_lines(from: impl Read, mut on_line: impl FnMut(&str)) -> String {
    let mut all = String::new();
    let mut lines = BufReader::new(from);
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
        let text = String::from_utf8_lossy(&line);
        on_line(text.trim_end());
        all.push_str(&text);
        line.clear();
    }
    all
}

/// Runs a command to its end, with this program's standard output and error.
pub(crate) fn show(mut command: Command) -> Result<(), Failure> {
    let status = command.status().context(|| cannot_start(&command))?;
    if status.success() { Ok(()) } else { Err(failed(&command, status, String::new())) }
}

/// Replaces this process by a command, which then gets Ctrl-C and sets the exit code. Returns only if that fails.
pub(crate) fn replace_process(mut command: Command) -> Result<(), Failure> {
    use std::os::unix::process::CommandExt as _;
    let error = command.exec();
    Err(Failure::new(format!("{}: {error}", cannot_start(&command))))
}

/// Fails if the exit code of a command is not 0. The failure contains `printed`, the output of the command.
fn check(command: &Command, status: io::Result<ExitStatus>, printed: String) -> Result<(), Failure> {
    let status = status.context(|| format!("cannot wait for `{}`", name(command)))?;
    if status.success() { Ok(()) } else { Err(failed(command, status, printed)) }
}

fn failed(command: &Command, status: ExitStatus, printed: String) -> Failure {
    Failure::with_output(format!("`{}` failed ({status})", name(command)), printed)
}

fn cannot_start(command: &Command) -> String {
    format!("cannot start `{}`", name(command))
}

/// Returns the command as a user would type it, with only the file name of the program.
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
    fn lines_of_both_outputs_are_passed_on_in_their_order() {
        let mut lines = Vec::new();
        run(shell("echo one; echo two >&2; printf three"), |line| lines.push(line.to_owned())).unwrap();
        assert_eq!(lines, ["one", "two", "three"]);
    }

    #[test]
    fn a_failure_names_the_command_and_its_exit_code_and_keeps_its_output() {
        let failure = run(shell("echo ni; exit 3"), |_| {}).unwrap_err();
        assert_eq!(failure.to_string(), "`sh -c echo ni; exit 3` failed (exit status: 3)");
        assert_eq!(failure.output(), "ni\n");
    }

    #[test]
    fn a_missing_program_is_named() {
        let failure = output_of(Command::new("/no/such/swallow")).unwrap_err();
        assert!(failure.to_string().starts_with("cannot start `swallow`: "), "{failure}");
    }
}
