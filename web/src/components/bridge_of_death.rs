//! The bridge between the one who asks and the one who answers, as a line drawing.

use yew::prelude::*;

/// How many planks it has.
const PLANKS: i32 = 40;

/// Draws it. It says nothing that the words do not, so screen readers pass it over.
#[component]
pub fn BridgeOfDeath() -> Html {
    let planks = (0..=PLANKS).map(|plank| {
        let x = 60 + plank * 600 / PLANKS;
        let (rope, deck) = (hang(x, 12, 20), hang(x, 30, 24));
        html! { <path class="plank" d={format!("M{x} {rope}V{deck}")} /> }
    });
    html! {
        <svg class="bridge-of-death" viewBox="0 0 720 64" aria-hidden="true" focusable="false">
            <path class="cliff" d="M0 30H60V38L54 64H0Z" />
            <path class="cliff" d="M720 30H660V38L666 64H720Z" />
            <path class="rope" d="M60 12Q360 52 660 12" />
            <path class="rope" d="M60 30Q360 78 660 30" />
            { for planks }
        </svg>
    }
}

/// How high a rope is that hangs from `top` at both ends and sags by `sag` in the middle.
fn hang(x: i32, top: i32, sag: i32) -> i32 {
    let (before, after) = (x - 60, 660 - x);
    top + 4 * sag * before * after / (600 * 600)
}
