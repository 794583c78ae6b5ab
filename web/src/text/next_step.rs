//! What a run suggests to try next, and why the first answer of all took longer.

use std::time::Duration;

use launcelot_measure::{Order, QuestionTiming, Run, Span};

use crate::bridge::Route;

/// What to try next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Go through the tunnel.
    LengthenLink,
    /// Do not wait for answers.
    SendAhead,
    /// Compare the ways to ask.
    Race,
}

impl Next {
    /// Returns the step after a run in this order on this route.
    pub fn after(order: Order, route: Route, has_lab: bool) -> Self {
        match (order, route) {
            (_, Route::Straight) if has_lab => Self::LengthenLink,
            (Order::OneAtATime, _) => Self::SendAhead,
            (Order::SentAhead, _) => Self::Race,
        }
    }
}

/// Why the first answer took longer.
pub const SLOW_START: &str = "The first answer after startup often takes longer, because caches are cold and code is still being loaded or compiled. \
                              Ask again to see the usual time.";

/// Whether the first answer took clearly longer than the others.
pub fn is_first_slow(run: &Run) -> bool {
    let took = |question: usize| run.questions.get(question).and_then(QuestionTiming::span).map(Span::took);
    let others: Option<Duration> = (1..run.questions.len()).filter_map(took).max();
    run.order == Order::OneAtATime && took(0).zip(others).is_some_and(|(first, others)| first >= others * 2)
}

#[cfg(test)]
mod tests {
    use launcelot_measure::Step;

    use super::*;

    #[test]
    fn a_run_leads_on_to_the_next_lesson() {
        let cases = [
            (Order::OneAtATime, Route::Straight, true, Next::LengthenLink),
            (Order::OneAtATime, Route::Tunnel, true, Next::SendAhead),
            (Order::SentAhead, Route::Tunnel, true, Next::Race),
            (Order::OneAtATime, Route::Straight, false, Next::SendAhead),
            (Order::SentAhead, Route::Straight, false, Next::Race),
        ];
        for (order, route, has_lab, expected) in cases {
            assert_eq!(Next::after(order, route, has_lab), expected, "{order:?}, {route:?}, {has_lab}");
        }
    }

    #[test]
    fn only_a_first_answer_that_took_longer_is_explained() {
        let ms = Duration::from_millis;
        let run = |first: u64| {
            let mut run = Run::new(String::new(), Order::OneAtATime, Duration::ZERO, ["a?", "b?"].map(str::to_owned));
            let times = [(0, first), (first, first + 1)];
            for (from, until) in times {
                run.record(Step::Asked { at: ms(from) });
                run.record(Step::Answered { at: ms(until), answer: "Blue.".to_owned() });
            }
            run
        };
        assert!(is_first_slow(&run(3)));
        assert!(!is_first_slow(&run(1)));
    }
}
