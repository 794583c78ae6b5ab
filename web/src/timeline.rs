//! A run's legs as tracks in the browser's own performance panel: what is to be written into it.

use std::time::Duration;

use launcelot_measure::export::RecordedRun;
use launcelot_measure::export::chrome::{TRACKS, slices};
use launcelot_measure::unit::format_decimal;

/// The colours of the tracks, out of those that the panel has.
const COLOURS: [&str; TRACKS.len()] = ["primary", "secondary", "tertiary", "primary-dark", "secondary-light"];

/// One entry of a track.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measure {
    /// What it is called.
    pub name: String,
    /// The options of `performance.measure()`, as JSON.
    pub options: String,
}

/// The entries of a run that began at `began`, on a timeline that begins at `origin`, both since 1970.
pub fn measures(recorded: &RecordedRun, began: Duration, origin: Duration) -> Vec<Measure> {
    let mut measures = Vec::new();
    for stretch in slices(recorded) {
        let [start, end] = [stretch.span.from, stretch.span.until].map(|at| {
            let nanos = (began + at).saturating_sub(origin).as_nanos() as u64;
            format_decimal(nanos, 1_000_000, 6)
        });
        let (track, colour) = (TRACKS[stretch.track], COLOURS[stretch.track]);
        let options = [
            r#"{"start":"#,
            &start,
            r#","end":"#,
            &end,
            r#","detail":{"devtools":{"dataType":"track-entry","trackGroup":"Launcelot","track":""#,
            track,
            r#"","color":""#,
            colour,
            r#""}}}"#,
        ];
        measures.push(Measure { name: stretch.name.to_owned(), options: options.concat() });
    }
    measures
}
