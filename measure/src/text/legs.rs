//! Sentences that say on which part of the path the time of a run was spent.

use std::time::Duration;

use crate::breakdown::Breakdown;
use crate::legs::Leg;
use crate::paths::Clocks;
use crate::unit::{Unit, format_duration};

/// The kind of a client, which determines what its leg consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientKind {
    /// A page in a browser, which reaches the server through a bridge.
    Browser,
    /// The native client.
    Native,
}

impl ClientKind {
    /// Returns the name of the client, for use within a sentence.
    pub fn name(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::Native => "client",
        }
    }
}

/// Returns the name of a leg.
pub fn name(leg: Leg, client: ClientKind) -> &'static str {
    match (leg, client) {
        (Leg::Client, ClientKind::Browser) => "browser and WebSocket",
        (Leg::Client, ClientKind::Native) => "client",
        (Leg::Bridge, _) => "bridge",
        (Leg::Connect, _) => "connect()",
        (Leg::LinkOut, _) => "link out",
        (Leg::Server, _) => "server",
        (Leg::LinkBack, _) => "link back",
        (Leg::Unknown, _) => "unknown",
    }
}

/// Says how long the server worked, how long the client waited, and which part of the path took most of the wait. `unit` is that of
/// the column next to the sentence.
pub fn where_it_went(breakdown: &Breakdown, client: ClientKind, unit: Unit) -> String {
    let waited = breakdown.waited().describe_in(unit);
    let mut sentence = match breakdown.thought {
        Some(thought) => format!("The server spent {} thinking; you waited {waited}", unit.in_sentence(thought)),
        None => format!("You waited {waited}"),
    };
    if breakdown.clocks == Clocks::Contradictory {
        let why = breakdown.clocks.why_unknown().unwrap_or_default();
        return format!("{sentence}. The legs are unknown: {why}.");
    }
    if let Some((time, place)) = largest_part(breakdown, client)
        && let Some(percent) = breakdown.percent(time)
    {
        sentence += &format!(", and {percent} of that {place}");
    }
    sentence + "."
}

/// Says how exactly the moments of the hops are known in client time; `None` if they are unknown.
pub fn uncertainty(clocks: Clocks, client: ClientKind) -> Option<String> {
    let Clocks::Related { uncertainty } = clocks else { return None };
    Some(format!(
        "The {client} and the hops use different clocks, related only by cause and effect: a question is sent before a hop sees it, and its \
         answer arrives afterwards. So the times that hops recorded are known to ±\u{a0}{}, and so are the end of the first leg and the \
         start of the last.",
        format_duration(uncertainty),
        client = client.name(),
    ))
}

/// Returns the part of the path that took longest, as text, and its time. The tunnel and the rest of the link are two parts: the tunnel
/// only delays, and on the rest of the link kernels are at work.
fn largest_part(breakdown: &Breakdown, client: ClientKind) -> Option<(Duration, &'static str)> {
    let mut link = None;
    for leg in [Leg::LinkOut, Leg::LinkBack] {
        if let Some(time) = breakdown.leg(leg) {
            *link.get_or_insert(Duration::ZERO) += time;
        }
    }
    let in_the_tunnel = breakdown.in_the_tunnel.unwrap_or_default();
    let near_the_client = match client {
        ClientKind::Browser => "was spent between the page and the bridge",
        ClientKind::Native => "was spent between the client and the first observed hop",
    };
    let parts = [
        (breakdown.in_the_tunnel, "was delay added by the tunnel"),
        (link.map(|link| link.saturating_sub(in_the_tunnel)), "was spent on the link to the server and back"),
        (breakdown.leg(Leg::Client), near_the_client),
        (breakdown.leg(Leg::Bridge), "was spent in the bridge"),
        (breakdown.leg(Leg::Server), "was spent in the server"),
        (breakdown.leg(Leg::Unknown), "is unaccounted for, because no hop was observed there"),
    ];
    let known = parts.into_iter().filter_map(|(time, place)| Some((time?, place)));
    known.max_by_key(|(time, _)| *time)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paths::paths;
    use crate::run::{Order, Run};
    use crate::step::Step;
    use crate::trace::{Trace, TraceEvent, TracePoint};

    const fn us(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    /// Returns the breakdown of a question that took 1,400 µs, from the events of its trace.
    fn breakdown(events: &[(TracePoint, u64)]) -> Breakdown {
        let mut run = Run::new(String::new(), Order::OneAtATime, us(5), ["What?".to_owned()]);
        run.record(Step::Connected { at: us(90) });
        run.record(Step::Asked { at: us(100) });
        run.record(Step::Answered { at: us(1_500), answer: "This.".to_owned() });
        let events = events.iter().map(|&(point, at)| TraceEvent { point, at: us(at), bytes: 5 }).collect();
        Breakdown::of(&run, &paths(&run, &Trace { events, ..Trace::default() })).unwrap()
    }

    fn sentence(events: &[(TracePoint, u64)], client: ClientKind) -> String {
        where_it_went(&breakdown(events), client, Unit::Milliseconds).replace('\u{a0}', " ")
    }

    const DIRECT: [(TracePoint, u64); 7] = [
        (TracePoint::BridgeIn, 0),
        (TracePoint::BridgeOut, 2),
        (TracePoint::ServerIn, 40),
        (TracePoint::AnswerReady, 41),
        (TracePoint::AnswerOut, 42),
        (TracePoint::BridgeBackIn, 90),
        (TracePoint::BridgeBackOut, 92),
    ];

    #[test]
    fn the_sentence_names_the_part_that_took_longest() {
        assert_eq!(
            sentence(&DIRECT, ClientKind::Browser),
            "The server spent 1 µs thinking; you waited 1.40 ms, and 93 % of that was spent between the page and the bridge."
        );
        assert!(sentence(&DIRECT, ClientKind::Native).ends_with("between the client and the first observed hop."));
        let through = [
            (TracePoint::BridgeIn, 0),
            (TracePoint::BridgeOut, 2),
            (TracePoint::TunnelIn, 10),
            (TracePoint::TunnelOut, 660),
            (TracePoint::TunnelBackIn, 700),
            (TracePoint::TunnelBackOut, 1_350),
        ];
        assert_eq!(
            sentence(&through, ClientKind::Browser),
            "You waited 1.40 ms, and 93 % of that was delay added by the tunnel."
        );
    }

    #[test]
    fn unknown_legs_are_explained() {
        let contradictory = [(TracePoint::ServerIn, 0), (TracePoint::AnswerReady, 1), (TracePoint::AnswerOut, 1_500)];
        let sentence_of_contradictory = sentence(&contradictory, ClientKind::Browser);
        let expected = "The server spent 1 µs thinking; you waited 1.40 ms. The legs are unknown: the client";
        assert!(sentence_of_contradictory.starts_with(expected), "{sentence_of_contradictory}");
        let expected = "You waited 1.40 ms, and 100 % of that is unaccounted for, because no hop was observed there.";
        assert_eq!(sentence(&[], ClientKind::Native), expected);
    }

    #[test]
    fn the_uncertainty_of_moments_is_stated() {
        let text = uncertainty(Clocks::Related { uncertainty: us(12) }, ClientKind::Browser).unwrap();
        assert!(text.replace('\u{a0}', " ").contains("the times that hops recorded are known to ± 12 µs"), "{text}");
        assert_eq!(uncertainty(Clocks::Contradictory, ClientKind::Browser), None);
    }

    #[test]
    fn legs_of_a_native_client_do_not_mention_a_browser() {
        assert!(Leg::ALL.iter().all(|leg| !name(*leg, ClientKind::Native).contains("browser")));
    }
}
