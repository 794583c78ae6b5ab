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
    /// Whether a series can begin now.
    pub is_ready: bool,
    /// Begins a series.
    pub ask: Callback<RoundsPlan>,
}

/// The form.
#[component]
pub fn RoundsForm(Props { is_ready, ask }: &Props) -> Html {
    mark_render("RoundsForm");
    let on_submit = use_callback(ask.clone(), |event: SubmitEvent, ask| {
        event.prevent_default();
        let form = event.target_dyn_into::<HtmlFormElement>();
        let data = form.and_then(|form| FormData::new_with_form(&form).ok());
        let field = |name| data.as_ref().and_then(|data| data.get(name).as_string()).unwrap_or_default();
        let pace_ms = Number::parse_float(&field("pace-ms"));
        if let Some(plan) = plan(&field("rounds"), &field("connections"), pace_ms) {
            ask.emit(plan);
        }
    });
    html! {
        <form class="rounds-form" onsubmit={on_submit}>
            <Markup svg={FIELDS} />
            <button id="ask-rounds" type="submit" class="primary" aria-disabled={(!is_ready).to_string()}>
                { "Ask many times" }
            </button>
        </form>
    }
}

/// The plan that was meant, if there is one. Without a pace, which then is not a number, rounds follow at once.
fn plan(rounds: &str, connections: &str, pace_ms: f64) -> Option<RoundsPlan> {
    let connections = if connections == "each" { Connections::Each } else { Connections::One };
    let pace = (pace_ms > 0.0).then(|| Duration::from_micros((pace_ms * 1_000.0).round() as u64));
    Some(RoundsPlan::new(rounds.parse().ok()?, connections, pace))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_and_chosen_is_a_plan() {
        let pace_us = |us| Some(Duration::from_micros(us));
        assert_eq!(plan("1000", "one", f64::NAN), Some(RoundsPlan::new(1_000, Connections::One, None)));
        assert_eq!(plan("10", "each", 2.0), Some(RoundsPlan::new(10, Connections::Each, pace_us(2_000))));
        assert_eq!(
            plan("10", "one", 0.25),
            Some(RoundsPlan::new(10, Connections::One, pace_us(250))),
            "under a millisecond"
        );
        assert_eq!(plan("", "one", 2.0), None);
    }
}
