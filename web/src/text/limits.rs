//! What limits the figures of a drawing, in one line below it.

use std::time::Duration;

use launcelot_measure::unit::{format_count, format_duration};
use launcelot_measure::{Interruptions, Run, ServerWork};
use launcelot_protocol::exchange;

use super::link;
use crate::state::run_record::RunRecord;

/// How many of something.
pub fn count(count: usize, one: &str, more: &str) -> String {
    match count {
        0 => format!("no {more}"),
        1 => format!("1 {one}"),
        _ => format!("{} {more}", format_count(count as u64)),
    }
}

/// What a line says where nothing warmed up.
pub const NO_WARM_UP: &str = "no warm-up";

/// The line of one drawing: its samples, the way that they went if that is worth saying, how many of them are none, and what
/// was not counted as warm-up.
pub fn line(
    samples: &str,
    route: Option<String>,
    clock_step: Duration,
    cores: Option<u32>,
    warm_up: &str,
    errors: usize,
) -> String {
    let cores = cores.map(|cores| count(cores as usize, "core", "cores"));
    let route = route.map_or_else(String::new, |route| [&route, " · "].concat());
    format!(
        "{samples} · {route}clock step {} · {} · {warm_up} · {}",
        format_duration(clock_step),
        cores.as_deref().unwrap_or("number of cores unknown"),
        count(errors, "error", "errors"),
    )
}

/// The line of one run: a failure is an error, and stopping is not.
pub fn of_run(record: &RunRecord) -> String {
    let RunRecord { run, cores, .. } = record;
    let samples = count(run.questions.len(), "question", "questions");
    let line = line(&samples, link::route_of(record), run.clock_step, *cores, NO_WARM_UP, errors(run));
    noted(line, record.server_work, run.interruptions)
}

/// How many errors a run had.
pub fn errors(run: &Run) -> usize {
    run.failures(|_, answer| exchange::is_error(answer)).count() as usize
}

/// A line, what work the server simulated, and what interrupted the asker.
pub fn noted(mut line: String, work: Option<ServerWork>, interruptions: Interruptions) -> String {
    let work = work.and_then(ServerWork::describe).unwrap_or_default();
    for words in [work.as_str(), interruptions.describe().unwrap_or_default()] {
        if !words.is_empty() {
            line += " · ";
            line += words;
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use launcelot_measure::{Order, Provenance, RunStatus};

    use super::*;
    use crate::state::ids::{EntryId, RunId};
    use crate::state::run_record::Legs;

    #[test]
    fn a_run_says_what_limits_its_figures() {
        let step = Duration::from_micros(5);
        let run = Run::new(String::new(), Order::OneAtATime, step, ["What?", "Why?"].map(str::to_owned));
        let run = RunRecord {
            id: RunId(1),
            entry: EntryId::default(),
            number: 1,
            run,
            dialogue: String::new(),
            legs: Legs::Unknown,
            cores: Some(1),
            link: None,
            is_direct: false,
            link_revisions: None,
            server_work: None,
            provenance: Provenance::default(),
            is_imported: false,
        };
        let expected = "2 questions · clock step 5 µs · 1 core · no warm-up · no errors";
        assert_eq!(of_run(&run).replace('\u{a0}', " "), expected);
        assert!(of_run(&RunRecord { cores: None, ..run.clone() }).contains(" · number of cores unknown · "));
        let worked = RunRecord { server_work: Some(ServerWork::begun(Duration::from_millis(3))), ..run.clone() };
        assert!(
            of_run(&worked).replace('\u{a0}', " ").ends_with(" · no errors · simulated server work 3 ms per answer")
        );
        let mut broken = run;
        broken.run.status = RunStatus::Broken("Gone.".to_owned());
        broken.run.interruptions.was_hidden = true;
        assert!(
            of_run(&broken).ends_with(" · 1 error · the tab was hidden during the measurement"),
            "{}",
            of_run(&broken)
        );
    }
}
