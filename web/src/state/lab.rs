//! The lab behind the bridge, as the page knows it: the route through it, and its tunnel.
//!
//! The lab is asked one thing at a time. While a run goes on, it is asked only what cannot wait: at first whether it is there, and
//! to set the tunnel or the server's work.

use std::time::Duration;

use launcelot_measure::{AddedDelay, LinkReport, LinkSettings, Revision};

use super::ids::RunId;
use crate::bridge::Route;
use crate::lab::Request;

/// What the page knows of the lab.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Presence {
    /// It has not answered yet.
    #[default]
    Asked,
    /// There is none behind this bridge.
    Absent,
    /// It is there, and its tunnel is like this.
    There(LinkReport),
    /// It was there, and does not answer now.
    Gone,
}

/// The lab, and what a person wants of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lab {
    /// Whether it is there.
    pub presence: Presence,
    /// The way that the next run takes.
    pub route: Route,
    /// What happened to the link that the person did not do here, and may not know.
    pub notice: Option<Notice>,
    /// The settings that the lab reported last, which may be of a lab that has ended since.
    known: Option<(Revision, LinkSettings)>,
    /// The link that the person has chosen on this page, unless another client has changed it since.
    chosen: Option<LinkSettings>,
    /// How long the server works on each answer.
    pub work: Work,
    /// The link that the person wants, until the lab reports that the tunnel is like that.
    wish: Option<LinkSettings>,
    /// Whether the person still moves a slider.
    is_moving: bool,
    /// Whether the lab is being asked something.
    is_asked: bool,
    /// Whether something may have gone through the tunnel since the lab was asked how it is.
    is_stale: bool,
    /// Whether another client may have changed the server's work since the lab was asked about it.
    is_work_stale: bool,
    probe: Probe,
}

/// How long the lab's server works on each answer, which is simulated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Work {
    /// The lab has not been asked yet.
    #[default]
    Unasked,
    /// That cannot be changed there.
    Fixed,
    /// As long as the lab reports.
    Known(Duration),
    /// As long as the person wants, which has not been sent to the lab yet.
    Wished(Duration),
}

/// What happened to the link elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// The lab was restarted, and its link is as it reports now.
    Restarted,
    /// The lab was restarted, and its link was set again to what the person had chosen.
    SetAgain,
    /// Another client has changed the link.
    ChangedElsewhere,
    /// Another client has changed how long the server works on each answer.
    WorkChangedElsewhere,
}

/// How the quiet run through the tunnel stands: the page does not show it, but the tunnel measures itself by it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Probe {
    /// None has begun since the tunnel was set.
    #[default]
    None,
    /// This run is it.
    Running(RunId),
    /// It is over.
    Over,
}

/// What can happen to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The person chose a route.
    RouteChosen(Route),
    /// The person wants other link settings.
    Wished(LinkSettings),
    /// The person has let go of the slider.
    Settled,
    /// The person has chosen how long the server works on each answer.
    WorkWished(Duration),
    /// The lab is being asked something.
    Asked,
}

impl Lab {
    /// How the tunnel is set and measured.
    pub fn report(&self) -> Option<LinkReport> {
        match self.presence {
            Presence::There(report) => Some(report),
            Presence::Asked | Presence::Absent | Presence::Gone => None,
        }
    }

    /// The link as the person wants it, which may be newer than what the lab knows.
    pub fn link(&self) -> Option<LinkSettings> {
        self.wish.or_else(|| self.report().map(|report| report.link))
    }

    /// How long the tunnel held bytes under the settings that the person wants.
    pub fn added_delay(&self) -> Option<AddedDelay> {
        self.report().filter(|_| self.wish.is_none())?.added_delay
    }

    /// How long the server works on each answer, or will as soon as the lab has the order; `None` if that is not known.
    pub fn work_time(&self) -> Option<Duration> {
        self.report()?;
        match self.work {
            Work::Known(think) | Work::Wished(think) => Some(think),
            Work::Unasked | Work::Fixed => None,
        }
    }

