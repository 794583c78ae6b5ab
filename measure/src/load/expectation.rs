//! Expectations of a load, such as `p99<2ms`, `errors=0` or `workers:rate>1000@20`, and whether they were met.

use std::fmt;
use std::str::FromStr;

use super::summary::{Cell, LoadSummary, ServerSummary};
use crate::distribution::Distribution;
use crate::percentile::{LOAD_PERCENTILES, Percentile};
use crate::unit::format_duration;

/// What is expected of a figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    /// As a person typed it.
    text: String,
    /// The server; `None` for every server.
    server: Option<String>,
    figure: Figure,
    operator: Operator,
    /// The limit, in nanoseconds for a time.
    limit: f64,
    /// The number of clients or the rate; `None` for every level.
    level: Option<u32>,
}

/// Whether an expectation was met by a server at a level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The expectation with the server and the level: `p99<2ms for simple at 20 clients`.
    pub text: String,
    /// The figure that was measured, or why there is none.
    pub figure: String,
    /// Whether it was met. A missing figure does not meet it.
    pub is_met: bool,
}

/// Why an expectation cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExpectationError {
    /// It has no comparison.
    NoComparison,
    /// Its figure is unknown.
    UnknownFigure(String),
    /// Its limit is neither a number nor a time.
    NotALimit(String),
    /// A time is compared with a limit that has no unit.
    NoUnit(String),
    /// A number is compared with a limit in a unit of time.
    NotATime(String),
    /// What follows `@` is not a number.
    NotALevel(String),
}

impl fmt::Display for ExpectationError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoComparison => write!(formatter, "one of <, <=, >, >= and = is missing, as in 'p99<2ms'"),
            Self::UnknownFigure(name) => write!(
                formatter,
                "unknown figure '{name}': one of rate, dialogues, questions, errors, p50, p90, p95, p99, p99.9, max, or one of the \
                 last six after 'first.' (connect to first answer) or 'dialogue.'"
            ),
            Self::NotALimit(limit) => write!(formatter, "'{limit}' is neither a number nor a time such as 2ms"),
            Self::NoUnit(limit) => write!(formatter, "'{limit}' has no unit: a time needs ns, us, ms or s"),
            Self::NotATime(figure) => write!(formatter, "{figure} is not a time: its limit cannot have a unit"),
            Self::NotALevel(level) => write!(formatter, "'{level}' is not a number of clients or a rate"),
        }
    }
}

impl std::error::Error for ExpectationError {}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Figure {
    /// Dialogues a second.
    DialogueRate,
    /// Questions a second.
    QuestionRate,
    /// Failed dialogues, a server that ended included.
    Errors,
    /// A percentile of a latency; `None` for the longest.
    Latency(Latency, Option<Percentile>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Latency {
    Question,
    FirstAnswer,
    Dialogue,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Less,
    AtMost,
    More,
    AtLeast,
    Equal,
}

/// The comparisons as they are typed; a longer one before its beginning.
const COMPARISONS: [(&str, Operator); 5] = [
    ("<=", Operator::AtMost),
    (">=", Operator::AtLeast),
    ("<", Operator::Less),
    (">", Operator::More),
    ("=", Operator::Equal),
];

impl FromStr for Expectation {
    type Err = ExpectationError;

    fn from_str(text: &str) -> Result<Self, ExpectationError> {
        // The name of a server may contain colons, as a URL does; the rest does not.
        let (server, rest) = match text.rsplit_once(':') {
            Some((server, rest)) => (Some(server.trim().to_owned()), rest),
            None => (None, text),
        };
        let at = rest.find(['<', '>', '=']).ok_or(ExpectationError::NoComparison)?;
        let (figure, rest) = rest.split_at(at);
        let (sign, operator) =
            *COMPARISONS.iter().find(|(sign, _)| rest.starts_with(sign)).ok_or(ExpectationError::NoComparison)?;
        let (limit, level) = match rest[sign.len()..].split_once('@') {
            Some((limit, level)) => (limit.trim(), Some(parse_level(level.trim())?)),
            None => (rest[sign.len()..].trim(), None),
        };
        let figure_name = figure.trim();
        let figure =
            Figure::parse(figure_name).ok_or_else(|| ExpectationError::UnknownFigure(figure_name.to_owned()))?;
        let is_time = matches!(figure, Figure::Latency(..));
        let (limit_value, has_unit) = parse_limit(limit)?;
        if is_time && !has_unit {
            return Err(ExpectationError::NoUnit(limit.to_owned()));
        }
        if !is_time && has_unit {
            return Err(ExpectationError::NotATime(figure_name.to_owned()));
        }
        Ok(Self { text: text.trim().to_owned(), server, figure, operator, limit: limit_value, level })
    }
}

fn parse_level(level: &str) -> Result<u32, ExpectationError> {
    level.parse().map_err(|_| ExpectationError::NotALevel(level.to_owned()))
}

/// Returns a limit, in nanoseconds if it has a unit of time, and whether it has one.
fn parse_limit(limit: &str) -> Result<(f64, bool), ExpectationError> {
    let units = [("ns", 1.0), ("us", 1e3), ("µs", 1e3), ("ms", 1e6), ("s", 1e9)];
    let unit = units.iter().find(|(symbol, _)| limit.ends_with(symbol));
    let (number, factor) = match unit {
        Some((symbol, factor)) => (limit[..limit.len() - symbol.len()].trim(), *factor),
        None => (limit, 1.0),
    };
    let number: Option<f64> = number.parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0);
    let number = number.ok_or_else(|| ExpectationError::NotALimit(limit.to_owned()))?;
    Ok((number * factor, unit.is_some()))
}

impl Figure {
    fn parse(name: &str) -> Option<Self> {
        match name {
            "rate" | "dialogues" => return Some(Self::DialogueRate),
            "questions" => return Some(Self::QuestionRate),
            "errors" => return Some(Self::Errors),
            _ => {}
        }
        let (latency, percentile) = match name.split_once('.') {
            Some(("question", percentile)) => (Latency::Question, percentile),
            Some(("first", percentile)) => (Latency::FirstAnswer, percentile),
            Some(("dialogue", percentile)) => (Latency::Dialogue, percentile),
            _ => (Latency::Question, name),
        };
        if percentile == "max" {
            return Some(Self::Latency(latency, None));
        }
        let percentile = LOAD_PERCENTILES.into_iter().find(|known| known.name == percentile)?;
        Some(Self::Latency(latency, Some(percentile)))
    }

