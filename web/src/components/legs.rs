//! The legs of the newest run: what each is, and how long they took together.

use launcelot_charts::legs;
use launcelot_measure::unit::readable;
use launcelot_measure::{Breakdown, Leg};
use yew::prelude::*;

use crate::components::drawing::Drawing;
use crate::hooks::Asker;
use crate::words::legs as words;

/// The legend of the bars, with the sums; nothing as long as no leg is known.
#[inline(never)]
pub fn legs_of(asker: &Asker) -> Html {
    let Some((newest, breakdown)) = asker.state().newest().and_then(|newest| Some((newest, newest.breakdown()?)))
    else {
        return Html::default();
    };
    html! {
        <>
            <table id="legs" class="legs" role="table">
            <caption class="unseen">{ "The legs of the way: what each is, how long it took for all questions together, and \
                its share of the waiting" }</caption>
            <tbody role="rowgroup">
                for leg in Leg::ALL {
                    { drawn(leg, &breakdown, newest.asker()) }
                }
            </tbody>
        </table>
        <p class="limits">{ words::WATCHING }</p>
        </>
    }
}

#[inline(never)]
fn drawn(leg: Leg, breakdown: &Breakdown, asker: &'static str) -> Option<Html> {
    let took = breakdown.leg(leg)?;
    Some(html! {
        <tr role="row">
            <th role="rowheader" scope="row"><Drawing svg={legs::swatch(leg)} />{ words::name(leg, asker) }</th>
            <td role="cell" class="what">{ words::explanation(leg, asker) }</td>
            <td role="cell" class="took">{ readable(took) }</td>
            <td role="cell" class="took">{ breakdown.percent(took) }</td>
        </tr>
    })
}
