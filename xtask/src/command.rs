//! Running a command: its output, and its failure in one line.

use std::io::{self, BufRead as _, BufReader, Read};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;

use crate::failure::{Context, Failure};
use crate::parallel;

/// What a short command prints on standard output.
pub(crate) fn output_of(mut command: Command) -> Result<String, Failure> {
    let output = command.stdin(Stdio::null()).output().context(|| cannot_start(&command))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(failed(&command, output.status, String::from_utf8_lossy(&output.stderr).into_owned()))
    }
}

/// Runs a command to its end and calls `heard` with each line that it prints, on either output. A failure carries all
/// of them.
pub(crate) fn run(mut command: Command, heard: impl FnMut(&str)) -> Result<(), Failure> {
    let (ours, theirs) = io::pipe().context(|| cannot_start(&command))?;
    let errors = theirs.try_clone().context(|| cannot_start(&command))?;
    command.stdin(Stdio::null()).stdout(theirs).stderr(errors);
    let running = parallel::start(&mut command).context(|| cannot_start(&command))?;
    // The command holds our copies of the pipe's other end, which would keep it open.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let said = read_lines(ours, heard);
    finished(&command, running.wait(), said)
}

/// Runs a command to its end and returns its standard output. Its standard error goes line by line to `heard`, or where
/// ours goes if there is none.
pub(crate) fn run_for_output(mut command: Command, heard: Option<&dyn Fn(&str)>) -> Result<String, Failure> {
    let (errors, their_errors) = io::pipe().context(|| cannot_start(&command))?;
    let (output, their_output) = io::pipe().context(|| cannot_start(&command))?;
    command.stdin(Stdio::null()).stdout(their_output);
    if heard.is_some() {
        command.stderr(their_errors);
    } else {
        drop(their_errors);
    }
    let running = parallel::start(&mut command).context(|| cannot_start(&command))?;
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let reader = thread::spawn(move || read_lines(output, |_| ()));
    let said = read_lines(errors, |line| heard.iter().for_each(|heard| heard(line)));
    let output = reader.join().unwrap_or_default();
    finished(&command, running.wait(), said)?;
    Ok(output)
}

/// Reads text to its end, line by line.
fn read_lines(from: impl Read, mut heard: impl FnMut(&str)) -> String {
    let mut said = String::new();
    let mut lines = BufReader::new(from);
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
        let text = String::from_utf8_lossy(&line);
        heard(text.trim_end());
        said.push_str(&text);
        line.clear();
    }
    said
}

/// Runs a command that prints for itself.
pub(crate) fn show(mut command: Command) -> Result<(), Failure> {
    let status = command.status().context(|| cannot_start(&command))?;
    if status.success() { Ok(()) } else { Err(failed(&command, status, String::new())) }
}

/// Puts the program in the place of this one, so that Ctrl-C and its exit code are its own.
pub(crate) fn become_program(mut program: Command) -> Result<(), Failure> {
    use std::os::unix::process::CommandExt as _;
    let error = program.exec();
    Err(Failure::new(format!("{}: {error}", cannot_start(&program))))
}

fn finished(command: &Command, status: io::Result<ExitStatus>, said: String) -> Result<(), Failure> {
    let status = status.context(|| format!("cannot wait for `{}`", name(command)))?;
    if status.success() { Ok(()) } else { Err(failed(command, status, said)) }
}

fn failed(command: &Command, status: ExitStatus, said: String) -> Failure {
    Failure::with_output(format!("`{}` failed ({status})", name(command)), said)
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
        assert_eq!(failure.output(), "ni\n");
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let failure = output_of(Command::new("/no/such/swallow")).unwrap_err();
        assert!(failure.to_string().starts_with("cannot start `swallow`: "), "{failure}");
    }
}
