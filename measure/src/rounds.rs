//! Many rounds: one question asked again and again, with all measured times.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::distribution::Distribution;
use crate::estimate::{Estimates, estimates};
use crate::failures::Failures;
use crate::interruptions::Interruptions;
use crate::link::{self, Link, LinkRevisions};
use crate::micros;
use crate::provenance::Provenance;
use crate::round::{Round, Stopwatch};
use crate::run::RunStatus;
use crate::server_work::ServerWork;

/// The largest number of warm-up rounds.
const WARM_UP_MAX: u32 = 100;

/// The connections that carry rounds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Connections {
    /// One connection for all rounds.
    #[default]
    One,
    /// A connection for each round.
    Each,
}

/// A plan for rounds: one question each, sent when the previous answer has arrived (closed loop), at the earliest when it is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoundsPlan {
    /// The number of rounds, warm-up included.
    pub rounds: u32,
    /// The number of warm-up rounds, which come first and are discarded.
    pub warm_up: u32,
    /// The connections that carry the rounds.
    pub connections: Connections,
    /// The time between the moments at which rounds are due, in microseconds; `None` if each is due when the round before ends.
    #[serde(rename = "pace_us", with = "micros::option")]
    pub pace: Option<Duration>,
}

impl RoundsPlan {
    /// Returns a plan for `counted` samples, preceded by a warm-up of a tenth as many rounds, at most 100.
    pub fn new(counted: u32, connections: Connections, pace: Option<Duration>) -> Self {
        let warm_up = (counted / 10).min(WARM_UP_MAX);
        Self { rounds: counted.saturating_add(warm_up), warm_up, connections, pace }
    }

    /// Returns the number of rounds after the warm-up.
    pub fn counted(&self) -> u32 {
        self.rounds.saturating_sub(self.warm_up)
    }
}

/// A series of rounds, warm-up included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rounds {
    /// The name of the series.
    pub name: String,
    /// Whether a person gave the series its name; `None` in documents that do not say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_named: Option<bool>,
    /// The target: `HOST port PORT`, or a `ws://` URL.
    #[serde(alias = "to")]
    pub target: String,
    /// The plan.
    pub plan: RoundsPlan,
    /// The smallest step of the clock, in microseconds.
    #[serde(rename = "clock_step_us", with = "micros")]
    pub clock_step: Duration,
    /// The number of processors that the client's machine reports.
    pub cores: u32,
    /// The answered rounds.
    pub answered: Vec<Round>,
    /// The number of failed rounds.
    pub errors: u32,
    /// The failures by kind and message, as far as they were recorded.
    #[serde(default, skip_serializing_if = "Failures::is_empty")]
    pub failures: Failures,
    /// When, by what and of what the series was measured.
    #[serde(default, skip_serializing_if = "Provenance::is_unknown")]
    pub provenance: Provenance,
    /// The emulated link.
    #[serde(alias = "wire", deserialize_with = "link::of_any_version")]
    pub link: Link,
    /// The revisions of the link settings, where a lab reported them.
    #[serde(default, alias = "passage", skip_serializing_if = "Option::is_none")]
    pub link_revisions: Option<LinkRevisions>,
    /// The mean time that the server worked on a question, in microseconds, where a lab reported it.
    #[serde(rename = "thinking_mean_us", default, skip_serializing_if = "Option::is_none", with = "micros::option")]
    pub thinking_mean: Option<Duration>,
    /// The simulated work of the server on each answer, where a lab reported it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_work: Option<ServerWork>,
    /// What interrupted the client.
    #[serde(default, skip_serializing_if = "Interruptions::is_none")]
    pub interruptions: Interruptions,
    /// The status.
    #[serde(alias = "ending")]
    pub status: RunStatus,
}

impl Rounds {
    /// Returns the number of answered rounds that belong to the warm-up.
    pub fn discarded(&self) -> usize {
        self.answered.len().min(self.plan.warm_up as usize)
    }

