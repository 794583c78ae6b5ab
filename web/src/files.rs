//! What was measured, as a file to export, and a file that is imported; what the browser's storage keeps of runs and races; and what
//! is sent to the lab and received from it.
//!
//! The code for it is a part of the program of its own: the first question does not need it, so the browser loads it once
//! it is idle.

use std::time::Duration;

use js_sys::futures::spawn_local;
use launcelot_measure::export::json::Reader;
use launcelot_measure::export::{Document, DocumentError, chrome, csv, hlog, json};
use wasm_bindgen::prelude::*;
use wasm_split_helpers::SplitLoaderError;
use yew::{Callback, UseReducerHandle};

use crate::distributions;
use crate::download;
use crate::histograms::SharedHistograms;
use crate::lab::{self, Reply, Request};
use crate::load;
use crate::pictures::{self, Chart};
use crate::replay::Replay;
use crate::runs_store::Item;
use crate::split::split_point;
use crate::state::State;
use crate::state::restore::Restored;
use crate::state::run_record::RunRecord;
use crate::text::import as text;
use crate::timeline::{self, Measure};
use crate::turn::Turn;

/// How long a browser without idle callbacks (Safari before 18.4) waits before it loads the parts.
const NO_IDLE_CALLBACK_DELAY_MS: i32 = 500;

/// A format of an exported file.
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

/// Returns everything that was measured, as the text of a file. `None` if what writes it cannot be loaded.
pub async fn write(form: Form, state: &State) -> Option<String> {
    write_loaded(form, state).await.ok()
}

/// Returns what the file of that name adds to the state, as far as there is room for it, and a sentence that says so. Reads in
/// turns, and asks for the state at the end.
///
/// # Errors
///
/// A sentence that says why nothing is imported from it.
pub async fn read(
    name: &str,
    text: Result<String, DocumentError>,
    state: &Callback<(), UseReducerHandle<State>>,
) -> Result<(Document, String), String> {
    let reader = begin_reading_loaded(name, text).await;
    let mut reader = reader.unwrap_or_else(|_| Err(text::not_loaded(name)))?;
    let mut turn = Turn::begin();
    loop {
        turn.yield_if_long().await;
        let read = read_next_loaded(name, &mut reader).await;
        if !read.unwrap_or_else(|_| Err(text::not_loaded(name)))? {
            break;
        }
    }
    let document = end_reading_loaded(name, reader, &state.emit(())).await;
    document.unwrap_or_else(|_| Err(text::not_loaded(name)))
}

/// A function that returns the text under which the browser's storage keeps a run or a race; `None` if it is too large.
pub type ItemWriter = fn(&Item) -> Option<String>;

/// Returns the function that writes runs and races for the browser's storage. `None` if it cannot be loaded. A page that is about to
/// end can call the function, but has no time to load it.
pub async fn item_writer() -> Option<ItemWriter> {
    item_writer_loaded().await.ok()
}

/// Adds the run or the race in a text of the browser's storage to `restored`. `None` if what reads it cannot be loaded.
pub async fn restore(key: &str, text: &str, restored: &mut Restored) -> Option<()> {
    restore_loaded(key, text, restored).await.ok()
}

/// Returns a chart as the text of an SVG file. `None` if the page does not show it, or if what draws it cannot be loaded.
pub async fn picture(chart: Chart, state: &State, histograms: &SharedHistograms) -> Option<String> {
    picture_loaded(chart, state, histograms).await.ok().flatten()
}

/// Returns slow motion of a run at a moment as the text of an SVG file. `None` if what draws it cannot be loaded.
pub async fn slow_motion_picture(replay: &Replay, record: &RunRecord, title: &str, at: Duration) -> Option<String> {
    slow_motion_picture_loaded(replay, record, title, at).await.ok()
}

/// Saves an SVG file as a PNG file under this name, which `on_failure` gets if the browser cannot do that. `None` if what does it
/// cannot be loaded.
pub async fn save_png(name: String, svg: String, on_failure: Callback<String>) -> Option<()> {
    save_png_loaded(name, svg, on_failure).await.ok()
}

