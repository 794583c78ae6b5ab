//! The legs of the newest run: what each is, and how long they took together, of connecting and of all questions.

use std::rc::Rc;

use launcelot_charts::legs;
use launcelot_measure::{Connecting, Leg, Reading, Span, Unit, paths};
use yew::prelude::*;

use crate::components::drawing::Drawing;
use crate::render_mark::mark_render;
use crate::shared::Shared;
use crate::state::run_record::RunRecord;
use crate::text::legs as text;

#[derive(PartialEq, Properties)]
pub struct Props {
    /// The newest run, once its trace is known.
    pub traced: Option<Shared<RunRecord>>,
    /// The unit of the figures.
    pub unit: Unit,
}

/// The legend of the bars, with the sums; nothing as long as no leg is known.
#[component]
pub fn LegsTable(Props { traced, unit }: &Props) -> Html {
    mark_render("LegsTable");
    let known = |newest| Some((newest, RunRecord::trace(newest)?, newest.breakdown()?));
    let Some((newest, trace, breakdown)) = traced.as_deref().and_then(known) else { return Html::default() };
    let run = &newest.run;
    let unit = *unit;
    let paths = paths(run, trace);
    let connecting = run.connecting.map(Span::took).unwrap_or_default();
    let whole = Reading::new(connecting, run.clock_step);
    let line = |leg| {
        let connecting = paths.connecting().and_then(|path| Connecting::took(path, leg));
        let asking = breakdown.leg(leg);
        connecting.or(asking)?;
        let percent = |took| Reading::new(took, run.clock_step).percent_of(whole);
        let took = [connecting.map(|took| (took, percent(took))), asking.map(|took| (took, breakdown.percent(took)))]
            .map(|part| part.map(|(took, percent)| (text::took(leg, took, run.clock_step, unit), percent)));
        let explanation = text::explanation(leg, newest.asker(), run.clock_step);
        Some(
            html! { <LegRow key={text::name(leg, newest.asker())} {leg} {explanation} asker={newest.asker()} {took} /> },
        )
    };
    html! {
        <>
            <table id="legs" class="legs" role="table">
                <caption class="unseen">{ "The legs of the path: what each is, how long it took while connecting and for all \
                    questions together, and its share of each" }</caption>
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader" scope="col">{ "Leg of the path" }</th>
                        <th role="columnheader" scope="col" class="what">{ "What happens there" }</th>
                        <th role="columnheader" scope="col" class="took">{ "Connecting" }</th>
                        <th role="columnheader" scope="col" class="took">{ "Asking" }</th>
                    </tr>
                </thead>
                <tbody role="rowgroup">{ for Leg::ALL.into_iter().filter_map(line) }</tbody>
            </table>
            <p id="uncertainty" class="small">{ text::uncertainty(breakdown.clocks, newest.asker()) }</p>
            if !newest.is_imported {
                <p class="limits">{ text::OBSERVING }</p>
            }
        </>
    }
}

#[derive(PartialEq, Properties)]
struct RowProps {
    leg: Leg,
    /// What happens there.
    explanation: String,
    /// Who asked, and has the first leg.
    asker: &'static str,
    /// How long it took while connecting and while asking, each with its share.
    took: [Option<(String, Option<String>)>; 2],
}

/// A leg.
#[component]
fn LegRow(RowProps { leg, explanation, asker, took }: &RowProps) -> Html {
    mark_render("LegRow");
    html! {
        <tr role="row">
            <th role="rowheader" scope="row"><Drawing element={Rc::new(legs::swatch(*leg))} />{ text::name(*leg, asker) }</th>
            <td role="cell" class="what">{ explanation }</td>
            for part in took {
                <td role="cell" class="took">
                    if let Some((took, percent)) = part {
                        { took }<br />{ percent.clone() }
                    }
                </td>
            }
        </tr>
    }
}
