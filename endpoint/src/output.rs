//! Standard output, which may be closed (`| head -1`) or full (`>/dev/full`). Neither ends a program early.

use std::io::{self, ErrorKind, Stdout, Write};

use crate::failure::one_line;

/// Prints a string that the program can do without, such as its first line. A failure is only logged.
pub fn print(text: &str) {
    let mut output = io::stdout().lock();
    if let Err(error) = output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        tracing::info!("cannot write to standard output: {}", one_line(&error));
    }
}

/// A writer that discards everything after its first failure, so that a program finishes its work even if it cannot print
/// the results. [`finish`](Self::finish) returns the failure.
#[derive(Debug)]
pub struct Output<W = Stdout> {
    to: W,
    failure: Option<io::Error>,
}

impl Output {
    /// Creates a writer to standard output.
    pub fn stdout() -> Self {
        Self::to(io::stdout())
    }
}

impl<W: Write> Output<W> {
    /// Creates a writer to `to`.
    pub fn to(to: W) -> Self {
        Self { to, failure: None }
    }

    /// Flushes the output and reports whether all writes have succeeded.
    ///
    /// # Errors
    ///
    /// Returns the first failure of a write or flush. A pipe that its reader has closed is not a failure: the reader has read
    /// what it wanted.
    pub fn finish(mut self) -> io::Result<()> {
        // `flush` always returns success and keeps a failure in `self.failure`.
        let _ = self.flush();
        match self.failure {
            Some(error) if error.kind() != ErrorKind::BrokenPipe => Err(error),
            _ => Ok(()),
        }
    }
}

/// Writes and flushes always return success; [`Output::finish`] returns the failure.
impl<W: Write> Write for Output<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.failure.is_none() {
            self.failure = self.to.write_all(bytes).err();
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.failure.is_none() {
            self.failure = self.to.flush().err();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A writer whose first write succeeds and whose later ones fail.
    struct Broken {
        kind: ErrorKind,
        writes: usize,
    }

    impl Write for Broken {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.writes += 1;
            if self.writes == 1 { Ok(bytes.len()) } else { Err(self.kind.into()) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn write_three_lines(kind: ErrorKind) -> io::Result<()> {
        let mut output = Output::to(Broken { kind, writes: 0 });
        for _ in 0..3 {
            output.write_all(b"line\n").unwrap();
        }
        assert_eq!(output.to.writes, 2, "nothing is written after the failure");
        output.finish()
    }

    #[test]
    fn an_output_that_its_reader_has_closed_is_not_a_failure() {
        assert!(write_three_lines(ErrorKind::BrokenPipe).is_ok());
    }

    #[test]
    fn a_full_output_is_reported_at_the_end() {
        assert_eq!(write_three_lines(ErrorKind::StorageFull).unwrap_err().kind(), ErrorKind::StorageFull);
    }
}
