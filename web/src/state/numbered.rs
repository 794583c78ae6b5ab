//! A run as the page keeps it: its number, its legs, and what else is known of it.

use std::time::Duration;

use launcelot_measure::export::RecordedRun;
use launcelot_measure::{
    Breakdown, Link, LinkReport, LinkRevisions, LinkSettings, Provenance, Revision, Run, ServerWork, Trace, TracePoint,
    paths,
};

use super::Legs;
use crate::bridge::Route;
use crate::message::{Ask, Clock};

/// What the native client is called.
pub const CLIENT: &str = "client";

/// A run and its number, which counts from 1 since the page was loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbered {
    /// The number.
    pub number: u32,
    /// The run.
    pub run: Run,
    /// By what name the lab knows its dialogue.
    pub dialogue: String,
    /// What is known of its legs.
    pub legs: Legs,
    /// On how many processors the asker ran, where that is known.
    pub cores: Option<u32>,
    /// The longer wire through which it goes, if it is known and stays as it is.
    pub wire: Option<LinkSettings>,
    /// Under which settings of the lab's tunnel it went through that, as far as they are known.
    pub passage: Option<LinkRevisions>,
    /// How long the lab's server worked on each answer, where that is known.
    pub server_work: Option<ServerWork>,
    /// When, by what and of what it was measured, as far as that is known.
    pub provenance: Provenance,
    /// Whether it was measured elsewhere, or before, and came from a file.
    pub is_imported: bool,
}

/// In what circumstances a run begins.
#[derive(Debug, Clone, Default)]
pub struct Circumstances {
    /// The asker's clock, once it is known.
    pub clock: Option<Clock>,
    /// What is known of its legs.
    pub legs: Legs,
    /// The wire of the lab's tunnel.
    pub wire: Option<LinkSettings>,
    /// Which settings of the tunnel those are.
    pub revision: Option<Revision>,
    /// How long the lab's server works on each answer.
    pub work: Option<Duration>,
    /// When, by what and of what it is measured.
    pub provenance: Provenance,
}

impl Numbered {
    /// A run that begins, whose dialogue the lab knows by that name.
    pub fn begun(dialogue: String, ask: Ask, circumstances: &Circumstances) -> Self {
        let Circumstances { clock, legs, wire, revision, work, provenance } = circumstances;
        let step = clock.map(|clock| clock.step).unwrap_or_default();
        let is_through = Route::of(&ask.url) == Route::Tunnel;
        let wire = wire.filter(|_| is_through);
        let passage = revision.filter(|_| is_through).map(LinkRevisions::unchanged);
        let run = Run::new(ask.url, ask.order, step, ask.questions);
        let cores = clock.map(|clock| clock.cores);
        let server_work = work.map(ServerWork::begun);
        let (legs, provenance) = (legs.clone(), provenance.clone());
        Self { number: ask.run, run, dialogue, legs, cores, wire, passage, server_work, provenance, is_imported: false }
    }

    /// A run from a file, under a number of this page.
    pub fn imported(number: u32, recorded: &RecordedRun) -> Self {
        let legs = recorded.trace.clone().map_or(Legs::Unknown, Legs::Known);
        let RecordedRun { cores, link, link_revisions: passage, server_work, .. } = *recorded;
        let (run, wire, provenance) = (recorded.run.clone(), link.settings(), recorded.provenance.clone());
        Self {
            number,
            run,
            dialogue: String::new(),
            legs,
            cores,
            wire,
            passage,
            server_work,
            provenance,
            is_imported: true,
        }
    }

    /// The same to be exported.
    pub fn recorded(&self) -> RecordedRun {
        let (run, trace) = (self.run.clone(), self.trace().cloned());
        RecordedRun {
            number: self.number,
            run,
            trace,
            cores: self.cores,
            provenance: self.provenance.clone(),
            link: Link::new(self.wire, self.passage),
            link_revisions: self.passage,
            server_work: self.server_work,
        }
    }

    /// How much of the waiting was whose, if somebody watched.
    pub fn breakdown(&self) -> Option<Breakdown> {
        self.trace().and_then(|trace| Breakdown::of(&self.run, &paths(&self.run, trace)))
    }

    /// Who asked: a run from a file may be the native client's, which looks up an address, and a page does not.
    pub fn asker(&self) -> &'static str {
        if self.run.lookup.is_some() { CLIENT } else { "browser" }
    }

    /// What the stations saw of it, if that is known.
    pub fn trace(&self) -> Option<&Trace> {
        match &self.legs {
            Legs::Known(trace) => Some(trace),
            Legs::Pending | Legs::Incomplete | Legs::Unknown => None,
        }
    }

    /// Through which settings it went is no longer certain: they became others, before or meanwhile.
    pub(super) fn link_changes(&mut self) {
        if Route::of(&self.run.target) == Route::Tunnel {
            self.wire = None;
            self.passage = self.passage.map(LinkRevisions::changed);
        }
    }

    /// The lab said through which settings it went, and how the tunnel is set now.
    pub(super) fn know_passage(&mut self, passage: LinkRevisions, report: Option<LinkReport>) {
        let is_as_before = self.passage.is_some_and(|before| before.revision().is_some() && before == passage);
        self.passage = Some(passage);
        let current = report.filter(|report| passage.revision() == Some(report.revision));
        match current {
            Some(report) => self.wire = Some(report.link),
            None if is_as_before => {}
            None => self.wire = None,
        }
    }

    /// The lab said how long its server works on each answer now.
    pub(super) fn know_work(&mut self, now: Duration) {
        if let Some(work) = &mut self.server_work
            && self.run.is_over()
            && !self.is_imported
        {
            work.end(now);
        }
    }

    /// The person wants the server to work that long from now on.
    pub(super) fn change_work(&mut self, wanted: Duration) {
        if let Some(work) = &mut self.server_work {
            work.change(self.run.is_over(), wanted);
        }
    }

    pub(super) fn know_legs(&mut self, trace: Option<Trace>) {
        let saw_the_end = |trace: &Trace| {
            let paths = paths(&self.run, trace);
            paths.questions().last().is_none_or(|path| path.at(TracePoint::BridgeBackOut).is_some())
        };
        self.legs = match trace {
            Some(trace) if self.legs == Legs::Incomplete || saw_the_end(&trace) => Legs::Known(trace),
            _ if self.legs == Legs::Pending => Legs::Incomplete,
            _ => Legs::Unknown,
        };
    }
}
