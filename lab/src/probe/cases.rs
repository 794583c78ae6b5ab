//! The cases of the prober as data: what clients do, and what they should receive.
//!
//! At the end of a case all of its connections are closed. Whether the server is still alive is tested after each case.

use std::array;

use launcelot_protocol::exchange::{ANSWER_END, QUESTION_MAX_BYTES, QUESTION_TOO_LONG};
use launcelot_protocol::{Framing, Question, Script, ScriptExchange};

/// A test of one behaviour of a server.
#[derive(Debug, Clone)]
pub struct Case {
    /// The name of the behaviour, in at most 32 columns.
    pub behaviour: &'static str,
    /// The steps, in their order.
    pub steps: Vec<CaseStep>,
    /// A question that a server which is still alive answers after the steps, and its answer.
    pub alive_check: ScriptExchange,
}

/// One step of a case.
#[derive(Debug, Clone)]
pub struct CaseStep {
    /// The client that performs the action.
    pub client: CaseClient,
    /// The action. A client without a connection connects first.
    pub action: Action,
}

/// A client of a case. Most cases have one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaseClient {
    /// The client that connects first.
    First,
    /// The client that connects while the first is still connected.
    Second,
}

/// An action of a client.
#[derive(Debug, Clone)]
pub enum Action {
    /// Connects and sends nothing.
    Connect,
    /// Sends a string in a single write: one segment, if it is short.
    Send(String),
    /// Sends a string with a write for each byte.
    SendByteByByte(String),
    /// Sends the same question repeatedly and reads nothing, until the server applies backpressure.
    SendUntilBackpressure(Question),
    /// Expects these bytes, and no others.
    Receive(String),
    /// Expects these bytes soon. If none of them comes, the server may serve one client at a time:
    /// [`Self::ReceiveOverdue`] then waits for them.
    ReceivePromptly(String),
    /// Expects the bytes for which [`Self::ReceivePromptly`] waited in vain, if there are any.
    ReceiveOverdue,
    /// Expects the answers to all questions that were sent until the server applied backpressure.
    ReceiveEveryAnswer(ScriptExchange),
    /// Expects one answer of any text, with this end.
    ReceiveAnyAnswer(char),
    /// Expects the end of the stream, and no bytes.
    ReceiveEnd,
    /// Shuts down the writing side, and goes on reading.
    HalfClose,
    /// Resets the connection.
    Reset,
    /// Closes the connection.
    Close,
}

/// Returns all cases with the questions and answers of `script`, the simple cases first.
pub fn table(script: &Script) -> Vec<Case> {
    use Action::{
        Close, Connect, HalfClose, Receive, ReceiveAnyAnswer, ReceiveEnd, ReceiveEveryAnswer, ReceiveOverdue,
        ReceivePromptly, Reset, Send, SendByteByByte, SendUntilBackpressure,
    };
    use CaseClient::{First, Second};

    // A script with fewer than three exchanges repeats them.
    let exchanges: [&ScriptExchange; 3] = array::from_fn(|index| &script.exchanges()[index % script.exchanges().len()]);
    let questions = exchanges.map(|exchange| exchange.question.as_str());
    let answers = exchanges.map(|exchange| exchange.answer.as_str());
    let [first_question, second_question, third_question] = questions;
    let [first_answer, second_answer, third_answer] = answers;
    let (begin, rest) = third_question.split_at(third_question.len() / 2);

    let send = |texts: &[&str]| Send(texts.concat());
    let receive = |texts: &[&str]| Receive(texts.concat());
    let receive_unknown = match script.unknown() {
        Some(answer) => receive(&[answer]),
        None => ReceiveAnyAnswer(script.framing().answer_end().into()),
    };
    let cases = [
        one_client(
            "three questions, one at a time",
            exchanges.iter().flat_map(|exchange| [send(&[exchange.question.as_str()]), receive(&[&exchange.answer])]),
        ),
        one_client("a question byte by byte", [SendByteByByte(first_question.to_owned()), receive(&[first_answer])]),
        one_client(
            "two questions in one segment",
            [send(&[first_question, second_question]), receive(&[first_answer, second_answer])],
        ),
        one_client("three questions in one segment", [send(&questions), receive(&answers)]),
        one_client(
            "one and a half in one segment",
            [send(&[second_question, begin]), receive(&[second_answer]), send(&[rest]), receive(&[third_answer])],
        ),
        one_client(
            "an unknown question",
            [send(&[&unknown_question(script)]), receive_unknown, send(&[third_question]), receive(&[third_answer])],
        ),
        one_client(
            "a question that is too long",
            [Send("x".repeat(QUESTION_MAX_BYTES)), Receive(question_too_long(script.framing())), ReceiveEnd],
        ),
        one_client(
            "white space before questions",
            [send(&[" \r\n\t", second_question, "\n", third_question, "\n"]), receive(&[second_answer, third_answer])],
        ),
        one_client(
            "end of stream between questions",
            [send(&[third_question]), receive(&[third_answer]), HalfClose, ReceiveEnd],
        ),
        // The answer shows that the server has also read the partial question.
        one_client(
            "end of stream within a question",
            [send(&[third_question, begin]), receive(&[third_answer]), HalfClose, ReceiveEnd],
        ),
        one_client("reset within a question", [send(&[third_question, begin]), receive(&[third_answer]), Reset]),
        one_client("half-close after the questions", [send(&questions), HalfClose, receive(&answers), ReceiveEnd]),
        one_client("close before the answers", [send(&questions), Close]),
        two_clients(
            "an idle client and another",
            [
                (First, Connect),
                (Second, send(&[third_question])),
                (Second, ReceivePromptly(third_answer.to_owned())),
                (First, Close),
                (Second, ReceiveOverdue),
            ],
        ),
        two_clients(
            "a non-reading client and another",
            [
                (First, SendUntilBackpressure(exchanges[1].question.clone())),
                (Second, send(&[third_question])),
                (Second, ReceivePromptly(third_answer.to_owned())),
                (First, ReceiveEveryAnswer(exchanges[1].clone())),
                (First, Close),
                (Second, ReceiveOverdue),
            ],
        ),
    ];
    let case = |(behaviour, steps)| Case { behaviour, steps, alive_check: exchanges[2].clone() };
    cases.into_iter().map(case).collect()
}

