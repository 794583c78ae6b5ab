//! The stages of a cycle: ramp, window, and following the last dialogues; and what is reported in each.

use std::time::{Duration, Instant};

use launcelot_measure::load::GeneratorUsage;
use nix::time::{ClockId, clock_gettime};

use super::event_loop::EventLoop;
use super::recorder::Window;
use crate::load::cycle::EngineEvent;

/// The time between two reports, and the longest time until a request to stop is noticed.
pub(super) const REPORT_INTERVAL: Duration = Duration::from_millis(100);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Before the window: the clients of a closed loop start.
    Ramp,
    Window {
        /// The processor time when the window began.
        processor: ProcessorTime,
    },
    /// After the window: this many dialogues go on, or at least the questions that they have in flight.
    Following {
        dialogues: usize,
    },
    Over,
}

impl EventLoop<'_> {
    /// Enters the next stage if its time has come, and reports.
    pub(super) fn advance(&mut self, now: Instant) {
        let is_stopped = self.stop.is_requested();
        match self.stage {
            Stage::Ramp if now >= self.recorder.window.begin || is_stopped => {
                if is_stopped {
                    self.recorder.window = Window { begin: now, end: now };
                }
                self.stage = Stage::Window { processor: ProcessorTime::now() };
                self.next_report = now + REPORT_INTERVAL;
                self.send(EngineEvent::WindowBegan);
            }
            Stage::Window { processor } if now >= self.recorder.window.end || is_stopped => {
                self.end_window(now, processor, is_stopped);
            }
            Stage::Following { dialogues } if dialogues == 0 || is_stopped => {
                self.report(now);
                self.stage = Stage::Over;
            }
            _ if now >= self.next_report => self.report(now),
            _ => {}
        }
    }

    fn end_window(&mut self, now: Instant, processor: ProcessorTime, is_stopped: bool) {
        let window = &mut self.recorder.window;
        window.end = window.end.min(now);
        let window = *window;
        // What came due while this thread could not run begins late, but it begins, and counts.
        while let Some(due) = self.open_loop.as_mut().and_then(|open_loop| open_loop.pop_due(window.end)) {
            self.arrive(due);
        }
        self.report(now);
        let generator = ProcessorTime::now().used_since(processor);
        self.send(EngineEvent::WindowEnded { window: window.end - window.begin, generator });
        if let Some(open_loop) = &mut self.open_loop {
            self.recorder.queued(open_loop.queue.len());
            open_loop.queue.clear();
            open_loop.end = window.end;
        }
        let mut followed = 0;
        for client in &mut self.clients {
            let dialogue = &mut client.dialogue;
            let mut is_followed = dialogue.is_running();
            if is_followed {
                self.recorder.went_on_at_end(dialogue.begin_time());
                // What a dialogue that began earlier asks from now on would count nowhere.
                is_followed = window.contains(dialogue.begin_time()) || dialogue.end_with_answers_in_flight();
            }
            if is_followed && !is_stopped {
                followed += 1;
            } else {
                client.dialogue.wait(None);
                client.connection = None;
            }
        }
        self.stage = Stage::Following { dialogues: followed };
    }

    fn report(&mut self, now: Instant) {
        self.next_report = now + REPORT_INTERVAL;
        if self.stage == Stage::Ramp {
            return;
        }
        let elapsed = self.recorder.elapsed(now);
        let added = self.recorder.take();
        self.send(EngineEvent::Progress { elapsed, added });
    }

    fn send(&mut self, event: EngineEvent) {
        if self.events.send(event).is_err() {
            self.stop.request();
        }
    }
}

/// The processor time of this thread, and of the whole process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ProcessorTime {
    thread: Duration,
    process: Duration,
}

impl ProcessorTime {
    fn now() -> Self {
        let clock = |id| clock_gettime(id).map(Duration::from).unwrap_or_default();
        Self { thread: clock(ClockId::CLOCK_THREAD_CPUTIME_ID), process: clock(ClockId::CLOCK_PROCESS_CPUTIME_ID) }
    }

    /// Returns what was used between an earlier time and this one.
    fn used_since(self, earlier: Self) -> GeneratorUsage {
        let processor = self.thread.saturating_sub(earlier.thread);
        let process = self.process.saturating_sub(earlier.process);
        GeneratorUsage { processor, threads: 1, other_processor: process.saturating_sub(processor) }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::sync::{Arc, mpsc};

    use launcelot_measure::load::{Arrivals, Counts, DialoguePlan, RatedUnit};
    use launcelot_protocol::Script;

    use super::*;
    use crate::load::cycle::{CycleSettings, EarlyEnd, Pace, Target};
    use crate::load::script_text::ScriptText;

    #[test]
    fn what_came_due_while_the_thread_did_not_run_begins_at_the_end_of_the_window() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let settings = CycleSettings {
            target: Target::Tcp(vec![listener.local_addr().unwrap()]),
            text: Arc::new(ScriptText::new(&Script::default())),
            dialogue: DialoguePlan { timeout: Duration::from_secs(60), ..DialoguePlan::default() },
            pace: Pace::Open { rate: 100, arrivals: Arrivals::Steady, per: RatedUnit::Dialogue, max_in_flight: 8 },
            duration: Duration::from_millis(100),
            seed: 1,
        };
        let (events, received) = mpsc::channel();
        let stop = EarlyEnd::default();
        let mut event_loop = EventLoop::new(&settings, &events, &stop).unwrap();
        let window = event_loop.recorder.window;
        event_loop.advance(window.begin);
        event_loop.advance(window.end + Duration::from_secs(1));
        event_loop.report(window.end);
        let mut counts = Counts::default();
        for event in received.try_iter() {
            if let EngineEvent::Progress { added, .. } = event {
                counts.merge(&added);
            }
        }
        assert_eq!((counts.lateness.count(), counts.held_back, counts.queued), (8, 2, 2), "of ten");
    }
}