    /// Returns the figure of a cell with its text, or why it is missing.
    fn of(self, cell: &Cell) -> Result<(f64, String), String> {
        match self {
            Self::DialogueRate => rate(cell.dialogues_per_s.map(|spread| spread.median), "dialogues per second"),
            Self::QuestionRate => rate(cell.questions_per_s.map(|spread| spread.median), "questions per second"),
            Self::Errors => {
                let errors = cell.counts.failures.count() + cell.server_ended.len() as u64;
                if errors == 0 {
                    if cell.rounds.is_empty() {
                        return Err("not measured".to_owned());
                    }
                    if cell.counts.questions == 0 && cell.counts.question_latency.count() == 0 {
                        return Err("nothing was answered".to_owned());
                    }
                }
                let plural = if errors == 1 { "" } else { "s" };
                Ok((errors as f64, format!("{errors} error{plural}")))
            }
            Self::Latency(latency, percentile) => {
                let distribution = latency.of(cell);
                let time = match percentile {
                    Some(percentile) => distribution.percentile(percentile),
                    None => (distribution.count() > 0).then(|| distribution.longest()),
                };
                let Some(time) = time else { return Err(too_few(distribution)) };
                Ok((time.as_nanos() as f64, format_duration(time)))
            }
        }
    }
}

fn rate(rate: Option<f64>, unit: &str) -> Result<(f64, String), String> {
    let rate = rate.ok_or("not measured")?;
    Ok((rate, format!("{rate:.1} {unit}")))
}

fn too_few(distribution: &Distribution) -> String {
    match distribution.count() {
        0 => "not measured".to_owned(),
        1 => "one sample is too few".to_owned(),
        count => format!("{count} samples are too few"),
    }
}

impl Latency {
    fn of(self, cell: &Cell) -> &Distribution {
        match self {
            Self::Question => &cell.counts.question_latency,
            Self::FirstAnswer => &cell.counts.first_answer_latency,
            Self::Dialogue => &cell.counts.dialogue_latency,
        }
    }
}

impl Operator {
    fn holds(self, figure: f64, limit: f64) -> bool {
        match self {
            Self::Less => figure < limit,
            Self::AtMost => figure <= limit,
            Self::More => figure > limit,
            Self::AtLeast => figure >= limit,
            Self::Equal => figure == limit,
        }
    }
}

impl fmt::Display for Expectation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl Expectation {
    /// Returns the server that it names; `None` if it is about every server.
    pub fn server(&self) -> Option<&str> {
        self.server.as_deref()
    }

    /// Returns the number of clients or the rate that it names; `None` if it is about every level.
    pub fn level(&self) -> Option<u32> {
        self.level
    }

    /// Returns a verdict for each server and level that the expectation names. One that names a server or level that was not in the
    /// plan is not met.
    pub fn check(&self, summary: &LoadSummary) -> Vec<Verdict> {
        let mut verdicts = Vec::new();
        for server in &summary.servers {
            if self.server.as_ref().is_none_or(|name| *name == server.name) {
                self.check_server(server, &mut verdicts);
            }
        }
        if verdicts.is_empty() {
            let figure = "the plan has no such server or level".to_owned();
            verdicts.push(Verdict { text: self.text.clone(), figure, is_met: false });
        }
        verdicts
    }