    /// Which settings of the tunnel are in force; `None` if they are not known, or about to change.
    pub fn revision(&self) -> Option<Revision> {
        self.report().filter(|_| self.wish.is_none()).map(|report| report.revision)
    }

    /// Changes something.
    pub fn act(&mut self, action: Action) {
        match action {
            Action::RouteChosen(route) => {
                self.route = route;
                self.probe = Probe::None;
                self.notice = None;
            }
            Action::Wished(link) => {
                (self.wish, self.chosen, self.notice) = (Some(link), Some(link), None);
                self.is_moving = true;
            }
            Action::Settled => self.is_moving = false,
            Action::WorkWished(think) => (self.work, self.notice) = (Work::Wished(think), None),
            Action::Asked => self.is_asked = true,
        }
    }

    /// A quiet run has begun.
    pub fn probing(&mut self, run: RunId) {
        self.probe = Probe::Running(run);
    }

    /// Returns what of this can be seen on the page; the rest is as it is by default, so that it makes no difference.
    pub fn visible(self) -> Self {
        let Self { presence, route, notice, work, wish, .. } = self;
        Self { presence, route, notice, work, wish, ..Self::default() }
    }

    /// The tab has come to the front: meanwhile another page may have changed the link or the server's work.
    pub fn came_to_front(&mut self) {
        self.is_stale |= self.may_answer();
        self.is_work_stale |= self.may_answer();
    }

    /// Whether the lab is not being asked anything.
    pub fn is_free(&self) -> bool {
        !self.is_asked
    }

    /// What the lab is to be asked next; `is_idle` says whether nothing goes on.
    pub fn request(&self, is_idle: bool) -> Option<Request> {
        if self.is_asked {
            return None;
        }
        match (self.presence, self.wish) {
            (Presence::Asked, _) => Some(Request::Tunnel),
            (Presence::There(_), Some(link)) => Some(Request::SetTunnel(link)),
            (Presence::There(_), None) | (Presence::Gone | Presence::Absent, _) if is_idle && self.is_stale => {
                Some(Request::Tunnel)
            }
            (Presence::There(_), None) => match self.work {
                Work::Unasked if is_idle => Some(Request::Server),
                Work::Known(_) if is_idle && self.is_work_stale => Some(Request::Server),
                Work::Wished(think) => Some(Request::SetServer(think)),
                Work::Unasked | Work::Fixed | Work::Known(_) => None,
            },
            _ => None,
        }
    }

    /// Whether the tunnel is to be measured by a quiet run.
    pub fn lacks_a_measurement(&self) -> bool {
        let lacks = self.report().is_some_and(|report| report.added_delay.is_none());
        let is_busy = self.wish.is_some() || self.is_moving || self.is_asked || self.is_stale;
        lacks && !is_busy && self.route == Route::Tunnel && self.probe == Probe::None
    }

    /// The lab replied how the tunnel is, or did not.
    pub fn tunnel_replied(&mut self, report: Option<LinkReport>) {
        self.is_asked = false;
        self.is_stale = false;
        let Some(report) = report else {
            // What was there once may come back, on the route that the person chose.
            let presence = match self.presence {
                Presence::There(_) | Presence::Gone => Presence::Gone,
                Presence::Asked | Presence::Absent => Presence::Absent,
            };
            let Self { route, known, chosen, work, .. } = *self;
            *self = Self { presence, route, known, chosen, work, ..Self::default() };
            return;
        };
        if let Some((revision, link)) = self.known
            && revision != report.revision
        {
            self.notice_change(revision, link, report);
            self.probe = Probe::None;
        }
        self.known = Some((report.revision, report.link));
        if self.wish == Some(report.link) {
            self.wish = None;
            self.probe = Probe::None;
        }
        self.presence = Presence::There(report);
    }

