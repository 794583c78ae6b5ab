//! What limits the figures of a drawing, in one line below it.

use std::time::Duration;

use launcelot_measure::Run;
use launcelot_measure::unit::readable;

/// How many of something.
pub fn count(count: usize, one: &str, more: &str) -> String {
    match count {
        0 => format!("no {more}"),
        1 => format!("1 {one}"),
        _ => format!("{count} {more}"),
    }
}

/// The line of one drawing: its samples, how many of which are none, and what was discarded as warm-up.
pub fn line(samples: &str, clock_step: Duration, cores: u32, discarded: &str, errors: usize) -> String {
    format!(
        "{samples} · clock steps {} · {} · {discarded} discarded as warm-up · {}",
        readable(clock_step),
        count(cores as usize, "core", "cores"),
        count(errors, "error", "errors"),
    )
}

/// The line of one run: a question without an answer is an error.
pub fn of_run(run: &Run, cores: u32) -> String {
    let samples = count(run.questions.len(), "question", "questions");
    line(&samples, run.clock_step, cores, "nothing", run.questions.len() - run.answered())
}

#[cfg(test)]
mod tests {
    use launcelot_measure::Order;

    use super::*;

    #[test]
    fn a_run_says_what_limits_its_figures() {
        let step = Duration::from_micros(5);
        let run = Run::new(String::new(), Order::OneAtATime, step, ["What?", "Why?"].map(str::to_owned));
        let expected = "2 questions · clock steps 5 µs · 1 core · nothing discarded as warm-up · 2 errors";
        assert_eq!(of_run(&run, 1).replace('\u{a0}', " "), expected);
    }
}
