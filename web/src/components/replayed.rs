//! A recorded dialogue that is chosen out of a list, with its player and what limits its figures.

use yew::prelude::*;

use crate::components::player::Player;
use crate::components::select::select;
use crate::components::slow_motion::Props;
use crate::render_mark::mark_render;
use crate::replay::Replay;
use crate::shared::Shared;
use crate::state::ids::RunId;
use crate::text;

/// The section. It plays the newest run unless another is chosen.
#[component]
pub fn Replayed(Props { recordings }: &Props) -> Html {
    mark_render("Replayed");
    // The choice, and the newest run when it was made: after the next run, that one is played.
    let choice = use_state(|| None::<(RunId, RunId)>);
    let newest = recordings.first().map(|newest| newest.record.id);
    let chosen = choice.filter(|(_, made)| Some(*made) == newest).map(|(chosen, _)| chosen);
    // The chosen run may be gone: a race replaces the one before.
    let shown = recordings.iter().find(|recording| Some(recording.record.id) == chosen).or(recordings.first());
    let key = shown.map(|shown| (shown.record.id, shown.record.trace().is_some()));
    let replay = use_memo(key, |_| {
        let record = &shown?.record;
        Replay::of(&record.run, record.trace(), record.asker()).map(Shared::new)
    });
    let on_choice = {
        let choice = choice.setter();
        use_callback(newest, move |id, newest| choice.set(Some(RunId(id)).zip(*newest)))
    };
    let (Some(replay), Some(shown), Some((id, is_traced))) = ((*replay).clone(), shown, key) else {
        return Html::default();
    };
    let number = shown.raced.is_none().then(|| shown.record.number.to_string());
    let titles = recordings.iter().map(|recording| (recording.record.id.0, recording.title())).collect();
    let is_partly_unknown = replay.is_partly_unknown;
    let uncertainty = text::legs::uncertainty(replay.clocks, shown.record.asker());
    html! {
        <section id="replay" aria-labelledby="replay-title" data-run={number} data-traced={is_traced.to_string()}>
            <h2 id="replay-title">{ "Slow motion" }</h2>
            <p>{ "The same dialogue again, slowed down until you can follow it. Only recorded times drive it." }</p>
            { select("replay-run", ("Run:", ""), titles, id.0, on_choice) }
            <Player key={format!("{id} {is_traced}")} {replay} />
            <p class="limits" translate="no">{ text::limits::of_run(&shown.record) }</p>
            <p class="small" translate="no">
                { "Between two recorded moments, a message is drawn as if it moved at a constant speed; where it really was is not known." }
                if is_partly_unknown {
                    { " Not every hop was observed, so a message is drawn going “beyond” and turning back halfway through its time." }
                }
                { uncertainty.map(|uncertainty| [" ", &uncertainty].concat()) }
            </p>
        </section>
    }
}
