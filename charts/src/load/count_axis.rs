//! A vertical axis of numbers from zero, with round ticks.

use launcelot_measure::unit::{format_count, format_decimal};

use crate::load::plot::Tick;

/// The largest number of ticks above zero.
const TICKS_MAX: u32 = 6;

/// A linear axis from zero.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CountAxis {
    step: f64,
    end: f64,
}

impl CountAxis {
    /// Returns an axis that ends a little above `most`.
    pub(crate) fn to_fit(most: f64) -> Self {
        let most = if most.is_finite() { most.max(0.1) } else { 0.1 };
        let step = round_up(most / f64::from(TICKS_MAX));
        Self { step, end: most * 1.04 }
    }

    /// Returns the position of a number above the axis' begin, in percent; at most 100.
    pub(crate) fn percent(&self, number: f64) -> f64 {
        (number / self.end * 100.0).clamp(0.0, 100.0)
    }

    /// Returns the ticks.
    pub(crate) fn ticks(&self) -> Vec<Tick> {
        let numbers = (0..=TICKS_MAX).map(|index| f64::from(index) * self.step);
        let on_axis = numbers.take_while(|number| *number <= self.end);
        on_axis.map(|number| Tick { percent: self.percent(number), label: Some(self.label(number)) }).collect()
    }

    fn label(&self, number: f64) -> String {
        if self.step >= 1.0 {
            format_count(number.round() as u64)
        } else {
            format_decimal((number * 100.0).round() as u64, 100, if self.step >= 0.1 { 1 } else { 2 })
        }
    }
}

/// Rounds up to 1, 2 or 5 times a power of ten, or to 25, 250 and so on.
fn round_up(number: f64) -> f64 {
    let power = 10_f64.powi(number.log10().floor() as i32);
    // Below 25, a step of two and a half would need another decimal.
    let factors: &[f64] = if power >= 10.0 { &[1.0, 2.0, 2.5, 5.0] } else { &[1.0, 2.0, 5.0] };
    let factor = factors.iter().copied().find(|factor| number <= factor * power * (1.0 + 1e-9));
    factor.unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_few() {
        let cases: [(f64, &[&str]); 7] = [
            (0.0, &["0.00", "0.02", "0.04", "0.06", "0.08", "0.10"]),
            (1.3, &["0.0", "0.5", "1.0"]),
            (64.0, &["0", "20", "40", "60"]),
            (640.0, &["0", "200", "400", "600"]),
            (1_010.0, &["0", "200", "400", "600", "800", "1,000"]),
            (1_260.0, &["0", "250", "500", "750", "1,000", "1,250"]),
            (48_000.0, &["0", "10,000", "20,000", "30,000", "40,000"]),
        ];
        for (most, expected) in cases {
            let labels: Vec<_> = CountAxis::to_fit(most).ticks().into_iter().filter_map(|tick| tick.label).collect();
            assert_eq!(labels, expected, "{most}");
        }
    }

    #[test]
    fn the_highest_number_is_on_the_axis() {
        for most in [0.0, 0.2, 1.0, 99.0, 1e9, f64::NAN, f64::INFINITY] {
            let axis = CountAxis::to_fit(most);
            assert!(axis.ticks().len() > 1 && axis.ticks().iter().all(|tick| tick.percent <= 100.0), "{most}");
        }
    }
}
