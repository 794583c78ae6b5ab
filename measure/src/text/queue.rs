//! Whether the pace of a series was kept, and why not.

use std::time::Duration;

use crate::queue::{Cause, PaceVerdict, Queue};
use crate::reading::Reading;
use crate::rounds::Connections;
use crate::unit::{format_count, format_duration};

impl Queue {
    /// Says whether the pace was kept, what made rounds late, and what coordinated omission would hide.
    pub fn describe(&self) -> String {
        [self.describe_verdict(), self.describe_causes(), self.describe_timer(), self.describe_p99()].concat()
    }

    fn describe_verdict(&self) -> String {
        let every = format!("A round was due every {}", format_duration(self.pace));
        match self.verdict {
            PaceVerdict::Kept if self.is_known(self.late_most) => {
                format!("{every}, and every round began within {} of its due time.", format_duration(self.late_most))
            }
            PaceVerdict::Kept => format!("{every}, and every round began on time."),
            PaceVerdict::CaughtUp(cause) => format!(
                "{every}. {} of {} rounds began late, mostly because {}. The queue did not grow.",
                format_count(self.late as u64),
                format_count(self.rounds as u64),
                self.reason(cause)
            ),
            PaceVerdict::Grew(cause) => format!(
                "{every}, but the queue grew: the first tenth of the rounds began {} late and the last tenth {} late, mostly because {}. \
                 The median round took {}.",
                self.reading(self.late_first),
                self.reading(self.late_last),
                self.reason(cause),
                self.reading(self.own),
            ),
        }
    }

    /// States the mean lateness and divides it among its causes, if the timer is one of them.
    fn describe_causes(&self) -> String {
        let late = self.mean_late;
        if self.verdict == PaceVerdict::Kept || !self.is_known(late.by_timer) {
            return String::new();
        }
        let mut text = format!(" On average, a round began {} late", format_duration(late.by_answers + late.by_timer));
        if self.is_known(late.by_answers) {
            let [by_answers, by_timer] = [late.by_answers, late.by_timer].map(format_duration);
            text +=
                &format!(": {by_answers} because of previous answers and {by_timer} because of the client’s own timer");
        }
        text + "."
    }

    /// States the lateness of the client's own timer, if the clock can measure it.
    fn describe_timer(&self) -> String {
        let p99 = self.timer_late_p99.filter(|late| self.is_known(*late));
        if !self.is_known(self.timer_late) && p99.is_none() {
            return String::new();
        }
        let p99 = p99.map(|late| format!(" and {} at p99", format_duration(late))).unwrap_or_default();
        format!(" The client’s own timer was late by {} at the median{p99}.", self.reading(self.timer_late))
    }

    /// States p99 of the times until the answer, once from the start of a round and once from when it was due, and what makes the
    /// difference.
    fn describe_p99(&self) -> String {
        let Some(p99) = self.p99 else { return String::new() };
        let begin = match self.connections {
            Connections::One => "the question was sent",
            Connections::Each => "connecting began",
        };
        let by_answers = p99.due_without_timer.saturating_sub(p99.begun);
        let by_timer = p99.due.saturating_sub(p99.due_without_timer);
        let difference = if !self.is_known(p99.due.saturating_sub(p99.begun)) {
            ""
        } else if by_answers >= by_timer {
            " (the difference is what coordinated omission hides)"
        } else {
            " (the difference is mostly the client’s own timer)"
        };
        format!(
            " p99 is {} timed from when {begin}, and {} from when the question was due{difference}.",
            self.reading(p99.begun),
            self.reading(p99.due)
        )
    }

    fn reason(&self, cause: Cause) -> &'static str {
        match (cause, self.connections) {
            (Cause::Server, _) => "the server was still busy with the previous question",
            (Cause::Connection, Connections::One) => {
                "the previous answer had not arrived, and on one connection a question waits for those before it (head-of-line blocking)"
            }
            (Cause::Connection, Connections::Each) => {
                "the previous round had not ended, and rounds do not overlap (closed loop)"
            }
            (Cause::Answer, _) => "the previous answer had not arrived yet",
            (Cause::Timer, _) => "the client’s own timer was late, for that round or an earlier one",
        }
    }

    fn is_known(&self, time: Duration) -> bool {
        Reading::new(time, self.clock_step).is_known()
    }

    fn reading(&self, time: Duration) -> String {
        Reading::new(time, self.clock_step).describe()
    }
}
