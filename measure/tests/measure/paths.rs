//! Paths and legs of random dialogues, which clocks that step and drift have recorded.

use std::collections::BTreeMap;
use std::time::Duration;

use launcelot_measure::paths::Clocks;
use launcelot_measure::{
    Breakdown, ConnectEvent, ConnectPoint, Connecting, Leg, Order, Path, Paths, Run, Span, Step, Trace, TraceEvent,
    TracePoint, paths,
};
use proptest::prelude::*;

/// How a connection is opened, as far as hops record it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opening {
    Unrecorded,
    /// Without a bridge: the kernel of the server, or of the tunnel, accepts, and its program at any time after connecting began.
    Direct,
    ThroughTheBridge,
}

/// A dialogue with its true times, and the two clocks that record it.
#[derive(Debug, Clone)]
struct Dialogue {
    opening: Opening,
    /// The delay before each point of connecting, and after the last, in nanoseconds.
    connect_delays: [u64; ConnectPoint::ALL.len() + 1],
    order: Order,
    /// The number of questions whose answers arrive, at most all.
    answered: usize,
    /// The delay of each question before each point, and after the last, in nanoseconds.
    delays: Vec<[u64; TracePoint::ALL.len() + 1]>,
    /// The time before each question was sent, in nanoseconds.
    pauses: Vec<u64>,
    /// For each question, the points at which it was in one segment with the next question.
    is_joined: Vec<[bool; TracePoint::ALL.len()]>,
    client_step: u64,
    hop_step: u64,
    /// The hops' clock at the beginning of the run.
    hop_began: u64,
    /// How much the hops' clock is too fast, in parts per million.
    drift: i64,
}

fn dialogues(drift: impl Strategy<Value = i64>) -> impl Strategy<Value = Dialogue> {
    let step = || prop_oneof![Just(1), Just(20), Just(5_000), Just(1_000_000), Just(16_700_000), Just(100_000_000)];
    let delay = || prop_oneof![0_u64..1_000, 0_u64..100_000, 0_u64..30_000_000];
    let question = (prop::array::uniform12(delay()), delay(), prop::array::uniform11(any::<bool>()));
    let opening = prop_oneof![Just(Opening::Unrecorded), Just(Opening::Direct), Just(Opening::ThroughTheBridge)];
    let connecting = (opening, prop::array::uniform7(delay()));
    // In most dialogues, all questions are answered.
    let answered = prop_oneof![Just(usize::MAX), Just(usize::MAX), 0_usize..4];
    let clocks = (step(), step(), 0_u64..1 << 40, drift);
    (prop::collection::vec(question, 1..6), any::<bool>(), connecting, answered, clocks).prop_map(
        |(questions, is_ahead, (opening, connect_delays), answered, (client_step, hop_step, hop_began, drift))| {
            Dialogue {
                opening,
                connect_delays,
                order: if is_ahead { Order::SentAhead } else { Order::OneAtATime },
                answered: answered.min(questions.len()),
                delays: questions.iter().map(|(delays, ..)| *delays).collect(),
                pauses: questions.iter().map(|(_, pause, _)| *pause).collect(),
                is_joined: questions.iter().map(|(.., is_joined)| *is_joined).collect(),
                client_step,
                hop_step,
                hop_began,
                drift,
            }
        },
    )
}

/// The true moments of a question: when it was asked, passed each point, and was answered.
type Truth = (u64, [u64; TracePoint::ALL.len()], u64);

/// When connecting began, in nanoseconds.
const CONNECTING_FROM: u64 = 50_000;

impl Dialogue {
    /// Returns the true moments of connecting at the points that hops record, and its end.
    fn connecting(&self) -> (Vec<(ConnectPoint, u64)>, u64) {
        let mut now = CONNECTING_FROM;
        let mut passed = Vec::new();
        for (point, delay) in ConnectPoint::ALL.into_iter().zip(self.connect_delays) {
            now += delay;
            passed.push((point, now));
        }
        let end = now + self.connect_delays[ConnectPoint::ALL.len()];
        match self.opening {
            Opening::Unrecorded => (Vec::new(), end),
            Opening::Direct => {
                let is_accepted = |point| matches!(point, ConnectPoint::TunnelAccepted | ConnectPoint::ServerAccepted);
                passed.retain(|(point, _)| is_accepted(*point));
                (passed, CONNECTING_FROM + self.connect_delays[0])
            }
            Opening::ThroughTheBridge => (passed, end),
        }
    }

    /// Returns the number of questions that are sent.
    fn asked(&self) -> usize {
        match self.order {
            Order::OneAtATime => self.delays.len().min(self.answered + 1),
            Order::SentAhead => self.delays.len(),
        }
    }

    fn truth(&self) -> Vec<Truth> {
        let mut truth = self.truth_of_all();
        truth.truncate(self.asked());
        truth
    }

