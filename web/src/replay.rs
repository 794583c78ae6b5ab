//! Slow motion: where each message of a recorded dialogue was at any moment.
//!
//! The recorded moments move everything. Between two of them the place is interpolated; where no hop was observed,
//! a message goes on to "beyond" and turns half way in time, which only says that it was away.

use std::time::Duration;

use launcelot_charts::lanes::{Hop, Marker, Position, Trail};
use launcelot_measure::paths::Clocks;
use launcelot_measure::{ConnectPoint, Connecting, Leg, Path, Paths, Run, Span, Trace, TracePoint, paths};

/// What happened at a recorded moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// Connecting began.
    Connecting,
    /// It passed a point.
    ConnectPassed(ConnectPoint),
    /// The connection could be used.
    Connected,
    /// A question left the browser.
    Asked,
    /// It, or its answer, passed a point.
    Passed(TracePoint),
    /// Its answer was in the browser.
    Answered,
}

/// Something that happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// To which question, from 0. Has no meaning for connecting.
    pub question: usize,
}

/// A recorded moment, and everything that happened in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// When, since the run began.
    pub at: Duration,
    /// What happened, in the order of the path.
    pub events: Vec<Event>,
}

/// Where a message was at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Knot {
    at: Duration,
    place: Position,
    /// Whether the answer came there.
    is_back: bool,
    /// Whose the way to there was.
    leg: &'static str,
}

/// The places that a message came to, in their order.
pub(crate) type Journey = Vec<Knot>;

/// A recorded dialogue that can be played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    /// The hops, from left to right; the first is the client.
    pub hops: Vec<Hop>,
    /// The words of each lane: connecting, if it is known, and each question.
    pub lanes: Vec<String>,
    /// The recorded moments, in their order.
    pub moments: Vec<Moment>,
    /// The questions with their answers.
    pub exchanges: Vec<(String, Option<String>)>,
    /// How the hops' clock relates to the asker's.
    pub clocks: Clocks,
    /// The smallest step of the asker's clock.
    pub clock_step: Duration,
    /// Whether a part of the path was not observed, and is drawn as "beyond".
    pub is_partly_unknown: bool,
    pub(crate) journeys: Vec<Journey>,
}

/// How wide the hops are, in thousandths of the width. The tunnel is where most of the time goes, and
/// what takes long should be seen to move.
const ASKER_WIDTH: Position = 90;
const BRIDGE_WIDTH: Position = 90;
const TUNNEL_WIDTH: Position = 300;
const SERVER_WIDTH: Position = 120;

/// Where the points are for one set of hops.
struct Map {
    hops: Vec<Hop>,
}

impl Map {
    /// A map of the hops that saw something.
    fn of(paths: &Paths, asker: &'static str) -> Self {
        let saw = |points: [TracePoint; 2], made: ConnectPoint| {
            paths.questions().iter().any(|path| points.into_iter().any(|point| path.at(point).is_some()))
                || paths.connecting().is_some_and(|connecting| connecting.at(made).is_some())
        };
        let mut named = vec![(asker, ASKER_WIDTH)];
        if saw([TracePoint::BridgeIn, TracePoint::BridgeBackOut], ConnectPoint::UpgradeIn) {
            named.push(("bridge", BRIDGE_WIDTH));
        }
        if saw([TracePoint::TunnelIn, TracePoint::TunnelBackOut], ConnectPoint::TunnelAccepted) {
            named.push(("tunnel", TUNNEL_WIDTH));
        }
        let knows_server = saw([TracePoint::ServerIn, TracePoint::AnswerOut], ConnectPoint::ServerAccepted);
        named.push((if knows_server { "server" } else { "beyond" }, SERVER_WIDTH));
        let free = 1000 - named.iter().map(|(_, width)| width).sum::<Position>();
        let gap = free / (named.len() as Position - 1);
        let mut from = 0;
        let hops = named.into_iter().map(|(name, width)| {
            let hop = Hop { name, from, until: from + width };
            from += width + gap;
            hop
        });
        Self { hops: hops.collect() }
    }

