//! What is counted, and which of it belongs to the window.

use std::time::{Duration, Instant};

use launcelot_measure::load::{Counts, DialogueFailure};

/// The window of a cycle: its begin, and its end, which a request to stop may move.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    pub(super) begin: Instant,
    pub(super) end: Instant,
}

impl Window {
    pub(super) fn contains(self, time: Instant) -> bool {
        self.begin <= time && time < self.end
    }

    /// Whether what went on from `begin` to `end` did so at some time in the window.
    fn overlaps(self, begin: Instant, end: Instant) -> bool {
        begin < self.end && self.begin <= end
    }
}

/// Why a dialogue failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) kind: DialogueFailure,
    /// The system's words, or an excerpt of the wrong answer.
    pub(super) example: Option<String>,
}

impl Failure {
    pub(super) fn new(kind: DialogueFailure) -> Self {
        Self { kind, example: None }
    }

    pub(super) fn with_example(kind: DialogueFailure, example: &impl ToString) -> Self {
        Self { kind, example: Some(example.to_string()) }
    }
}

/// The counts since the last report, under the rules that [`Counts`] describes.
#[derive(Debug)]
pub(super) struct Recorder {
    pub(super) window: Window,
    counts: Box<Counts>,
}

impl Recorder {
    pub(super) fn new(window: Window) -> Self {
        Self { window, counts: Box::default() }
    }

    /// Returns what was counted since the last call.
    pub(super) fn take(&mut self) -> Box<Counts> {
        std::mem::take(&mut self.counts)
    }

    /// Counts `questions` that were sent at `sent` and answered at `time`.
    ///
    /// The time of sending decides which latencies belong to the window: it is known before the answer, so slow answers are not left
    /// out, and unlike the begin of the dialogue it leaves no gap when dialogues are longer than the window.
    pub(super) fn answered(&mut self, sent: Instant, questions: u64, time: Instant) {
        if self.window.contains(time) {
            self.counts.questions += questions;
        }
        if self.window.contains(sent) {
            let latency = time.saturating_duration_since(sent);
            for _ in 0..questions {
                self.counts.question_latency.record(latency);
            }
        }
    }

    /// Counts a client that was answered for the first time.
    pub(super) fn client_answered(&mut self, time: Instant) {
        if time < self.window.end {
            self.counts.clients_answered += 1;
        }
    }

    /// Counts a connection that opened at `time`.
    pub(super) fn connected(&mut self, begin: Instant, time: Instant) {
        if self.window.contains(begin) {
            self.counts.connect_latency.record(time.saturating_duration_since(begin));
        }
    }

    /// Counts the first answer on a connection that was made by a dialogue that began at `begin`.
    pub(super) fn first_answered(&mut self, begin: Instant, time: Instant) {
        if self.window.contains(begin) {
            self.counts.first_answer_latency.record(time.saturating_duration_since(begin));
        }
    }

    /// Counts a dialogue with every answer right.
    pub(super) fn completed(&mut self, begin: Instant, time: Instant) {
        let began_within = self.window.contains(begin);
        let ended_within = self.window.contains(time);
        if ended_within {
            self.counts.dialogues += 1;
            self.counts.cut_at_begin += u64::from(!began_within);
        }
        if began_within {
            self.counts.dialogue_latency.record(time.saturating_duration_since(begin));
            self.counts.cut_at_end += u64::from(!ended_within);
        }
    }

    /// Counts a dialogue that goes on when the window ends.
    pub(super) fn went_on_at_end(&mut self, begin: Instant) {
        if begin < self.window.begin && self.window.begin < self.window.end {
            self.counts.spanning += 1;
        }
    }

    /// Counts a dialogue that failed at `time`.
    pub(super) fn failed(&mut self, begin: Instant, failure: &Failure, time: Instant) {
        if self.window.overlaps(begin, time) {
            self.counts.failures.add(failure.kind, failure.example.as_deref());
        }
    }

    /// Counts how much later than due something was begun.
    pub(super) fn begun(&mut self, due: Instant, time: Instant) {
        if self.window.contains(due) {
            self.counts.lateness.record(time.saturating_duration_since(due));
        }
    }

    pub(super) fn held_back(&mut self) {
        self.counts.held_back += 1;
    }

    pub(super) fn queued(&mut self, dialogues: usize) {
        self.counts.queued += dialogues as u64;
    }

    /// Returns the time since the start of the window.
    pub(super) fn elapsed(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.window.begin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dialogue_in_the_window_is_in_the_rates_or_in_the_latencies_or_spans_it() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let cases = [
            // (begin, end), (dialogues, cut_at_begin, cut_at_end, spanning, latencies)
            ((0, 50), (0, 0, 0, 0, 0)),
            ((50, 150), (1, 1, 0, 0, 0)),
            ((100, 199), (1, 0, 0, 0, 1)),
            ((199, 200), (0, 0, 1, 0, 1)),
            ((200, 210), (0, 0, 0, 0, 0)),
            ((50, 250), (0, 0, 0, 1, 0)),
        ];
        for ((begin, end), expected) in cases {
            let mut recorder = Recorder::new(Window { begin: at(100), end: at(200) });
            if begin < 200 && end >= 200 {
                recorder.went_on_at_end(at(begin));
            }
            recorder.completed(at(begin), at(end));
            let counts = recorder.take();
            let latencies = counts.dialogue_latency.count();
            let found = (counts.dialogues, counts.cut_at_begin, counts.cut_at_end, counts.spanning, latencies);
            assert_eq!(found, expected, "{begin} to {end}");
            assert_eq!(counts.cut(), u64::from(found.1 + found.2 + found.3 > 0), "{begin} to {end}");
        }
    }

    #[test]
    fn the_latency_of_a_question_belongs_to_the_window_in_which_it_was_sent() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let cases = [
            // (sent, answered), (questions, latencies)
            ((50, 99), (0, 0)),
            ((99, 100), (3, 0)),
            ((100, 199), (3, 3)),
            ((199, 200), (0, 3)),
            ((200, 210), (0, 0)),
        ];
        for ((sent, answered), expected) in cases {
            let mut recorder = Recorder::new(Window { begin: at(100), end: at(200) });
            recorder.answered(at(sent), 3, at(answered));
            let counts = recorder.take();
            assert_eq!((counts.questions, counts.question_latency.count()), expected, "{sent} to {answered}");
        }
    }

    #[test]
    fn a_client_that_was_answered_before_the_window_counts_and_one_after_it_does_not() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut recorder = Recorder::new(Window { begin: at(100), end: at(200) });
        for ms in [50, 150, 200, 250] {
            recorder.client_answered(at(ms));
        }
        assert_eq!(recorder.take().clients_answered, 2);
    }

    #[test]
    fn a_failure_counts_if_its_dialogue_went_on_at_some_time_in_the_window() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let cases = [((0, 99), 0), ((50, 100), 1), ((120, 150), 1), ((199, 900), 1), ((50, 250), 1), ((200, 250), 0)];
        for ((begin, end), expected) in cases {
            let mut recorder = Recorder::new(Window { begin: at(100), end: at(200) });
            recorder.failed(at(begin), &Failure::new(DialogueFailure::Reset), at(end));
            assert_eq!(recorder.take().failures.count(), expected, "{begin} to {end}");
            assert_eq!(recorder.take().failures.count(), 0, "counted once");
        }
    }
}
