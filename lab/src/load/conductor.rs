//! The conductor: it runs one cycle after the other, and turns the events of the engine into those of the run.
//!
//! A round has a cycle for each level and each server. The servers take turns within a round, and another one is first at each level
//! of each round, so that what else the machine does affects all of them alike. Before the first round each server is measured without the
//! link, if the plan says so.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use launcelot_measure::Percentile;
use launcelot_measure::load::{
    Counts, CycleEnd, CycleId, DialoguePlan, DirectMeasurement, GeneratorUsage, Level, LoadPlan, RunEvent, RunStatus,
};

use super::cycle::{CycleSettings, EngineEvent, Pace};
use super::engine::{EngineError, run_cycle};
use super::processes::UsageSnapshot;
use super::script_text::ScriptText;
use super::server_under_test::{Environment, ServerUnderTest, describe};

/// How often a server is looked at that may have ended.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// How often a pause looks for a request to end the run.
const PAUSE_STEP: Duration = Duration::from_millis(50);

/// Runs loads.
#[derive(Debug)]
pub struct Conductor {
    /// What is measured.
    pub plan: LoadPlan,
    /// For each server of the plan, the questions and the answers to expect.
    pub texts: Vec<Arc<ScriptText>>,
    /// What servers are started with.
    pub environment: Environment,
}

impl Conductor {
    /// Runs all cycles of the plan, and calls `observe` with each event. A request to end the run early ends it within the cycle.
    ///
    /// # Errors
    ///
    /// If the load generator cannot work. What happens to servers and to dialogues is part of the events.
    pub fn run(&self, mut observe: impl FnMut(&RunEvent)) -> Result<RunStatus, EngineError> {
        self.measure_directly(&mut observe)?;
        let mut is_first = true;
        for cycle in schedule(&self.plan) {
            if !is_first {
                self.pause();
            }
            is_first = false;
            if self.environment.early_end.is_requested() {
                break;
            }
            self.run_cycle(cycle, &mut observe)?;
        }
        let status =
            if self.environment.early_end.is_requested() { RunStatus::Interrupted } else { RunStatus::Completed };
        observe(&RunEvent::RunEnded { status });
        Ok(status)
    }

    /// Measures each server with one client and without the link.
    fn measure_directly(&self, observe: &mut impl FnMut(&RunEvent)) -> Result<(), EngineError> {
        let Some(window) = self.plan.direct else { return Ok(()) };
        let environment = Environment { link: None, ..self.environment.clone() };
        for (server, plan) in (0..).zip(&self.plan.servers) {
            let started = ServerUnderTest::start(plan, &environment);
            if self.environment.early_end.is_requested() {
                return Ok(());
            }
            let mut counts = Counts::default();
            let end = match started {
                Ok(started) => {
                    let cycle = CycleId { round: 0, level: Level::Clients(1), server };
                    let settings = self.direct_settings(server, window, &started);
                    self.measure(cycle, settings, started, &mut |event: &RunEvent| {
                        if let RunEvent::Progress { added, .. } = event {
                            counts.merge(added);
                        }
                    })?
                }
                Err(error) => CycleEnd { server_ended: Some(describe(&error)), ..CycleEnd::default() },
            };
            observe(&RunEvent::DirectMeasured { direct: Box::new(DirectMeasurement { server, counts, end }) });
        }
        Ok(())
    }

    fn run_cycle(&self, cycle: CycleId, observe: &mut impl FnMut(&RunEvent)) -> Result<(), EngineError> {
        let server = ServerUnderTest::start(&self.plan.servers[cycle.server as usize], &self.environment);
        if self.environment.early_end.is_requested() {
            return Ok(());
        }
        observe(&RunEvent::CycleBegun { cycle });
        let end = match server {
            Ok(server) => self.measure(cycle, self.settings(cycle, &server), server, observe)?,
            Err(error) => CycleEnd { server_ended: Some(describe(&error)), ..CycleEnd::default() },
        };
        observe(&RunEvent::CycleEnded { cycle, end });
        Ok(())
    }

    fn measure(
        &self,
        cycle: CycleId,
        settings: CycleSettings,
        server: ServerUnderTest,
        observe: &mut impl FnMut(&RunEvent),
    ) -> Result<CycleEnd, EngineError> {
        let (sender, events) = channel();
        thread::scope(|scope| {
            // The sender moves there, so that the events end with the engine.
            let early_end = &self.environment.early_end;
            let engine = scope.spawn(move || run_cycle(&settings, &sender, early_end));
            let end = CycleObserver::new(cycle, server).follow(&events, observe);
            engine.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            Ok(end)
        })
    }

    fn settings(&self, cycle: CycleId, server: &ServerUnderTest) -> CycleSettings {
        // The same for all servers at a level of a round: they are compared.
        let seed = self.plan.seed ^ (u64::from(cycle.round) << 32 | u64::from(cycle.level.number()));
        CycleSettings {
            target: server.target.clone(),
            text: Arc::clone(&self.texts[cycle.server as usize]),
            dialogue: self.plan.dialogue.clone(),
            pace: Pace::of(&self.plan.mode, cycle.level, self.plan.ramp),
            duration: self.plan.duration,
            seed,
        }
    }

    /// A pause of the client tells nothing of the server, and would leave the window without a sample.
    fn direct_settings(&self, index: u32, duration: Duration, server: &ServerUnderTest) -> CycleSettings {
        CycleSettings {
            target: server.target.clone(),
            text: Arc::clone(&self.texts[index as usize]),
            dialogue: DialoguePlan { think: Duration::ZERO, ..self.plan.dialogue.clone() },
            pace: Pace::Closed { clients: 1, ramp: Duration::ZERO },
            duration,
            seed: self.plan.seed,
        }
    }