    fn hop(&self, name: &str) -> Option<Hop> {
        self.hops.iter().find(|hop| hop.name == name).copied()
    }

    /// Where messages leave the browser, and come back to.
    fn home(&self) -> Position {
        ASKER_WIDTH
    }

    /// The nearest place of the farthest hop.
    fn far(&self) -> Position {
        self.hops.last().map_or(0, |last| last.from)
    }

    /// Where a point is, if its hop is on the map.
    fn place(&self, point: TracePoint) -> Option<Position> {
        use TracePoint::{AnswerOut, ServerIn, TunnelBackIn, TunnelBackOut, TunnelIn, TunnelOut};
        use TracePoint::{AnswerReady, BridgeBackIn, BridgeBackOut, BridgeIn, BridgeOut};
        let (name, is_far_edge) = match point {
            BridgeIn | BridgeBackOut => ("bridge", false),
            BridgeOut | BridgeBackIn => ("bridge", true),
            TunnelIn | TunnelBackOut => ("tunnel", false),
            TunnelOut | TunnelBackIn => ("tunnel", true),
            ServerIn | AnswerOut => ("server", false),
            AnswerReady => ("server", true),
        };
        let hop = self.hop(name)?;
        Some(match (point, is_far_edge) {
            // The server's edge is the end of the world: it turns in the middle.
            (AnswerReady, _) => (hop.from + hop.until) / 2,
            (_, false) => hop.from,
            (_, true) => hop.until,
        })
    }

    /// There and back, when nothing is known of in between.
    fn unknown_journey(&self, span: Span) -> Journey {
        let knot = |at, place, is_back| Knot { at, place, is_back, leg: "unknown" };
        let middle = span.from + span.took() / 2;
        vec![knot(span.from, self.home(), false), knot(middle, self.far(), false), knot(span.until, self.home(), true)]
    }

    /// To the server and back while connecting, by its legs. `connect()` turns when the server accepted, or half way in time
    /// if it learned of that after its kernel had answered. Without a handshake across the tunnel it turns at the near end.
    fn connecting(&self, run: &Run, span: Span, paths: &Paths) -> Journey {
        let connecting = paths.connecting();
        let legs = connecting.map(Connecting::legs).unwrap_or_default();
        let moments = connecting.map(Connecting::moments).unwrap_or_default();
        let Some(there) = legs.iter().position(|(leg, _)| *leg == Leg::Connect) else {
            return self.unknown_journey(span);
        };
        let accepted = moments.iter().find(|(point, _)| *point == ConnectPoint::ServerAccepted).map(|(_, at)| *at);
        let bridge = self.hop("bridge");
        let knot = |at, place, is_back, leg| Knot { at, place, is_back, leg: class_of(leg) };
        let mut journey = vec![knot(span.from, self.home(), false, Leg::Client)];
        for (index, &(leg, Span { from, until })) in legs.iter().enumerate() {
            let is_back = index > there;
            let place = match (leg, bridge) {
                (Leg::Bridge, Some(bridge)) if is_back => bridge.from,
                (Leg::Bridge, Some(bridge)) => bridge.until,
                (Leg::Client, Some(bridge)) if !is_back => bridge.from,
                (Leg::Connect, _) => {
                    let took = until - from;
                    let turn = accepted.filter(|at| (from..until).contains(at) && took >= held_back(paths));
                    let end = match self.hop("tunnel") {
                        Some(tunnel) if turn.is_none() && run.attributed_handshake.is_none() => tunnel.from,
                        _ => self.far(),
                    };
                    journey.push(knot(turn.unwrap_or(from + took / 2), end, false, leg));
                    bridge.map_or(self.home(), |bridge| bridge.until)
                }
                _ => self.home(),
            };
            journey.push(knot(until, place, is_back || leg == Leg::Connect, leg));
        }
        journey
    }

