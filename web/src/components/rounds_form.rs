//! How many rounds, over which connections, how often: and the button that begins them.

use std::time::Duration;

use launcelot_measure::{Connections, Plan};
use web_sys::{FormData, HtmlFormElement};
use yew::prelude::*;

use crate::components::drawing::Drawing;
use crate::hooks::Asker;

/// The fields, which never change. Their bounds are the browser's business: it does not submit what is outside.
const FIELDS: &str = include_str!("rounds_form.html");

/// The form.
pub fn rounds_form(asker: &Asker) -> Html {
    let ready = asker.is_ready();
    let on_submit = {
        let asker = asker.clone();
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let form = event.target_dyn_into::<HtmlFormElement>();
            let data = form.and_then(|form| FormData::new_with_form(&form).ok());
            let field = |name| data.as_ref().and_then(|data| data.get(name).as_string()).unwrap_or_default();
            if let Some(plan) = plan(&field("rounds"), &field("connections"), &field("pace-ms")) {
                asker.ask_in_rounds(plan);
            }
        })
    };
    html! {
        <form class="rounds-form" onsubmit={on_submit}>
            <Drawing svg={FIELDS} />
            <button id="ask-rounds" type="submit" class="primary" aria-disabled={(!ready).to_string()}>
                { "Ask many times" }
            </button>
        </form>
    }
}

/// The plan that was meant, if there is one. Without a pace, rounds follow at once.
fn plan(rounds: &str, connections: &str, pace_ms: &str) -> Option<Plan> {
    let connections = if connections == "each" { Connections::Each } else { Connections::One };
    let pace = match pace_ms {
        "" => None,
        ms => Some(Duration::from_millis(u64::from(ms.parse::<u32>().ok()?))),
    };
    Some(Plan::new(rounds.parse().ok()?, connections, pace))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_and_chosen_is_a_plan() {
        let two_ms = Some(Duration::from_millis(2));
        assert_eq!(plan("1000", "one", ""), Some(Plan::new(1_000, Connections::One, None)));
        assert_eq!(plan("10", "each", "2"), Some(Plan::new(10, Connections::Each, two_ms)));
        assert_eq!([plan("", "one", ""), plan("10", "one", "x")], [None, None]);
    }
}
