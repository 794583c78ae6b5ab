//! The reports on loads of many clients that were imported.

use yew::prelude::*;

use crate::components::drawing::Drawing;
use crate::focus;
use crate::load::LoadReport;
use crate::render_mark::mark_render;
use crate::shared::Shared;

#[derive(PartialEq, Properties)]
pub struct Props {
    /// The reports, the newest last.
    pub reports: Vec<Shared<LoadReport>>,
    /// Removes the report with this number.
    pub remove: Callback<u32>,
}

/// Returns the identity of the heading of a report, to which its charts refer.
pub fn heading(number: u32) -> String {
    format!("run-{number}")
}

/// A section for each report, the newest first.
#[component]
pub fn LoadReports(Props { reports, remove }: &Props) -> Html {
    mark_render("LoadReports");
    html! {
        for report in reports.iter().rev() {
            <Report key={report.number} report={report.clone()} remove={remove.clone()} />
        }
    }
}

#[derive(PartialEq, Properties)]
struct ReportProps {
    report: Shared<LoadReport>,
    /// Removes the report with this number.
    remove: Callback<u32>,
}

/// A report.
#[component]
fn Report(ReportProps { report, remove }: &ReportProps) -> Html {
    mark_render("Report");
    let LoadReport { number, file, title, elements } = &**report;
    let heading = heading(*number);
    let on_remove = use_callback((*number, remove.clone()), |_: MouseEvent, (number, remove)| {
        focus::move_to("import");
        remove.emit(*number);
    });
    html! {
        <section class="load-report" data-load={number.to_string()} aria-labelledby={heading.clone()}>
            <h2 id={heading} tabindex="-1">{ format!("Load {number}: {title}") }</h2>
            <p class="imported-load">
                <span>{ format!("imported from {file}") }</span>
                <button type="button" onclick={on_remove}>
                    { "Remove" }<span class="unseen">{ format!(" load {number}") }</span>
                </button>
            </p>
            for element in elements {
                <Drawing {element} />
            }
        </section>
    }
}