    /// By the points that are known.
    fn journey(&self, asked: Span, passed: &[(TracePoint, Duration)]) -> Journey {
        if passed.is_empty() {
            return self.unknown_journey(asked);
        }
        let knows_server =
            passed.iter().any(|(point, _)| matches!(point, TracePoint::ServerIn | TracePoint::AnswerOut));
        let mut journey = vec![Knot { at: asked.from, place: self.home(), is_back: false, leg: "client" }];
        let mut before = None;
        for (point, at) in passed {
            let Some(place) = self.place(*point) else { continue };
            let is_back = *point >= TracePoint::AnswerOut;
            let leg = before.map_or("client", |before| leg_between(before, *point));
            if let Some(last) = journey.last().copied().filter(|last| is_back && !last.is_back && !knows_server) {
                let middle = last.at + at.saturating_sub(last.at) / 2;
                journey.push(Knot { at: middle, place: self.far(), is_back: false, leg: "unknown" });
            }
            // A coarse clock may lay a moment outside of the question.
            journey.push(Knot { at: (*at).max(asked.from).min(asked.until), place, is_back, leg });
            before = Some(*point);
        }
        journey.push(Knot { at: asked.until, place: self.home(), is_back: true, leg: "client" });
        journey
    }
}

/// How long the tunnel held the first question back. What took less cannot have crossed it.
fn held_back(paths: &Paths) -> Duration {
    let first = paths.questions().first();
    first.and_then(|path| path.between(TracePoint::TunnelIn, TracePoint::TunnelOut)).unwrap_or_default()
}

/// Whose the way was between two points, as a class.
fn leg_between(from: TracePoint, until: TracePoint) -> &'static str {
    class_of(Leg::between(from, until))
}

/// Returns the class of a leg.
pub(crate) fn class_of(leg: Leg) -> &'static str {
    match leg {
        Leg::Client => "client",
        Leg::Bridge => "bridge",
        Leg::Connect | Leg::LinkOut | Leg::LinkBack => "link",
        Leg::Server => "server",
        Leg::Unknown => "unknown",
    }
}

impl Replay {
    /// What was recorded of `run`, and of it along the way, ready to be played; `None` as long as nothing was.
    pub fn of(run: &Run, trace: Option<&Trace>, asker: &'static str) -> Option<Self> {
        let paths = trace.map(|trace| paths(run, trace)).unwrap_or_default();
        let map = Map::of(&paths, asker);
        let (mut lanes, mut journeys, mut events) = (Vec::new(), Vec::new(), Vec::new());
        if let Some(span) = run.connecting {
            lanes.push("Connecting".to_owned());
            journeys.push(map.connecting(run, span, &paths));
            events.push((span.from, Event { kind: EventKind::Connecting, question: 0 }));
            let passed = paths.connecting().map(Connecting::moments).unwrap_or_default();
            events.extend(
                passed
                    .into_iter()
                    .map(|(point, at)| (at, Event { kind: EventKind::ConnectPassed(point), question: 0 })),
            );
            events.push((span.until, Event { kind: EventKind::Connected, question: 0 }));
        }
        for (question, asked) in run.questions.iter().enumerate() {
            let Some(from) = asked.asked else { continue };
            lanes.push(asked.question.clone());
            events.push((from, Event { kind: EventKind::Asked, question }));
            let Some(span) = asked.span() else {
                journeys.push(vec![Knot { at: from, place: map.home(), is_back: false, leg: "client" }]);
                continue;
            };
            let passed = paths.questions().get(question).map(Path::moments).unwrap_or_default();
            events.extend(passed.iter().map(|(point, at)| (*at, Event { kind: EventKind::Passed(*point), question })));
            events.push((span.until, Event { kind: EventKind::Answered, question }));
            journeys.push(map.journey(span, &passed));
        }
        let exchanges = run.questions.iter().map(|asked| (asked.question.clone(), asked.answer.clone())).collect();
        let is_partly_unknown = map.hop("server").is_none();
        let moments = in_moments(events);
        (!moments.is_empty()).then_some(Self {
            hops: map.hops,
            lanes,
            moments,
            exchanges,
            clocks: paths.clocks(),
            clock_step: run.clock_step,
            is_partly_unknown,
            journeys,
        })
    }

