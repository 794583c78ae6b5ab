//! The bounds of what a document may contain, so that a file cannot overload the program that draws it.

use super::document::{DocumentError, RecordedRace, RecordedRun};
use crate::failures::{Failures, MESSAGES_MAX};
use crate::provenance::Provenance;
use crate::race::TURNS_MAX;
use crate::rounds::Rounds;
use crate::run::{QuestionTiming, RunStatus};

/// The largest number of bytes of a question or an answer, as in the protocol.
pub const QUESTION_MAX_BYTES: usize = 1_024;
/// The largest number of bytes of any other text: a name, a target, a reason, a user agent.
pub const TEXT_MAX_BYTES: usize = 4_096;
/// The largest number of questions of a run, and of all runs of one way in one turn of a race.
pub const QUESTIONS_MAX: usize = 200;
/// The largest number of events in the trace of a run. A lab records fewer of [`QUESTIONS_MAX`] questions.
pub const EVENTS_MAX: usize = 10_000;
/// The largest number of rounds in a series.
pub const ROUNDS_MAX: usize = 100_000;

/// Checks a run.
pub(super) fn check_run(recorded: &RecordedRun) -> Result<(), DocumentError> {
    let RecordedRun { run, trace, provenance, .. } = recorded;
    run.questions.iter().try_for_each(check_question)?;
    check_texts([run.target.as_str(), reason(&run.status)])?;
    check_provenance(provenance)?;
    check_count(run.questions.len(), QUESTIONS_MAX)?;
    if let Some(trace) = trace {
        check_texts([trace.id.as_str()])?;
        check_count(trace.events.len() + trace.connecting.len(), EVENTS_MAX)?;
    }
    Ok(())
}

/// Checks the number of turns of a race, and of the runs and questions in each. The runs are checked one by one elsewhere.
pub(super) fn check_race(race: &RecordedRace) -> Result<(), DocumentError> {
    check_count(1 + race.more_turns.len(), TURNS_MAX)?;
    for (_, _, runs) in race.heats() {
        let questions = runs.iter().map(|recorded| recorded.run.questions.len().max(1));
        check_count(questions.sum(), QUESTIONS_MAX)?;
    }
    Ok(())
}

/// Checks a series of rounds.
pub(super) fn check_rounds(rounds: &Rounds) -> Result<(), DocumentError> {
    check_texts([rounds.name.as_str(), &rounds.target, reason(&rounds.status)])?;
    check_provenance(&rounds.provenance)?;
    check_failures(&rounds.failures)?;
    check_count(rounds.answered.len(), ROUNDS_MAX)
}

fn check_question(asked: &QuestionTiming) -> Result<(), DocumentError> {
    let answer_bytes = asked.answer.as_ref().map_or(0, String::len);
    let is_printable = asked.question.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if asked.question.len() > QUESTION_MAX_BYTES || answer_bytes > QUESTION_MAX_BYTES || !is_printable {
        return Err(DocumentError::InvalidQuestion);
    }
    Ok(())
}

fn check_provenance(provenance: &Provenance) -> Result<(), DocumentError> {
    if let Some(client) = &provenance.client {
        check_texts([client.version.as_str(), &client.system])?;
    }
    check_texts(provenance.server_design.as_deref())
}

fn check_failures(failures: &Failures) -> Result<(), DocumentError> {
    check_count(failures.iter().count(), MESSAGES_MAX)?;
    check_texts(failures.iter().map(|failure| failure.message.as_str()))
}

fn check_texts<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<(), DocumentError> {
    texts.into_iter().try_for_each(|text| check_count(text.len(), TEXT_MAX_BYTES))
}

fn check_count(count: usize, max: usize) -> Result<(), DocumentError> {
    if count > max { Err(DocumentError::TooMuch) } else { Ok(()) }
}

