//! What a person sees while a run goes on: moving figures on a terminal, a line for each cycle elsewhere. All of it on standard error.

use std::collections::VecDeque;
use std::env;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use launcelot_measure::load::{Cell, CycleId, LoadPlan, LoadResult, LoadSummary, RunEvent};
use launcelot_measure::unit::format_rate;

use super::conductor::{estimate, schedule};
use super::table::{NAME_COLUMNS, describe_cell, describe_cell_briefly, shortened};
use super::terminal::{Messages, say};

/// The number of characters of a sparkline. With a name, a number of clients and the figures it fits 80 columns.
const SPARKLINE: usize = 20;

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
    lines: MultiProgress,
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
        if has_moving_lines() { Self::Terminal(TerminalProgress::begin(plan, cycles)) } else { Self::Lines }
    }

    /// Returns where messages go meanwhile.
    pub(super) fn messages(&self) -> Messages {
        match self {
            Self::Lines => Messages::default(),
            Self::Terminal(terminal) => Messages::above(terminal.lines.clone()),
        }
    }

    /// Shows an event that has been added to `result`.
    pub(super) fn show(&mut self, event: &RunEvent, result: &LoadResult) {
        match (event, self) {
            // After the window, dialogues are followed to their ends, and no rate is counted.
            (RunEvent::Progress { elapsed, added, .. }, _)
                if *elapsed > result.plan.duration && added.dialogues == 0 => {}
            (RunEvent::Progress { cycle, elapsed, added }, Self::Terminal(terminal)) => {
                terminal.servers[cycle.server as usize].add(*cycle, *elapsed, added.dialogues);
            }
            (RunEvent::CycleEnded { cycle, .. }, Self::Terminal(terminal)) => {
                terminal.whole.inc(1);
                let line = &terminal.servers[cycle.server as usize];
                line.line.set_message(line.message(&describe_cycle(*cycle, result, describe_cell_briefly)));
            }
            (RunEvent::CycleEnded { cycle, .. }, Self::Lines) => {
                let name = &result.plan.servers[cycle.server as usize].name;
                let figures = describe_cycle(*cycle, result, describe_cell);
                // One line for each cycle, however long, for programs that read it.
                let _ = writeln!(io::stderr(), "round {}, {name}: {figures}", cycle.round + 1);
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

/// Whether standard error is a terminal on which lines can be replaced.
fn has_moving_lines() -> bool {
    io::stderr().is_terminal() && env::var_os("TERM").is_none_or(|kind| kind != "dumb")
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
        Self { lines, whole, servers }
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
        self.line.set_message(self.message(&format!("{}: {}/s", cycle.level, format_rate(rate))));
    }

    fn message(&self, figures: &str) -> String {
        format!("{:NAME_COLUMNS$} {:SPARKLINE$} {figures}", shortened(&self.name), sparkline(&self.rates))
    }
}

fn describe_cycle(cycle: CycleId, result: &LoadResult, describe: fn(&Cell) -> String) -> String {
    let provenance = result.provenance.first().cloned().unwrap_or_default();
    let mut one = LoadResult::new(result.plan.clone(), provenance);
    one.cycles.extend(result.cycles.iter().rev().find(|it| it.cycle == cycle).cloned());
    let summary = LoadSummary::of(&one);
    let cell = summary.servers.get(cycle.server as usize).and_then(|server| server.cell(cycle.level));
    let figures = cell.map(describe).unwrap_or_default();
    format!("{}: {figures}", cycle.level)
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