    /// The settings are others than they were: by this page's request, by another client's, or because the lab was restarted.
    fn notice_change(&mut self, revision: Revision, link: LinkSettings, report: LinkReport) {
        if revision.instance != report.revision.instance {
            let again = self.chosen.filter(|chosen| *chosen != report.link);
            self.notice = Some(if again.is_some() { Notice::SetAgain } else { Notice::Restarted });
            self.wish = self.wish.or(again);
            self.work = match self.work {
                // The server works as long as the person had seen or wished before.
                Work::Known(think) | Work::Wished(think) if !think.is_zero() => Work::Wished(think),
                _ => Work::Unasked,
            };
        } else if self.wish.is_none() && link != report.link {
            self.notice = Some(Notice::ChangedElsewhere);
            self.chosen = None;
        }
    }

    /// The lab replied how long its server works on each answer; `None` if that cannot be changed.
    pub fn server_replied(&mut self, think: Option<Duration>) {
        self.is_asked = false;
        self.is_work_stale = false;
        if let (Work::Known(before), Some(think)) = (self.work, think)
            && before != think
        {
            self.notice = Some(Notice::WorkChangedElsewhere);
        }
        self.work = match (self.work, think) {
            // A newer wish.
            (Work::Wished(wished), Some(think)) if wished != think => Work::Wished(wished),
            (_, Some(think)) => Work::Known(think),
            (Work::Unasked | Work::Fixed, None) => Work::Fixed,
            // It could be changed before, so the lab may be gone.
            (Work::Known(_) | Work::Wished(_), None) => {
                self.is_stale = true;
                Work::Unasked
            }
        };
    }

    /// The lab replied what it saw of a run, or did not.
    pub fn run_replied(&mut self) {
        self.is_asked = false;
    }

    /// A run of the worker is over, quiet or not, or a series of rounds: `is_complete` says whether every answer came.
    pub fn run_ended(&mut self, run: Option<RunId>, is_complete: bool) {
        if let Some(run) = run
            && self.probe == Probe::Running(run)
        {
            self.probe = Probe::Over;
        }
        // Which way the run went is not known here. Where there was no lab, there may be one meanwhile if there is a bridge: a
        // request that fails would be on the browser's console.
        self.is_stale = self.may_answer() || (is_complete && self.presence == Presence::Absent);
        self.is_work_stale = self.may_answer();
    }

