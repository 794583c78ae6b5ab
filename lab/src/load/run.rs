//! A load from its plan to its files. `launcelot-lab load` and the benchmarks run it alike.

use std::io;
use std::path::PathBuf;
use std::slice;
use std::sync::Arc;
use std::time::Duration;

use launcelot_client::script::{self, ScriptFileError};
use launcelot_endpoint::descriptors;
use launcelot_endpoint::failure::one_line;
use launcelot_measure::load::comparison::ROUNDS_MIN;
use launcelot_measure::load::{
    LoadMode, LoadPlan, LoadResult, LoadSummary, Primary, RunEvent, RunStatus, ServerComparison, ServerPlan,
    compare_servers,
};
use launcelot_measure::text;
use launcelot_protocol::Script;
use thiserror::Error;

use super::conductor::Conductor;
use super::engine::EngineError;
use super::format::{FormatOptions, print, report};
use super::options::{LoadOptions, PlanError, START_TIMEOUT};
use super::progress::Progress;
use super::results_folder::{self, ResultsFolder, WriteError};
use super::script_text::{self, ScriptText};
use super::server_under_test::{Addresses, Environment, LookupError};
use super::signals::RunSignals;
use super::terminal::say;
use super::{foreseen, provenance};
use crate::tunnel::TunnelSettings;

