//! The verdict on a case: whether the clients received what was expected, and the state of the server after it.

use serde::Serialize;

use super::transcript::Transcript;

/// What the clients of a case received, up to the first difference from what was expected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Observation {
    /// What the client that the case is about has received.
    pub(super) received: Transcript,
    /// What the client should have received by then.
    pub(super) expected: Transcript,
    /// True if the client received the answer only after the first client had left.
    pub(super) was_delayed: bool,
}

/// The state of the server after a case, as a fresh connection shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServerState {
    /// The server answers.
    Alive,
    /// The server no longer accepts connections.
    Dead,
    /// The server does not answer, although it, or the kernel for it, accepts connections.
    Hung,
}

/// The verdict on one behaviour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The behaviour is as expected.
    AsExpected,
    /// The second client was answered after the first had left. That is a design, not a fault.
    OneAtATime,
    /// The behaviour differs, or the server did not survive the case.
    Differs,
    /// The server was dead or hung before the case.
    NotRun,
}

/// The result of one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The name of the behaviour.
    pub behaviour: &'static str,
    /// The verdict.
    pub verdict: Verdict,
    /// What the client that the case is about received.
    pub received: Transcript,
    /// What the client should have received.
    pub expected: Transcript,
    /// The state of the server after the case, or before it if it was not run.
    pub server: ServerState,
    /// How the server exited, if the prober started it and it is dead: the exit code or signal, and the last line on
    /// standard error.
    pub exit: Option<String>,
}

impl Finding {
    pub(super) fn new(behaviour: &'static str, observation: Observation, server: ServerState) -> Self {
        let verdict = judge(&observation, server);
        let Observation { received, expected, .. } = observation;
        Self { behaviour, verdict, received, expected, server, exit: None }
    }

    pub(super) fn not_run(behaviour: &'static str, server: ServerState) -> Self {
        let Observation { received, expected, .. } = Observation::default();
        Self { behaviour, verdict: Verdict::NotRun, received, expected, server, exit: None }
    }
}

fn judge(observation: &Observation, server: ServerState) -> Verdict {
    if observation.received != observation.expected || server != ServerState::Alive {
        Verdict::Differs
    } else if observation.was_delayed {
        Verdict::OneAtATime
    } else {
        Verdict::AsExpected
    }
}

/// The results of all cases, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// The results.
    pub all: Vec<Finding>,
    /// True if the prober started a separate server for each case.
    pub has_server_per_case: bool,
}

impl Findings {
    /// Returns how many cases have this verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.all.iter().filter(|finding| finding.verdict == verdict).count()
    }

    /// Returns true if all cases were run and none differs. Serving one client at a time is not a fault.
    pub fn are_as_expected(&self) -> bool {
        self.count(Verdict::Differs) + self.count(Verdict::NotRun) == 0
    }

    /// Returns the number of cases after which the server was in this state.
    pub fn count_left(&self, state: ServerState) -> usize {
        self.all.iter().filter(|finding| finding.server == state).count()
    }

    /// Returns the state of the server at the end, or the worst state of all servers if each case had its own.
    pub fn server(&self) -> ServerState {
        if self.has_server_per_case {
            let worst = [ServerState::Dead, ServerState::Hung].into_iter().find(|state| self.count_left(*state) > 0);
            return worst.unwrap_or(ServerState::Alive);
        }
        self.all.last().map_or(ServerState::Alive, |finding| finding.server)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::transcript::SocketEvent;

    fn received(text: &str, event: Option<SocketEvent>) -> Transcript {
        Transcript { bytes: text.into(), event }
    }

    #[test]
    fn a_difference_or_a_server_that_is_not_alive_is_a_fault() {
        let blue = || received("Blue.", None);
        let ended = || received("Blue.", Some(SocketEvent::End));
        let cases = [
            (blue(), blue(), false, ServerState::Alive, Verdict::AsExpected),
            (ended(), ended(), false, ServerState::Alive, Verdict::AsExpected),
            (blue(), blue(), true, ServerState::Alive, Verdict::OneAtATime),
            (blue(), blue(), false, ServerState::Dead, Verdict::Differs),
            (blue(), blue(), true, ServerState::Hung, Verdict::Differs),
            (received("Blue.\n", None), blue(), false, ServerState::Alive, Verdict::Differs),
            (ended(), blue(), false, ServerState::Alive, Verdict::Differs),
            (received("Blue.", Some(SocketEvent::Reset)), ended(), false, ServerState::Alive, Verdict::Differs),
            (received("No, yellow.", None), blue(), true, ServerState::Alive, Verdict::Differs),
        ];
        for (received, expected, was_delayed, server, verdict) in cases {
            let observation = Observation { received, expected, was_delayed };
            assert_eq!(judge(&observation, server), verdict, "{observation:?}, {server:?}");
        }
    }

    #[test]
    fn one_client_at_a_time_is_not_a_fault_and_a_case_that_was_not_run_is_one() {
        let finding = |verdict, server| Finding { verdict, ..Finding::not_run("", server) };
        let cases = [
            (finding(Verdict::AsExpected, ServerState::Alive), true),
            (finding(Verdict::OneAtATime, ServerState::Alive), true),
            (finding(Verdict::Differs, ServerState::Alive), false),
            (finding(Verdict::NotRun, ServerState::Dead), false),
        ];
        for (finding, expected) in cases {
            assert_eq!(
                Findings { all: vec![finding.clone()], has_server_per_case: false }.are_as_expected(),
                expected,
                "{finding:?}"
            );
        }
    }
}