    /// Whether there is, or was, a lab to be asked.
    fn may_answer(&self) -> bool {
        match self.presence {
            Presence::There(_) | Presence::Gone => true,
            Presence::Asked | Presence::Absent => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use launcelot_measure::{Instance, Preset};

    use super::*;

    fn report(preset: Preset, samples: u64) -> Option<LinkReport> {
        report_of(1, preset, samples)
    }

    /// What an instance of the lab reports whose settings have this length.
    fn report_of(instance: u64, preset: Preset, samples: u64) -> Option<LinkReport> {
        let rtt = preset.link().rtt;
        let held = AddedDelay { total: rtt, out: rtt / 2, back: rtt / 2, samples, connections: 1 };
        let revision = Revision { instance: Instance(instance), revision: 1 + preset as u64 };
        let (handshake, in_force, held) = (true, Duration::ZERO, (samples > 0).then_some(held));
        Some(LinkReport {
            port: 1061,
            server_port: Some(1060),
            link: preset.link(),
            handshake,
            revision,
            in_force,
            added_delay: held,
        })
    }

    #[test]
    fn a_restarted_lab_gets_the_chosen_link_again_and_the_page_shows_it() {
        let mut lab = chosen();
        lab.act(Action::Wished(Preset::Continent.link()));
        lab.act(Action::Settled);
        lab.act(Action::Asked);
        lab.tunnel_replied(report(Preset::Continent, 3));
        assert_eq!((lab.request(true), lab.notice), (None, None));
        lab.run_ended(Some(RunId(1)), false);
        lab.tunnel_replied(None);
        lab.run_ended(Some(RunId(2)), false);
        lab.tunnel_replied(report_of(2, Preset::Ssh, 0));
        assert_eq!(lab.request(true), Some(Request::SetTunnel(Preset::Continent.link())));
        assert_eq!((lab.notice, lab.revision()), (Some(Notice::SetAgain), None), "another is on its way");
        lab.act(Action::Asked);
        lab.tunnel_replied(report_of(2, Preset::Continent, 0));
        lab.server_replied(Some(Duration::ZERO));
        assert_eq!((lab.request(true), lab.notice), (None, Some(Notice::SetAgain)));
        lab.act(Action::Wished(Preset::Rack.link()));
        assert_eq!(lab.notice, None);
    }

    #[test]
    fn the_lab_gets_the_work_time_of_its_server_again_after_a_restart() {
        let mut lab = chosen();
        let think = Duration::from_millis(8);
        lab.act(Action::WorkWished(think));
        assert_eq!(lab.request(false), Some(Request::SetServer(think)));
        lab.act(Action::Asked);
        lab.act(Action::WorkWished(2 * think));
        lab.server_replied(Some(think));
        assert_eq!(lab.request(false), Some(Request::SetServer(2 * think)), "the newest wish wins");
        lab.server_replied(Some(2 * think));
        assert_eq!((lab.work, lab.request(true)), (Work::Known(2 * think), None));
        lab.tunnel_replied(report_of(2, Preset::Ssh, 3));
        assert_eq!(lab.request(true), Some(Request::SetServer(2 * think)));
        lab.server_replied(None);
        assert_eq!(lab.request(true), Some(Request::Tunnel), "the lab may be gone");
        lab.tunnel_replied(report_of(2, Preset::Ssh, 3));
        assert_eq!(lab.request(true), Some(Request::Server));
        lab.server_replied(None);
        assert_eq!((lab.work, lab.request(true)), (Work::Fixed, None));
    }

    #[test]
    fn a_link_that_changes_by_itself_is_shown() {
        let mut lab = chosen();
        lab.tunnel_replied(report_of(2, Preset::Ssh, 3));
        lab.server_replied(Some(Duration::ZERO));
        assert_eq!((lab.notice, lab.request(true)), (Some(Notice::Restarted), None), "nothing had been chosen here");
        let mut lab = chosen();
        lab.came_to_front();
        assert_eq!((lab.request(false), lab.request(true)), (None, Some(Request::Tunnel)));
        lab.act(Action::Asked);
        lab.tunnel_replied(report(Preset::Satellite, 0));
        assert_eq!((lab.notice, lab.link()), (Some(Notice::ChangedElsewhere), Some(Preset::Satellite.link())));
        assert!(lab.lacks_a_measurement(), "the new link is measured, too");
    }

    #[test]
    fn the_work_of_the_server_is_asked_again_after_a_run_and_when_the_page_comes_to_the_front() {
        let mut lab = chosen();
        let occasions: [fn(&mut Lab); 2] = [|lab| lab.run_ended(Some(RunId(1)), false), Lab::came_to_front];
        for occasion in occasions {
            occasion(&mut lab);
            assert_eq!((lab.request(false), lab.request(true)), (None, Some(Request::Tunnel)));
            lab.tunnel_replied(report(Preset::Ssh, 3));
            assert_eq!((lab.request(false), lab.request(true)), (None, Some(Request::Server)));
            lab.server_replied(Some(Duration::ZERO));
            assert_eq!((lab.request(true), lab.notice), (None, None));
        }
        lab.server_replied(Some(Duration::from_millis(3)));
        assert_eq!(lab.notice, Some(Notice::WorkChangedElsewhere));
        lab.act(Action::WorkWished(Duration::ZERO));
        lab.server_replied(Some(Duration::ZERO));
        assert_eq!(lab.notice, None, "the person changed it here");
    }

    /// A lab whose tunnel is chosen and measured.
    fn chosen() -> Lab {
        let mut lab = Lab::default();
        lab.tunnel_replied(report(Preset::Ssh, 3));
        assert_eq!(lab.request(true), Some(Request::Server));
        lab.server_replied(Some(Duration::ZERO));
        lab.act(Action::RouteChosen(Route::Tunnel));
        lab
    }

    #[test]
    fn the_newest_wish_wins_and_the_lab_gets_one_at_a_time() {
        let mut lab = chosen();
        lab.act(Action::Wished(Preset::Rack.link()));
        assert_eq!(lab.request(false), Some(Request::SetTunnel(Preset::Rack.link())), "a run does not hinder it");
        lab.act(Action::Asked);
        lab.act(Action::Wished(Preset::Continent.link()));
        lab.act(Action::Wished(Preset::Satellite.link()));
        assert_eq!(lab.request(false), None);
        lab.tunnel_replied(report(Preset::Rack, 0));
        assert_eq!(lab.request(false), Some(Request::SetTunnel(Preset::Satellite.link())));
        lab.act(Action::Asked);
        lab.tunnel_replied(report(Preset::Satellite, 0));
        assert_eq!((lab.wish, lab.request(true)), (None, None));
    }

    #[test]
    fn a_tunnel_that_has_measured_nothing_is_measured_once_when_the_person_lets_go() {
        let mut lab = chosen();
        assert!(!lab.lacks_a_measurement());
        lab.act(Action::Wished(Preset::Rack.link()));
        lab.act(Action::Asked);
        lab.tunnel_replied(report(Preset::Rack, 0));
        assert!(!lab.lacks_a_measurement(), "the slider still moves");
        lab.act(Action::Settled);
        assert!(lab.lacks_a_measurement());
        lab.probing(RunId(7));
        lab.run_ended(Some(RunId(7)), true);
        assert_eq!((lab.request(false), lab.request(true)), (None, Some(Request::Tunnel)));
        lab.act(Action::Asked);
        lab.tunnel_replied(report(Preset::Rack, 0));
        assert!(!lab.lacks_a_measurement(), "a tunnel that measures nothing is not measured again and again");
    }

    #[test]
    fn a_lab_that_does_not_answer_any_more_is_asked_again_after_the_next_run() {
        let mut lab = chosen();
        lab.act(Action::Wished(Preset::Rack.link()));
        lab.tunnel_replied(None);
        assert_eq!((lab.presence, lab.route, lab.request(true)), (Presence::Gone, Route::Tunnel, None));
        lab.run_ended(Some(RunId(1)), false);
        assert_eq!((lab.request(false), lab.request(true)), (None, Some(Request::Tunnel)));
        lab.tunnel_replied(None);
        assert_eq!(lab.request(true), None, "once a run");
        lab.run_ended(Some(RunId(2)), false);
        lab.tunnel_replied(report(Preset::Ssh, 3));
        assert_eq!((lab.report(), lab.route), (report(Preset::Ssh, 3), Route::Tunnel));
    }

    #[test]
    fn a_lab_that_was_absent_is_looked_for_again_after_each_run_that_is_complete() {
        let mut lab = Lab::default();
        lab.tunnel_replied(None);
        assert_eq!((lab.presence, lab.route, lab.request(true)), (Presence::Absent, Route::Straight, None));
        lab.run_ended(Some(RunId(1)), false);
        assert_eq!(lab.request(true), None, "there may be no bridge either");
        lab.run_ended(Some(RunId(1)), true);
        assert_eq!((lab.request(false), lab.request(true)), (None, Some(Request::Tunnel)));
        lab.tunnel_replied(None);
        assert_eq!((lab.presence, lab.request(true)), (Presence::Absent, None), "once a run");
        lab.run_ended(Some(RunId(2)), true);
        lab.tunnel_replied(report(Preset::Ssh, 3));
        assert_eq!((lab.report(), lab.notice), (report(Preset::Ssh, 3), None));
    }
}