    /// Returns the answered rounds after the warm-up.
    pub fn samples(&self) -> &[Round] {
        &self.answered[self.discarded()..]
    }

    /// Returns the time of each sample by `stopwatch`.
    pub fn times(&self, stopwatch: Stopwatch) -> impl Iterator<Item = Duration> {
        self.samples().iter().map(move |round| round.took(stopwatch))
    }

    /// Returns the distribution of the times of the samples by `stopwatch`.
    pub fn distribution(&self, stopwatch: Stopwatch) -> Distribution {
        self.times(stopwatch).collect()
    }

    /// Returns the percentiles of the times of the samples by `stopwatch`, with their confidence intervals.
    pub fn estimates(&self, stopwatch: Stopwatch) -> Estimates {
        let times: Vec<Duration> = self.times(stopwatch).collect();
        estimates(&times, self.clock_step)
    }

    /// Returns the stopwatch that starts when a round begins: when connecting begins, if each round has a connection of its own,
    /// otherwise when the question is sent.
    pub fn begin_stopwatch(&self) -> Stopwatch {
        match self.plan.connections {
            Connections::One => Stopwatch::Question,
            Connections::Each => Stopwatch::Connecting,
        }
    }

    /// Returns the number of rounds that have ended, with an answer or with a failure.
    pub fn done(&self) -> usize {
        self.answered.len() + self.errors as usize
    }

    /// Whether this is the same series as `other`, also if one of them was renamed or imported.
    pub fn is_same(&self, other: &Self) -> bool {
        self.target == other.target
            && self.plan == other.plan
            && self.answered == other.answered
            && self.provenance.began == other.provenance.began
    }

    /// Whether the series has ended.
    pub fn is_over(&self) -> bool {
        self.status != RunStatus::Running
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::percentile::Percentile;

    /// Returns a series with `count` answered rounds, warm-up included.
    fn rounds(count: u32) -> Rounds {
        Rounds {
            name: "A thousand".to_owned(),
            is_named: None,
            target: "ws://b/ws".to_owned(),
            plan: RoundsPlan {
                rounds: count,
                ..RoundsPlan::new(1_000, Connections::Each, Some(Duration::from_millis(2)))
            },
            clock_step: Duration::from_micros(5),
            cores: 2,
            provenance: Provenance::default(),
            link: Link::None,
            link_revisions: None,
            thinking_mean: None,
            server_work: None,
            interruptions: Interruptions::default(),
            answered: (1..=count.into())
                .map(|number| Round { asked: number, connecting: number * 3, due: 7, ready: number * 4 })
                .collect(),
            errors: 2,
            failures: Failures::default(),
            status: RunStatus::Complete,
        }
    }

    #[test]
    fn the_warm_up_is_added_to_the_samples_asked_for() {
        let plan = |counted| RoundsPlan::new(counted, Connections::One, None);
        assert_eq!([9, 10, 999, 1_000, 10_000].map(|counted| plan(counted).warm_up), [0, 1, 99, 100, 100]);
        assert_eq!([9, 10, 1_000, 10_000].map(|counted| plan(counted).rounds), [9, 11, 1_100, 10_100]);
        assert_eq!([9, 10, 1_000, 10_000].map(|counted| plan(counted).counted()), [9, 10, 1_000, 10_000]);
    }

    #[test]
    fn the_samples_asked_for_are_enough_for_their_percentile() {
        for (counted, percentile) in [(100, Percentile::P99), (1_000, Percentile::P99_9), (10_000, Percentile::P99_99)]
        {
            let plan = RoundsPlan::new(counted, Connections::One, None);
            let rounds = Rounds { plan, answered: vec![Round::default(); plan.rounds as usize], ..rounds(0) };
            let supported = rounds.distribution(Stopwatch::Question).percentile(percentile);
            assert!(supported.is_some(), "{} of {counted}", percentile.name);
        }
    }

    #[test]
    fn the_warm_up_is_not_sampled() {
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