    /// The last recorded moment.
    pub fn end(&self) -> Duration {
        self.moments.last().map_or(Duration::ZERO, |last| last.at)
    }

    /// How many recorded moments there are up to `at`, that one included.
    pub fn passed(&self, at: Duration) -> usize {
        self.moments.partition_point(|moment| moment.at <= at)
    }

    /// The next recorded moment after `at`, or the last.
    pub fn after(&self, at: Duration) -> Duration {
        self.moments.get(self.passed(at)).map_or(self.end(), |moment| moment.at)
    }

    /// The recorded moment before `at`, or the first.
    pub fn before(&self, at: Duration) -> Duration {
        let passed = self.moments.partition_point(|moment| moment.at < at);
        self.moments.get(passed.saturating_sub(1)).map_or(Duration::ZERO, |moment| moment.at)
    }

    /// What has been gone until `at`, and where the messages are then. A message that is home has arrived in the
    /// middle of the browser; one that has not left is not there yet.
    pub fn at(&self, at: Duration) -> (Vec<Trail>, Vec<Marker>) {
        let (mut trails, mut markers) = (Vec::new(), Vec::new());
        for (lane, journey) in self.journeys.iter().enumerate() {
            let Some(first) = journey.first().filter(|first| first.at <= at) else { continue };
            let mut marker = Marker { lane, is_back: false, at: first.place };
            for pair in journey.windows(2) {
                let [from, until] = pair else { continue };
                if from.at >= at && until.at > at {
                    break;
                }
                let place = between(from, until, at);
                trails.push(Trail { lane, is_back: until.is_back, from: from.place, until: place, leg: until.leg });
                marker = Marker { lane, is_back: until.is_back, at: place };
            }
            if journey.last().is_some_and(|last| last.is_back && last.at <= at) {
                marker.at = ASKER_WIDTH / 2;
            }
            markers.push(marker);
        }
        (trails, markers)
    }
}

/// Where a message is at `at` that left one place for another, as if it had gone evenly.
fn between(from: &Knot, until: &Knot, at: Duration) -> Position {
    let whole = until.at.saturating_sub(from.at);
    let gone = at.saturating_sub(from.at).min(whole);
    if whole.is_zero() {
        return until.place;
    }
    let way = f64::from(until.place) - f64::from(from.place);
    (f64::from(from.place) + way * gone.as_secs_f64() / whole.as_secs_f64()).round() as Position
}

/// What happened at the same time is one moment.
fn in_moments(events: Vec<(Duration, Event)>) -> Vec<Moment> {
    let mut moments: Vec<Moment> = Vec::new();
    for (at, event) in events {
        // Most come in their order. What sorts would be a fiftieth of all that a browser has to load.
        match moments.binary_search_by_key(&at, |moment| moment.at) {
            Ok(place) => moments[place].events.push(event),
            Err(place) => moments.insert(place, Moment { at, events: vec![event] }),
        }
    }
    moments
}

#[cfg(test)]
mod tests {
    use launcelot_measure::{ConnectEvent, Order, Step, TraceEvent};

    use super::*;

