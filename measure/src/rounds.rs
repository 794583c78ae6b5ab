//! Many rounds: a question asked again and again, and every time that was taken.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::distribution::Distribution;
use crate::estimate::{Estimates, estimates};
use crate::failures::Failures;
use crate::interruptions::Interruptions;
use crate::micros;
use crate::run::Ending;
use crate::wire::{Passage, Wire};

/// So many rounds of a warm-up are enough, however many are counted after it.
const WARM_UP_MAX: u32 = 100;

/// Which connections carry the rounds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Connections {
    /// One for all of them.
    #[default]
    One,
    /// A new one for each.
    Each,
}

/// What is to be done: one question a round, and the next round when the answer is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// How many rounds in all, those of the warm-up included.
    pub rounds: u32,
    /// How many of them come first and are not counted: what is cold then is warm later.
    pub warm_up: u32,
    /// Which connections carry them.
    pub connections: Connections,
    /// After which time each round is due after the one before, in microseconds; `None` as soon as its
    /// answer is there.
    #[serde(rename = "pace_us", with = "micros::option")]
    pub pace: Option<Duration>,
}

impl Plan {
    /// A plan for `counted` rounds. A warm-up of a tenth as many, but never more than 100, comes first and on top
    /// of them: 1,000 rounds that are asked for are 1,000 samples.
    pub fn new(counted: u32, connections: Connections, pace: Option<Duration>) -> Self {
        let warm_up = (counted / 10).min(WARM_UP_MAX);
        Self { rounds: counted.saturating_add(warm_up), warm_up, connections, pace }
    }

    /// How many rounds are counted.
    pub fn counted(&self) -> u32 {
        self.rounds.saturating_sub(self.warm_up)
    }
}

/// Where the stopwatch starts. It stops at the answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stopwatch {
    /// When the question was sent.
    #[default]
    Question,
    /// When the connection began to be made, in a round that made one; else when the question was sent.
    Connecting,
    /// When the round was due.
    Due,
}

/// One round: how long ago each thing was when its answer came, in steps of 100 ns.
///
/// Serialized, a number takes as many bytes as it needs, so most rounds are small; no wait is too long.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Round {
    /// Since the question was sent.
    #[serde(rename = "asked_100ns")]
    pub asked: u64,
    /// Since the connection began to be made, or the question was sent if there was one already.
    #[serde(rename = "connecting_100ns")]
    pub connecting: u64,
    /// Since the round was due: by the plan's pace, or as soon as there was nothing to wait for.
    #[serde(rename = "due_100ns")]
    pub due: u64,
    /// Since the round could begin: it was due, and the answer before was there. What passed from then until it began is the
    /// asker's own, its timer's above all. 0 if it is not known.
    #[serde(rename = "ready_100ns", default, skip_serializing_if = "is_zero")]
    pub ready: u64,
}

fn is_zero(steps: &u64) -> bool {
    *steps == 0
}

impl Round {
    /// The step in which it counts, in nanoseconds.
    pub const STEP_NS: u32 = 100;

    /// How long it took by such a stopwatch.
    pub fn took(self, stopwatch: Stopwatch) -> Duration {
        Self::duration(match stopwatch {
            Stopwatch::Question => self.asked,
            Stopwatch::Connecting => self.connecting,
            Stopwatch::Due => self.due,
        })
    }

    /// How long ago it could begin when its answer came; `None` if that is not known.
    pub fn since_ready(self) -> Option<Duration> {
        (self.ready > 0).then(|| Self::duration(self.ready))
    }

    fn duration(steps: u64) -> Duration {
        Duration::from_nanos(steps.saturating_mul(u64::from(Self::STEP_NS)))
    }
}

/// Many rounds, those of the warm-up included, and how they went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rounds {
    /// What a person calls them.
    pub name: String,
    /// Who was asked.
    pub to: String,
    /// What was to be done.
    pub plan: Plan,
    /// The smallest step of the clock that took the times.
    #[serde(rename = "clock_step_us", with = "micros")]
    pub clock_step: Duration,
    /// How many processors the asker's machine says that it has.
    pub cores: u32,
    /// The rounds that were answered.
    pub answered: Vec<Round>,
    /// How many were not.
    pub errors: u32,
    /// Why they were not, as far as that was recorded.
    #[serde(default, skip_serializing_if = "Failures::is_empty")]
    pub failures: Failures,
    /// The longer wire through which they went, as it was set; `None` where there was none, where it is not known, and
    /// where it became another one meanwhile.
    pub wire: Option<Wire>,
    /// The settings of the lab's tunnel through which they went, where a lab told them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passage: Option<Passage>,
    /// How long the server thought about a question, at the mean and in microseconds, where a lab told it.
    #[serde(rename = "thinking_mean_us", default, skip_serializing_if = "Option::is_none", with = "micros::option")]
    pub thinking_mean: Option<Duration>,
    /// What interrupted the asker meanwhile.
    #[serde(default, skip_serializing_if = "Interruptions::is_none")]
    pub interruptions: Interruptions,
    /// How it stands.
    pub ending: Ending,
}

