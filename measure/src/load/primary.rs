//! The primary figure: the one by which servers are compared, chosen before the run and not among its results.

use std::fmt;
use std::str::FromStr;

use super::plan::Level;
use super::summary::{RoundRates, ServerSummary};

/// The figure by which servers are compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Primary {
    /// What is counted.
    pub rate: PrimaryRate,
    /// The number of clients or the rate; `None` for the highest level.
    pub level: Option<u32>,
}

/// What a primary figure counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PrimaryRate {
    /// Dialogues a second.
    #[default]
    Dialogues,
    /// Questions a second.
    Questions,
}

/// Why a primary figure cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrimaryError(String);

impl fmt::Display for PrimaryError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "'{}' is not a primary figure: 'dialogues' or 'questions', with or without a level such as '@20'",
            self.0
        )
    }
}

impl std::error::Error for PrimaryError {}

impl FromStr for Primary {
    type Err = PrimaryError;

    fn from_str(text: &str) -> Result<Self, PrimaryError> {
        let error = || PrimaryError(text.to_owned());
        let (name, level) = match text.split_once('@') {
            Some((name, level)) => (name, Some(level.trim().parse().map_err(|_| error())?)),
            None => (text, None),
        };
        let rate = match name.trim() {
            "dialogues" | "rate" => PrimaryRate::Dialogues,
            "questions" => PrimaryRate::Questions,
            _ => return Err(error()),
        };
        Ok(Self { rate, level })
    }
}

impl Primary {
    /// Returns the level at which `levels` are compared.
    pub(super) fn level(self, levels: &[Level]) -> Option<Level> {
        match self.level {
            Some(number) => levels.iter().copied().find(|level| level.number() == number),
            None => levels.iter().copied().max(),
        }
    }

    fn of(self, rates: &RoundRates) -> f64 {
        match self.rate {
            PrimaryRate::Dialogues => rates.dialogues_per_s,
            PrimaryRate::Questions => rates.questions_per_s,
        }
    }

    /// Returns the figures of a server, with their rounds.
    pub(super) fn rounds(self, server: &ServerSummary, level: Level) -> Vec<(u32, f64)> {
        let Some(cell) = server.cell(level) else { return Vec::new() };
        cell.rounds.iter().map(|rates| (rates.round, self.of(rates))).collect()
    }

    /// Returns the figure in words: `dialogues per second at 20 clients`.
    pub(super) fn describe(self, level: Level) -> String {
        let unit = match self.rate {
            PrimaryRate::Dialogues => "dialogues",
            PrimaryRate::Questions => "questions",
        };
        format!("{unit} per second at {level}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_primary_figure_is_parsed_from_text() {
        let primary: Primary = "questions@20".parse().unwrap();
        assert_eq!(primary, Primary { rate: PrimaryRate::Questions, level: Some(20) });
        assert_eq!("dialogues".parse(), Ok(Primary::default()));
        let message = "p99".parse::<Primary>().unwrap_err().to_string();
        assert!(message.starts_with("'p99' is not a primary figure: 'dialogues' or 'questions'"), "{message}");
        assert!("rate@x".parse::<Primary>().is_err());
    }

    #[test]
    fn servers_are_compared_at_the_highest_level_unless_told() {
        let levels = [1, 20, 5].map(Level::Clients);
        assert_eq!(Primary::default().level(&levels), Some(Level::Clients(20)));
        let told = Primary { level: Some(5), ..Primary::default() };
        assert_eq!(told.level(&levels), Some(Level::Clients(5)));
        assert_eq!(told.level(&levels[..2]), None);
    }
}
