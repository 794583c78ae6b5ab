//! The reports on loads of many clients that were imported.

use js_sys::futures::spawn_local;
use wasm_split_helpers::SplitLoaderError;
use yew::prelude::*;

use crate::components::drawing::Drawing;
use crate::components::pictures::{Drawn, PictureLine};
use crate::focus;
use crate::hooks::use_later;
use crate::load::{self, LoadReport};
use crate::render_mark::mark_render;
use crate::shared::Shared;
use crate::split::split_point;
use crate::turn::Turn;

#[derive(PartialEq, Properties)]
pub struct Props {
    /// The reports, the newest last.
    pub reports: Vec<Shared<LoadReport>>,
    /// Removes the report with this number.
    pub remove: Callback<u32>,
}

/// A section for each report, the newest first.
///
/// The code for it is in the part of the program that reads a [`load`].
#[component]
pub fn LoadReports(props: &Props) -> Html {
    mark_render("LoadReports");
    let sections = use_later(!props.reports.is_empty(), load_sections);
    html! {
        <>
            { sections.draw(|sections| sections(props)) }
            { sections.failure() }
        </>
    }
}

/// A function that draws the sections.
type Sections = fn(&Props) -> Html;

split_point!(
    load,
    async fn load_sections() -> Result<Sections, SplitLoaderError> {
        Ok(|Props { reports, remove }| {
            html! {
                <>
                    for report in reports.iter().rev() {
                        <Report key={report.number} report={report.clone()} remove={remove.clone()} />
                    }
                </>
            }
        })
    }
);

#[derive(PartialEq, Properties)]
struct ReportProps {
    report: Shared<LoadReport>,
    /// Removes the report with this number.
    remove: Callback<u32>,
}

/// A report. It takes the focus when it appears, and its parts are drawn one after the other: all of them together would block the
/// page.
#[component]
fn Report(ReportProps { report, remove }: &ReportProps) -> Html {
    mark_render("Report");
    let LoadReport { number, file, title, elements, charts } = &**report;
    let heading = format!("run-{number}");
    let drawn = use_state(|| 0);
    let is_drawn = *drawn == elements.len();
    {
        let setter = drawn.setter();
        use_effect_with((*drawn, is_drawn), move |&(drawn, is_drawn)| {
            if !is_drawn {
                spawn_local(async move {
                    Turn::begin().next().await;
                    setter.set(drawn + 1);
                });
            }
        });
    }
    use_effect_with(heading.clone(), |heading| focus::move_to(heading));
    let on_remove = use_callback((*number, remove.clone()), |_: MouseEvent, (number, remove)| {
        focus::move_to("import");
        remove.emit(*number);
    });
    html! {
        <section class="load-report" data-load={number.to_string()} aria-labelledby={heading.clone()}
            aria-busy={(!is_drawn).to_string()}>
            <h2 id={heading} tabindex="-1">{ format!("Load {number}: {title}") }</h2>
            <p class="imported-load">
                <span>{ format!("imported from {file}") }</span>
                <button type="button" onclick={on_remove}>
                    { "Remove" }<span class="unseen">{ format!(" load {number}") }</span>
                </button>
            </p>
            for element in &elements[..*drawn] {
                <Drawing {element} />
            }
            <ul class="pictures" aria-label={format!("Pictures of load {number}")}>
                for (index, title) in charts.iter().enumerate() {
                    <li key={index}>
                        <ChartPicture report={report.clone()} {index} title={title.clone()} />
                    </li>
                }
            </ul>
        </section>
    }
}

#[derive(PartialEq, Properties)]
struct ChartPictureProps {
    report: Shared<LoadReport>,
    /// Which of the charts of the report it is.
    index: usize,
    title: AttrValue,
}

/// Saves a chart of a report as a picture.
#[component]
fn ChartPicture(ChartPictureProps { report, index, title }: &ChartPictureProps) -> Html {
    let draw = use_callback((report.clone(), *index), |(), (report, index)| {
        let (report, index) = (report.clone(), *index);
        let svg: Drawn = Box::pin(async move { load::picture(&report, index).await });
        svg
    });
    let name = format!("load-{}-{}", report.number, index + 1);
    html! { <PictureLine {name} title={["Picture of ", title].concat()} {draw} /> }
}