    fn pause(&self) {
        let began = Instant::now();
        while began.elapsed() < self.plan.pause && !self.environment.early_end.is_requested() {
            thread::sleep(PAUSE_STEP.min(self.plan.pause.saturating_sub(began.elapsed())));
        }
    }
}

/// Follows one cycle, and its server, to the end.
struct CycleObserver {
    cycle: CycleId,
    server: ServerUnderTest,
    begin: Option<UsageSnapshot>,
    /// What the server had used in the lab's own process when the window began.
    begin_in_lab: Duration,
    is_window_over: bool,
    end: CycleEnd,
}

impl CycleObserver {
    fn new(cycle: CycleId, server: ServerUnderTest) -> Self {
        Self {
            cycle,
            server,
            begin: None,
            begin_in_lab: Duration::ZERO,
            is_window_over: false,
            end: CycleEnd::default(),
        }
    }

    fn follow(mut self, events: &Receiver<EngineEvent>, observe: &mut impl FnMut(&RunEvent)) -> CycleEnd {
        loop {
            match events.recv_timeout(LOOK_INTERVAL) {
                Ok(EngineEvent::WindowBegan) => {
                    self.begin = self.server.usage();
                    self.begin_in_lab = self.server.used_in_lab();
                    // What was late during the ramp does not count.
                    self.server.take_link_lateness();
                }
                Ok(EngineEvent::Progress { elapsed, added }) => {
                    observe(&RunEvent::Progress { cycle: self.cycle, elapsed, added });
                }
                Ok(EngineEvent::WindowEnded { window, generator }) => self.end_window(window, generator),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return self.end,
            }
            self.look_at_server();
        }
    }

    fn end_window(&mut self, window: Duration, mut generator: GeneratorUsage) {
        let used = self.server.usage();
        let used_in_lab = self.server.used_in_lab().saturating_sub(self.begin_in_lab);
        generator.other_processor = generator.other_processor.saturating_sub(used_in_lab);
        self.end.server = used.zip(self.begin.as_ref()).map(|(used, begin)| used.since(begin));
        let link_lateness = self.server.take_link_lateness();
        self.end.link_lateness = link_lateness.and_then(|lateness| lateness.percentile(Percentile::P50));
        self.end.window = window;
        self.end.generator = generator;
        self.look_at_server();
        self.is_window_over = true;
    }

    /// Notes how the server has ended, if it was before the window did.
    fn look_at_server(&mut self) {
        if !self.is_window_over && self.end.server_ended.is_none() {
            self.end.server_ended = self.server.ended();
        }
    }
}

/// Returns the cycles of a plan in the order in which they are run.
pub fn schedule(plan: &LoadPlan) -> Vec<CycleId> {
    let servers = plan.servers.len() as u32;
    let levels = plan.mode.levels();
    let mut cycles = Vec::new();
    for round in 0..plan.rounds {
        for (index, level) in levels.iter().enumerate() {
            for turn in 0..servers {
                let server = (turn + round + index as u32) % servers;
                cycles.push(CycleId { round, level: *level, server });
            }
        }
    }
    cycles
}

/// Returns about how long a plan takes. A server needs some time to start and to stop, and dialogues to end after their window.
pub fn estimate(plan: &LoadPlan) -> Duration {
    const AROUND_CYCLE: Duration = Duration::from_millis(150);
    let cycles = schedule(plan).len() as u32;
    let direct = plan.direct.map(|window| (window + AROUND_CYCLE) * plan.servers.len() as u32).unwrap_or_default();
    direct + (plan.ramp + plan.duration + AROUND_CYCLE) * cycles + plan.pause * cycles.saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use launcelot_measure::load::{LoadMode, ServerKind, ServerPlan};

    use super::*;

    fn plan(servers: usize) -> LoadPlan {
        let server = |index: usize| ServerPlan {
            name: index.to_string(),
            kind: ServerKind::Address { host: "localhost".to_owned(), port: 1060 },
        };
        LoadPlan {
            servers: (0..servers).map(server).collect(),
            link: None,
            handshake: false,
            faults: None,
            direct: None,
            dialogue: DialoguePlan { timeout: Duration::from_secs(5), ..DialoguePlan::default() },
            mode: LoadMode::Closed { clients: vec![1, 5] },
            duration: Duration::from_secs(2),
            ramp: Duration::from_secs(1),
            pause: Duration::from_secs(1),
            rounds: 2,
            seed: 0,
        }
    }

    #[test]
    fn servers_take_turns_and_another_one_is_first_each_time() {
        let order: Vec<_> = schedule(&plan(3)).iter().map(|it| (it.round, it.level.number(), it.server)).collect();
        let expected = [
            [(0, 1, 0), (0, 1, 1), (0, 1, 2)],
            [(0, 5, 1), (0, 5, 2), (0, 5, 0)],
            [(1, 1, 1), (1, 1, 2), (1, 1, 0)],
            [(1, 5, 2), (1, 5, 0), (1, 5, 1)],
        ];
        assert_eq!(order, expected.concat());
    }

    #[test]
    fn the_estimate_counts_windows_ramps_pauses_and_direct_measurements() {
        assert_eq!(estimate(&plan(1)), Duration::from_millis(3_150) * 4 + Duration::from_secs(3));
        let direct = LoadPlan { direct: Some(Duration::from_millis(500)), ..plan(2) };
        assert_eq!(estimate(&direct) - estimate(&plan(2)), Duration::from_millis(650) * 2);
    }
}
