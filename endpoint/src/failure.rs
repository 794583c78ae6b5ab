//! A failure as one line: what was tried, and why it failed.

use std::error::Error;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::process::ExitCode;

/// Returns exit code 0 for success. For an error, writes it with its causes as one line on standard error, after the
/// program's name, and returns exit code 1.
pub fn exit_code<T>(program: &str, result: Result<T, impl Error + 'static>) -> ExitCode {
    match result {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            // Standard error may be closed.
            let _ = writeln!(io::stderr(), "{program}: {}", one_line(&error));
            ExitCode::FAILURE
        }
    }
}

/// Returns an error with its causes on one line. A cause whose text the line already contains is left out.
pub fn one_line(error: &dyn Error) -> String {
    let mut line = without_number(&error.to_string());
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = without_number(&error.to_string());
        if !line.contains(&text) {
            // Writing to a string cannot fail.
            let _ = write!(line, ": {text}");
        }
        cause = error.source();
    }
    line.replace('\n', " ")
}

/// Returns the text of an I/O error without the number that Rust appends, such as ` (os error 111)`.
fn without_number(text: &str) -> String {
    match text.split_once(" (os error ") {
        Some((words, number)) if number.ends_with(')') => words.to_owned(),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot connect")]
    struct Outer(#[source] io::Error);

    #[test]
    fn a_failure_is_one_line_with_its_causes() {
        let refused = io::Error::from_raw_os_error(rustix::io::Errno::CONNREFUSED.raw_os_error());
        assert_eq!(one_line(&Outer(refused)), "cannot connect: Connection refused");
        let reset = io::Error::from_raw_os_error(rustix::io::Errno::CONNRESET.raw_os_error());
        assert_eq!(one_line(&reset), "Connection reset by peer");
    }
}
