//! The path of a question, drawn as a rope bridge over a gorge. It names the parts of the path before any figure does.

use yew::prelude::*;

/// The parts of the path: the class of its hue, the name, and what happens there.
const HOPS: [(&str, &str, &str); 4] = [
    ("client", "browser", "asks, over a WebSocket"),
    ("bridge", "bridge", "relays WebSocket to TCP"),
    ("link", "tunnel", "adds delay, if you choose it"),
    ("server", "server", "answers, over TCP"),
];

/// The spans of the bridge, from rock to rock.
const SPANS: [(i32, i32); 3] = [(130, 254), (286, 434), (466, 590)];

/// The distance between two planks.
const PLANK_STEP: usize = 12;

/// The drawing, and below it the parts. Screen readers read the parts.
#[component]
pub fn BridgeOfDeath() -> Html {
    html! {
        <figure class="path">
            <svg class="bridge-of-death" viewBox="0 0 720 64" aria-hidden="true" focusable="false">
                <path class="rock" d="M0 30H130L122 64H0ZM720 30H590L598 64H720ZM254 30H286L290 64H250ZM434 30H466L470 64H430Z" />
                { for SPANS.into_iter().map(span) }
            </svg>
            <ol aria-label="The path of a question">
                for (class, name, what) in HOPS {
                    <li {class}><b>{ name }</b>{ " " }<span>{ what }</span></li>
                }
            </ol>
        </figure>
    }
}

/// Two ropes with planks between them.
fn span((from, until): (i32, i32)) -> Html {
    let middle = (from + until) / 2;
    // How low a rope is that hangs from `top` at both ends and sags by `sag` in the middle.
    let hang =
        |x: i32, top: i32, sag: i32| top + 4 * sag * (x - from) * (until - x) / ((until - from) * (until - from));
    let planks = (from..=until).step_by(PLANK_STEP).map(|x| format!("M{x} {}V{}", hang(x, 12, 10), hang(x, 30, 12)));
    html! {
        <>
            <path class="plank" d={planks.collect::<String>()} />
            <path class="rope" d={format!("M{from} 12Q{middle} 32 {until} 12M{from} 30Q{middle} 54 {until} 30")} />
        </>
    }
}
