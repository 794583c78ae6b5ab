//! The report on a load of many clients, from a `result.json` that `launcelot-lab load` has written.
//!
//! The code for it is a part of the program of its own: the browser loads it once it is idle, after the part for
//! [`files`](crate::files).

use std::rc::Rc;

use launcelot_charts::Element;
use launcelot_charts::load::report::Report;
use launcelot_measure::load::from_json;
use wasm_split_helpers::SplitLoaderError;

use crate::split::split_point;
use crate::text::import as text;

/// The format that a `result.json` names. An export of the page names another one.
pub const FORMAT: &str = "\"launcelot-load\"";

/// The number of reports that the page shows at once.
pub const REPORTS_MAX: usize = 4;

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
}

/// Loads the part. A failure is not reported here: the first use tries again, and reports its own.
pub async fn prefetch() {
    let _ = load_part().await;
}

/// Returns the report on the result in the text of a file.
///
/// # Errors
///
/// Returns a sentence that says why the file is not shown.
pub async fn report(file: &str, text: &str, number: u32) -> Result<LoadReport, String> {
    report_loaded(file, text, number).await.unwrap_or_else(|_| Err(text::not_loaded(file)))
}

split_point!(
    load,
    preload(load_part),
    async fn report_loaded(
        file: &str,
        text: &str,
        number: u32,
    ) -> Result<Result<LoadReport, String>, SplitLoaderError> {
        Ok(match from_json(text) {
            Ok(result) => {
                let report = Report::part(&result, number);
                let elements = report.head().into_iter().chain(report.body()).map(Rc::new).collect();
                Ok(LoadReport { number, file: file.to_owned(), title: report.title(), elements })
            }
            Err(why) => Err(format!("Not drawn: {file}: {why}.")),
        })
    }
);
