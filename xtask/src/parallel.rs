//! Two jobs in parallel: when one fails, its failure is shown and the commands of the other are killed, or both end by
//! themselves.

use std::cell::RefCell;
use std::io;
use std::panic;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::failure::Failure;

thread_local! {
    /// The group to which the job on this thread belongs.
    static GROUP: RefCell<Option<Group>> = const { RefCell::new(None) };
}

/// The running commands of two jobs. Clones share them.
#[derive(Clone, Default)]
struct Group(Arc<Mutex<Commands>>);

#[derive(Default)]
struct Commands {
    running: Vec<Running>,
    failure: Option<Failure>,
}

/// A running command. Clones share it.
#[derive(Clone)]
pub(crate) struct Running(Arc<Mutex<Child>>);

impl Running {
    /// Waits for the end of the command, and reaps it. The caller must have read its outputs to their end before,
    /// because a command that is being waited for cannot be killed.
    pub(crate) fn wait(self) -> io::Result<ExitStatus> {
        let status = lock(&self.0).wait();
        if let Some(group) = GROUP.with_borrow(Option::clone) {
            lock(&group.0).running.retain(|other| !Arc::ptr_eq(&other.0, &self.0));
        }
        status
    }
}

/// Starts a command. Fails if the other job has failed.
pub(crate) fn start(command: &mut Command) -> io::Result<Running> {
    let Some(group) = GROUP.with_borrow(Option::clone) else {
        return spawn(command);
    };
    let mut commands = lock(&group.0);
    if commands.failure.is_some() {
        return Err(io::Error::other("the other job has failed"));
    }
    let running = spawn(command)?;
    commands.running.push(running.clone());
    Ok(running)
}

fn spawn(command: &mut Command) -> io::Result<Running> {
    Ok(Running(Arc::new(Mutex::new(command.spawn()?))))
}

/// Does two jobs in parallel and returns both results, or the first failure.
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

/// Does two jobs in parallel whose failures do not end each other. The commands of both belong to the group of the
/// calling thread.
pub(crate) fn independently<A: Send, B: Send>(
    first: impl FnOnce() -> A + Send,
    second: impl FnOnce() -> B + Send,
) -> (A, B) {
    let group = GROUP.with_borrow(Option::clone);
    thread::scope(|scope| {
        let second = scope.spawn(|| {
            GROUP.set(group);
            second()
        });
        (first(), second.join().unwrap_or_else(|panic| panic::resume_unwind(panic)))
    })
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
        // A later failure is only the consequence of the first, which has killed the commands.
        if commands.failure.is_some() {
            return;
        }
        failure.show_output();
        commands.failure = Some(failure);
        for running in &commands.running {
            // The lock is held while a command that has ended is reaped.
            if let Ok(mut child) = running.0.try_lock() {
                let _ = child.kill();
            }
        }
    }
}

/// Ignores poisoning: a thread that panics leaves the list of commands valid.
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
    fn the_first_failure_kills_the_commands_of_the_other_job_and_starts_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let started = folder.path().join("started");
        let next = folder.path().join("next");
        // Opening a FIFO blocks until the other end is opened.
        assert!(Command::new("mkfifo").arg(&started).status().unwrap().success());
        let other = || {
            sh(&format!("echo > {}; exec sleep 1000", started.display()))?;
            sh(&format!("touch {}", next.display()))
        };
        let failure = both(|| sh(&format!("read line < {}; exit 3", started.display())), other).unwrap_err();
        assert!(failure.to_string().ends_with("failed (exit status: 3)"), "{failure}");
        assert!(!next.exists());
    }

    #[test]
    fn independent_jobs_both_end_by_themselves_and_share_the_group_of_their_caller() {
        let both = || Ok(independently(|| sh("exit 3").is_err(), || sh("exit 0").is_ok()));
        let (results, ()) = super::both(both, || Ok(())).unwrap();
        assert_eq!(results, (true, true));

        let folder = tempfile::tempdir().unwrap();
        let started = folder.path().join("started");
        assert!(Command::new("mkfifo").arg(&started).status().unwrap().success());
        let script = format!("echo > {}; exec sleep 1000", started.display());
        let waiting = || Ok(independently(|| (), || sh(&script)));
        let fail = || sh(&format!("read line < {}; exit 3", started.display()));
        let failure = super::both(waiting, fail).unwrap_err();
        assert!(failure.to_string().ends_with("failed (exit status: 3)"), "{failure}");
    }
}
