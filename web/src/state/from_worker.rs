//! What the worker measured.

use super::ids::RunId;
use super::run_record::RunRecord;
use super::{SUSPENDED, State};
use crate::message::{Ended, FromWorker, RunEnd, RunProgress};
use crate::text;

impl State {
    pub(super) fn take_from_worker(&mut self, message: FromWorker) {
        match message {
            FromWorker::Ready(clock) => {
                self.clock = Some(clock);
                if self.broken.as_deref() == Some(text::mishap::WORKER_LATE) {
                    self.broken = None;
                }
            }
            FromWorker::Runs(runs) => runs.into_iter().for_each(|progress| self.take_progress(progress)),
            FromWorker::Rounds { id, answered, failures } => {
                self.rounds.change(|rounds| rounds.add(id, &answered, &failures));
            }
            FromWorker::Suspended => self.interrupt(SUSPENDED),
            FromWorker::RoundsEnded { id, how } => {
                let how = self.end_as_seen(how);
                let is_elsewhere = self.bridge.is_elsewhere();
                let status = |url: &str, interruptions| text::status(&how, url, interruptions, is_elsewhere);
                self.rounds.change(|rounds| rounds.end(id, status));
                self.lab.run_ended(None, how == Ended::Complete);
            }
        }
    }

    fn take_progress(&mut self, RunProgress { run: id, steps, end }: RunProgress) {
        let is_single = self.runs.active(id).is_some();
        self.change_active(id, |record| steps.into_iter().for_each(|step| record.run.record(step)));
        let Some(RunEnd { how, began }) = end else { return };
        if is_single && let Some(began) = began {
            self.began = Some((id, began));
        }
        let is_elsewhere = self.bridge.is_elsewhere();
        let how = self.end_as_seen(how);
        self.change_active(id, |record| record.end(&how, is_elsewhere));
        self.lab.run_ended(Some(id), how == Ended::Complete);
    }

    /// Returns how something ended for the person. Firefox closes the connections of a page that it leaves while the page still
    /// runs: then nothing broke.
    fn end_as_seen(&self, how: Ended) -> Ended {
        match how {
            Ended::Closed { .. } | Ended::NoBridge if self.is_leaving => Ended::Stopped,
            how => how,
        }
    }

    /// Changes the run with this identity, unless it is over: a late message changes nothing.
    fn change_active(&mut self, id: RunId, change: impl FnOnce(&mut RunRecord)) {
        let active = if self.runs.active(id).is_some() {
            self.runs.make_mut().newest_mut()
        } else if self.race.is_active(id) {
            self.race.make_mut().active_mut(id)
        } else {
            None
        };
        if let Some(record) = active {
            change(record);
        }
    }
}
