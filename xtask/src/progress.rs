//! What is being done: a line for each step with the time it took, and on a terminal, while it
//! runs, what it is at. All of it on standard error.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::command;
use crate::failure::Failure;

/// How wide the status line may be; a longer one would wrap and could not be cleared.
const STATUS_WIDTH: usize = 78;

/// The steps that run now. Several may run at once, on threads of their own.
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
    saying: String,
}

impl Progress {
    /// With `verbose`, commands print for themselves.
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

    /// Does one step, which says what it is at by calling what it is given.
    pub(crate) fn step<T>(
        &self,
        name: &str,
        work: impl FnOnce(&dyn Fn(&str)) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let since = Instant::now();
        if self.terminal {
            lock(&self.running).push(Running { name: name.to_owned(), since, saying: String::new() });
        } else {
            eprintln!("  {name} …");
        }
        let result = work(&|line| {
            if let Some(step) = lock(&self.running).iter_mut().find(|step| step.name == name) {
                line.trim().clone_into(&mut step.saying);
            }
        });
        let mut running = lock(&self.running);
        running.retain(|step| step.name != name);
        let outcome = if result.is_ok() { "done in" } else { "failed after" };
        self.erase();
        eprintln!("  {name}: {outcome} {}", in_words(since.elapsed()));
        result
    }

    /// Whether commands print for themselves.
    pub(crate) fn is_verbose(&self) -> bool {
        self.verbose
    }

    /// A step that is one command.
    pub(crate) fn run(&self, name: &str, command: Command) -> Result<(), Failure> {
        self.step(name, |say| self.command(command, say))
    }

    /// One of several commands of a step.
    pub(crate) fn command(&self, command: Command, say: &dyn Fn(&str)) -> Result<(), Failure> {
        if self.verbose { command::show(command) } else { command::run(command, say) }
    }

    /// Prints a line that stays.
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

/// A thread that panicked in mid-step leaves the list as good as it was.
fn lock(running: &Mutex<Vec<Running>>) -> MutexGuard<'_, Vec<Running>> {
    running.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Draws the status line over the last one. Nobody is left to be told if standard error is closed.
fn draw(running: &[Running]) {
    if !running.is_empty() {
        let _ = write!(io::stderr(), "\r\x1b[K{}", status(running));
    }
}

/// What runs and for how long; what it is at too, where there is room because it runs alone.
fn status(running: &[Running]) -> String {
    let mut line = String::from("  ");
    for (index, step) in running.iter().enumerate() {
        let _ = write!(line, "{}{} {}", if index > 0 { ", " } else { "" }, step.name, in_words(step.since.elapsed()));
    }
    if let [step] = running
        && !step.saying.is_empty()
    {
        let _ = write!(line, ": {}", step.saying);
    }
    line.chars().take(STATUS_WIDTH).collect()
}

/// A time as a person would say it: tenths below ten seconds, then seconds, then minutes too.
pub(crate) fn in_words(time: Duration) -> String {
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
    fn times_are_as_fine_as_a_person_cares() {
        let cases =
            [(40, "0.0 s"), (1_250, "1.2 s"), (12_900, "12 s"), (60_000, "1 min 00 s"), (247_000, "4 min 07 s")];
        for (milliseconds, words) in cases {
            assert_eq!(in_words(Duration::from_millis(milliseconds)), words);
        }
    }

    #[test]
    fn what_a_step_is_at_is_shown_where_it_runs_alone() {
        let step =
            |name: &str| Running { name: name.to_owned(), since: Instant::now(), saying: "Compiling syn".to_owned() };
        assert_eq!(status(&[step("trunk")]), "  trunk 0.0 s: Compiling syn");
        assert_eq!(status(&[step("trunk"), step("the lab")]), "  trunk 0.0 s, the lab 0.0 s");
        assert_eq!(status(&[step(&"x".repeat(100))]).chars().count(), STATUS_WIDTH);
    }

    #[test]
    fn a_failed_step_fails_and_no_longer_runs() {
        let progress = Progress::start(false);
        let result: Result<(), _> = progress.step("fail", |_| Err(Failure::new("it is only a model")));
        assert_eq!(result.unwrap_err().to_string(), "it is only a model");
        assert!(lock(&progress.running).is_empty());
    }
}