    fn truth_of_all(&self) -> Vec<Truth> {
        let count = self.delays.len();
        let mut truth: Vec<Truth> = vec![Default::default(); count];
        let (_, mut now) = self.connecting();
        if self.order == Order::OneAtATime {
            for ((asked, passed, answered), (delays, pause)) in
                truth.iter_mut().zip(self.delays.iter().zip(&self.pauses))
            {
                now += pause;
                *asked = now;
                for (at, delay) in passed.iter_mut().zip(delays) {
                    now += delay;
                    *at = now;
                }
                now += delays[TracePoint::ALL.len()];
                *answered = now;
            }
            return truth;
        }
        for ((asked, ..), pause) in truth.iter_mut().zip(&self.pauses) {
            now += pause;
            *asked = now;
        }
        let mut last: Vec<u64> = truth.iter().map(|(asked, ..)| *asked).collect();
        for point in 0..=TracePoint::ALL.len() {
            let mut free = 0;
            for (at, delays) in last.iter_mut().zip(&self.delays) {
                free = free.max(*at + delays[point]);
                *at = free;
            }
            for index in (1..count).rev().filter(|_| point < TracePoint::ALL.len()) {
                if self.is_joined[index - 1][point] {
                    last[index - 1] = last[index];
                }
            }
            for ((_, passed, answered), at) in truth.iter_mut().zip(&last) {
                *passed.get_mut(point).unwrap_or(answered) = *at;
            }
        }
        truth
    }

    fn hop_clock(&self, at: u64) -> u64 {
        let drifted = self.hop_began.saturating_add(at).saturating_add_signed(at as i64 * self.drift / 1_000_000);
        drifted / self.hop_step * self.hop_step
    }

    fn began(&self) -> u64 {
        let connecting = self.connecting().0.into_iter().map(|(_, at)| at);
        let all = self.truth().into_iter().flat_map(|(_, passed, _)| passed);
        connecting.chain(all).map(|at| self.hop_clock(at)).min().unwrap_or_default()
    }

    fn run(&self) -> Run {
        let client_clock = |at: u64| Duration::from_nanos(at / self.client_step * self.client_step);
        let mut steps = Vec::new();
        for (index, (asked, _, answered)) in self.truth().into_iter().enumerate() {
            steps.push((asked, 0, Step::Asked { at: client_clock(asked) }));
            if index < self.answered {
                steps.push((answered, 1, Step::Answered { at: client_clock(answered), answer: "Yes.".to_owned() }));
            }
        }
        if self.order == Order::SentAhead {
            steps.sort_by_key(|(at, kind, _)| (*at, *kind));
        }
        let questions = self.delays.iter().map(|_| "What?".to_owned());
        let mut run = Run::new(String::new(), self.order, Duration::from_nanos(self.client_step), questions);
        run.record(Step::LookedUp { at: client_clock(CONNECTING_FROM) });
        run.record(Step::Connected { at: client_clock(self.connecting().1) });
        steps.into_iter().for_each(|(.., step)| run.record(step));
        run
    }

    fn trace(&self) -> Trace {
        let began = self.began();
        let mut segments = BTreeMap::<(u64, TracePoint), u64>::new();
        for (_, passed, _) in self.truth() {
            for (point, at) in TracePoint::ALL.into_iter().zip(passed) {
                *segments.entry((at, point)).or_default() += if point.is_of_answers() { 4 } else { 5 };
            }
        }
        let at = |at| Duration::from_nanos(self.hop_clock(at) - began);
        let events = segments.into_iter().map(|((true_at, point), bytes)| TraceEvent { point, at: at(true_at), bytes });
        let (passed, _) = self.connecting();
        let connecting = passed.into_iter().map(|(point, true_at)| ConnectEvent { point, at: at(true_at) });
        let clock_step = Duration::from_nanos(self.hop_step);
        Trace { events: events.collect(), connecting: connecting.collect(), clock_step, ..Trace::default() }
    }
}

