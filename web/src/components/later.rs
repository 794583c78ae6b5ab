//! The sections whose code is loaded later, because a person sees them only after the first question, or further down. What draws them
//! are functions in a part of the program.

use wasm_split_helpers::SplitLoaderError;
use yew::prelude::*;

use crate::components::earlier_runs::{EarlierRuns, Props as EarlierRunsProps};
use crate::components::export::{Export, Props as ExportProps};
use crate::components::legs_table::{LegsTable, Props as LegsTableProps};
use crate::components::load_reports::{LoadReports, Props as LoadReportsProps};
use crate::components::many_rounds::{ManyRounds, Props as ManyRoundsProps};
use crate::components::race::{Props as RaceProps, RaceSection};
use crate::components::slow_motion::{Props as SlowMotionProps, SlowMotion};
use crate::split::split_point;

/// A function that draws a section.
pub type Draw<P> = fn(P) -> Html;

/// What draws the sections in the part for [`distributions`](crate::distributions), which the browser loads first when it is idle.
#[derive(Debug, Clone, Copy)]
pub struct RoundsSections {
    pub legs_table: Draw<LegsTableProps>,
    pub earlier_runs: Draw<EarlierRunsProps>,
    pub slow_motion: Draw<SlowMotionProps>,
    pub race: Draw<RaceProps>,
    pub many_rounds: Draw<ManyRoundsProps>,
}

split_point!(
    rounds,
    pub async fn load_rounds_sections() -> Result<RoundsSections, SplitLoaderError> {
        Ok(RoundsSections {
            legs_table: |props| html! { <LegsTable ..props /> },
            earlier_runs: |props| html! { <EarlierRuns ..props /> },
            slow_motion: |props| html! { <SlowMotion ..props /> },
            race: |props| html! { <RaceSection ..props /> },
            many_rounds: |props| html! { <ManyRounds ..props /> },
        })
    }
);

/// What draws the sections in the part for [`files`](crate::files).
#[derive(Debug, Clone, Copy)]
pub struct FilesSections {
    pub load_reports: Draw<LoadReportsProps>,
    pub export: Draw<ExportProps>,
}

split_point!(
    files,
    pub async fn load_files_sections() -> Result<FilesSections, SplitLoaderError> {
        Ok(FilesSections {
            load_reports: |props| html! { <LoadReports ..props /> },
            export: |props| html! { <Export ..props /> },
        })
    }
);
