//! What a person sees while a run goes on: moving figures on a terminal, a line for each cycle elsewhere. All of it on standard error.

use std::collections::VecDeque;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use launcelot_measure::load::{CycleId, DirectMeasurement, Level, LoadPlan, LoadResult, LoadSummary, RunEvent};

use super::conductor::{estimate, schedule};
use super::table::{describe_cell, format_rate, median};

/// The number of characters of a sparkline.
const SPARKLINE: usize = 30;

/// The characters of a sparkline, the lowest first.
const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Shows a run that goes on.
#[derive(Debug)]
pub(super) enum Progress {
    Lines,
    Terminal(TerminalProgress),
}

/// The lines of a terminal: one for the whole, and one for each server.
#[derive(Debug)]
pub(super) struct TerminalProgress {
    whole: ProgressBar,
    servers: Vec<ServerLine>,
}

#[derive(Debug)]
struct ServerLine {
    line: ProgressBar,
    name: String,
    rates: VecDeque<f64>,
    elapsed: Duration,
}

impl Progress {
    /// Says how long the plan takes, and begins to show the run.
    pub(super) fn begin(plan: &LoadPlan) -> Self {
        let cycles = schedule(plan).len();
        let time = humantime::format_duration(Duration::from_secs(estimate(plan).as_secs().max(1)));
        let plural = if cycles == 1 { "" } else { "s" };
        say(&format!("{cycles} cycle{plural}, about {time}. Ctrl-C ends the run and keeps what was measured."));
        if io::stderr().is_terminal() { Self::Terminal(TerminalProgress::begin(plan, cycles)) } else { Self::Lines }
    }

    /// Shows an event that has been added to `result`.
    pub(super) fn show(&mut self, event: &RunEvent, result: &LoadResult) {
        match (event, self) {
            (RunEvent::Progress { cycle, elapsed, added }, Self::Terminal(terminal)) => {
                terminal.servers[cycle.server as usize].add(*cycle, *elapsed, added.dialogues);
            }
            (RunEvent::CycleEnded { cycle, .. }, Self::Terminal(terminal)) => {
                terminal.whole.inc(1);
                let line = &terminal.servers[cycle.server as usize];
                line.line.set_message(line.message(&describe_cycle(*cycle, result)));
            }
            (RunEvent::DirectMeasured { direct }, Self::Terminal(terminal)) => {
                let line = &terminal.servers[direct.server as usize];
                line.line.set_message(line.message(&describe_direct(direct)));
            }
            (RunEvent::DirectMeasured { direct }, Self::Lines) => {
                let name = &result.plan.servers[direct.server as usize].name;
                say(&format!("{name}: {}", describe_direct(direct)));
            }
            (RunEvent::CycleEnded { cycle, .. }, Self::Lines) => {
                let name = &result.plan.servers[cycle.server as usize].name;
                say(&format!("round {}, {name}: {}", cycle.round + 1, describe_cycle(*cycle, result)));
            }
            (RunEvent::RunEnded { .. }, Self::Terminal(terminal)) => {
                terminal.whole.finish_and_clear();
                for server in &terminal.servers {
                    server.line.finish_and_clear();
                }
            }
            _ => {}
        }
    }
}

impl TerminalProgress {
    fn begin(plan: &LoadPlan, cycles: usize) -> Self {
        let lines = MultiProgress::new();
        let style = |template: &str| {
            ProgressStyle::with_template(template).expect("the template is valid").progress_chars("█▌░")
        };
        let whole = lines.add(ProgressBar::new(cycles as u64));
        whole.set_style(style("{bar:30} {pos} of {len} cycles, {elapsed}"));
        whole.enable_steady_tick(Duration::from_secs(1));
        let servers = plan.servers.iter().map(|server| {
            let line = lines.add(ProgressBar::new_spinner());
            line.set_style(style("{wide_msg}"));
            ServerLine { line, name: server.name.clone(), rates: VecDeque::new(), elapsed: Duration::ZERO }
        });
        let servers = servers.collect();
        Self { whole, servers }
    }
}

impl ServerLine {
    fn add(&mut self, cycle: CycleId, elapsed: Duration, dialogues: u64) {
        let time = elapsed.saturating_sub(if elapsed > self.elapsed { self.elapsed } else { Duration::ZERO });
        self.elapsed = elapsed;
        if time.is_zero() {
            return;
        }
        let rate = dialogues as f64 / time.as_secs_f64();
        if self.rates.len() == SPARKLINE {
            self.rates.pop_front();
        }
        self.rates.push_back(rate);
        self.line.set_message(self.message(&format!("{}: {}/s", describe_level(cycle.level), format_rate(rate))));
    }

    fn message(&self, figures: &str) -> String {
        format!("{:12} {:SPARKLINE$} {figures}", self.name, sparkline(&self.rates))
    }
}

fn describe_cycle(cycle: CycleId, result: &LoadResult) -> String {
    let provenance = result.provenance.first().cloned().unwrap_or_default();
    let mut one = LoadResult::new(result.plan.clone(), provenance);
    one.cycles.extend(result.cycles.iter().rev().find(|it| it.cycle == cycle).cloned());
    let summary = LoadSummary::of(&one);
    let cell = summary.servers.get(cycle.server as usize).and_then(|server| server.cell(cycle.level));
    let figures = cell.map(describe_cell).unwrap_or_default();
    format!("{}: {figures}", describe_level(cycle.level))
}

fn describe_direct(direct: &DirectMeasurement) -> String {
    match &direct.end.server_ended {
        Some(ended) => format!("without the link: the server {ended}"),
        None => format!("without the link: question p50 {}", median(&direct.counts.question_latency)),
    }
}

fn describe_level(level: Level) -> String {
    match level {
        Level::Clients(1) => "1 client".to_owned(),
        Level::Clients(clients) => format!("{clients} clients"),
        Level::Rate(rate) => format!("{rate} a second"),
    }
}

/// Returns a sparkline from zero to the largest of the figures.
fn sparkline<'a>(figures: impl IntoIterator<Item = &'a f64> + Clone) -> String {
    let most = figures.clone().into_iter().copied().fold(0.0, f64::max);
    let bar = |figure: &f64| {
        let share = if most > 0.0 { figure / most } else { 0.0 };
        // The share is from 0 to 1.
        LEVELS[(share * (LEVELS.len() - 1) as f64).round() as usize]
    };
    figures.into_iter().map(bar).collect()
}

/// Writes a line on standard error, which may be closed.
pub(super) fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sparkline_begins_at_zero() {
        assert_eq!(sparkline(&[0.0, 50.0, 100.0]), "▁▅█");
        assert_eq!(sparkline(&[0.0, 0.0]), "▁▁");
        assert_eq!(sparkline(&[]), "");
    }
}
