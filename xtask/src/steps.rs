//! The steps of a chore and how long each took.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::progress::in_words;

/// The steps that were taken, in the order in which they ended. Some may run at once.
#[derive(Debug)]
pub(crate) struct Steps {
    began: Instant,
    taken: Mutex<Vec<(&'static str, Duration)>>,
}

impl Default for Steps {
    fn default() -> Self {
        Self { began: Instant::now(), taken: Mutex::default() }
    }
}

impl Steps {
    /// Takes a step, and prints how it ended.
    pub(crate) fn take<T>(&self, name: &'static str, step: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
        eprintln!("{name} …");
        let began = Instant::now();
        let result = step();
        let time = began.elapsed();
        match &result {
            Ok(_) => {
                eprintln!("{name}: passed in {}", in_words(time));
                self.taken.lock().unwrap_or_else(PoisonError::into_inner).push((name, time));
            }
            Err(_) => eprintln!("{name}: failed after {}", in_words(time)),
        }
        result
    }

    /// Prints all steps with their times, and the time since the first began.
    pub(crate) fn print(&self) {
        println!("\nAll passed.");
        for (name, time) in self.taken.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            println!("  {name:<20}{:>12}", in_words(*time));
        }
        println!("  {:<20}{:>12}", "in all", in_words(self.began.elapsed()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_step_is_not_among_those_taken() {
        let steps = Steps::default();
        steps.take("name", || Ok(())).unwrap();
        let failure = steps.take("color", || Err::<(), _>(Failure::new("blue, no"))).unwrap_err();
        assert_eq!(failure.to_string(), "blue, no");
        assert_eq!(steps.taken.into_inner().unwrap().len(), 1);
    }
}