/// Returns why a run or a series failed; empty if it did not.
fn reason(status: &RunStatus) -> &str {
    match status {
        RunStatus::Broken(reason) => reason,
        RunStatus::Running | RunStatus::Complete | RunStatus::Stopped => "",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::round::Round;
    use crate::rounds::{Connections, RoundsPlan};
    use crate::run::{Order, Run};
    use crate::trace::{Trace, TraceEvent, TracePoint};

    fn run_of(questions: Vec<String>) -> RecordedRun {
        RecordedRun::new(1, Run::new("ws://b/ws".to_owned(), Order::SentAhead, Duration::ZERO, questions))
    }

    #[test]
    fn a_question_is_as_long_as_in_the_protocol_and_printable() {
        let check = |question: String| check_run(&run_of(vec![question]));
        assert_eq!(check("x".repeat(QUESTION_MAX_BYTES)), Ok(()));
        for invalid in ["x".repeat(QUESTION_MAX_BYTES + 1), "Où?".to_owned(), "What\nnow?".to_owned()] {
            assert_eq!(check(invalid), Err(DocumentError::InvalidQuestion));
        }
        let mut answered = run_of(vec!["What?".to_owned()]);
        answered.run.questions[0].answer = Some("x".repeat(200_000));
        assert_eq!(check_run(&answered), Err(DocumentError::InvalidQuestion));
    }

    #[test]
    fn numbers_of_questions_events_turns_and_rounds_are_bounded() {
        let questions = |count| run_of(vec!["What?".to_owned(); count]);
        assert_eq!(check_run(&questions(QUESTIONS_MAX)), Ok(()));
        assert_eq!(check_run(&questions(QUESTIONS_MAX + 1)), Err(DocumentError::TooMuch));
        let event = TraceEvent { point: TracePoint::BridgeIn, at: Duration::ZERO, bytes: 1 };
        let trace = Trace { events: vec![event; EVENTS_MAX + 1], ..Trace::default() };
        assert_eq!(check_run(&RecordedRun { trace: Some(trace), ..questions(1) }), Err(DocumentError::TooMuch));

        let runs = |count| RecordedRace { at_once: vec![questions(1); count], ..RecordedRace::default() };
        assert_eq!(check_race(&runs(QUESTIONS_MAX)), Ok(()));
        assert_eq!(check_race(&runs(QUESTIONS_MAX + 1)), Err(DocumentError::TooMuch));
        let turns = RecordedRace { more_turns: vec![Default::default(); TURNS_MAX], ..runs(1) };
        assert_eq!(check_race(&turns), Err(DocumentError::TooMuch));

        let rounds = |answered| Rounds { answered: vec![Round::default(); answered], ..series() };
        assert_eq!(check_rounds(&rounds(ROUNDS_MAX)), Ok(()));
        assert_eq!(check_rounds(&rounds(ROUNDS_MAX + 1)), Err(DocumentError::TooMuch));
    }

    #[test]
    fn texts_are_bounded() {
        let long = "x".repeat(TEXT_MAX_BYTES + 1);
        let mut run = run_of(Vec::new());
        run.run.status = RunStatus::Broken(long.clone());
        assert_eq!(check_run(&run), Err(DocumentError::TooMuch));
        run.run.status = RunStatus::Complete;
        run.provenance.server_design = Some(long.clone());
        assert_eq!(check_run(&run), Err(DocumentError::TooMuch));
        assert_eq!(check_rounds(&Rounds { name: long, ..series() }), Err(DocumentError::TooMuch));
    }

    fn series() -> Rounds {
        Rounds {
            name: String::new(),
            is_named: None,
            target: String::new(),
            plan: RoundsPlan::new(10, Connections::One, None),
            clock_step: Duration::ZERO,
            cores: 2,
            answered: Vec::new(),
            errors: 0,
            failures: Failures::default(),
            provenance: Provenance::default(),
            link: Default::default(),
            link_revisions: None,
            thinking_mean: None,
            server_work: None,
            interruptions: Default::default(),
            status: RunStatus::Complete,
        }
    }
}
