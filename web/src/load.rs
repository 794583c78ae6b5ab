//! The report on a load of many clients, from a `result.json` that `launcelot-lab load` has written.
//!
//! The code for it is a part of the program of its own: the browser loads it once it is idle, after the part for
//! [`files`](crate::files).

use std::pin::Pin;
use std::rc::Rc;

use launcelot_charts::Element;
use launcelot_charts::load::report::{Report, pictures};
use launcelot_charts::picture::Picture;
use launcelot_measure::load::prediction::is_input;
use launcelot_measure::load::{LoadPlan, LoadResult, LoadSummarizer, Piece, Scan};
use launcelot_measure::unit::format_count;
use wasm_split_helpers::SplitLoaderError;

use crate::split::split_point;
use crate::text::import as text;
use crate::turn::Turn;

/// The format that a `result.json` names. An export of the page names another one.
pub const FORMAT: &str = "\"launcelot-load\"";

/// The number of reports that the page shows at once.
pub const REPORTS_MAX: usize = 4;

/// The largest number of cells of a report: servers times levels. Each takes about 650 kB while it is drawn.
const CELLS_MAX: usize = 500;

/// A report that the page shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadReport {
    /// Its number, which no other report of this visit has.
    pub number: u32,
    /// The name of the file.
    pub file: String,
    /// The title, as text.
    pub title: String,
    /// The report.
    pub elements: Vec<Rc<Element>>,
    /// The titles of its charts.
    pub charts: Vec<String>,
}

/// Loads the part. A failure is not reported here: the first use tries again, and reports its own.
pub async fn prefetch() {
    let _ = load_part().await;
}

/// Returns the report on the result in the text of a file. Reads and draws it in turns.
///
/// # Errors
///
/// Returns a sentence that says why the file is not shown.
pub async fn report(file: &str, text: String, number: u32) -> Result<LoadReport, String> {
    match report_loaded(file.to_owned(), text, number).await {
        Ok(report) => report.await,
        Err(_) => Err(text::not_loaded(file)),
    }
}

/// Returns the chart at `index` of a report as the text of an SVG file. `None` if what draws it cannot be loaded.
pub async fn picture(report: &LoadReport, index: usize) -> Option<String> {
    picture_loaded(report, index).await.ok().flatten()
}

split_point!(
    load,
    async fn picture_loaded(report: &LoadReport, index: usize) -> Result<Option<String>, SplitLoaderError> {
        let elements = report.elements.iter().map(|element| &**element);
        Ok(pictures::picture(elements, index, &report.file).map(Picture::finish))
    }
);

/// The work on a report, done in turns.
type Work = Pin<Box<dyn Future<Output = Result<LoadReport, String>>>>;

split_point!(
    load,
    preload(load_part),
    async fn report_loaded(file: String, text: String, number: u32) -> Result<Work, SplitLoaderError> {
        Ok(Box::pin(async move {
            match made(&file, text, number).await {
                Ok(report) => Ok(report),
                Err(why) => Err(format!("Not imported: {file}: {why}.")),
            }
        }))
    }
);

/// Reads and draws a result. A cycle is large in memory, so only what is drawn of it is kept.
async fn made(file: &str, text: String, number: u32) -> Result<LoadReport, String> {
    let mut turn = Turn::begin();
    // Copying a large text took a while.
    turn.next().await;
    let mut scan = Scan::new(text).map_err(|why| why.to_string())?;
    while scan.scan_next() {
        turn.yield_if_long().await;
    }
    turn.next().await;
    let mut reader = scan.finish().map_err(|why| why.to_string())?;
    check_size(&reader.result().plan)?;
    let mut summary = LoadSummarizer::new(&reader.result().plan);
    let (mut direct, mut cycles) = (Vec::new(), Vec::new());
    while let Some(piece) = reader.read_next().map_err(|why| why.to_string())? {
        match piece {
            Piece::Direct(measurement) => direct.push(measurement),
            Piece::Cycle(cycle) => {
                summary.add(&cycle);
                if is_input(&reader.result().plan, &cycle) {
                    cycles.push(cycle);
                }
            }
        }
        turn.yield_if_long().await;
    }
    let result = LoadResult { direct, cycles, ..reader.into_result() };
    turn.yield_if_long().await;
    let report = Report::part(&result, summary.finish(), number);
    let mut elements: Vec<Rc<Element>> = report.head().into_iter().map(Rc::new).collect();
    for element in report.body() {
        elements.push(Rc::new(element));
        turn.yield_if_long().await;
    }
    let charts = pictures::titles(elements.iter().map(|element| &**element));
    Ok(LoadReport { number, file: file.to_owned(), title: report.title(), elements, charts })
}

/// Checks that there is room on the page for the figures of each server at each level.
fn check_size(plan: &LoadPlan) -> Result<(), String> {
    let cells = plan.servers.len() * plan.mode.levels().len();
    if cells <= CELLS_MAX {
        return Ok(());
    }
    let servers = format_count(plan.servers.len() as u64);
    let levels = format_count(plan.mode.levels().len() as u64);
    Err(format!(
        "{servers} servers at {levels} levels are more than this page can draw; launcelot-lab report shows all of them"
    ))
}

#[cfg(test)]
mod tests {
    use launcelot_measure::load::{LoadMode, from_json};

    use super::*;

    const RESULT: &str = include_str!("../../measure/tests/fixtures/load-1.json");

    #[test]
    fn a_plan_with_more_cells_than_the_page_can_draw_is_refused_in_words() {
        let mut plan = from_json(RESULT).unwrap().plan;
        let mut check = |levels: u32| {
            plan.mode = LoadMode::Closed { clients: (1..=levels).collect() };
            (check_size(&plan), plan.servers.len())
        };
        let (fits, servers) = check(10);
        assert_eq!(fits, Ok(()));
        let why = check(1_000).0.unwrap_err();
        assert!(
            why.starts_with(&format!("{servers} servers at 1,000 levels are more than this page can draw")),
            "{why}"
        );
    }
}
