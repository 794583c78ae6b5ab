//! The rounds that are kept: named, overlaid on the newest, removed.

use launcelot_charts::series;
use launcelot_measure::Client;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::focus;
use crate::provenance;
use crate::state::ids::RoundsId;
use crate::state::rounds::{Action, KEPT_MAX, ManyRounds, NAME_MAX, StoredRounds};
use crate::text::provenance as text;
use crate::text::{busy, mishap};

/// The list, the newest first.
pub fn kept_rounds(many: &ManyRounds, change: &Callback<Action>) -> Html {
    if many.worth_keeping().next().is_none() {
        return Html::default();
    }
    let hint = match (many.is_unstored, many.has_lost) {
        (true, _) => mishap::not_stored("series"),
        (_, true) => {
            format!("The page keeps {KEPT_MAX} series, so the oldest was removed. Series that you name are kept.")
        }
        _ => "Overlay up to three on the newest to compare them.".to_owned(),
    };
    let this_page = provenance::this_page();
    html! {
        <div>
            <h3>{ "Kept series" }</h3>
            <ul id="kept-rounds" class="kept-rounds" translate="no" tabindex="-1" aria-label="Kept series of rounds">
                for kept in many.worth_keeping().rev() {
                    { row(many, kept, &this_page, change) }
                }
            </ul>
            <p class="hint" role="status" translate="no">{ hint }</p>
        </div>
    }
}

fn row(many: &ManyRounds, kept: &StoredRounds, this_page: &Client, change: &Callback<Action>) -> Html {
    let StoredRounds { id, rounds, .. } = kept;
    let id = *id;
    let letter = many.shown().position(|shown| shown.id == id).map(series::letter);
    let is_newest = letter == Some(series::letter(0));
    let next_focus = if many.worth_keeping().count() > 1 { "kept-rounds" } else { "ask-rounds" };
    let is_over = rounds.is_over();
    let on_remove = change.reform(move |_: MouseEvent| {
        if is_over {
            focus::move_to(next_focus);
        }
        Action::Removed(id)
    });
    let on_toggle = change.reform(move |_: MouseEvent| Action::OverlayToggled(id));
    let button = |what: &'static str,
                  pressed: Option<&'static str>,
                  idle: Option<&'static str>,
                  on_click: Callback<MouseEvent>| {
        html! {
            <button type="button" aria-pressed={pressed} aria-disabled={idle.is_some().to_string()} aria-description={idle}
                onclick={on_click}>
                { what }<span class="unseen">{ ": " }{ rounds.name.clone() }</span>
            </button>
        }
    };
    let overlay = match (is_newest, letter) {
        (true, _) => html! { <span class="hint">{ "the newest" }</span> },
        (_, Some(_)) => button("Overlay", Some("true"), None, on_toggle),
        (_, None) => button("Overlay", Some("false"), None, on_toggle),
    };
    let began = rounds.provenance.began.map(provenance::for_people);
    let provenance = text::of_rounds(rounds, began, this_page);
    html! {
        <li key={id.to_string()}>
            <b aria-hidden="true">{ letter.map(String::from) }</b>
            <NameField {id} name={rounds.name.clone()} change={change.clone()} />
            { overlay }
            { button("Remove", None, (!is_over).then_some(busy::RUNNING), on_remove) }
            <small>{ provenance }</small>
        </li>
    }
}

#[derive(PartialEq, Properties)]
struct NameProps {
    id: RoundsId,
    name: String,
    change: Callback<Action>,
}

/// The name of a series. It renders only when the name changes, because rendering again would overwrite what a person is
/// typing.
#[component]
fn NameField(NameProps { id, name, change }: &NameProps) -> Html {
    let id = *id;
    let on_rename = change.reform(move |event: Event| {
        let name = event.target_dyn_into::<HtmlInputElement>().map(|input| input.value()).unwrap_or_default();
        Action::Renamed(id, name)
    });
    html! {
        <input type="text" value={name.clone()} aria-label={format!("Name of “{name}”")} autocomplete="off"
            maxlength={NAME_MAX.to_string()} onchange={on_rename} />
    }
}
