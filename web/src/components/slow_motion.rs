//! Slow motion: any recorded dialogue, played again so slowly that one can follow.

use launcelot_measure::Way;
use wasm_split_helpers::SplitLoaderError;
use yew::prelude::*;

use crate::components::replayed::Replayed;
use crate::hooks::use_section;
use crate::render_mark::mark_render;
use crate::shared::Shared;
use crate::split::split_point;
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

    /// Returns its title among others.
    pub fn title(&self) -> String {
        match self.raced {
            None => text::title(&self.record),
            Some((way, index)) => text::race::title(way, index, &self.record),
        }
    }
}

#[derive(PartialEq, Properties)]
pub struct Props {
    /// What can be played, the default first.
    pub recordings: Vec<Recording>,
}

/// The section. It appears with the first run that is over.
///
/// The code for it is in the part of the program that draws [`distributions`](crate::distributions), which the browser loads once
/// it is idle: there is nothing to play before the first run is over.
#[component]
pub fn SlowMotion(Props { recordings }: &Props) -> Html {
    mark_render("SlowMotion");
    use_section(!recordings.is_empty(), load_section).draw(|section| section(recordings))
}

/// Returns the section as it is drawn, of what can be played.
type Section = fn(&[Recording]) -> Html;

split_point!(
    rounds,
    async fn load_section() -> Result<Section, SplitLoaderError> {
        Ok(|recordings| html! { <Replayed recordings={recordings.to_vec()} /> })
    }
);
