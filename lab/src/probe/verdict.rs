//! Whether what was seen is what was to be seen.

use serde::Serialize;

use super::transcript::Transcript;

/// What the clients of a case saw, up to the first departure from what was expected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Observation {
    /// What the client heard whose hearing is the point.
    pub(super) seen: Transcript,
    /// What it was to hear by then.
    pub(super) expected: Transcript,
    /// Whether it heard that only when the client before it had left.
    pub(super) kept_waiting: bool,
}

/// What a fresh connection finds after a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServerState {
    /// It answers.
    Alive,
    /// It takes no connections any more.
    Dead,
    /// It, or the system for it, takes connections, but it answers none.
    Hung,
}

/// What is to be said of one behaviour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// As the table of behaviours says.
    AsExpected,
    /// The second client was answered once the first had left: the server's own design, no fault.
    OneAtATime,
    /// Something else, or the server did not survive it.
    Differs,
    /// The server was gone already.
    NotRun,
}

/// One behaviour, and what was found about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The behaviour's name in the table.
    pub behaviour: &'static str,
    /// What is to be said of it.
    pub verdict: Verdict,
    /// What a client heard.
    pub seen: Transcript,
    /// What it was to hear.
    pub expected: Transcript,
    /// The server after this case. If the case was not run, as it was found before.
    pub server: ServerState,
    /// How a server that the prober has started died of it, and its last words.
    pub death: Option<String>,
}

impl Finding {
    pub(super) fn judged(behaviour: &'static str, observation: Observation, server: ServerState) -> Self {
        let verdict = judge(&observation, server);
        let Observation { seen, expected, .. } = observation;
        Self { behaviour, verdict, seen, expected, server, death: None }
    }

    pub(super) fn not_run(behaviour: &'static str, server: ServerState) -> Self {
        let Observation { seen, expected, .. } = Observation::default();
        Self { behaviour, verdict: Verdict::NotRun, seen, expected, server, death: None }
    }
}

fn judge(observation: &Observation, server: ServerState) -> Verdict {
    if observation.seen != observation.expected || server != ServerState::Alive {
        Verdict::Differs
    } else if observation.kept_waiting {
        Verdict::OneAtATime
    } else {
        Verdict::AsExpected
    }
}

/// All that was found, in the order of the table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// One for each case.
    pub all: Vec<Finding>,
    /// Each case had a server of its own.
    pub started_anew: bool,
}

impl Findings {
    /// How many have this verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.all.iter().filter(|finding| finding.verdict == verdict).count()
    }

    /// Whether nothing differs, and everything was run. To serve one client at a time is no fault.
    pub fn are_as_expected(&self) -> bool {
        self.count(Verdict::Differs) + self.count(Verdict::NotRun) == 0
    }

    /// How many cases left the server like this.
    pub fn count_left(&self, state: ServerState) -> usize {
        self.all.iter().filter(|finding| finding.server == state).count()
    }

    /// The server in the end; the worst of all servers, if each case had its own.
    pub fn server(&self) -> ServerState {
        if self.started_anew {
            let worst = [ServerState::Dead, ServerState::Hung].into_iter().find(|state| self.count_left(*state) > 0);
            return worst.unwrap_or(ServerState::Alive);
        }
        self.all.last().map_or(ServerState::Alive, |finding| finding.server)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::transcript::Then;

    fn heard(text: &str, then: Option<Then>) -> Transcript {
        Transcript { heard: text.into(), then }
    }

    #[test]
    fn only_what_is_as_expected_on_a_server_that_lives_on_is_no_fault() {
        let blue = || heard("Blue.", None);
        let ended = || heard("Blue.", Some(Then::EndOfStream));
        let cases = [
            (blue(), blue(), false, ServerState::Alive, Verdict::AsExpected),
            (ended(), ended(), false, ServerState::Alive, Verdict::AsExpected),
            (blue(), blue(), true, ServerState::Alive, Verdict::OneAtATime),
            (blue(), blue(), false, ServerState::Dead, Verdict::Differs),
            (blue(), blue(), true, ServerState::Hung, Verdict::Differs),
            (heard("Blue.\n", None), blue(), false, ServerState::Alive, Verdict::Differs),
            (ended(), blue(), false, ServerState::Alive, Verdict::Differs),
            (heard("Blue.", Some(Then::Reset)), ended(), false, ServerState::Alive, Verdict::Differs),
            (heard("No, yellow.", None), blue(), true, ServerState::Alive, Verdict::Differs),
        ];
        for (seen, expected, kept_waiting, server, verdict) in cases {
            let observation = Observation { seen, expected, kept_waiting };
            assert_eq!(judge(&observation, server), verdict, "{observation:?}, {server:?}");
        }
    }

    #[test]
    fn a_design_is_no_fault_and_a_case_that_was_not_run_is_one() {
        let finding = |verdict, server| Finding { verdict, ..Finding::not_run("", server) };
        let cases = [
            (finding(Verdict::AsExpected, ServerState::Alive), true),
            (finding(Verdict::OneAtATime, ServerState::Alive), true),
            (finding(Verdict::Differs, ServerState::Alive), false),
            (finding(Verdict::NotRun, ServerState::Dead), false),
        ];
        for (finding, expected) in cases {
            assert_eq!(
                Findings { all: vec![finding.clone()], started_anew: false }.are_as_expected(),
                expected,
                "{finding:?}"
            );
        }
    }
}
