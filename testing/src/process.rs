//! Child processes: their output and their exit status, each with a deadline.

use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};

use crate::wait::{self, DEADLINE};

/// A child process. Dropping it kills and reaps it, even if the test fails.
#[derive(Debug)]
pub struct Process {
    /// The running program.
    pub child: Child,
    name: String,
}

impl Process {
    /// Starts a program.
    #[track_caller]
    pub fn start(command: &mut Command) -> Self {
        Self::try_start(command).unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"))
    }

    /// Starts a program that may not be installed.
    pub fn try_start(command: &mut Command) -> std::io::Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        Ok(Self { child: command.spawn()?, name })
    }

    /// Returns the lines of the process's standard output, which must be a pipe. Works once.
    pub fn stdout(&mut self) -> Lines {
        Lines::read(
            format!("the standard output of {}", self.name),
            self.child.stdout.take().expect("stdout is a pipe"),
        )
    }

    /// Returns the lines of the process's standard error, which must be a pipe. Works once.
    pub fn stderr(&mut self) -> Lines {
        Lines::read(format!("the standard error of {}", self.name), self.child.stderr.take().expect("stderr is a pipe"))
    }

    /// Sends a signal to the process.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for the process to exit.
    #[track_caller]
    pub fn wait(&mut self) -> ExitStatus {
        self.wait_within(DEADLINE)
    }

    /// Waits for the process to exit, for at most `deadline`.
    #[track_caller]
    pub fn wait_within(&mut self, deadline: Duration) -> ExitStatus {
        if let Some(status) = self.child.try_wait().unwrap() {
            return status;
        }
        let pidfd = pidfd_open(Pid::from_child(&self.child), PidfdFlags::empty()).unwrap();
        let timeout = Timespec::try_from(deadline).expect("a deadline of a test is a valid timeout");
        let ended = poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], Some(&timeout)).unwrap();
        assert_eq!(ended, 1, "timed out after {deadline:?} while waiting for {} to exit", self.name);
        self.child.wait().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The lines that a process prints. A thread reads them to the end whether or not the test takes them, so the process
/// never blocks on a full pipe.
#[derive(Debug)]
pub struct Lines {
    name: String,
    lines: Receiver<String>,
}

impl Lines {
    /// Starts a thread that reads the lines of `stream`. Panic messages call the stream `name`.
    pub fn read(name: String, stream: impl Read + Send + 'static) -> Self {
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                // Fails if the test takes no more lines.
                let _ = sender.send(line);
            }
        });
        Self { name, lines }
    }

    /// Waits for the next line; `None` at the end of the stream.
    #[track_caller]
    pub fn try_next(&self) -> Option<String> {
        wait::receive(&self.lines, &format!("a line of {}", self.name))
    }

    /// Waits for the next line. Panics at the end of the stream.
    #[track_caller]
    pub fn next(&self) -> String {
        self.try_next().unwrap_or_else(|| panic!("{} ended, but the test expects another line", self.name))
    }
}

/// Reads the first line of a stream and returns it with the rest of the stream. Panic messages call the stream `name`.
#[track_caller]
pub fn first_line<R: Read + Send + 'static>(name: &str, stream: R) -> (String, BufReader<R>) {
    let reading = thread::spawn(move || {
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        (line.trim_end().to_owned(), stream)
    });
    wait::join(reading, &format!("the first line of {name}"))
}

/// Runs a program to its end, with an empty standard input, and returns its output.
#[track_caller]
pub fn output(command: &mut Command) -> Output {
    output_within(DEADLINE, command)
}

/// Runs a program that may take longer than others to its end, with an empty standard input, and returns its output.
#[track_caller]
pub fn output_within(deadline: Duration, command: &mut Command) -> Output {
    collect(command.stdin(Stdio::null()), deadline)
}

/// Runs a program to its end, with the standard input that `command` has, and returns its output.
#[track_caller]
pub fn output_with_stdin(command: &mut Command) -> Output {
    collect(command, DEADLINE)
}

#[track_caller]
fn collect(command: &mut Command, deadline: Duration) -> Output {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = Process::start(command);
    let stdout = process.child.stdout.take().map(read_to_end).expect("stdout is a pipe");
    let stderr = process.child.stderr.take().map(read_to_end).expect("stderr is a pipe");
    let status = process.wait_within(deadline);
    Output {
        status,
        stdout: wait::join(stdout, "the end of standard output"),
        stderr: wait::join(stderr, "the end of standard error"),
    }
}

fn read_to_end(mut stream: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        bytes
    })
}
