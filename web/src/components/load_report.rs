//! The report on a load of many clients that was imported.

use std::rc::Rc;

use yew::prelude::*;

use crate::components::drawing::Drawing;
use crate::focus;
use crate::load;

/// What it shows, and what it does.
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The report.
    pub report: Rc<load::LoadReport>,
    /// Called with the number of the report that the person removes.
    pub on_remove: Callback<u32>,
}

/// The section of the report. It takes the focus when it appears, because the file may have been dropped far from it.
#[component]
pub fn LoadReport(props: &Props) -> Html {
    let load::LoadReport { number, file, title, html } = &*props.report;
    let number = *number;
    // The charts refer to the heading by this identity.
    let heading = format!("run-{number}");
    use_effect_with(heading.clone(), |heading| focus::move_to(heading));
    let on_remove = {
        let on_remove = props.on_remove.clone();
        move |_| {
            focus::move_to("import");
            on_remove.emit(number);
        }
    };
    html! {
        <section class="load-report" data-load={number.to_string()} aria-labelledby={heading.clone()}>
            <h2 id={heading} tabindex="-1">{ format!("Load {number}: {title}") }</h2>
            <p class="imported-load">
                <span>{ format!("imported from {file}") }</span>
                <button type="button" onclick={on_remove}>
                    { "Remove" }<span class="unseen">{ format!(" load {number}") }</span>
                </button>
            </p>
            <Drawing svg={html.clone()} />
        </section>
    }
}
