//! The rounds that are kept: named, overlaid on the newest, removed.

use std::rc::Rc;

use launcelot_charts::series;
use launcelot_measure::Client;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::focus;
use crate::provenance;
use crate::render_mark::mark_render;
use crate::shared::Shared;
use crate::state::ids::RoundsId;
use crate::state::rounds::{Action, KEPT_MAX, ManyRounds, NAME_MAX, StoredRounds};
use crate::text::provenance as text;
use crate::text::{busy, mishap};

#[derive(PartialEq, Properties)]
pub struct Props {
    /// The series.
    pub rounds: Shared<ManyRounds>,
    /// Changes a series, or how series are shown.
    pub change: Callback<Action>,
}

/// The list, the newest first.
#[component]
pub fn KeptRounds(Props { rounds: many, change }: &Props) -> Html {
    mark_render("KeptRounds");
    let this_page = use_memo((), |()| provenance::this_page());
    let count = many.worth_keeping().count();
    if count == 0 {
        return Html::default();
    }
    let hint = match (many.is_unstored, many.has_lost) {
        (true, _) => mishap::not_stored("series"),
        (_, true) => {
            format!(
                "The page keeps {KEPT_MAX} series, so it has removed the oldest unnamed one. Series that you name are not removed."
            )
        }
        _ => "Overlay up to three on the newest to compare them.".to_owned(),
    };
    let next_focus = if count > 1 { "kept-rounds" } else { "ask-rounds" };
    html! {
        <div>
            <h3>{ "Kept series" }</h3>
            <ul id="kept-rounds" class="kept-rounds" translate="no" tabindex="-1" aria-label="Kept series of rounds">
                for stored in many.worth_keeping().rev() {
                    <KeptSeries key={stored.id.to_string()} stored={stored.clone()} place={place_of(many, stored)} {next_focus}
                        this_page={this_page.clone()} change={change.clone()} />
                }
            </ul>
            <p class="hint" role="status" translate="no">{ hint }</p>
        </div>
    }
}

/// The place of a series among those that are drawn, if it is.
fn place_of(many: &ManyRounds, stored: &StoredRounds) -> Option<usize> {
    many.shown().position(|shown| shown.id == stored.id)
}

#[derive(PartialEq, Properties)]
struct SeriesProps {
    stored: StoredRounds,
    /// The place among the series that are drawn, the newest first; `None` if the series is not drawn.
    place: Option<usize>,
    /// The element that gets the focus when the series is removed.
    next_focus: &'static str,
    /// This page, as a client.
    this_page: Rc<Client>,
    change: Callback<Action>,
}

/// A series.
#[component]
fn KeptSeries(SeriesProps { stored, place, next_focus, this_page, change }: &SeriesProps) -> Html {
    mark_render("KeptSeries");
    let StoredRounds { id, rounds, .. } = stored;
    let is_over = rounds.is_over();
    let on_remove =
        use_callback((*id, is_over, *next_focus, change.clone()), |_, (id, is_over, next_focus, change)| {
            if *is_over {
                focus::move_to(next_focus);
            }
            change.emit(Action::Removed(*id));
        });
    let on_toggle = use_callback((*id, change.clone()), |_, (id, change)| change.emit(Action::OverlayToggled(*id)));
    let began = rounds.provenance.began.map(provenance::for_people);
    let provenance = text::of_rounds(rounds, began, this_page);
    let name: AttrValue = rounds.name.clone().into();
    html! {
        <li>
            <b aria-hidden="true">{ place.map(|place| series::letter(place).to_string()) }</b>
            <NameField id={*id} name={name.clone()} change={change.clone()} />
            if *place == Some(0) {
                <span class="hint">{ "the newest" }</span>
            } else {
                <SeriesButton label="Overlay" name={name.clone()} is_pressed={place.is_some()} onclick={on_toggle} />
            }
            <SeriesButton label="Remove" {name} idle={(!is_over).then_some(busy::RUNNING)} onclick={on_remove} />
            <small>{ provenance }</small>
        </li>
    }
}

#[derive(PartialEq, Properties)]
struct ButtonProps {
    label: &'static str,
    /// The name of the series.
    name: AttrValue,
    /// Whether it is pressed, if it is a toggle.
    #[prop_or_default]
    is_pressed: Option<bool>,
    /// Why it cannot act now; `None` if it can.
    #[prop_or_default]
    idle: Option<&'static str>,
    onclick: Callback<MouseEvent>,
}

/// A button that acts on a series.
#[component]
fn SeriesButton(ButtonProps { label, name, is_pressed, idle, onclick }: &ButtonProps) -> Html {
    mark_render("SeriesButton");
    html! {
        <button type="button" aria-pressed={is_pressed.map(|it| it.to_string())} aria-disabled={idle.is_some().to_string()}
            aria-description={*idle} {onclick}>
            { *label }<span class="unseen">{ ": " }{ name }</span>
        </button>
    }
}

#[derive(PartialEq, Properties)]
struct NameProps {
    id: RoundsId,
    name: AttrValue,
    change: Callback<Action>,
}

/// The name of a series. It renders only when the name changes, because rendering again would overwrite what a person is
/// typing.
#[component]
fn NameField(NameProps { id, name, change }: &NameProps) -> Html {
    mark_render("NameField");
    let on_rename = use_callback((*id, change.clone()), |event: Event, (id, change)| {
        let name = event.target_dyn_into::<HtmlInputElement>().map(|input| input.value()).unwrap_or_default();
        change.emit(Action::Renamed(*id, name));
    });
    html! {
        <input type="text" value={name.clone()} aria-label={format!("Name of “{name}”")} autocomplete="off"
            maxlength={NAME_MAX.to_string()} onchange={on_rename} />
    }
}
