//! The link in words.

use launcelot_measure::link::format_bandwidth;
use launcelot_measure::unit::format_duration;
use launcelot_measure::{LinkRevisions, LinkSettings, ServerWork};

use crate::bridge::Route;
use crate::state::lab::{Lab, Notice, Presence};
use crate::state::rounds::CHANGED;
use crate::state::run_record::RunRecord;
use crate::state::sliders::Slider;

/// What a page says that has no lab.
pub const NO_LAB: &str =
    "This bridge has no lab, and so no tunnel that could lengthen the link. The demo (cargo xtask demo) has both.";

/// What a page says whose lab does not answer any more.
const GONE_LAB: &str =
    "The lab does not answer, so its link can be neither read nor changed. The page asks again after the next run.";

/// What the tunnel is.
pub const EMULATED: &str = "The longer link is emulated: the tunnel, a part of the lab, delays all bytes as set here.";

/// What a connection costs.
pub const HANDSHAKE: &str =
    " A connection costs one round trip before its first byte, because of TCP’s three-way handshake.";

/// What happened to the lab or its link elsewhere, if something did.
pub fn notice(lab: &Lab) -> Option<&'static str> {
    if lab.presence == Presence::Gone {
        return Some(GONE_LAB);
    }
    Some(match lab.notice? {
        Notice::Restarted => "The lab was restarted. Its current settings are shown here.",
        Notice::SetAgain => "The lab was restarted. Your link settings were applied again.",
        Notice::ChangedElsewhere => {
            "The link was changed elsewhere, perhaps in another tab. Its current settings are shown here."
        }
        Notice::WorkChangedElsewhere => {
            "The server’s work was changed elsewhere, perhaps in another tab. Its current setting is shown here."
        }
    })
}

/// What a slider is set to.
pub fn of_slider(slider: Slider, link: LinkSettings) -> String {
    match slider {
        Slider::RoundTrip if link.rtt.is_zero() => "no delay added".to_owned(),
        Slider::RoundTrip => format_duration(link.rtt),
        Slider::Jitter if link.jitter.is_zero() => "none".to_owned(),
        Slider::Jitter => format!("up to {}", format_duration(link.jitter)),
        Slider::Bandwidth => match link.bandwidth {
            None => "not limited".to_owned(),
            Some(bandwidth) => format_bandwidth(bandwidth),
        },
    }
}

/// The route and, where it is known, the settings of its link.
pub fn route(route: Route, link: Option<LinkSettings>) -> String {
    match link.filter(|_| route == Route::Tunnel) {
        Some(link) => format!("{} at {}", route.name(), link.describe()),
        None => route.name().to_owned(),
    }
}

/// The same for a run; nothing where it went straight.
pub fn route_of(RunRecord { run, link, link_revisions, .. }: &RunRecord) -> Option<String> {
    let changed = if link_revisions.is_some_and(LinkRevisions::is_changed) { CHANGED } else { "" };
    route_to(&run.target, *link).map(|route| route + changed)
}

/// Over which settings of the link something went, and how long the server worked on each answer of it.
pub type Conditions = (Option<LinkRevisions>, Option<ServerWork>);

/// What is said instead of a comparison of two under these conditions, if one of them spans a change.
pub fn not_compared(what: &str, conditions: [Conditions; 2]) -> Option<String> {
    let changed = if conditions.iter().any(|(revisions, _)| revisions.is_some_and(LinkRevisions::is_changed)) {
        "the link"
    } else if conditions.iter().any(|(_, work)| work.is_some_and(ServerWork::is_changed)) {
        "the server’s work"
    } else {
        return None;
    };
    Some(format!("{what}: not compared, because {changed} changed during one of the two."))
}

/// The same for what was asked at this URL.
pub fn route_to(url: &str, link: Option<LinkSettings>) -> Option<String> {
    let to = Route::of(url);
    (to == Route::Tunnel).then(|| route(to, link))
}

#[cfg(test)]
mod tests {
    use launcelot_measure::{Instance, Revision};

    use super::*;

    #[test]
    fn what_spans_a_change_of_the_link_is_not_compared() {
        let revisions = LinkRevisions::unchanged(Revision { instance: Instance(1), revision: 1 });
        let other = LinkRevisions::unchanged(Revision { instance: Instance(2), revision: 9 });
        let text = |of_both: [_; 2]| not_compared("B and A", of_both.map(|revisions| (revisions, None)));
        assert_eq!(text([Some(revisions), Some(other)]), None, "two links are what a person compares");
        assert_eq!(text([None, Some(revisions)]), None);
        let expected = "B and A: not compared, because the link changed during one of the two.";
        assert_eq!(text([Some(revisions), Some(other.changed())]).as_deref(), Some(expected));
        let work = ServerWork::begun(std::time::Duration::ZERO);
        let changed = ServerWork { last: Some(std::time::Duration::from_millis(3)), ..work };
        let text = |work| not_compared("B and A", [(Some(revisions), Some(work)), (None, None)]);
        let expected = "B and A: not compared, because the server’s work changed during one of the two.";
        assert_eq!((text(work), text(changed).as_deref()), (None, Some(expected)));
    }
}