impl Rounds {
    /// How many of those that were answered are the warm-up's, and are not counted.
    pub fn discarded(&self) -> usize {
        self.answered.len().min(self.plan.warm_up as usize)
    }

    /// Those that are counted.
    pub fn samples(&self) -> &[Round] {
        &self.answered[self.discarded()..]
    }

    /// How long those that are counted took.
    pub fn times(&self, stopwatch: Stopwatch) -> impl Iterator<Item = Duration> {
        self.samples().iter().map(move |round| round.took(stopwatch))
    }

    /// How these times are distributed.
    pub fn distribution(&self, stopwatch: Stopwatch) -> Distribution {
        self.times(stopwatch).collect()
    }

    /// How well their percentiles are known.
    pub fn estimates(&self, stopwatch: Stopwatch) -> Estimates {
        let times: Vec<Duration> = self.times(stopwatch).collect();
        estimates(&times, self.clock_step)
    }

    /// How late those that are counted began although they could: the asker's own lateness, its timer's above all. Rounds of which it
    /// is not known are left out.
    pub fn asker_lateness(&self) -> Distribution {
        let begun = self.begins();
        self.samples().iter().filter_map(|round| Some(round.since_ready()?.saturating_sub(round.took(begun)))).collect()
    }

    /// The stopwatch that starts when a round begins: with its connection, if it makes one, else with its question.
    pub fn begins(&self) -> Stopwatch {
        match self.plan.connections {
            Connections::One => Stopwatch::Question,
            Connections::Each => Stopwatch::Connecting,
        }
    }

    /// How many rounds are over, with an answer or without.
    pub fn done(&self) -> usize {
        self.answered.len() + self.errors as usize
    }

    /// Whether nothing more will happen in it.
    pub fn is_over(&self) -> bool {
        self.ending != Ending::Running
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::percentile::Percentile;

    /// Of `count` rounds in all.
    fn rounds(count: u32) -> Rounds {
        Rounds {
            name: "A thousand".to_owned(),
            to: "ws://b/ws".to_owned(),
            plan: Plan { rounds: count, ..Plan::new(1_000, Connections::Each, Some(Duration::from_millis(2))) },
            clock_step: Duration::from_micros(5),
            cores: 2,
            wire: None,
            passage: None,
            thinking_mean: None,
            interruptions: Interruptions::default(),
            answered: (1..=count.into())
                .map(|number| Round { asked: number, connecting: number * 3, due: 7, ready: number * 4 })
                .collect(),
            errors: 2,
            failures: Failures::default(),
            ending: Ending::Complete,
        }
    }

    #[test]
    fn a_warm_up_comes_on_top_of_what_is_asked_for() {
        let plan = |counted| Plan::new(counted, Connections::One, None);
        assert_eq!([9, 10, 999, 1_000, 10_000].map(|counted| plan(counted).warm_up), [0, 1, 99, 100, 100]);
        assert_eq!([9, 10, 1_000, 10_000].map(|counted| plan(counted).rounds), [9, 11, 1_100, 10_100]);
        assert_eq!([9, 10, 1_000, 10_000].map(|counted| plan(counted).counted()), [9, 10, 1_000, 10_000]);
    }

    #[test]
    fn what_is_asked_for_carries_the_percentile_of_its_size() {
        for (counted, percentile) in [(100, Percentile::P99), (1_000, Percentile::P99_9), (10_000, Percentile::P99_99)]
        {
            let plan = Plan::new(counted, Connections::One, None);
            let rounds = Rounds { plan, answered: vec![Round::default(); plan.rounds as usize], ..rounds(0) };
            let carried = rounds.distribution(Stopwatch::Question).percentile(percentile);
            assert!(carried.is_some(), "{} of {counted}", percentile.name);
        }
    }

    #[test]
    fn what_passes_between_the_moment_a_round_could_begin_and_its_begin_is_the_lateness_of_the_asker() {
        let lateness = rounds(1_000).asker_lateness();
        assert_eq!((lateness.count(), lateness.longest()), (900, Duration::from_micros(100)));
        let unknown = Rounds { answered: vec![Round { asked: 1, ..Round::default() }; 200], ..rounds(0) };
        assert_eq!(unknown.asker_lateness().count(), 0);
    }

    #[test]
    fn the_warm_up_is_not_counted() {
        let rounds = rounds(1_000);
        assert_eq!((rounds.discarded(), rounds.samples().len(), rounds.done()), (100, 900, 1_002));
        let shortest = |stopwatch| rounds.times(stopwatch).min();
        assert_eq!(shortest(Stopwatch::Question), Some(Duration::from_nanos(10_100)));
        assert_eq!(shortest(Stopwatch::Connecting), Some(Duration::from_nanos(30_300)));
        assert_eq!(shortest(Stopwatch::Due), Some(Duration::from_nanos(700)));
        let cut_short = Rounds { answered: rounds.answered[..40].to_vec(), ..rounds };
        assert_eq!((cut_short.discarded(), cut_short.samples()), (40, &[][..]));
    }
}
