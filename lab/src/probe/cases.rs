//! The cases of the prober as data: what clients do, and what they should receive.
//!
//! At the end of a case all of its connections are closed. Whether the server is still alive is tested after each case.

use launcelot_protocol::EXCHANGES;
use launcelot_protocol::exchange::{Exchange, QUESTION_MAX_BYTES, QUESTION_TOO_LONG, UNKNOWN_QUESTION};

/// A test of one behaviour of a server.
#[derive(Debug, Clone)]
pub struct Case {
    /// The name of the behaviour, in at most 32 columns.
    pub behaviour: &'static str,
    /// The steps, in their order.
    pub steps: Vec<CaseStep>,
}

/// One step of a case.
#[derive(Debug, Clone)]
pub struct CaseStep {
    /// The client that performs it.
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
    /// Sends a text with one write: in one segment, if it is short.
    Send(String),
    /// Sends a text with a write for each byte.
    SendByteByByte(String),
    /// Sends the same question repeatedly and reads nothing, until the server applies backpressure.
    SendUntilBackpressure(Exchange),
    /// Expects these bytes, and no others.
    Receive(String),
    /// Expects these bytes soon. If they do not come, the server may serve one client at a time.
    ReceivePromptly(String),
    /// Expects the bytes that did not come promptly, if there are any.
    ReceiveOverdue,
    /// Expects the answers to all questions that were sent until the server applied backpressure.
    ReceiveEveryAnswer(Exchange),
    /// Expects the end of the stream, and no bytes.
    ReceiveEnd,
    /// Shuts down the writing side, and goes on reading.
    HalfClose,
    /// Resets the connection.
    Reset,
    /// Closes the connection.
    Close,
}

/// Returns all cases, the simple ones first.
pub fn table() -> Vec<Case> {
    use Action::{
        Close, Connect, HalfClose, Receive, ReceiveEnd, ReceiveEveryAnswer, ReceiveOverdue, ReceivePromptly, Reset,
        Send, SendByteByByte, SendUntilBackpressure,
    };
    use CaseClient::{First, Second};

    let [name, quest, color] = EXCHANGES;
    let send = |texts: &[&str]| Send(texts.concat());
    let receive = |texts: &[&str]| Receive(texts.concat());
    vec![
        one_client(
            "three questions, one at a time",
            EXCHANGES.iter().flat_map(|exchange| [send(&[exchange.question]), receive(&[exchange.answer])]),
        ),
        one_client("a question byte by byte", [SendByteByByte(name.question.to_owned()), receive(&[name.answer])]),
        one_client(
            "two questions in one segment",
            [send(&[name.question, quest.question]), receive(&[name.answer, quest.answer])],
        ),
        one_client("three questions in one segment", [send(&questions()), receive(&answers())]),
        one_client(
            "one and a half in one segment",
            [
                send(&[quest.question, "What is your"]),
                receive(&[quest.answer]),
                send(&[" favorite color?"]),
                receive(&[color.answer]),
            ],
        ),
        one_client(
            "an unknown question",
            [send(&["Why?"]), receive(&[UNKNOWN_QUESTION]), send(&[color.question]), receive(&[color.answer])],
        ),
        one_client(
            "a question that is too long",
            [Send("x".repeat(QUESTION_MAX_BYTES)), receive(&[QUESTION_TOO_LONG]), ReceiveEnd],
        ),
        one_client(
            "white space before questions",
            [send(&[" \r\n\t", quest.question, "\n", color.question, "\n"]), receive(&[quest.answer, color.answer])],
        ),
        one_client(
            "end of stream between questions",
            [send(&[color.question]), receive(&[color.answer]), HalfClose, ReceiveEnd],
        ),
        // The answer shows that the server has also read the partial question.
        one_client(
            "end of stream within a question",
            [send(&[color.question, "What is"]), receive(&[color.answer]), HalfClose, ReceiveEnd],
        ),
        one_client("reset within a question", [send(&[color.question, "What is"]), receive(&[color.answer]), Reset]),
        one_client("half-close after the questions", [send(&questions()), HalfClose, receive(&answers()), ReceiveEnd]),
        one_client("close before the answers", [send(&questions()), Close]),
        two_clients(
            "an idle client and another",
            [
                (First, Connect),
                (Second, send(&[color.question])),
                (Second, ReceivePromptly(color.answer.to_owned())),
                (First, Close),
                (Second, ReceiveOverdue),
            ],
        ),
        two_clients(
            "a non-reading client and another",
            [
                (First, SendUntilBackpressure(quest)),
                (Second, send(&[color.question])),
                (Second, ReceivePromptly(color.answer.to_owned())),
                (First, ReceiveEveryAnswer(quest)),
                (First, Close),
                (Second, ReceiveOverdue),
            ],
        ),
    ]
}

fn questions() -> [&'static str; 3] {
    EXCHANGES.map(|exchange| exchange.question)
}

fn answers() -> [&'static str; 3] {
    EXCHANGES.map(|exchange| exchange.answer)
}

fn one_client(behaviour: &'static str, actions: impl IntoIterator<Item = Action>) -> Case {
    let steps = actions.into_iter().map(|action| CaseStep { client: CaseClient::First, action }).collect();
    Case { behaviour, steps }
}

fn two_clients(behaviour: &'static str, steps: impl IntoIterator<Item = (CaseClient, Action)>) -> Case {
    let steps = steps.into_iter().map(|(client, action)| CaseStep { client, action }).collect();
    Case { behaviour, steps }
}
