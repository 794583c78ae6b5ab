//! One out of a list, by number.

use web_sys::HtmlSelectElement;
use yew::prelude::*;

/// A list with words before and after it; `on_choice` is told the number of what is chosen.
pub fn select(
    id: &'static str,
    (before, after): (&'static str, &'static str),
    options: Vec<(u32, String)>,
    chosen: u32,
    on_choice: Callback<u32>,
) -> Html {
    let on_change = Callback::from(move |event: Event| {
        let list: Option<HtmlSelectElement> = event.target_dyn_into();
        if let Some(number) = list.and_then(|list| list.value().parse().ok()) {
            on_choice.emit(number);
        }
    });
    html! {
        <label class="pick">
            { before }
            <select {id} translate="no" onchange={on_change}>
                for (number, words) in options {
                    <option value={number.to_string()} selected={number == chosen}>{ words }</option>
                }
            </select>
            { after }
        </label>
    }
}
