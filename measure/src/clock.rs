//! The smallest step of a clock.

use std::time::Duration;

/// The number of steps to observe. With a clock that steps every 100 µs, for example, this takes 2 ms.
const STEPS: usize = 20;

/// The largest number of readings. A clock that does not move during `READINGS_MAX` readings has no step.
const READINGS_MAX: usize = 1_000_000;

/// Observes a clock and returns its smallest step, or `None` if it stands still.
///
/// No time is known more exactly than to this step. `now` reads the clock. For a clock whose step is shorter than one reading
/// takes, the result is the duration of a reading.
pub fn smallest_step(mut now: impl FnMut() -> Duration) -> Option<Duration> {
    let mut steps = Vec::with_capacity(STEPS);
    let mut last = now();
    for _ in 0..READINGS_MAX {
        let next = now();
        if next > last {
            steps.push(next - last);
            if steps.len() == STEPS {
                break;
            }
        }
        last = next;
    }
    steps.into_iter().min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_step_is_found_among_larger_ones() {
        let mut readings = 0_u32;
        let step = smallest_step(|| {
            readings += 1;
            // The clock steps by 5 µs every 40 readings, and once by 1 ms.
            Duration::from_micros(u64::from(readings / 40) * 5 + if readings > 333 { 1000 } else { 0 })
        });
        assert_eq!(step, Some(Duration::from_micros(5)));
    }

    #[test]
    fn a_clock_that_stands_still_has_no_step() {
        assert_eq!(smallest_step(|| Duration::from_secs(3)), None);
    }
}
