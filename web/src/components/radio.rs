//! One choice of several that exclude each other.

use yew::prelude::*;

use crate::render_mark::mark_render;

#[derive(PartialEq, Properties)]
pub struct Props<T>
where
    T: Copy + PartialEq + 'static,
{
    /// The name that the choices share.
    pub group: &'static str,
    pub id: &'static str,
    pub label: &'static str,
    /// What is chosen with it.
    pub value: T,
    pub is_chosen: bool,
    /// Gets the value when a person chooses it.
    pub choose: Callback<T>,
}

/// The button with its label.
#[component]
pub fn Radio<T>(Props { group, id, label, value, is_chosen, choose }: &Props<T>) -> Html
where
    T: Copy + PartialEq + 'static,
{
    mark_render("Radio");
    let on_choose = use_callback((*value, choose.clone()), |_: Event, (value, choose)| choose.emit(*value));
    html! {
        <label for={*id}>
            <input type="radio" name={*group} id={*id} checked={*is_chosen} onchange={on_choose} />
            { *label }
        </label>
    }
}
