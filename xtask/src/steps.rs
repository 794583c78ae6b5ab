//! The steps of a chore, and the time of each.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::output;
use crate::progress::format_time;

/// The steps that passed, in the order of their ends. Some may run in parallel.
#[derive(Debug)]
pub(crate) struct Steps {
    began: Instant,
    passed: Mutex<Vec<(&'static str, Duration)>>,
}

impl Default for Steps {
    fn default() -> Self {
        Self { began: Instant::now(), passed: Mutex::default() }
    }
}

impl Steps {
    /// Runs a step, and prints its result and its time.
    pub(crate) fn run<T>(&self, name: &'static str, step: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
        eprintln!("{name} …");
        let began = Instant::now();
        let result = step();
        let time = began.elapsed();
        match &result {
            Ok(_) => {
                eprintln!("{name}: passed in {}", format_time(time));
                self.passed.lock().unwrap_or_else(PoisonError::into_inner).push((name, time));
            }
            Err(_) => eprintln!("{name}: failed after {}", format_time(time)),
        }
        result
    }

    /// Prints the steps with their times, and the time that has elapsed since the first step.
    pub(crate) fn print(&self) {
        output::print("\nAll passed.\n");
        for (name, time) in self.passed.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            output::print(&format!("  {name:<20}{:>12}\n", format_time(*time)));
        }
        output::print(&format!("  {:<20}{:>12}\n", "in all", format_time(self.began.elapsed())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_step_is_not_among_those_that_passed() {
        let steps = Steps::default();
        steps.run("name", || Ok(())).unwrap();
        let failure = steps.run("color", || Err::<(), _>(Failure::new("blue, no"))).unwrap_err();
        assert_eq!(failure.to_string(), "blue, no");
        assert_eq!(steps.passed.into_inner().unwrap().len(), 1);
    }
}
