//! Compares the answers of a server with those that a script expects.

use launcelot_measure::Run;
use launcelot_protocol::Script;
use thiserror::Error;

/// A server's answer is not the one that the script expects.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{target} answered {question:?} with {answer:?} instead of {expected:?}{}", describe_others(*.others))]
pub struct WrongAnswer {
    target: String,
    /// The question of the first wrong answer.
    question: String,
    answer: String,
    expected: String,
    /// The number of further wrong answers.
    others: usize,
}

/// Compares the answers of `runs` with those of `script`. Questions without an answer are ignored.
///
/// # Errors
///
/// Returns the first wrong answer, and the number of others.
pub fn check<'a>(script: &Script, runs: impl IntoIterator<Item = &'a Run>) -> Result<(), WrongAnswer> {
    let mut first = None;
    let mut count = 0;
    for run in runs {
        for asked in &run.questions {
            let (Some(answer), Some(expected)) = (&asked.answer, script.answer_to(&asked.question)) else { continue };
            if answer == expected {
                continue;
            }
            count += 1;
            first.get_or_insert_with(|| WrongAnswer {
                target: run.target.clone(),
                question: asked.question.clone(),
                answer: answer.clone(),
                expected: expected.to_owned(),
                others: 0,
            });
        }
    }
    match first {
        Some(first) => Err(WrongAnswer { others: count - 1, ..first }),
        None => Ok(()),
    }
}

fn describe_others(count: usize) -> String {
    match count {
        0 => String::new(),
        1 => " (1 more differs)".to_owned(),
        _ => format!(" ({count} more differ)"),
    }
}
