//! A run's legs as tracks in the browser's own performance panel.
//!
//! They are written when the run is over and its legs are known, never while it goes on. The run began by the worker's clock;
//! the browser counts both clocks from one notion of 1970, so a moment is laid on the page's timeline by adding
//! the worker's origin and taking away the page's. What is lost by that is the rounding of a number of
//! milliseconds since 1970, a quarter of a microsecond, and the steps of the clock.

use std::time::Duration;

use js_sys::JSON;
use launcelot_measure::export::RecordedRun;
use launcelot_measure::export::chrome::{TRACKS, slices};
use launcelot_measure::unit::format_decimal;
use wasm_bindgen::prelude::*;
use yew::prelude::*;

use super::Asker;

/// The colours of the tracks, out of those that the panel has.
const COLOURS: [&str; TRACKS.len()] = ["primary", "secondary", "tertiary", "primary-dark", "secondary-light"];

#[wasm_bindgen]
extern "C" {
    /// What measures are written into.
    type Timeline;

    #[wasm_bindgen(method, catch)]
    fn measure(this: &Timeline, name: &str, options: &JsValue) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, js_name = clearMeasures)]
    fn clear_measures(this: &Timeline);
}

/// Writes the newest run's measures once, in place of those of the run before.
#[hook]
pub fn use_timeline(asker: &Asker) {
    let state = asker.state();
    let over = state.begun.filter(|(number, _)| {
        state
            .newest()
            .is_some_and(|newest| newest.number == *number && newest.run.is_over() && !newest.legs.are_pending())
    });
    let asker = asker.clone();
    use_effect_with(over, move |over| {
        if let Some((newest, (_, began))) = asker.state().newest().zip(*over) {
            // Fails only where the panel is of another opinion on what a measure is: the page does not need it.
            let _ = write(&newest.recorded(), began);
        }
    });
}

/// `began` is since 1970.
fn write(recorded: &RecordedRun, began: Duration) -> Result<(), JsValue> {
    let performance = web_sys::window().and_then(|window| window.performance()).ok_or(JsValue::NULL)?;
    let origin = Duration::from_nanos((performance.time_origin() * 1e6) as u64);
    let timeline: &Timeline = performance.unchecked_ref();
    timeline.clear_measures();
    for stretch in slices(recorded) {
        let [start, end] = [stretch.span.from, stretch.span.until].map(|at| {
            let nanos = (began + at).saturating_sub(origin).as_nanos() as u64;
            format_decimal(nanos, 1_000_000, 6)
        });
        let (track, colour) = (TRACKS[stretch.track], COLOURS[stretch.track]);
        let options = [
            r#"{"start":"#,
            &start,
            r#","end":"#,
            &end,
            r#","detail":{"devtools":{"dataType":"track-entry","trackGroup":"Launcelot","track":""#,
            track,
            r#"","color":""#,
            colour,
            r#""}}}"#,
        ];
        timeline.measure(stretch.name, &JSON::parse(&options.concat())?)?;
    }
    Ok(())
}
