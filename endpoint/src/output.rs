//! Standard output, which may be closed (`| head -1`) or full (`>/dev/full`). Neither ends a program.

use std::io::{self, ErrorKind, Stdout, Write};

use crate::failure::one_line;

/// Prints a string whose loss changes nothing, such as a program's first line. A failure is only logged.
pub fn print(text: &str) {
    let mut output = io::stdout().lock();
    if let Err(error) = output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        tracing::info!("cannot write to standard output: {}", one_line(&error));
    }
}

/// A writer that discards everything after its first failure, so that the work goes on whose results it prints.
/// [`finish`](Self::finish) returns the failure.
#[derive(Debug)]
pub struct Output<W = Stdout> {
    to: W,
    failure: Option<io::Error>,
}

impl Output {
    /// Writes to standard output.
    pub fn stdout() -> Self {
        Self::to(io::stdout())
    }
}

impl<W: Write> Output<W> {
    /// Writes to `to`.
    pub fn to(to: W) -> Self {
        Self { to, failure: None }
    }

    /// Writes what is buffered.
    ///
    /// # Errors
    ///
    /// The first failure. That a reader has closed its pipe is not a failure: it has read what it wanted.
    pub fn finish(mut self) -> io::Result<()> {
        // Never fails: a failure is kept.
        let _ = self.flush();
        match self.failure {
            Some(error) if error.kind() != ErrorKind::BrokenPipe => Err(error),
            _ => Ok(()),
        }
    }
}

/// Reports success always.
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

    /// Takes one write and refuses the next.
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
    fn a_closed_output_is_not_a_failure() {
        assert!(write_three_lines(ErrorKind::BrokenPipe).is_ok());
    }

    #[test]
    fn a_full_output_is_reported_at_the_end() {
        assert_eq!(write_three_lines(ErrorKind::StorageFull).unwrap_err().kind(), ErrorKind::StorageFull);
    }
}
