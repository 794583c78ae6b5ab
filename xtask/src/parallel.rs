//! Two jobs at once: as soon as one fails, its failure is shown and the commands of the other are ended.

use std::cell::RefCell;
use std::io;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::failure::Failure;

thread_local! {
    /// The commands of the jobs that this thread does one of.
    static GROUP: RefCell<Option<Group>> = const { RefCell::new(None) };
}

/// The commands of two jobs. Clones are the same group.
#[derive(Clone, Default)]
struct Group(Arc<Mutex<Commands>>);

#[derive(Default)]
struct Commands {
    running: Vec<Running>,
    failure: Option<Failure>,
}

/// A command that was started. Clones are the same command.
#[derive(Clone)]
pub(crate) struct Running(Arc<Mutex<Child>>);

impl Running {
    /// Waits for the end of a command that has closed its outputs.
    pub(crate) fn wait(self) -> io::Result<ExitStatus> {
        let status = lock(&self.0).wait();
        if let Some(group) = GROUP.with_borrow(Option::clone) {
            lock(&group.0).running.retain(|other| !Arc::ptr_eq(&other.0, &self.0));
        }
        status
    }
}

/// Starts a command, unless the other job has failed.
pub(crate) fn start(command: &mut Command) -> io::Result<Running> {
    let Some(group) = GROUP.with_borrow(Option::clone) else {
        return Ok(Running(Arc::new(Mutex::new(command.spawn()?))));
    };
    let mut commands = lock(&group.0);
    if commands.failure.is_some() {
        return Err(io::Error::other("something else has failed"));
    }
    let running = Running(Arc::new(Mutex::new(command.spawn()?)));
    commands.running.push(running.clone());
    Ok(running)
}

/// Does two jobs at once and returns both results, or the first failure.
pub(crate) fn both<A: Send, B: Send>(
    first: impl FnOnce() -> Result<A, Failure> + Send,
    second: impl FnOnce() -> Result<B, Failure> + Send,
) -> Result<(A, B), Failure> {
    let group = Group::default();
    let (first, second) = thread::scope(|scope| {
        let second = scope.spawn(|| group.run(second));
        (group.run(first), second.join().ok().flatten())
    });
    let failure = lock(&group.0).failure.take();
    match (first, second, failure) {
        (Some(first), Some(second), None) => Ok((first, second)),
        (_, _, failure) => Err(failure.unwrap_or_else(|| Failure::new("a thread panicked"))),
    }
}

impl Group {
    /// Does one of the jobs on this thread.
    fn run<T>(&self, job: impl FnOnce() -> Result<T, Failure>) -> Option<T> {
        let before = GROUP.replace(Some(self.clone()));
        let result = job();
        GROUP.set(before);
        match result {
            Ok(value) => Some(value),
            Err(failure) => {
                self.fail(failure);
                None
            }
        }
    }

    fn fail(&self, mut failure: Failure) {
        let mut commands = lock(&self.0);
        // A later failure is that of a command that was ended.
        if commands.failure.is_some() {
            return;
        }
        failure.show_output();
        commands.failure = Some(failure);
        for running in &commands.running {
            // A command that is being waited for has ended.
            if let Ok(mut child) = running.0.try_lock() {
                let _ = child.kill();
            }
        }
    }
}

/// A thread that panicked leaves the list of commands as good as it was.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command;

    fn sh(script: &str) -> Result<(), Failure> {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        command::run(command, |_| {})
    }

    #[test]
    fn both_results_are_returned() {
        let both = both(|| sh("exit 0").map(|()| 1), || Ok(2)).unwrap();
        assert_eq!(both, (1, 2));
    }

    #[test]
    fn the_first_failure_ends_the_commands_of_the_other_job_and_starts_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let (started, next) = (folder.path().join("started"), folder.path().join("next"));
        // Opening a pipe with a name waits until the other end is opened too.
        assert!(Command::new("mkfifo").arg(&started).status().unwrap().success());
        let other = || {
            sh(&format!("echo > {}; exec sleep 1000", started.display()))?;
            sh(&format!("touch {}", next.display()))
        };
        let failure = both(|| sh(&format!("read line < {}; exit 3", started.display())), other).unwrap_err();
        assert!(failure.to_string().ends_with("failed (exit status: 3)"), "{failure}");
        assert!(!next.exists());
    }
}
