//! What was measured, as a file to export, and a file that is imported; what the browser's storage keeps of runs and races; and what
//! the lab is told and tells.
//!
//! The code for it is a part of the program of its own: the first question does not need it, so the browser loads it once
//! it is idle. The feature `split` marks the part; without it, as under `trunk serve`, the program is one piece.

use std::time::Duration;

use js_sys::futures::spawn_local;
use launcelot_measure::export::json::Reader;
use launcelot_measure::export::{Document, DocumentError, chrome, csv, hlog, json};
use wasm_bindgen::prelude::*;
use wasm_split_helpers::SplitLoaderError;
#[cfg(feature = "split")]
use wasm_split_helpers::wasm_split;
use yew::{Callback, UseReducerHandle};

use crate::distributions;
use crate::download;
use crate::lab::{self, Reply, Request};
use crate::load;
use crate::pictures::{self, Chart};
use crate::runs_store::Item;
use crate::state::State;
use crate::state::restore::Restored;
use crate::state::run_record::RunRecord;
use crate::text::import as text;
use crate::timeline::{self, Measure};
use crate::turn::Turn;

/// How long a browser without idle callbacks (Safari before 18.4) waits before it loads the parts.
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

/// Loads all later parts when the browser has nothing else to do: the one for [`distributions`], then this one, then the one for
/// [`load`]. Calls `on_sections` when the first two, which draw sections of the page, are there. A failure is not reported here:
/// the first use tries again, and reports its own.
pub fn load_when_idle(on_sections: impl FnOnce() + 'static) {
    let Some(window) = web_sys::window() else { return };
    let load = Closure::once_into_js(|| {
        spawn_local(async {
            distributions::prefetch().await;
            let _ = load_part().await;
            on_sections();
            load::prefetch().await;
        });
    });
    let load = load.unchecked_into();
    if window.request_idle_callback(&load).is_err() {
        // A browser that cannot set a timer either loads each part at its first use.
        let _ = window.set_timeout_with_callback_and_timeout_and_arguments_0(&load, NO_IDLE_CALLBACK_DELAY_MS);
    }
}

/// The program is one piece, so there is nothing to load.
#[cfg(not(feature = "split"))]
async fn load_part() -> Result<(), SplitLoaderError> {
    Ok(())
}

/// Returns everything that was measured, as the text of a file. `None` if what writes it cannot be loaded.
pub async fn write(form: Form, state: &State) -> Option<String> {
    #[cfg(feature = "split")]
    let written = write_loaded(form, state).await;
    #[cfg(not(feature = "split"))]
    let written = write_loaded(form, state);
    written.ok()
}

/// Returns what the file of that name adds to the state, as far as there is room for it, and a sentence that says so. Reads in
/// turns, and asks for the state at the end.
///
/// # Errors
///
/// A sentence that says why nothing is taken from it.
pub async fn read(
    name: &str,
    text: Result<String, DocumentError>,
    state: &Callback<(), UseReducerHandle<State>>,
) -> Result<(Document, String), String> {
    #[cfg(feature = "split")]
    let reader = begin_reading_loaded(name, text).await;
    #[cfg(not(feature = "split"))]
    let reader = begin_reading_loaded(name, text);
    let mut reader = reader.unwrap_or_else(|_| Err(text::not_loaded(name)))?;
    let mut turn = Turn::begin();
    loop {
        turn.yield_if_long().await;
        #[cfg(feature = "split")]
        let read = read_next_loaded(name, &mut reader).await;
        #[cfg(not(feature = "split"))]
        let read = read_next_loaded(name, &mut reader);
        if !read.unwrap_or_else(|_| Err(text::not_loaded(name)))? {
            break;
        }
    }
    #[cfg(feature = "split")]
    let document = end_reading_loaded(name, reader, &state.emit(())).await;
    #[cfg(not(feature = "split"))]
    let document = end_reading_loaded(name, reader, &state.emit(()));
    document.unwrap_or_else(|_| Err(text::not_loaded(name)))
}

/// The part could not be loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotLoaded;

/// Returns the text under which the browser's storage keeps a run or a race; `Ok(None)` if it is too large.
///
/// # Errors
///
/// Returns an error if what writes it cannot be loaded.
pub async fn stored_text(item: &Item) -> Result<Option<String>, NotLoaded> {
    #[cfg(feature = "split")]
    let text = stored_text_loaded(item).await;
    #[cfg(not(feature = "split"))]
    let text = stored_text_loaded(item);
    text.map_err(|_| NotLoaded)
}

/// Returns the runs and races in the texts of the browser's storage, each after its key. `None` if what reads them cannot be loaded.
pub async fn restored(texts: &[(String, String)]) -> Option<Restored> {
    #[cfg(feature = "split")]
    let restored = restored_loaded(texts).await;
    #[cfg(not(feature = "split"))]
    let restored = restored_loaded(texts);
    restored.ok()
}

