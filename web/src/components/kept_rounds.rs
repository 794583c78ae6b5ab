//! The rounds that are kept: named, overlaid on the newest, removed.

use launcelot_charts::series;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::focus;
use crate::hooks::Asker;
use crate::provenance;
use crate::state;
use crate::state::rounds::Action::{LaidToggled, Removed, Renamed};
use crate::state::rounds::{KEPT_MAX, Kept, NAME_MAX};
use crate::words::provenance as words;

/// The list, the newest first.
pub fn kept_rounds(asker: &Asker) -> Html {
    let many = &asker.state().rounds;
    if many.worth_keeping().next().is_none() {
        return Html::default();
    }
    let hint = match (many.is_unstored, many.has_lost) {
        (true, _) => {
            "The browser’s storage is full or blocked: new series are lost when the page is reloaded.".to_owned()
        }
        (_, true) => format!("{KEPT_MAX} are kept: the oldest was removed."),
        _ => "Up to three can be overlaid on the newest, and are compared with it.".to_owned(),
    };
    html! {
        <div>
            <h3>{ "Kept" }</h3>
            <ul id="kept-rounds" class="kept-rounds" tabindex="-1" aria-label="Kept rounds">
                for kept in many.worth_keeping().rev() {
                    { row(asker, kept) }
                }
            </ul>
            <p class="hint" role="status">{ hint }</p>
        </div>
    }
}

fn row(asker: &Asker, Kept { id, rounds, .. }: &Kept) -> Html {
    let id = *id;
    let many = &asker.state().rounds;
    let letter = many.shown().position(|shown| shown.id == id).map(series::letter);
    let is_newest = letter == Some(series::letter(0));
    let act = |action: state::rounds::Action| {
        let asker = asker.clone();
        Callback::from(move |_: MouseEvent| asker.dispatch(state::Action::Rounds(action.clone())))
    };
    let on_rename = {
        let asker = asker.clone();
        move |event: Event| {
            let name = event.target_dyn_into::<HtmlInputElement>().map(|input| input.value()).unwrap_or_default();
            asker.dispatch(state::Action::Rounds(Renamed(id, name)));
        }
    };
    let on_remove = {
        let (remove, next) =
            (act(Removed(id)), if many.worth_keeping().count() > 1 { "kept-rounds" } else { "ask-rounds" });
        Callback::from(move |event| {
            focus::move_to(next);
            remove.emit(event);
        })
    };
    let button =
        |what: &'static str, pressed: Option<&'static str>, is_disabled: bool, on_click: Callback<MouseEvent>| {
            html! {
                <button type="button" aria-pressed={pressed} aria-disabled={is_disabled.to_string()} onclick={on_click}>
                    { what }<span class="unseen">{ ": " }{ rounds.name.clone() }</span>
                </button>
            }
        };
    let lay = match (is_newest, letter) {
        (true, _) => html! { <span class="hint">{ "the newest" }</span> },
        (_, Some(_)) => button("Overlaid", Some("true"), false, act(LaidToggled(id))),
        (_, None) => button("Overlay", Some("false"), false, act(LaidToggled(id))),
    };
    let began = rounds.provenance.began.map(provenance::for_people);
    let provenance = words::of_rounds(rounds, began, provenance::of_this_page().client.as_ref());
    html! {
        <li key={id}>
            <b aria-hidden="true">{ letter.map(String::from) }</b>
            <input type="text" value={rounds.name.clone()} aria-label={format!("Name of “{}”", rounds.name)} autocomplete="off"
                maxlength={NAME_MAX.to_string()} onchange={on_rename} />
            { lay }
            { button("Remove", None, !rounds.is_over(), on_remove) }
            <small>{ provenance }</small>
        </li>
    }
}
