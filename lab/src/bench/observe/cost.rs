//! From rounds to figures: what a recorder adds to thinking and to processor time.

use std::time::Duration;

use launcelot_measure::load::Spread;
use launcelot_measure::unit::format_count;

/// The most that thinking may be longer with a recorder.
const THINKING_BAR_NS: f64 = 50.0;

/// The most that processor time for a question may grow with a recorder.
const PROCESSOR_BAR: f64 = 1.1;

/// What one server used while one connection asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Round {
    pub(super) questions: u64,
    /// Of all questions together.
    pub(super) thinking: Duration,
    pub(super) processor: Duration,
}

/// The rounds of both servers.
#[derive(Debug, Clone, Default)]
pub(super) struct Cost {
    pub(super) without: Vec<Round>,
    pub(super) with: Vec<Round>,
}

impl Cost {
    /// The figures as a person reads them.
    pub(super) fn report(&self, design: &str) -> String {
        let rounds = self.with.len();
        let questions = format_count(self.with.iter().map(|round| round.questions).sum());
        let thinking = Compared::of(self, |round| round.thinking);
        let processor = Compared::of(self, |round| round.processor);
        let mut text = format!(
            "What it costs the server ({design}) to be observed: {rounds} rounds without a recorder and {rounds} with one, in \
             turns;\none client, {questions} questions each, one at a time. A median is one of the rounds' means.\n\n"
        );
        text += &format!("{:<32}  {:>8}  {:>8}  {:>16}\n", "per question", "without", "with", "difference");
        for (name, [without, with]) in
            [("thinking, mean, ns", thinking.means_ns), ("thinking, median, ns", thinking.medians_ns)]
        {
            text += &format!("{name:<32}  {without:>8.1}  {with:>8.1}  {:>+16.1}\n", with - without);
        }
        for (name, [without, with]) in
            [("processor time, mean, µs", processor.means_ns), ("processor time, median, µs", processor.medians_ns)]
        {
            let (without_us, with_us) = (without / 1e3, with / 1e3);
            text += &format!("{name:<32}  {without_us:>8.3}  {with_us:>8.3}  {:>10.3} times\n", with / without);
        }
        text += &format!(
            "\nMean thinking: at most {THINKING_BAR_NS} ns more, {}. Median processor time: at most {PROCESSOR_BAR} times, {}.\n",
            verdict(thinking.is_thinking_met()),
            verdict(processor.is_processor_met()),
        );
        text
    }

    /// Whether no bar is exceeded.
    pub(super) fn are_bars_met(&self) -> bool {
        let thinking = Compared::of(self, |round| round.thinking);
        let processor = Compared::of(self, |round| round.processor);
        thinking.is_thinking_met() && processor.is_processor_met()
    }
}

fn verdict(is_met: bool) -> &'static str {
    if is_met { "met" } else { "not met" }
}

/// One figure per question, in nanoseconds: without a recorder and with one.
struct Compared {
    means_ns: [f64; 2],
    /// Of the means of the rounds: a round in which the server had to wait for a processor counts no more than others.
    medians_ns: [f64; 2],
}

impl Compared {
    fn of(cost: &Cost, figure: impl Fn(&Round) -> Duration) -> Self {
        let both = [&cost.without, &cost.with];
        Self {
            means_ns: both.map(|rounds| {
                let all: Duration = rounds.iter().map(&figure).sum();
                all.as_secs_f64() * 1e9 / rounds.iter().map(|round| round.questions).sum::<u64>() as f64
            }),
            medians_ns: both.map(|rounds| {
                let mean = |round: &Round| figure(round).as_secs_f64() * 1e9 / round.questions as f64;
                Spread::of(rounds.iter().map(mean)).map_or(0.0, |means| means.median)
            }),
        }
    }

    fn is_thinking_met(&self) -> bool {
        let [without, with] = self.means_ns;
        with - without <= THINKING_BAR_NS
    }

    /// Some rounds cost several times as much as others, as it happens; a mean would compare how many of them each had.
    fn is_processor_met(&self) -> bool {
        let [without, with] = self.medians_ns;
        with / without <= PROCESSOR_BAR
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(thinking_ns: u64, processor_us: u64) -> Round {
        let questions = 10;
        Round {
            questions,
            thinking: Duration::from_nanos(thinking_ns * questions),
            processor: Duration::from_micros(processor_us * questions),
        }
    }

    #[test]
    fn the_bars_are_met_if_neither_is_exceeded() {
        let without = vec![round(100, 10)];
        let cases = [((150, 11), true), ((151, 11), false), ((150, 12), false), ((90, 9), true)];
        for ((thinking_ns, processor_us), expected) in cases {
            let cost = Cost { without: without.clone(), with: vec![round(thinking_ns, processor_us)] };
            assert_eq!(cost.are_bars_met(), expected, "{}", cost.report("async"));
        }
    }

    #[test]
    fn means_and_medians_are_compared_with_the_bars() {
        let cost = Cost {
            without: vec![round(100, 10), round(110, 10), round(120, 10)],
            with: vec![round(130, 10), round(140, 10), round(1000, 13)],
        };
        let text = cost.report("async");
        for line in [
            "thinking, mean, ns                   110.0     423.3            +313.3",
            "thinking, median, ns                 110.0     140.0             +30.0",
            "processor time, mean, µs            10.000    11.000       1.100 times",
            "processor time, median, µs          10.000    10.000       1.000 times",
            "Mean thinking: at most 50 ns more, not met. Median processor time: at most 1.1 times, met.",
        ] {
            assert!(text.lines().any(|found| found == line), "{line:?} is missing in\n{text}");
        }
        assert!(text.contains("3 rounds without a recorder and 3 with one") && text.contains(" 30 questions each"));
        assert!(text.lines().all(|line| line.chars().count() <= 120), "{text}");
    }
}