/// Returns a chart as the text of an SVG file. `None` if the page does not show it, or if what draws it cannot be loaded.
pub async fn picture(chart: Chart, state: &State) -> Option<String> {
    #[cfg(feature = "split")]
    let picture = picture_loaded(chart, state).await;
    #[cfg(not(feature = "split"))]
    let picture = picture_loaded(chart, state);
    picture.ok().flatten()
}

/// Saves an SVG file as a PNG file under this name, which `on_failure` gets if the browser cannot do that. `None` if what does it
/// cannot be loaded.
pub async fn save_png(name: String, svg: String, on_failure: Callback<String>) -> Option<()> {
    #[cfg(feature = "split")]
    let begun = save_png_loaded(name, svg, on_failure).await;
    #[cfg(not(feature = "split"))]
    let begun = save_png_loaded(name, svg, on_failure);
    begun.ok()
}

/// The entries of a run in the browser's performance panel, which is written like a file. `None` if what makes them cannot be
/// loaded.
pub async fn measures(run: &RunRecord, began: Duration, origin: Duration) -> Option<Vec<Measure>> {
    #[cfg(feature = "split")]
    let measures = measures_loaded(run, began, origin).await;
    #[cfg(not(feature = "split"))]
    let measures = measures_loaded(run, began, origin);
    measures.ok()
}

/// Returns the body of a request to the lab. `None` if what encodes it cannot be loaded.
pub async fn lab_body(request: &Request) -> Option<String> {
    #[cfg(feature = "split")]
    let body = lab_body_loaded(request).await;
    #[cfg(not(feature = "split"))]
    let body = lab_body_loaded(request);
    body.ok()
}

/// Returns the lab's reply in the body of its response. `None` if it is not a reply, or if what decodes it cannot be loaded.
pub async fn lab_reply(request: &Request, body: &str) -> Option<Reply> {
    #[cfg(feature = "split")]
    let reply = lab_reply_loaded(request, body).await;
    #[cfg(not(feature = "split"))]
    let reply = lab_reply_loaded(request, body);
    reply.ok().flatten()
}

#[cfg_attr(feature = "split", wasm_split(files, fallible))]
fn lab_body_loaded(request: &Request) -> Result<String, SplitLoaderError> {
    Ok(lab::encode(request))
}

#[cfg_attr(feature = "split", wasm_split(files, fallible))]
fn lab_reply_loaded(request: &Request, body: &str) -> Result<Option<Reply>, SplitLoaderError> {
    Ok(lab::decode(request, body))
}

#[cfg_attr(feature = "split", wasm_split(files, fallible, preload(load_part)))]
fn write_loaded(form: Form, state: &State) -> Result<String, SplitLoaderError> {
    let document = state.document();
    Ok(match form {
        Form::Json => json::write(&document),
        Form::Questions => csv::questions(&document),
        Form::ChromeTrace => chrome::trace(&document),
        Form::Rounds => csv::rounds(&document),
        Form::Failures => csv::failures(&document),
        Form::HdrHistogramLog => hlog::log(&document),
    })
}

#[cfg_attr(feature = "split", wasm_split(files, fallible))]
fn stored_text_loaded(item: &Item) -> Result<Option<String>, SplitLoaderError> {
    Ok(item.text())
}

#[cfg_attr(feature = "split", wasm_split(files, fallible))]
fn restored_loaded(texts: &[(String, String)]) -> Result<Restored, SplitLoaderError> {
    Ok(Restored::read(texts))
}

#[cfg_attr(feature = "split", wasm_split(files, fallible))]
fn begin_reading_loaded(
    name: &str,
    text: Result<String, DocumentError>,
) -> Result<Result<Reader, String>, SplitLoaderError> {
    Ok(text.and_then(Reader::new).map_err(|why| text::why_not(name, why)))
}

#[cfg_attr(feature = "split", wasm_split(files, fallible))]
fn read_next_loaded(name: &str, reader: &mut Reader) -> Result<Result<bool, String>, SplitLoaderError> {
    Ok(reader.read_next().map_err(|why| text::why_not(name, why)))
}

#[cfg_attr(feature = "split", wasm_split(files, fallible))]
fn end_reading_loaded(
    name: &str,
    reader: Reader,
    state: &State,
) -> Result<Result<(Document, String), String>, SplitLoaderError> {
    let finished = reader.finish().map_err(|why| text::why_not(name, why));
    Ok(finished.map(|mut document| {
        document.mark_imported();
        let repeated = document.remove_known(&state.document());
        let left_out = state.room().fit(&mut document);
        let message = text::taken(name, &document, repeated, left_out);
        (document, message)
    }))
}

#[cfg_attr(feature = "split", wasm_split(files, fallible))]
fn measures_loaded(run: &RunRecord, began: Duration, origin: Duration) -> Result<Vec<Measure>, SplitLoaderError> {
    Ok(timeline::measures(&run.recorded(), began, origin))
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
