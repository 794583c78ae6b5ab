//! One out of a list, by number.

use std::rc::Rc;

use web_sys::HtmlSelectElement;
use yew::prelude::*;

use crate::render_mark::mark_render;

#[derive(PartialEq, Properties)]
pub struct Props {
    pub id: &'static str,
    /// The words before the list.
    pub label: &'static str,
    /// The number and the words of each option.
    pub options: Rc<Vec<(u32, String)>>,
    /// The number of the chosen option.
    pub chosen: u32,
    /// Gets the number of the option that a person chooses.
    pub on_choice: Callback<u32>,
}

/// A list with words before it.
#[component]
pub fn Select(Props { id, label, options, chosen, on_choice }: &Props) -> Html {
    mark_render("Select");
    let on_change = use_callback(on_choice.clone(), |event: Event, on_choice| {
        let list: Option<HtmlSelectElement> = event.target_dyn_into();
        if let Some(number) = list.and_then(|list| list.value().parse().ok()) {
            on_choice.emit(number);
        }
    });
    html! {
        <label class="labelled">
            { *label }
            <select id={*id} translate="no" onchange={on_change}>
                for (number, words) in options.iter() {
                    <option value={number.to_string()} selected={number == chosen}>{ words }</option>
                }
            </select>
        </label>
    }
}
