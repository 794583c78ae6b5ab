//! A run with everything that the page knows of it: its legs, its link, and the work of the server.

use std::time::Duration;

use launcelot_measure::export::RecordedRun;
use launcelot_measure::{
    Breakdown, Link, LinkReport, LinkRevisions, LinkSettings, Order, Provenance, Revision, Run, ServerWork, Trace,
    TracePoint, paths,
};

use super::ids::{EntryId, PageId, RunId};
use crate::bridge::Route;
use crate::message::{Clock, Ended};
use crate::text;

/// The name of the native client.
pub const CLIENT: &str = "client";

/// A run and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRecord {
    /// The identity of the run.
    pub id: RunId,
    /// The identity of a single run in the browser's storage.
    pub entry: EntryId,
    /// The number for people: of a single run, counted on over visits; of a run in a race, within its turn.
    pub number: u32,
    /// The run.
    pub run: Run,
    /// The name by which the lab knows the dialogue; empty for a run from a file or from an earlier visit.
    pub dialogue: String,
    /// The legs of the path.
    pub legs: Legs,
    /// The number of processors of the client's machine, if known.
    pub cores: Option<u32>,
    /// The settings of the link; `None` if there was no emulated link, if they are unknown, or if they changed meanwhile.
    pub link: Option<LinkSettings>,
    /// Whether there was no emulated link, as a lab told.
    pub is_direct: bool,
    /// The revisions of the link settings, where the lab reported them.
    pub link_revisions: Option<LinkRevisions>,
    /// The simulated work of the lab's server on each answer, where that is known.
    pub server_work: Option<ServerWork>,
    /// When, by what and of what the run was measured, as far as that is known.
    pub provenance: Provenance,
    /// Whether the run came from a file.
    pub is_imported: bool,
}

/// What is known of the legs of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Legs {
    /// The run is not over, or the lab has not answered yet.
    #[default]
    Pending,
    /// The lab had not recorded the end of the run yet, and is asked once more.
    Incomplete,
    /// What the lab's hops recorded.
    Known(Trace),
    /// No lab observed the run.
    Unknown,
}

impl Legs {
    /// Whether the lab should still be asked.
    pub fn are_pending(&self) -> bool {
        matches!(self, Self::Pending | Self::Incomplete)
    }
}

/// The circumstances in which a run begins.
#[derive(Debug, Clone, Default)]
pub struct Circumstances {
    /// The page on which the run begins.
    pub page: PageId,
    /// The client's clock, once it is known.
    pub clock: Option<Clock>,
    /// What is known of the legs.
    pub legs: Legs,
    /// The settings of the lab's tunnel.
    pub link: Option<LinkSettings>,
    /// Whether there is a lab.
    pub has_lab: bool,
    /// The revision of those settings.
    pub revision: Option<Revision>,
    /// The time for which the lab's server works on each answer.
    pub work: Option<Duration>,
    /// When, by what and of what the run is measured.
    pub provenance: Provenance,
}

/// A run to be begun.
#[derive(Debug, Clone)]
pub struct NewRun {
    /// The identity of the run.
    pub id: RunId,
    /// The number for people.
    pub number: u32,
    /// The name by which the lab knows the dialogue.
    pub dialogue: String,
    /// The URL of the bridge.
    pub url: String,
    /// Whether questions wait for the answers before them.
    pub order: Order,
    /// The questions.
    pub questions: Vec<String>,
}

impl RunRecord {
    /// Creates the record of a run that begins.
    pub fn begun(new: NewRun, circumstances: &Circumstances) -> Self {
        let Circumstances { page, clock, legs, link, has_lab, revision, work, provenance } = circumstances;
        let is_through_tunnel = Route::of(&new.url) == Route::Tunnel;
        let step = clock.map(|clock| clock.step).unwrap_or_default();
        Self {
            id: new.id,
            entry: EntryId { position: new.number, page: *page, number: new.id.0 },
            number: new.number,
            run: Run::new(new.url, new.order, step, new.questions),
            dialogue: new.dialogue,
            legs: legs.clone(),
            cores: clock.map(|clock| clock.cores),
            link: link.filter(|_| is_through_tunnel),
            is_direct: *has_lab && !is_through_tunnel,
            link_revisions: revision.filter(|_| is_through_tunnel).map(LinkRevisions::unchanged),
            server_work: work.map(ServerWork::begun),
            provenance: provenance.clone(),
            is_imported: false,
        }
    }

