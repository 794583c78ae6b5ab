//! How many rounds, over which connections, how often: and the button that begins them.

use std::time::Duration;

use js_sys::Number;
use launcelot_measure::{Connections, RoundsPlan};
use web_sys::{FormData, HtmlFormElement};
use yew::prelude::*;

use crate::components::markup::Markup;
use crate::render_mark::mark_render;

/// The fields, which never change. Their bounds are the browser's business: it does not submit what is outside.
const FIELDS: &str = include_str!("rounds_form.html");

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
            <Markup svg={FIELDS} />
            <button id="ask-rounds" type="submit" class="primary" aria-disabled={busy.is_some().to_string()} aria-description={*busy}>
                { "Ask many times" }
            </button>
        </form>
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
