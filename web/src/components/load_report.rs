//! The reports on loads of many clients that were imported.

use yew::prelude::*;

use crate::components::drawing::Drawing;
use crate::focus;
use crate::hooks::Asker;
use crate::load::LoadReport;
use crate::state::Action;

/// The identity of the heading of a report, to which its charts refer.
pub fn heading(number: u32) -> String {
    format!("run-{number}")
}

/// Returns a section for each report, the newest first.
pub fn load_reports(asker: &Asker) -> Html {
    asker.state().loads.iter().rev().map(|report| section(asker, report)).collect()
}

fn section(asker: &Asker, report: &LoadReport) -> Html {
    let LoadReport { number, file, title, html } = report;
    let number = *number;
    let heading = heading(number);
    let on_remove = {
        let asker = asker.clone();
        Callback::from(move |_: MouseEvent| {
            focus::move_to("import");
            asker.dispatch(Action::LoadRemoved(number));
        })
    };
    html! {
        <section key={number} class="load-report" data-load={number.to_string()} aria-labelledby={heading.clone()}>
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