    /// Creates the record of a run from a file.
    pub fn imported(id: RunId, number: u32, recorded: &RecordedRun) -> Self {
        Self {
            id,
            entry: EntryId::default(),
            number,
            run: recorded.run.clone(),
            dialogue: String::new(),
            legs: recorded.trace.clone().map_or(Legs::Unknown, Legs::Known),
            cores: recorded.cores,
            link: recorded.link.settings(),
            is_direct: recorded.link == Link::None,
            link_revisions: recorded.link_revisions,
            server_work: recorded.server_work,
            provenance: recorded.provenance.clone(),
            is_imported: true,
        }
    }

    /// Creates the record of a run from an earlier visit, which the browser's storage has under `entry`.
    pub fn restored(id: RunId, number: u32, entry: EntryId, recorded: &RecordedRun) -> Self {
        Self { entry, is_imported: recorded.provenance.is_imported, ..Self::imported(id, number, recorded) }
    }

    /// Returns the run as it is exported.
    pub fn recorded(&self) -> RecordedRun {
        RecordedRun {
            number: self.number,
            run: self.run.clone(),
            trace: self.trace().cloned(),
            cores: self.cores,
            provenance: self.provenance.clone(),
            link: if self.is_direct { Link::None } else { Link::new(self.link, self.link_revisions) },
            link_revisions: self.link_revisions,
            server_work: self.server_work,
        }
    }

    /// Returns how the time was divided among the legs, if a lab observed the run.
    pub fn breakdown(&self) -> Option<Breakdown> {
        self.trace().and_then(|trace| Breakdown::of(&self.run, &paths(&self.run, trace)))
    }

    /// Returns the kind of the client: a run from a file may be the native client's, which looks up an address, and a page does not.
    pub fn asker(&self) -> &'static str {
        if self.run.lookup.is_some() { CLIENT } else { "browser" }
    }

    /// Returns what the hops recorded of the run, if that is known.
    pub fn trace(&self) -> Option<&Trace> {
        match &self.legs {
            Legs::Known(trace) => Some(trace),
            Legs::Pending | Legs::Incomplete | Legs::Unknown => None,
        }
    }

    /// Whether the run is not over.
    pub(super) fn is_active(&self) -> bool {
        !self.run.is_over()
    }

    /// Ends the run. `is_elsewhere` says whether the bridge did not serve the page.
    pub(super) fn end(&mut self, how: &Ended, is_elsewhere: bool) {
        self.run.status = text::status(how, &self.run.target, self.run.interruptions, is_elsewhere);
    }

    /// The settings of the link changed, before the run or meanwhile: those of the run are unknown.
    pub(super) fn link_changed(&mut self, is_work_lost: bool) {
        if is_work_lost {
            self.server_work = None;
        }
        if Route::of(&self.run.target) == Route::Tunnel {
            self.link = None;
            self.link_revisions = self.link_revisions.map(LinkRevisions::changed);
        }
    }

    /// The lab reported under which settings the dialogue went through the tunnel, and how the tunnel is set now.
    pub(super) fn set_link_revisions(&mut self, revisions: LinkRevisions, report: Option<LinkReport>) {
        let is_as_before = self.link_revisions.is_some_and(|before| before.revision().is_some() && before == revisions);
        self.link_revisions = Some(revisions);
        let current = report.filter(|report| revisions.revision() == Some(report.revision));
        match current {
            Some(report) => self.link = Some(report.link),
            None if is_as_before => {}
            None => self.link = None,
        }
    }

    /// Whether the server's work at the end of the run is unknown, and may still be learned. The lab knows no dialogue of a run from a
    /// file or from an earlier visit.
    pub(super) fn has_open_work(&self) -> bool {
        self.server_work.is_some_and(|work| work.last.is_none()) && !self.dialogue.is_empty()
    }

    /// Whether the lab's present setting of the server's work tells the work at the end of this run.
    pub(super) fn lacks_final_work(&self) -> bool {
        self.has_open_work() && !self.is_active()
    }

    /// The lab reported how long its server works on each answer now.
    pub(super) fn end_work(&mut self, now: Duration) {
        if let Some(work) = &mut self.server_work {
            work.end(now);
        }
    }

    /// The person wants the server to work that long from now on.
    pub(super) fn change_work(&mut self, wanted: Duration) {
        let is_over = self.run.is_over();
        if let Some(work) = &mut self.server_work {
            work.change(is_over, wanted);
        }
    }

    /// The lab returned the trace of the dialogue, or none.
    pub(super) fn set_legs(&mut self, trace: Option<Trace>) {
        let has_the_end = |trace: &Trace| {
            let paths = paths(&self.run, trace);
            paths.questions().last().is_none_or(|path| path.at(TracePoint::BridgeBackOut).is_some())
        };
        self.legs = match trace {
            Some(trace) if self.legs == Legs::Incomplete || has_the_end(&trace) => Legs::Known(trace),
            _ if self.legs == Legs::Pending => Legs::Incomplete,
            _ => Legs::Unknown,
        };
    }
}