/// Why a load fails.
#[derive(Debug, Error)]
pub enum LoadError {
    /// The options do not make a plan: a usage error.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The script cannot be read.
    #[error(transparent)]
    Script(#[from] ScriptFileError),
    /// A host name cannot be resolved.
    #[error(transparent)]
    Lookup(#[from] LookupError),
    /// No cycle of any server had a window.
    #[error("nothing was measured: no server could be started")]
    NothingMeasured,
    /// The results cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The signal handlers could not be installed.
    #[error("cannot install handlers for SIGINT, SIGTERM and SIGXFSZ")]
    Signals(#[source] io::Error),
    /// The load generator cannot work.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A load that should have a processor for itself cannot have it.
    #[error("cannot keep the load on one processor")]
    Processor(#[source] io::Error),
    /// Standard output is full.
    #[error("cannot write to standard output")]
    Output(#[source] io::Error),
}

/// A load that has not begun.
#[derive(Debug)]
pub struct Load {
    plan: LoadPlan,
    /// For each server of the plan, the questions and the answers to expect.
    texts: Vec<Arc<ScriptText>>,
    link: Option<TunnelSettings>,
    start_timeout: Duration,
    folder: PathBuf,
    warnings: Vec<String>,
}

impl Load {
    /// Returns the load that the options describe.
    ///
    /// # Errors
    ///
    /// If the options do not make a plan, or the script cannot be read.
    pub fn new(options: &LoadOptions) -> Result<Self, LoadError> {
        let mut plan = options.plan()?;
        let script = match &options.script {
            Some(path) => script::read(path)?,
            None => Script::default(),
        };
        plan.dialogue.script_hash = options.script.as_ref().map(|_| script_text::hash(&script));
        let text = Arc::new(ScriptText::new(&script));
        Ok(Self {
            texts: vec![text; plan.servers.len()],
            link: options.tunnel_settings(),
            start_timeout: options.start_timeout.unwrap_or(START_TIMEOUT),
            folder: options.output.clone().unwrap_or_else(|| results_folder::default_path("")),
            warnings: Vec::new(),
            plan,
        })
    }

    /// Returns the plan.
    pub fn plan(&self) -> &LoadPlan {
        &self.plan
    }

    /// Adds a server with questions and answers of its own. Its name must not be that of another server.
    pub(crate) fn add_server(&mut self, server: ServerPlan, text: ScriptText) {
        self.plan.servers.push(server);
        self.texts.push(Arc::new(text));
    }

    /// Adds a sentence that a reader of the result should know.
    pub(crate) fn add_warning(&mut self, warning: String) {
        self.warnings.push(warning);
    }

    /// Runs the load, writes its files, and prints a report in a format, if there is one. A result that cannot be written is printed
    /// as JSON.
    ///
    /// # Errors
    ///
    /// If the load generator cannot work, or what was measured cannot be written or printed.
    pub fn run(self, format: Option<FormatOptions>, signals: &RunSignals) -> Result<LoadResult, LoadError> {
        let addresses = Addresses::look_up(&self.plan.servers)?;
        let mut result = LoadResult::new(self.plan.clone(), provenance::of_this_run());
        let folder = ResultsFolder::create(&self.folder, &result)?;
        descriptors::raise_limit();
        descriptors::reserve(clients_max(&self.plan).into());
        // With the limit of descriptors that was just raised.
        for warning in foreseen::warnings(&self.plan, &addresses).iter().chain(&self.warnings) {
            warn(&mut result, warning);
        }
        let run = self.conduct(&folder, addresses, &mut result, signals);
        result.cycles.sort_by_key(|cycle| cycle.cycle);
        for warning in text::load::warnings(&LoadSummary::of(&result)) {
            warn(&mut result, &warning);
        }
        let saved = folder.save(&result);
        let format = match &saved {
            Ok(()) => format,
            Err(error) => {
                say(&format!("{}; the result goes to standard output instead", one_line(error)));
                Some(FormatOptions::JSON)
            }
        };
        let written = saved.and_then(|()| folder.write_report(&result));
        if let Some(format) = format {
            let compared = comparisons(&result);
            print(&report(slice::from_ref(&result), &compared, format)).map_err(LoadError::Output)?;
        }
        written?;
        say(&format!("The results are in {}", folder.path().display()));
        run?;
        Ok(result)
    }

    /// Runs all cycles. The result is saved after each of them, and after each direct measurement.
    fn conduct(
        self,
        folder: &ResultsFolder,
        addresses: Addresses,
        result: &mut LoadResult,
        signals: &RunSignals,
    ) -> Result<RunStatus, EngineError> {
        let environment = Environment {
            addresses,
            logs: folder.path().to_owned(),
            link: self.link,
            clients_max: clients_max(&self.plan),
            start_timeout: self.start_timeout,
            early_end: signals.early_end.clone(),
            running: signals.running.clone(),
        };
        let mut progress = Progress::begin(&self.plan);
        let messages = progress.messages();
        signals.say_with(messages.clone());
        let mut is_write_failure_said = false;
        let conductor = Conductor { plan: self.plan, texts: self.texts, environment };
        conductor.run(|event| {
            result.apply(event);
            progress.show(event, result);
            if matches!(event, RunEvent::CycleEnded { .. } | RunEvent::DirectMeasured { .. })
                && let Err(error) = folder.save(result)
                && !is_write_failure_said
            {
                is_write_failure_said = true;
                messages.say(&format!("{}; the run goes on", one_line(&error)));
            }
        })
    }
}

/// Compares the servers of a run, if its plan is one to compare them: it has several servers and enough rounds.
fn comparisons(result: &LoadResult) -> Vec<ServerComparison> {
    if (result.plan.rounds as usize) < ROUNDS_MIN {
        return Vec::new();
    }
    compare_servers(&LoadSummary::of(result), Primary::default(), None)
}

/// Says a warning, and adds it to the result.
fn warn(result: &mut LoadResult, warning: &str) {
    say(&format!("warning: {warning}"));
    if let Some(provenance) = result.provenance.first_mut() {
        provenance.warnings.push(warning.to_owned());
    }
}

/// Returns the largest number of connections at once that the plan foresees.
fn clients_max(plan: &LoadPlan) -> u32 {
    match &plan.mode {
        LoadMode::Closed { clients } => clients.iter().copied().max().unwrap_or(1),
        LoadMode::Open { max_in_flight, .. } => *max_in_flight,
    }
}
