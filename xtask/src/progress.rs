//! Progress on standard error: a line for each step with the time it took and, on a terminal, a status line while it runs.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::command;
use crate::failure::Failure;

/// The width of the status line. A longer line would wrap, and could not be cleared.
const STATUS_WIDTH: usize = 78;

/// The running steps. Several may run at once, on threads of their own.
#[derive(Debug)]
pub(crate) struct Progress {
    verbose: bool,
    terminal: bool,
    running: Arc<Mutex<Vec<Running>>>,
}

#[derive(Debug)]
struct Running {
    name: String,
    since: Instant,
    status: String,
}

impl Progress {
    /// Starts to show progress. With `verbose`, commands inherit standard output and error, and there is no status
    /// line.
    pub(crate) fn start(verbose: bool) -> Self {
        let terminal = io::stderr().is_terminal() && !verbose;
        let progress = Self { verbose, terminal, running: Arc::default() };
        if terminal {
            let running = Arc::clone(&progress.running);
            thread::spawn(move || {
                loop {
                    thread::sleep(Duration::from_millis(250));
                    draw(&lock(&running));
                }
            });
        }
        progress
    }

    /// Runs `work` as a step. `work` may call its argument to set the status of the step.
    pub(crate) fn step<T>(
        &self,
        name: &str,
        work: impl FnOnce(&dyn Fn(&str)) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let since = Instant::now();
        if self.terminal {
            lock(&self.running).push(Running { name: name.to_owned(), since, status: String::new() });
        } else {
            eprintln!("  {name} …");
        }
        let result = work(&|line| {
            if let Some(step) = lock(&self.running).iter_mut().find(|step| step.name == name) {
                line.trim().clone_into(&mut step.status);
            }
        });
        let mut running = lock(&self.running);
        running.retain(|step| step.name != name);
        let outcome = if result.is_ok() { "done in" } else { "failed after" };
        self.erase();
        eprintln!("  {name}: {outcome} {}", format_time(since.elapsed()));
        result
    }

    /// Returns whether commands inherit standard output and error.
    pub(crate) fn is_verbose(&self) -> bool {
        self.verbose
    }

    /// Runs a command as a step; its last line of output is the status.
    pub(crate) fn run(&self, name: &str, command: Command) -> Result<(), Failure> {
        if self.verbose {
            return self.step(name, |_| command::show(command));
        }
        self.step(name, |status| command::run(command, status))
    }

    /// Runs a command whose lines are printed above the status line, and passed to `on_line`.
    pub(crate) fn show(&self, command: Command, on_line: &mut dyn FnMut(&str)) -> Result<(), Failure> {
        let print = |line: &str| {
            self.print(line);
            on_line(line);
        };
        command::run(command, print).map_err(Failure::without_output)
    }

    /// Like [`show`](Self::show), but prints everything when the command has ended, so that it is not mixed with the
    /// output of another.
    pub(crate) fn show_afterwards(&self, command: Command, on_line: &mut dyn FnMut(&str)) -> Result<(), Failure> {
        let mut output = String::new();
        let result = command::run(command, |line| {
            output.push_str(line);
            output.push('\n');
            on_line(line);
        });
        self.print(output.trim_end());
        result.map_err(Failure::without_output)
    }

    /// Prints a line above the status line.
    pub(crate) fn print(&self, line: &str) {
        let _running = lock(&self.running);
        self.erase();
        eprintln!("{line}");
    }

    fn erase(&self) {
        if self.terminal {
            eprint!("\r\x1b[K");
        }
    }
}

/// Ignores poisoning: a thread that panics leaves the list valid.
fn lock(running: &Mutex<Vec<Running>>) -> MutexGuard<'_, Vec<Running>> {
    running.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Draws the status line over the last one. An error is ignored, because it could only be printed to standard error,
/// too.
fn draw(running: &[Running]) {
    if !running.is_empty() {
        let _ = write!(io::stderr(), "\r\x1b[K{}", status_line(running));
    }
}

/// Formats the names and times of the running steps, and the status of a step that runs alone.
fn status_line(running: &[Running]) -> String {
    let mut line = String::from("  ");
    for (index, step) in running.iter().enumerate() {
        let _ =
            write!(line, "{}{} {}", if index > 0 { ", " } else { "" }, step.name, format_time(step.since.elapsed()));
    }
    if let [step] = running
        && !step.status.is_empty()
    {
        let _ = write!(line, ": {}", step.status);
    }
    line.chars().take(STATUS_WIDTH).collect()
}

/// Formats a time: tenths below ten seconds, then seconds, then minutes and seconds.
pub(crate) fn format_time(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..10 => format!("{:.1} s", time.as_secs_f64()),
        10..60 => format!("{seconds} s"),
        _ => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_tenths_below_ten_seconds_and_minutes_from_sixty() {
        let cases =
            [(40, "0.0 s"), (1_250, "1.2 s"), (12_900, "12 s"), (60_000, "1 min 00 s"), (247_000, "4 min 07 s")];
        for (milliseconds, words) in cases {
            assert_eq!(format_time(Duration::from_millis(milliseconds)), words);
        }
    }

    #[test]
    fn the_status_of_a_step_is_shown_if_no_other_step_runs() {
        let step =
            |name: &str| Running { name: name.to_owned(), since: Instant::now(), status: "Compiling syn".to_owned() };
        assert_eq!(status_line(&[step("trunk")]), "  trunk 0.0 s: Compiling syn");
        assert_eq!(status_line(&[step("trunk"), step("the lab")]), "  trunk 0.0 s, the lab 0.0 s");
        assert_eq!(status_line(&[step(&"x".repeat(100))]).chars().count(), STATUS_WIDTH);
    }

    #[test]
    fn a_failed_step_fails_and_is_removed() {
        let progress = Progress::start(false);
        let result: Result<(), _> = progress.step("fail", |_| Err(Failure::new("it is only a model")));
        assert_eq!(result.unwrap_err().to_string(), "it is only a model");
        assert!(lock(&progress.running).is_empty());
    }
}
