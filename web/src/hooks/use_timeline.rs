//! A run's legs as tracks in the browser's own performance panel.
//!
//! They are written when the run is over and its legs are known, never while it goes on. What writes them is in the part of the
//! program that the browser loads when it is idle. The run began by the worker's clock;
//! the browser counts both clocks from one notion of 1970, so a moment is laid on the page's timeline by adding
//! the worker's origin and taking away the page's. What is lost by that is the rounding of a number of
//! milliseconds since 1970, a quarter of a microsecond, and the steps of the clock.

use std::time::Duration;

use js_sys::JSON;
use js_sys::futures::spawn_local;
use wasm_bindgen::prelude::*;
use yew::prelude::*;

use crate::files;
use crate::shared::Shared;
use crate::state::run_record::RunRecord;

#[wasm_bindgen]
extern "C" {
    /// What measures are written into.
    type Timeline;

    #[wasm_bindgen(method, catch)]
    fn measure(this: &Timeline, name: &str, options: &JsValue) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, js_name = clearMeasures)]
    fn clear_measures(this: &Timeline);
}

/// Writes the measures of a run that is over and that began at that time since 1970, in place of those of the run before.
#[hook]
pub fn use_timeline(finished: Option<(Shared<RunRecord>, Duration)>) {
    let id = finished.as_ref().map(|(record, _)| record.id);
    use_effect_with(id, move |_| {
        if let Some((run, began)) = finished {
            // Fails only where the panel is of another opinion on what a measure is: the page does not need it.
            spawn_local(async move { drop(write(&run, began).await) });
        }
    });
}

/// `began` is since 1970.
async fn write(run: &RunRecord, began: Duration) -> Result<(), JsValue> {
    let performance = web_sys::window().and_then(|window| window.performance()).ok_or(JsValue::NULL)?;
    let origin = Duration::from_nanos((performance.time_origin() * 1e6) as u64);
    let measures = files::measures(run, began, origin).await.unwrap_or_default();
    let timeline: &Timeline = performance.unchecked_ref();
    timeline.clear_measures();
    for measure in measures {
        timeline.measure(&measure.name, &JSON::parse(&measure.options)?)?;
    }
    Ok(())
}