/// Checks the properties of every dialogue, for any clocks.
fn check(run: &Run, paths: &Paths) -> Result<(), TestCaseError> {
    if let Some(breakdown) = Breakdown::of(run, paths) {
        let legs: Duration = Leg::ALL.into_iter().filter_map(|leg| breakdown.leg(leg)).sum();
        prop_assert_eq!(legs, breakdown.waited, "the legs of a run add up to the time waited");
        let link = [Leg::LinkOut, Leg::LinkBack].into_iter().filter_map(|leg| breakdown.leg(leg)).sum();
        prop_assert!(breakdown.in_the_tunnel.unwrap_or_default() <= link);
    }
    if let Some(connecting) = paths.connecting() {
        let legs: Duration = connecting.legs().iter().map(|(_, span)| span.took()).sum();
        prop_assert_eq!(Some(legs), run.connecting.map(Span::took), "the legs of connecting add up to it");
    }
    let mut moments_of_events = BTreeMap::new();
    for (path, asked) in paths.questions().iter().zip(&run.questions) {
        let legs = path.legs();
        let sum: Duration = legs.iter().map(|(_, span)| span.took()).sum();
        prop_assert_eq!(Some(sum), asked.took(), "the legs of a question add up to what it took");
        prop_assert!(legs.windows(2).all(|pair| pair[0].1.until == pair[1].1.from), "no gap and no overlap");
        let moments = path.moments();
        prop_assert!(moments.is_sorted_by_key(|(_, at)| *at), "order is kept");
        for (point, at) in moments {
            let known = moments_of_events.entry(path.at(point)).or_insert(at);
            prop_assert_eq!(*known, at, "an event has one moment");
        }
    }
    let in_order: Vec<_> = moments_of_events.into_values().collect();
    prop_assert!(in_order.is_sorted(), "events of different questions keep their order");
    Ok(())
}

/// Returns the largest error of a path's moments.
fn error(path: &Path, (_, passed, _): &Truth) -> Duration {
    let off = |(point, at): (TracePoint, Duration)| at.abs_diff(Duration::from_nanos(passed[point as usize]));
    path.moments().into_iter().map(off).max().unwrap_or_default()
}

proptest! {
    #[test]
    fn every_moment_is_within_its_uncertainty_if_no_clock_drifts(dialogue in dialogues(Just(0))) {
        let run = dialogue.run();
        let trace = dialogue.trace();
        let paths = paths(&run, &trace);
        check(&run, &paths)?;
        let is_bounded = dialogue.answered > 0 || dialogue.opening == Opening::ThroughTheBridge;
        prop_assert_eq!(paths.clocks() == Clocks::Unbounded, !is_bounded, "{:?}", paths.clocks());
        let Clocks::Related { uncertainty } = paths.clocks() else {
            prop_assert!(!is_bounded, "{:?}", paths.clocks());
            return Ok(());
        };
        prop_assert!(uncertainty <= run.until() + run.clock_step + trace.clock_step, "{uncertainty:?}");
        for (point, at) in paths.connecting().map(Connecting::moments).unwrap_or_default() {
            let (truth, _) = dialogue.connecting();
            let (_, true_at) = truth.into_iter().find(|(passed, _)| *passed == point).unwrap();
            prop_assert!(at.abs_diff(Duration::from_nanos(true_at)) <= uncertainty + trace.clock_step);
        }
        for (path, truth) in paths.questions().iter().zip(&dialogue.truth()) {
            // A reading of the hops' clock is itself known to one step only.
            let known = uncertainty + trace.clock_step;
            prop_assert!(error(path, truth) <= known, "{:?} is more than {:?}", error(path, truth), known);
        }
    }

    #[test]
    fn legs_add_up_or_are_unknown_if_a_clock_drifts(dialogue in dialogues(-20_000_i64..20_000)) {
        let run = dialogue.run();
        let paths = paths(&run, &dialogue.trace());
        check(&run, &paths)?;
        if paths.clocks() == Clocks::Contradictory {
            let is_unknown = |breakdown: Breakdown| Leg::ALL[1..6].iter().all(|leg| breakdown.leg(*leg).is_none());
            prop_assert!(Breakdown::of(&run, &paths).is_none_or(is_unknown));
        }
    }

    #[test]
    fn legs_of_an_arbitrary_trace_add_up(
        events in prop::collection::vec((0..TracePoint::ALL.len(), any::<u32>(), 0_u64..20), 0..40),
        connecting in prop::collection::vec((0..ConnectPoint::ALL.len(), any::<u32>()), 0..8),
        dialogue in dialogues(Just(0)),
    ) {
        let event = |(point, at, bytes): (usize, u32, u64)| {
            TraceEvent { point: TracePoint::ALL[point], at: Duration::from_nanos(at.into()), bytes }
        };
        let passed = |(point, at): (usize, u32)| {
            ConnectEvent { point: ConnectPoint::ALL[point], at: Duration::from_nanos(at.into()) }
        };
        let trace = Trace {
            events: events.into_iter().map(event).collect(),
            connecting: connecting.into_iter().map(passed).collect(),
            ..Trace::default()
        };
        let run = dialogue.run();
        let paths = paths(&run, &trace);
        if let Some(breakdown) = Breakdown::of(&run, &paths) {
            let legs: Duration = Leg::ALL.into_iter().filter_map(|leg| breakdown.leg(leg)).sum();
            prop_assert_eq!(legs, breakdown.waited);
        }
        if let Some(connecting) = paths.connecting() {
            let legs: Duration = connecting.legs().iter().map(|(_, span)| span.took()).sum();
            prop_assert_eq!(Some(legs), run.connecting.map(Span::took));
        }
    }
}
