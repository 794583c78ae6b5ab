//! Slow motion: any recorded dialogue, played again so slowly that one can follow.

use std::rc::Rc;

use launcelot_measure::Run;
use yew::prelude::*;

use crate::components::player::Player;
use crate::components::select::select;
use crate::hooks::Asker;
use crate::replay::Replay;
use crate::state::race::Race;
use crate::state::{RunRecord, State};
use crate::text;

/// What it shows.
#[derive(PartialEq, Properties)]
pub struct Props {
    /// Who asks.
    pub asker: Asker,
}

/// The section. It appears with the first run that is over, and plays the newest unless another is chosen.
#[component]
pub fn SlowMotion(props: &Props) -> Html {
    // The choice, and the newest run when it was made: with the next run, that is what one wants to see.
    let choice = use_state(|| None::<(u32, u32)>);
    let runs = recorded(props.asker.state());
    let newest = runs.first().map(|(_, newest)| newest.number);
    let chosen = choice.filter(|(_, made)| Some(*made) == newest).map(|(number, _)| number);
    // What was chosen may be gone: a race takes the place of the one before.
    let chosen = runs.iter().find(|(_, numbered)| Some(numbered.number) == chosen).or(runs.first());
    let shown = chosen.map(|(_, shown)| *shown);
    let key = shown.map(|shown| (shown.number, shown.trace().is_some()));
    let replay =
        use_memo(key, |_| shown.and_then(|shown| Replay::of(&shown.run, shown.trace(), shown.asker())).map(Rc::new));
    let (Some(replay), Some((number, is_traced))) = ((*replay).clone(), key) else { return Html::default() };
    let on_choice = Callback::from(move |number| choice.set(Some(number).zip(newest)));
    let limits = shown.map(text::limits::of_run);
    let titles = runs.into_iter().map(|(title, numbered)| (numbered.number, title)).collect();
    let is_partly_unknown = replay.is_partly_unknown;
    let known = shown.and_then(|shown| text::legs::uncertainty(replay.clocks, shown.asker()));
    html! {
        <section id="replay" aria-labelledby="replay-title" data-run={number.to_string()}
            data-traced={is_traced.to_string()}>
            <h2 id="replay-title">{ "Slow motion" }</h2>
            <p>{ "The same dialogue once more, slowly enough to follow. The recorded times move it, and nothing else." }</p>
            { select("replay-run", ("What is played:", ""), titles, number, on_choice) }
            <Player key={format!("{number} {is_traced}")} {replay} />
            <p class="limits">{ limits }</p>
            <p class="small">
                { "Between two recorded moments a message is drawn as if it went evenly: where it really was is not known." }
                if is_partly_unknown {
                    { " Not every hop was observed, so a message goes “beyond”, and turns half way in time." }
                }
                { known.map(|known| [" ", &known].concat()) }
            </p>
        </section>
    }
}

/// Everything that can be played, with its title: the runs, the newest first, then those of the races.
fn recorded(state: &State) -> Vec<(String, &RunRecord)> {
    let runs = state.runs.iter().rev().map(|numbered| (text::title(numbered), numbered));
    let races = state.races().rev().flat_map(Race::shown);
    let raced = races.map(|(way, index, numbered)| (text::race::title(way, index, numbered), numbered));
    let is_recorded = |run: &Run| run.connecting.is_some() || run.questions.iter().any(|asked| asked.asked.is_some());
    runs.chain(raced).filter(|(_, RunRecord { run, .. })| run.is_over() && is_recorded(run)).collect()
}