/// Returns a question that `script` does not contain.
fn unknown_question(script: &Script) -> String {
    let end = char::from(script.framing().question_end());
    let mut words = "Why".to_owned();
    loop {
        let question = format!("{words}{end}");
        if script.answer_to(&question).is_none() {
            return question;
        }
        words.push_str(" not");
    }
}

/// Returns the reply to a question that is too long, with the last character that answers have in `framing`.
fn question_too_long(framing: Framing) -> String {
    QUESTION_TOO_LONG.replace(char::from(ANSWER_END), &char::from(framing.answer_end()).to_string())
}

fn one_client(behaviour: &'static str, actions: impl IntoIterator<Item = Action>) -> (&'static str, Vec<CaseStep>) {
    two_clients(behaviour, actions.into_iter().map(|action| (CaseClient::First, action)))
}

fn two_clients(
    behaviour: &'static str,
    steps: impl IntoIterator<Item = (CaseClient, Action)>,
) -> (&'static str, Vec<CaseStep>) {
    (behaviour, steps.into_iter().map(|(client, action)| CaseStep { client, action }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(exchanges: &[(&str, &str)]) -> Script {
        let framing = Framing::new(';', '!').unwrap();
        let exchanges = exchanges.iter().map(|(question, answer)| ((*question).to_owned(), (*answer).to_owned()));
        Script::new(framing, exchanges, None).unwrap()
    }

    #[test]
    fn an_unknown_question_is_not_in_the_script() {
        assert_eq!(unknown_question(&Script::default()), "Why?");
        assert_eq!(unknown_question(&script(&[("Why;", "So!"), ("Why not;", "So!")])), "Why not not;");
    }

    #[test]
    fn the_reply_to_a_question_that_is_too_long_ends_like_the_answers_of_the_script() {
        assert_eq!(question_too_long(Framing::default()), QUESTION_TOO_LONG);
        assert_eq!(question_too_long(script(&[("Why;", "So!")]).framing()), "Error: question too long!");
    }

    #[test]
    fn a_script_with_one_exchange_repeats_it() {
        let cases = table(&script(&[("A;", "B!")]));
        let three = cases.iter().find(|case| case.behaviour == "three questions in one segment").unwrap();
        let [sends, receives] = &three.steps[..] else { panic!("{three:?}") };
        assert!(matches!(&sends.action, Action::Send(text) if text == "A;A;A;"), "{sends:?}");
        assert!(matches!(&receives.action, Action::Receive(text) if text == "B!B!B!"), "{receives:?}");
    }
}
