//! How many rounds, over which connections, how often: and the button that begins them.

use std::time::Duration;

use js_sys::Number;
use launcelot_measure::{Connections, RoundsPlan};
use web_sys::{FormData, HtmlFormElement};
use yew::prelude::*;

use crate::render_mark::mark_render;

#[derive(PartialEq, Properties)]
pub struct Props {
    /// Why a series cannot begin now; `None` if it can.
    pub busy: Option<&'static str>,
    /// Begins a series.
    pub ask: Callback<RoundsPlan>,
}

/// The form.
#[component]
pub fn RoundsForm(Props { busy, ask }: &Props) -> Html {
    mark_render("RoundsForm");
    let on_submit = use_callback(ask.clone(), |event: SubmitEvent, ask| {
        event.prevent_default();
        let form = event.target_dyn_into::<HtmlFormElement>();
        let data = form.and_then(|form| FormData::new_with_form(&form).ok());
        let field = |name| data.as_ref().and_then(|data| data.get(name).as_string()).unwrap_or_default();
        let [rounds, pace_ms] = ["rounds", "pace-ms"].map(|name| Number::parse_float(&field(name)));
        if let Some(plan) = plan(rounds, &field("connections"), pace_ms) {
            ask.emit(plan);
        }
    });
    html! {
        <form class="rounds-form" onsubmit={on_submit}>
            <Fields />
            <button id="ask-rounds" type="submit" class="primary" aria-disabled={busy.is_some().to_string()} aria-description={*busy}>
                { "Ask many times" }
            </button>
        </form>
    }
}

/// The fields. They render once, because rendering again would overwrite what a person has typed. Their bounds are the browser's
/// business: it does not submit what is outside.
#[component]
fn Fields() -> Html {
    mark_render("Fields");
    html! {
        <>
            <div class="number">
                <label for="rounds">{ "Rounds" }</label>
                <input id="rounds" name="rounds" type="number" inputmode="numeric" min="10" max="10000" step="1" required=true
                    value="1000" />
            </div>
            <fieldset class="choice">
                <legend>{ "Connections" }</legend>
                <label for="one-connection">
                    <input id="one-connection" type="radio" name="connections" value="one" checked=true />{ "one for all rounds" }
                </label>
                <label for="each-connection">
                    <input id="each-connection" type="radio" name="connections" value="each" />{ "a new one each time" }
                </label>
            </fieldset>
            <div class="number">
                <label for="pace-ms">{ "Pace: one round every" }</label>
                <input id="pace-ms" name="pace-ms" type="number" inputmode="decimal" min="0.01" max="10000" step="0.01" placeholder="–"
                    aria-describedby="pace-hint" />
                <span>{ "ms" }</span>
            </div>
            <p class="hint" id="pace-hint">{ "Each round asks one of the three questions, in turn. Without a pace, each round starts \
                when the previous answer arrives. Warm-up rounds come first, a tenth as many but at most 100. They are not counted, \
                because caches are still cold." }</p>
        </>
    }
}

/// The plan that was meant, if there is one. A field that is empty is not a number. Without a pace, rounds follow at once.
fn plan(rounds: f64, connections: &str, pace_ms: f64) -> Option<RoundsPlan> {
    let connections = if connections == "each" { Connections::Each } else { Connections::One };
    let pace = (pace_ms > 0.0).then(|| Duration::from_micros((pace_ms * 1_000.0).round() as u64));
    (rounds >= 1.0).then(|| RoundsPlan::new(rounds as u32, connections, pace))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_and_chosen_is_a_plan() {
        let pace_us = |us| Some(Duration::from_micros(us));
        assert_eq!(plan(1e3, "one", f64::NAN), Some(RoundsPlan::new(1_000, Connections::One, None)));
        assert_eq!(plan(10.0, "each", 2.0), Some(RoundsPlan::new(10, Connections::Each, pace_us(2_000))));
        assert_eq!(
            plan(10.0, "one", 0.25),
            Some(RoundsPlan::new(10, Connections::One, pace_us(250))),
            "under a millisecond"
        );
        assert_eq!(plan(f64::NAN, "one", 2.0), None);
    }
}