/// The entries of a run in the browser's performance panel, which is written like a file. `None` if what makes them cannot be
/// loaded.
pub async fn measures(run: &RunRecord, began: Duration, origin: Duration) -> Option<Vec<Measure>> {
    measures_loaded(run, began, origin).await.ok()
}

/// Returns the body of a request to the lab. `None` if what encodes it cannot be loaded.
pub async fn lab_body(request: &Request) -> Option<String> {
    lab_body_loaded(request).await.ok()
}

/// Returns the lab's reply in the body of its response. `None` if it is not a reply, or if what decodes it cannot be loaded.
pub async fn lab_reply(request: &Request, body: &str) -> Option<Reply> {
    lab_reply_loaded(request, body).await.ok().flatten()
}

split_point!(
    files,
    async fn lab_body_loaded(request: &Request) -> Result<String, SplitLoaderError> {
        Ok(lab::encode(request))
    }
);

split_point!(
    files,
    async fn lab_reply_loaded(request: &Request, body: &str) -> Result<Option<Reply>, SplitLoaderError> {
        Ok(lab::decode(request, body))
    }
);

split_point!(
    files,
    preload(load_part),
    async fn write_loaded(form: Form, state: &State) -> Result<String, SplitLoaderError> {
        let document = state.document();
        Ok(match form {
            Form::Json => json::write(&document),
            Form::Questions => csv::questions(&document),
            Form::ChromeTrace => chrome::trace(&document),
            Form::Rounds => csv::rounds(&state.ended_series()),
            Form::Failures => csv::failures(&state.ended_series()),
            Form::HdrHistogramLog => hlog::log(&document),
        })
    }
);

split_point!(
    files,
    async fn item_writer_loaded() -> Result<ItemWriter, SplitLoaderError> {
        Ok(Item::text)
    }
);

split_point!(
    files,
    async fn restore_loaded(key: &str, text: &str, restored: &mut Restored) -> Result<(), SplitLoaderError> {
        restored.read(key, text);
        Ok(())
    }
);

split_point!(
    files,
    async fn begin_reading_loaded(
        name: &str,
        text: Result<String, DocumentError>,
    ) -> Result<Result<Reader, String>, SplitLoaderError> {
        Ok(text.and_then(Reader::new).map_err(|why| text::why_not(name, why)))
    }
);

split_point!(
    files,
    async fn read_next_loaded(name: &str, reader: &mut Reader) -> Result<Result<bool, String>, SplitLoaderError> {
        Ok(reader.read_next().map_err(|why| text::why_not(name, why)))
    }
);

split_point!(
    files,
    async fn end_reading_loaded(
        name: &str,
        reader: Reader,
        state: &State,
    ) -> Result<Result<(Document, String), String>, SplitLoaderError> {
        let finished = reader.finish().map_err(|why| text::why_not(name, why));
        Ok(finished.map(|mut document| {
            document.mark_imported();
            let repeated = document.remove_known(&state.document());
            let left_out = state.room().fit(&mut document);
            let message = text::imported(name, &document, repeated, left_out);
            (document, message)
        }))
    }
);

split_point!(
    files,
    async fn measures_loaded(
        run: &RunRecord,
        began: Duration,
        origin: Duration,
    ) -> Result<Vec<Measure>, SplitLoaderError> {
        Ok(timeline::measures(&run.recorded(), began, origin))
    }
);

split_point!(
    files,
    async fn picture_loaded(
        chart: Chart,
        state: &State,
        histograms: &SharedHistograms,
    ) -> Result<Option<String>, SplitLoaderError> {
        Ok(pictures::draw(chart, state, &mut histograms.borrow_mut()))
    }
);

split_point!(
    files,
    async fn slow_motion_picture_loaded(
        replay: &Replay,
        record: &RunRecord,
        title: &str,
        at: Duration,
    ) -> Result<String, SplitLoaderError> {
        Ok(pictures::slow_motion(replay, record, title, at))
    }
);

split_point!(
    files,
    async fn save_png_loaded(name: String, svg: String, on_failure: Callback<String>) -> Result<(), SplitLoaderError> {
        spawn_local(async move {
            if download::save_png(&name, &svg).await.is_err() {
                on_failure.emit(name);
            }
        });
        Ok(())
    }
);
