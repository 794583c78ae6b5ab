//! What was measured, as a file to take along, and a file that was brought back; and what is said of a series of rounds.
//!
//! The code for it is a part of the program of its own: the first question does not need it, so the browser loads it once
//! it is idle. The feature `split` marks the part; without it, as under `trunk serve`, the program is one piece.

use std::time::Duration;

use js_sys::futures::spawn_local;
use launcelot_measure::export::{Document, DocumentError, RecordedRun, chrome, csv, hlog, json};
use launcelot_measure::{Rounds, Stopwatch};
use wasm_bindgen::prelude::*;
use wasm_split_helpers::SplitLoaderError;
#[cfg(feature = "split")]
use wasm_split_helpers::wasm_split;
use yew::Callback;

use crate::download;
use crate::pictures::{self, Chart};
use crate::state::State;
use crate::state::import::Room;
use crate::timeline::{self, Measure};
use crate::words::import as words;

/// How long a browser without idle callbacks (Safari before 18.4) waits before it loads the part.
const NO_IDLE_CALLBACK_DELAY_MS: i32 = 500;

/// A form in which everything can be taken along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Everything, as this page reads it back.
    Json,
    /// The questions of all runs, for a spreadsheet.
    Questions,
    /// The runs as tracks, for Perfetto.
    ChromeTrace,
    /// All rounds, for a spreadsheet.
    Rounds,
    /// Why rounds failed, for a spreadsheet.
    Failures,
    /// The rounds as histograms.
    HdrHistogramLog,
}

/// Loads the part when the browser has nothing else to do. A failure is not reported here: the first use tries again,
/// and reports its own.
pub fn load_when_idle() {
    let Some(window) = web_sys::window() else { return };
    let load = Closure::once_into_js(|| spawn_local(async { drop(load_part().await) })).unchecked_into();
    if window.request_idle_callback(&load).is_err() {
        // A browser that cannot set a timer either loads the part at its first use.
        let _ = window.set_timeout_with_callback_and_timeout_and_arguments_0(&load, NO_IDLE_CALLBACK_DELAY_MS);
    }
}

/// The program is one piece, so there is nothing to load.
#[cfg(not(feature = "split"))]
async fn load_part() -> Result<(), SplitLoaderError> {
    Ok(())
}

/// The text of a file. `None` if what writes it cannot be loaded.
pub async fn write(form: Form, document: &Document) -> Option<String> {
    #[cfg(feature = "split")]
    let written = write_loaded(form, document).await;
    #[cfg(not(feature = "split"))]
    let written = write_loaded(form, document);
    written.ok()
}

/// Returns what is new in the file of that name, `known` being here already, as far as there is room for it; and a
/// sentence that says so.
///
/// # Errors
///
/// A sentence that says why nothing is taken from it.
pub async fn read(
    name: &str,
    text: Result<String, DocumentError>,
    known: &Document,
    room: Room,
) -> Result<(Document, String), String> {
    #[cfg(feature = "split")]
    let read = read_loaded(name, text, known, room).await;
    #[cfg(not(feature = "split"))]
    let read = read_loaded(name, text, known, room);
    read.unwrap_or_else(|_| Err(words::not_loaded(name)))
}

/// Returns a chart as the text of an SVG file. `None` if the page does not show it, or what draws it cannot be loaded.
pub async fn picture(chart: Chart, state: &State) -> Option<String> {
    #[cfg(feature = "split")]
    let picture = picture_loaded(chart, state).await;
    #[cfg(not(feature = "split"))]
    let picture = picture_loaded(chart, state);
    picture.ok().flatten()
}

/// Saves an SVG file as a PNG file under this name, which `on_failure` gets if the browser cannot do that. `None` if what
/// does it cannot be loaded.
pub async fn save_png(name: String, svg: String, on_failure: Callback<String>) -> Option<()> {
    #[cfg(feature = "split")]
    let begun = save_png_loaded(name, svg, on_failure).await;
    #[cfg(not(feature = "split"))]
    let begun = save_png_loaded(name, svg, on_failure);
    begun.ok()
}

/// The entries of a run in the browser's performance panel, which is written like a file. `None` if what makes them cannot be
/// loaded.
pub async fn measures(recorded: &RecordedRun, began: Duration, origin: Duration) -> Option<Vec<Measure>> {
    #[cfg(feature = "split")]
    let measures = measures_loaded(recorded, began, origin).await;
    #[cfg(not(feature = "split"))]
    let measures = measures_loaded(recorded, began, origin);
    measures.ok()
}

/// Why the curve of a series is what it is with such a stopwatch. `None` if what judges it cannot be loaded.
pub async fn why(rounds: &Rounds, stopwatch: Stopwatch) -> Option<String> {
    #[cfg(feature = "split")]
    let why = why_loaded(rounds, stopwatch).await;
    #[cfg(not(feature = "split"))]
    let why = why_loaded(rounds, stopwatch);
    why.ok()
}

#[cfg_attr(feature = "split", wasm_split(files, fallible, preload(load_part)))]
fn write_loaded(form: Form, document: &Document) -> Result<String, SplitLoaderError> {
    Ok(match form {
        Form::Json => json::write(document),
        Form::Questions => csv::questions(document),
        Form::ChromeTrace => chrome::trace(document),
        Form::Rounds => csv::rounds(document),
        Form::Failures => csv::failures(document),
        Form::HdrHistogramLog => hlog::log(document),
    })
}

#[cfg_attr(feature = "split", wasm_split(files, fallible))]
fn read_loaded(
    name: &str,
    text: Result<String, DocumentError>,
    known: &Document,
    room: Room,
) -> Result<Result<(Document, String), String>, SplitLoaderError> {
    let read = match text.and_then(|text| json::read(&text)) {
        Ok(mut document) => {
            let repeated = document.remove_known(known);
            let left_out = room.fit(&mut document);
            let words = words::taken(name, &document, repeated, left_out);
            Ok((document, words))
        }
        Err(why) => Err(words::why_not(name, why)),
    };
    Ok(read)
}

#[cfg_attr(feature = "split", wasm_split(files, fallible))]
fn measures_loaded(
    recorded: &RecordedRun,
    began: Duration,
    origin: Duration,
) -> Result<Vec<Measure>, SplitLoaderError> {
    Ok(timeline::measures(recorded, began, origin))
}

#[cfg_attr(feature = "split", wasm_split(files, fallible))]
fn why_loaded(rounds: &Rounds, stopwatch: Stopwatch) -> Result<String, SplitLoaderError> {
    Ok(crate::words::rounds::why(rounds, stopwatch))
}

#[cfg_attr(feature = "split", wasm_split(files, fallible))]
fn picture_loaded(chart: Chart, state: &State) -> Result<Option<String>, SplitLoaderError> {
    Ok(pictures::draw(chart, state))
}

#[cfg_attr(feature = "split", wasm_split(files, fallible))]
fn save_png_loaded(name: String, svg: String, on_failure: Callback<String>) -> Result<(), SplitLoaderError> {
    spawn_local(async move {
        if download::save_png(&name, &svg).await.is_err() {
            on_failure.emit(name);
        }
    });
    Ok(())
}
