//! Whether the pace of a series was kept, and why not.

use crate::queue::{Cause, PaceVerdict, Queue};
use crate::reading::Reading;
use crate::rounds::Connections;
use crate::unit::{format_count, format_duration};

impl Queue {
    /// Says whether the pace was kept, what late rounds waited for, and what coordinated omission would hide.
    pub fn describe(&self) -> String {
        let known = |time| Reading::new(time, self.clock_step).describe();
        let every = format!("A round was due every {}", format_duration(self.pace));
        let mut text = match self.verdict {
            PaceVerdict::Kept => format!("{every}, and every round began when it was due."),
            PaceVerdict::CaughtUp(cause) => format!(
                "{every}. {} of {} rounds began late because {}, but the queue did not grow.",
                format_count(self.late as u64),
                format_count(self.rounds as u64),
                self.reason(cause)
            ),
            PaceVerdict::Grew(cause) => format!(
                "{every}, and the queue grew: the first tenth of the rounds began {} late, the last tenth {}, because {}. One round took \
                 {}.",
                known(self.late_first),
                known(self.late_last),
                self.reason(cause),
                known(self.own),
            ),
        };
        if matches!(self.verdict, PaceVerdict::CaughtUp(Cause::Timer) | PaceVerdict::Grew(Cause::Timer)) {
            text += &format!(" That timer was {} late at the median.", known(self.timer_late));
        }
        if let Some([begun, due]) = self.p99 {
            let begin = match self.connections {
                Connections::One => "the question was sent",
                Connections::Each => "connecting began",
            };
            text += &format!(
                " p99 is {} from when {begin}, and {} from when the question was due (what coordinated omission hides).",
                known(begun),
                known(due)
            );
        }
        text
    }

    fn reason(&self, cause: Cause) -> &'static str {
        match (cause, self.connections) {
            (Cause::Server, _) => "the server was busy with the question before",
            (Cause::Connection, Connections::One) => {
                "the answer before was still on its way: a connection carries one question at a time (head-of-line blocking)"
            }
            (Cause::Connection, Connections::Each) => {
                "the round before was still on its way, and no round begins before its end (closed loop)"
            }
            (Cause::Answer, _) => "the answer before had not arrived yet",
            (Cause::Timer, _) => "the client’s own timer was late, although the answer before had arrived",
        }
    }
}