    fn check_server(&self, server: &ServerSummary, verdicts: &mut Vec<Verdict>) {
        for cell in &server.cells {
            if self.level.is_some_and(|level| level != cell.level.number()) {
                continue;
            }
            let text = format!("{} for {} at {}", self.text, server.name, cell.level);
            let verdict = match self.figure.of(cell) {
                Ok((value, figure)) => Verdict { text, figure, is_met: self.operator.holds(value, self.limit) },
                Err(figure) => Verdict { text, figure, is_met: false },
            };
            verdicts.push(verdict);
        }
    }
}

/// Returns a verdict for each server and level that each expectation names.
pub fn check(expectations: &[Expectation], summary: &LoadSummary) -> Vec<Verdict> {
    expectations.iter().flat_map(|expectation| expectation.check(summary)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::DialogueFailure;
    use super::super::fixtures::{cycle, result};
    use super::*;

    /// 20 dialogues a second of `simple` at 1 client, 25 at 5, with a reset; `poll` was not measured.
    fn summary() -> LoadSummary {
        let mut second = cycle(0, 5, 0, 50);
        second.counts.failures.add(DialogueFailure::Reset, None);
        LoadSummary::of(&result(&["simple", "poll"], &[1, 5], [cycle(0, 1, 0, 40), second]))
    }

    fn verdicts(text: &str) -> Vec<(String, bool)> {
        let verdicts = text.parse::<Expectation>().unwrap().check(&summary());
        verdicts.into_iter().map(|verdict| (verdict.figure.replace('\u{a0}', " "), verdict.is_met)).collect()
    }

    #[test]
    fn each_expectation_is_checked_with_its_figure() {
        let cases = [
            ("simple:p99<2ms@1", "1 ms", true),
            ("simple:p99 <= 1ms @ 1", "1 ms", true),
            ("simple:p99>1000us@1", "1 ms", false),
            ("simple:first.p50<1.5ms@1", "2 ms", false),
            ("simple:dialogue.max=12ms@1", "12 ms", true),
            ("simple:rate>20@5", "25.0 dialogues per second", true),
            ("simple:dialogues>=20.5@1", "20.0 dialogues per second", false),
            ("simple:questions>100@1", "200.0 questions per second", true),
            ("simple:errors=0@1", "0 errors", true),
            ("simple:errors=0@5", "1 error", false),
        ];
        for (text, figure, is_met) in cases {
            assert_eq!(verdicts(text), [(figure.to_owned(), is_met)], "{text}");
        }
    }

    #[test]
    fn a_missing_figure_does_not_meet_an_expectation() {
        let cases = [
            ("simple:p99.9>0s@1", "400 samples are too few"),
            ("poll:p50<1s@1", "not measured"),
            ("poll:errors=0@1", "not measured"),
            ("rate>0@7", "the plan has no such server or level"),
            ("other:rate>0", "the plan has no such server or level"),
        ];
        for (text, figure) in cases {
            assert_eq!(verdicts(text), [(figure.to_owned(), false)], "{text}");
        }
    }

    #[test]
    fn no_error_among_no_answers_does_not_meet_an_expectation() {
        let summary = LoadSummary::of(&result(&["simple"], &[5], [cycle(0, 5, 0, 0)]));
        let verdicts = "errors=0".parse::<Expectation>().unwrap().check(&summary);
        let [Verdict { figure, is_met: false, .. }] = verdicts.as_slice() else { panic!("{verdicts:?}") };
        assert_eq!(figure, "nothing was answered");
    }

    #[test]
    fn without_a_server_and_a_level_every_cell_is_checked() {
        let expectation: Expectation = "max<1s".parse().unwrap();
        let texts: Vec<_> = expectation.check(&summary()).into_iter().map(|verdict| verdict.text).collect();
        let expected = ["simple at 1 client", "simple at 5 clients", "poll at 1 client", "poll at 5 clients"];
        assert_eq!(texts, expected.map(|cell| format!("max<1s for {cell}")));
    }

    #[test]
    fn invalid_expectations_are_refused_in_words() {
        let cases = [
            ("p99", "one of <, <=, >, >= and = is missing, as in 'p99<2ms'"),
            ("p98<2ms", "unknown figure 'p98': one of rate, "),
            ("p99<fast", "'fast' is neither a number nor a time such as 2ms"),
            ("p99<-2ms", "'-2ms' is neither a number nor a time such as 2ms"),
            ("p99<2", "'2' has no unit: a time needs ns, us, ms or s"),
            ("errors<2ms", "errors is not a time: its limit cannot have a unit"),
            ("rate>1@many", "'many' is not a number of clients or a rate"),
        ];
        for (text, expected) in cases {
            let message = text.parse::<Expectation>().unwrap_err().to_string();
            assert!(message.starts_with(expected), "{message}");
        }
    }
}