    const fn us(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    fn run() -> Run {
        let mut run = Run::new(String::new(), Order::OneAtATime, us(5), ["What?".to_owned(), "Why ?".to_owned()]);
        for step in [
            Step::Connected { at: us(50) },
            Step::Asked { at: us(100) },
            Step::Answered { at: us(300), answer: "Yes.".to_owned() },
            Step::Asked { at: us(300) },
        ] {
            run.record(step);
        }
        run
    }

    /// The first question seen at these points, 10 µs apart, so that 50 µs lie before them and after.
    fn trace(points: &[TracePoint]) -> Trace {
        let step = if points.len() == 1 { 0 } else { 100 / (points.len() as u64 - 1) };
        let events = points.iter().zip(0..).map(|(point, index)| TraceEvent {
            point: *point,
            at: us(index * step),
            bytes: if point.is_of_answers() { 4 } else { 5 },
        });
        Trace { events: events.collect(), ..Trace::default() }
    }

    fn names(replay: &Replay) -> Vec<&str> {
        replay.hops.iter().map(|hop| hop.name).collect()
    }

    #[test]
    fn a_message_passes_every_hop_out_and_back_in_order() {
        let replay = Replay::of(&run(), Some(&trace(&TracePoint::ALL)), "browser").unwrap();
        assert_eq!(names(&replay), ["browser", "bridge", "tunnel", "server"]);
        assert_eq!(replay.lanes, ["Connecting", "What?", "Why ?"]);
        let mut at = Duration::ZERO;
        let mut seen = Vec::new();
        while replay.after(at) > at {
            at = replay.after(at);
            let (_, markers) = replay.at(at);
            seen.extend(markers.iter().find(|marker| marker.lane == 1).map(|marker| (marker.is_back, marker.at)));
        }
        assert_eq!(at, us(300));
        let there: Vec<_> = seen.iter().filter(|(is_back, _)| !is_back).map(|(_, at)| *at).collect();
        let back: Vec<_> = seen.iter().filter(|(is_back, _)| *is_back).map(|(_, at)| *at).collect();
        assert_eq!((there.len(), back.len()), (7, 6));
        assert!(there.is_sorted() && back.iter().rev().is_sorted(), "{seen:?}");
        assert_eq!(back.last(), Some(&(ASKER_WIDTH / 2)), "home");
    }

    #[test]
    fn between_two_moments_the_place_is_interpolated_and_at_them_it_is_the_recorded_one() {
        let replay =
            Replay::of(&run(), Some(&trace(&[TracePoint::ServerIn, TracePoint::AnswerOut])), "browser").unwrap();
        assert_eq!((names(&replay), replay.is_partly_unknown), (vec!["browser", "server"], false));
        let place = |at| replay.at(at).1.into_iter().find(|marker| marker.lane == 1).map(|marker| marker.at);
        assert_eq!(place(us(99)), None, "it has not left");
        assert_eq!([place(us(100)), place(us(125)), place(us(150))], [Some(90), Some(485), Some(880)]);
        assert_eq!(replay.at(us(175)).1.len(), 2);
    }

    #[test]
    fn where_no_hop_recorded_a_message_it_goes_between_known_places() {
        let replay = Replay::of(&run(), None, "browser").unwrap();
        assert_eq!((names(&replay), replay.is_partly_unknown), (vec!["browser", "beyond"], true));
        let bridge = [TracePoint::BridgeIn, TracePoint::BridgeOut, TracePoint::BridgeBackIn, TracePoint::BridgeBackOut];
        let replay = Replay::of(&run(), Some(&trace(&bridge)), "browser").unwrap();
        assert_eq!(names(&replay), ["browser", "bridge", "beyond"]);
        let (trails, markers) = replay.at(us(200));
        assert_eq!(trails.last().map(|trail| (trail.lane, trail.leg)), Some((1, "unknown")));
        assert_eq!(markers.last(), Some(&Marker { lane: 1, is_back: false, at: 880 }), "it turns half way in time");
    }

    #[test]
    fn connecting_crosses_a_long_link_in_the_time_that_was_recorded() {
        let mut run = Run::new(String::new(), Order::OneAtATime, us(5), ["What?".to_owned()]);
        run.record(Step::Connected { at: us(600_400) });
        use ConnectPoint::{ConnectBegun, ConnectDone, ServerAccepted, TunnelAccepted, UpgradeIn, UpgradeOut};
        let passed = [
            (UpgradeIn, 0),
            (ConnectBegun, 100),
            (TunnelAccepted, 110),
            (ServerAccepted, 300_150),
            (ConnectDone, 600_200),
            (UpgradeOut, 600_300),
        ];
        let connecting = passed.map(|(point, at)| ConnectEvent { point, at: us(at) }).to_vec();
        let replay = Replay::of(&run, Some(&Trace { connecting, ..Trace::default() }), "browser").unwrap();
        assert_eq!(names(&replay), ["browser", "bridge", "tunnel", "server"]);
        let [bridge, server] = [1, 3].map(|index: usize| replay.hops[index]);
        let at = |micros| replay.at(us(micros)).1[0];
        let crossed = at(150 + 12_000).at - bridge.until;
        assert!(crossed.abs_diff((server.from - bridge.until) / 25) <= 1, "12 of 300 ms there: {crossed}");
        assert_eq!(at(300_200), Marker { lane: 0, is_back: false, at: server.from });
        assert_eq!(at(600_250), Marker { lane: 0, is_back: true, at: bridge.until });
        assert_eq!(at(600_400), Marker { lane: 0, is_back: true, at: ASKER_WIDTH / 2 });
        assert_eq!(replay.moments.len(), 8, "each recorded point is a moment: {:?}", replay.moments);
    }

    #[test]
    fn connecting_without_a_handshake_across_the_tunnel_turns_at_its_near_end() {
        use ConnectPoint::{ConnectBegun, ConnectDone, ServerAccepted, TunnelAccepted, UpgradeIn, UpgradeOut};
        let far_along = |connecting: &[(ConnectPoint, u64)], attributed: Option<Duration>| {
            let mut run = Run::new(String::new(), Order::OneAtATime, us(5), ["What?".to_owned()]);
            run.record(Step::Connected { at: us(400) });
            run.attributed_handshake = attributed;
            let connecting = connecting.iter().map(|&(point, at)| ConnectEvent { point, at: us(at) }).collect();
            let replay = Replay::of(&run, Some(&Trace { connecting, ..Trace::default() }), "browser").unwrap();
            let farthest = (0..=400).map(|at| replay.at(us(at)).1[0].at).max().unwrap();
            replay.hops.iter().rev().find(|hop| hop.from <= farthest).map(|hop| hop.name).unwrap()
        };
        let through = |accepted| {
            [
                (UpgradeIn, 0),
                (ConnectBegun, 100),
                (TunnelAccepted, 110),
                (ServerAccepted, accepted),
                (ConnectDone, 200),
                (UpgradeOut, 300),
            ]
        };
        assert_eq!(far_along(&through(150), None), "server", "the handshake crossed the tunnel");
        assert_eq!(far_along(&through(350_000), None), "tunnel", "the tunnel accepted by itself");
        let native = [(TunnelAccepted, 110), (ServerAccepted, 350_000)];
        assert_eq!(far_along(&native, None), "tunnel");
        assert_eq!(far_along(&native, Some(us(300))), "server", "attributed");
    }

    #[test]
    fn a_question_without_an_answer_left_and_is_not_seen_to_arrive() {
        let replay = Replay::of(&run(), None, "browser").unwrap();
        let (_, markers) = replay.at(replay.end());
        assert_eq!(markers.last(), Some(&Marker { lane: 2, is_back: false, at: ASKER_WIDTH }));
        let nothing = Run::new(String::new(), Order::OneAtATime, us(5), ["What?".to_owned()]);
        assert_eq!(Replay::of(&nothing, None, "browser"), None);
    }

    #[test]
    fn what_happened_at_one_time_is_one_step() {
        let replay = Replay::of(&run(), None, "browser").unwrap();
        assert_eq!(
            replay.moments.iter().map(|moment| moment.at).collect::<Vec<_>>(),
            [us(0), us(50), us(100), us(300)]
        );
        assert_eq!(replay.moments[3].events.len(), 2);
        assert_eq!((replay.before(us(100)), replay.before(us(101)), replay.before(us(0))), (us(50), us(100), us(0)));
        assert_eq!(replay.passed(us(99)), 2);
    }
}
