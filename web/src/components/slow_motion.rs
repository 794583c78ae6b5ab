//! Slow motion: any recorded dialogue, played again so slowly that one can follow.

use launcelot_measure::Way;
use yew::prelude::*;

use crate::components::player::Player;
use crate::components::select::Select;
use crate::provenance;
use crate::render_mark::mark_render;
use crate::replay::Replay;
use crate::shared::Shared;
use crate::state::ids::RunId;
use crate::state::race::Race;
use crate::state::run_record::RunRecord;
use crate::state::runs::Runs;
use crate::text;

/// A run that can be played.
#[derive(Debug, Clone, PartialEq)]
pub struct Recording {
    /// The run.
    pub record: Shared<RunRecord>,
    /// The way of the race that it is a run of, and its index among the runs of that way.
    pub raced: Option<(Way, usize)>,
}

impl Recording {
    /// Returns everything that can be played: the single runs, the newest first, then those of the races, the newest first.
    pub fn all<'a>(runs: &Runs, races: impl DoubleEndedIterator<Item = &'a Shared<Race>>) -> Vec<Self> {
        let single = runs.iter().rev().map(|record| Self { record: record.clone(), raced: None });
        let raced = races
            .rev()
            .flat_map(|race| race.shown())
            .map(|(way, index, record)| Self { record: record.clone(), raced: Some((way, index)) });
        single.chain(raced).filter(Self::is_playable).collect()
    }

    fn is_playable(&self) -> bool {
        let run = &self.record.run;
        let has_moments = run.connecting.is_some() || run.questions.iter().any(|asked| asked.asked.is_some());
        run.is_over() && has_moments
    }

    /// Returns its title among others. `began` is the moment at which it began, as the browser writes it.
    pub fn title(&self, began: Option<String>) -> String {
        let title = match self.raced {
            None => text::title(&self.record),
            Some((way, index)) => text::race::title(way, index, &self.record),
        };
        [title].into_iter().chain(began).collect::<Vec<_>>().join(", ")
    }
}

#[derive(PartialEq, Properties)]
pub struct Props {
    /// What can be played, the default first.
    pub recordings: Vec<Recording>,
}

/// The section, which appears with the first run that is over. It plays the newest run unless another is chosen.
#[component]
pub fn SlowMotion(Props { recordings }: &Props) -> Html {
    mark_render("SlowMotion");
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
    let titles = use_memo(recordings.clone(), |recordings| {
        let titles = recordings.iter().map(|recording| {
            let began = recording.record.provenance.began.map(provenance::for_people);
            (recording.record.id.0, recording.title(began))
        });
        titles.collect::<Vec<_>>()
    });
    let on_choice = {
        let choice = choice.setter();
        use_callback(newest, move |id, newest| choice.set(Some(RunId(id)).zip(*newest)))
    };
    let (Some(replay), Some(shown), Some((id, is_traced))) = ((*replay).clone(), shown, key) else {
        return Html::default();
    };
    let number = shown.raced.is_none().then(|| shown.record.number.to_string());
    let is_partly_unknown = replay.is_partly_unknown;
    let uncertainty = text::legs::uncertainty(replay.clocks, shown.record.asker());
    html! {
        <section id="replay" aria-labelledby="replay-title" data-run={number} data-traced={is_traced.to_string()}>
            <h2 id="replay-title">{ "Slow motion" }</h2>
            <p>{ "The same dialogue again, slowed down so that you can follow it. It keeps to the recorded times." }</p>
            <Select id="replay-run" label="Run:" options={titles} chosen={id.0} {on_choice} />
            <Player key={format!("{id} {is_traced}")} {replay} recording={shown.clone()} />
            <p class="limits" translate="no">{ text::limits::of_run(&shown.record) }</p>
            <p class="small" translate="no">
                { text::replay::BETWEEN_MOMENTS }
                if is_partly_unknown {
                    { " Not every hop was observed: “beyond” is the rest of the path, where a message is drawn turning back at half time." }
                }
                { uncertainty.map(|uncertainty| [" ", &uncertainty].concat()) }
            </p>
        </section>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::test_state::{ask, complete, connected, ready_after};

    #[test]
    fn a_title_says_when_the_run_began_if_that_is_known() {
        let state = ready_after([ask(), connected(1), complete(1)]);
        let [recording] = &Recording::all(&state.runs, state.races())[..] else { panic!("one run was played") };
        assert_eq!(recording.title(None), "run 1, one at a time");
        assert_eq!(
            recording.title(Some("27 Nov 2026, 15:43:03".to_owned())),
            "run 1, one at a time, 27 Nov 2026, 15:43:03"
        );
    }
}
