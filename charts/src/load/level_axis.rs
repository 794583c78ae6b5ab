//! The horizontal axis of the levels of a load: numbers of clients, or rates.

use launcelot_measure::unit::format_count;

use crate::load::plot::Tick;

/// The ratio of the highest to the lowest level from which the axis is logarithmic. On a linear one, low levels would coincide.
const LOGARITHMIC_FROM: u32 = 64;

/// The width of a digit and the gap between two labels, in percent of a plot that is 290 pixels wide.
const DIGIT_WIDTH: f64 = 2.7;
const LABEL_GAP: f64 = 3.0;

/// The axis of the levels of a load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LevelAxis {
    name: String,
    levels: Vec<u32>,
}

impl LevelAxis {
    /// Returns an axis for these levels. `name` says what is counted, with its unit.
    pub fn new(name: &str, levels: impl IntoIterator<Item = u32>) -> Self {
        let mut levels: Vec<u32> = levels.into_iter().collect();
        levels.sort_unstable();
        levels.dedup();
        Self { name: name.to_owned(), levels }
    }

    /// Returns what is counted, with its unit.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the levels, the lowest first.
    pub fn levels(&self) -> &[u32] {
        &self.levels
    }

    /// Returns the position of a level, in percent of the axis. The highest is at its end.
    pub fn percent(&self, level: u32) -> f64 {
        let [lowest, .., highest] = self.levels[..] else { return 50.0 };
        if self.is_logarithmic() {
            let log = |level: u32| f64::from(level.max(1)).ln();
            (log(level) - log(lowest)) / (log(highest) - log(lowest)) * 100.0
        } else {
            f64::from(level) / f64::from(highest) * 100.0
        }
    }

    fn is_logarithmic(&self) -> bool {
        match self.levels[..] {
            [lowest, .., highest] => highest / lowest.max(1) >= LOGARITHMIC_FROM,
            _ => false,
        }
    }

    /// Returns a tick for each level, with a label where labels do not collide. The highest level always has one.
    pub(crate) fn ticks(&self) -> Vec<Tick> {
        let mut nearest = f64::INFINITY;
        let mut ticks = Vec::new();
        for level in self.levels.iter().rev() {
            let label = format_count(u64::from(*level));
            let percent = self.percent(*level);
            let width = DIGIT_WIDTH * label.len() as f64 + LABEL_GAP;
            let has_room = nearest - percent >= width;
            if has_room {
                nearest = percent;
            }
            ticks.push(Tick { percent, label: has_room.then_some(label) });
        }
        ticks.reverse();
        ticks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(levels: &[u32]) -> Vec<String> {
        LevelAxis::new("clients", levels.iter().copied()).ticks().into_iter().filter_map(|tick| tick.label).collect()
    }

    #[test]
    fn labels_do_not_collide_and_the_highest_level_has_one() {
        assert_eq!(labels(&[1, 2, 3, 5, 7, 10, 13, 16, 20]), ["1", "3", "5", "7", "10", "13", "16", "20"]);
        assert_eq!(labels(&[19, 20]), ["20"]);
        assert_eq!(labels(&[1, 10, 100, 4_000, 5_000]), ["1", "10", "100", "5,000"]);
        assert_eq!(labels(&[7]), ["7"]);
    }

    #[test]
    fn levels_far_apart_are_placed_by_their_ratio() {
        let axis = LevelAxis::new("clients", [1, 10, 100]);
        assert_eq!([1, 10, 100].map(|level| axis.percent(level).round()), [0.0, 50.0, 100.0]);
        let near = LevelAxis::new("clients", [20, 10, 1, 10]);
        assert_eq!([1, 10, 20].map(|level| near.percent(level).round()), [5.0, 50.0, 100.0]);
    }

    #[test]
    fn a_single_level_is_in_the_middle() {
        assert_eq!(LevelAxis::new("clients", [5]).percent(5), 50.0);
    }
}
