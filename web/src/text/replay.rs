//! What happens at a moment of a recorded dialogue, in words.

use launcelot_measure::{ConnectPoint, TracePoint};

use crate::replay::{Event, EventKind, Moment, Replay};

/// What is not known between two recorded moments.
pub const BETWEEN_MOMENTS: &str = "Between two recorded moments, positions are interpolated: a message moves at constant \
                                   speed. Where it really was is not known.";

/// Everything that happened at a moment.
pub fn of(replay: &Replay, moment: &Moment) -> String {
    let sentences: Vec<String> = moment.events.iter().map(|event| sentence(replay, *event)).collect();
    sentences.join(" ")
}

/// One sentence: what is before the words that travel, and what after.
fn sentence(replay: &Replay, Event { kind, question }: Event) -> String {
    let asker = replay.hops.first().map_or("client", |asker| asker.name);
    let (before, after) = match kind {
        EventKind::Connecting => return ["The ", asker, " starts to connect."].concat(),
        EventKind::ConnectPassed(point) => return connecting(point).to_owned(),
        EventKind::Connected => return "The connection is open.".to_owned(),
        EventKind::Asked => ("sends", "."),
        EventKind::Answered => ("receives", "."),
        EventKind::Passed(point) => match point {
            TracePoint::BridgeIn | TracePoint::BridgeBackIn => ("The bridge receives", "."),
            TracePoint::BridgeOut => ("The bridge passes", "on to TCP."),
            TracePoint::TunnelIn | TracePoint::TunnelBackIn => ("The tunnel receives", "."),
            TracePoint::TunnelOut | TracePoint::TunnelBackOut => ("The tunnel releases", "."),
            TracePoint::ServerIn => ("The server reads", "."),
            TracePoint::AnswerReady => ("The server’s answer is ready:", ""),
            TracePoint::AnswerOut => ("The server sends", "."),
            TracePoint::BridgeBackOut => ("The bridge passes", "on to the WebSocket."),
        },
    };
    let is_answer = match kind {
        EventKind::Answered => true,
        EventKind::Passed(point) => point.is_of_answers(),
        _ => false,
    };
    let exchange = replay.exchanges.get(question);
    let words = exchange.and_then(|(question, answer)| if is_answer { answer.as_ref() } else { Some(question) });
    let words = words.map(String::as_str).unwrap_or_default();
    let asker = match kind {
        EventKind::Passed(_) => String::new(),
        _ => ["The ", asker, " "].concat(),
    };
    match after {
        // The words end with a full stop of their own, or with a question mark.
        "." | "" => [&asker, before, " “", words, "”"].concat(),
        after => [&asker, before, " “", words, "” ", after].concat(),
    }
}

/// What happens at a point while a connection is made.
fn connecting(point: ConnectPoint) -> &'static str {
    match point {
        ConnectPoint::UpgradeIn => "The bridge receives the request for a WebSocket.",
        ConnectPoint::ConnectBegun => "The bridge calls connect() to reach the server.",
        ConnectPoint::TunnelAccepted => "The tunnel accepts a connection.",
        ConnectPoint::ServerAccepted => "The server accepts a connection.",
        ConnectPoint::ConnectDone => "The bridge is connected.",
        ConnectPoint::UpgradeOut => "The bridge replies that the WebSocket is open.",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_point_has_a_sentence_about_what_passes_there() {
        let replay = Replay {
            hops: Vec::new(),
            lanes: Vec::new(),
            moments: Vec::new(),
            clocks: Default::default(),
            clock_step: Duration::ZERO,
            exchanges: vec![("Why?".to_owned(), Some("Because.".to_owned()))],
            is_partly_unknown: false,
            journeys: Vec::new(),
        };
        for point in TracePoint::ALL {
            let moment =
                Moment { at: Duration::ZERO, events: vec![Event { kind: EventKind::Passed(point), question: 0 }] };
            let text = of(&replay, &moment);
            assert_eq!(text.contains("Because."), point.is_of_answers(), "{text}");
            assert_ne!(text.contains("Why?"), point.is_of_answers(), "{text}");
        }
        for point in ConnectPoint::ALL {
            let events = vec![Event { kind: EventKind::ConnectPassed(point), question: 0 }];
            assert!(of(&replay, &Moment { at: Duration::ZERO, events }).ends_with('.'));
        }
        let events = [EventKind::Answered, EventKind::Connected].map(|kind| Event { kind, question: 0 });
        let both = of(&replay, &Moment { at: Duration::ZERO, events: events.to_vec() });
        assert_eq!(both, "The client receives “Because.” The connection is open.");
    }
}
