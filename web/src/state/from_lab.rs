//! What the lab replied.

use std::mem;

use launcelot_measure::LinkReport;
use launcelot_measure::lab_api::TraceResponse;

use super::State;
use super::ids::RoundsId;
use super::run_record::{Legs, RunRecord};
use crate::lab::Reply;

impl State {
    pub(super) fn take_from_lab(&mut self, reply: Reply) {
        match reply {
            Reply::Tunnel(report) => self.take_link_report(report),
            Reply::Server(think) => {
                if let Some(now) = think {
                    self.change_runs(&RunRecord::lacks_final_work, &mut |record| record.end_work(now));
                    self.rounds.change(|rounds| rounds.end_work(now));
                }
                self.lab.server_replied(think);
            }
            Reply::Series(id, response) => {
                self.lab.run_replied();
                self.rounds.change(|rounds| rounds.take_lab_response(id, response));
            }
            Reply::Trace(id, response) => {
                self.lab.run_replied();
                let report = self.lab.report();
                self.change_runs(&|record| record.id == id, &mut |record| {
                    let Some(TraceResponse { trace, tunnel, server_design }) = response.clone() else {
                        return record.set_legs(None);
                    };
                    record.set_legs(Some(trace));
                    match tunnel {
                        Some(transit) => record.set_link_revisions(transit.revisions, report),
                        None => record.is_direct = true,
                    }
                    record.provenance.server_design = server_design;
                });
            }
        }
    }

    fn take_link_report(&mut self, report: Option<LinkReport>) {
        let (link, revision) = (self.lab.link(), self.lab.revision());
        self.lab.tunnel_replied(report);
        let is_another_revision = revision.is_some() && report.is_some_and(|report| Some(report.revision) != revision);
        if is_another_revision || (link.is_some() && link != self.lab.link()) {
            // Another client has changed it. Only the traces of the latest runs tell before which of them.
            let runs = mem::take(&mut self.unconfirmed_runs);
            let rounds = mem::take(&mut self.unconfirmed_rounds);
            // After a restart of the lab, which may have been before they began, the server's work is unknown, too.
            let is_restarted =
                revision.zip(report).is_some_and(|(before, now)| before.instance != now.revision.instance);
            self.link_changed(&rounds, is_restarted, &|record| runs.contains(&record.id));
        }
        if !self.is_running() {
            self.unconfirmed_runs.clear();
            self.unconfirmed_rounds.clear();
        }
        if report.is_none() {
            // No lab can tell the legs now.
            self.change_runs(&|record| record.legs.are_pending(), &mut |record| record.legs = Legs::Unknown);
        }
    }

    /// The settings of the link changed: those of these series and runs are unknown. With `is_work_lost`, so is the server's work.
    pub(super) fn link_changed(
        &mut self,
        rounds: &[RoundsId],
        is_work_lost: bool,
        is_affected: &dyn Fn(&RunRecord) -> bool,
    ) {
        self.change_runs(is_affected, &mut |record| record.link_changed(is_work_lost));
        self.rounds.change(|all| all.link_changed(rounds, is_work_lost));
    }
}
