//! The table of behaviours as data: what clients do, and what they are to hear.
//!
//! A case ends with all of its connections closed. Whether the server lives on is asked after each,
//! and belongs to none of them.

use launcelot_protocol::EXCHANGES;
use launcelot_protocol::exchange::{Exchange, QUESTION_MAX_BYTES, QUESTION_TOO_LONG, UNKNOWN_QUESTION};

/// One behaviour of a server.
#[derive(Debug, Clone)]
pub struct Case {
    /// What is done to the server, in a few words.
    pub behaviour: &'static str,
    /// What the clients do, in this order.
    pub steps: Vec<Step>,
}

/// What one client does.
#[derive(Debug, Clone)]
pub struct Step {
    /// Who does it.
    pub client: Client,
    /// What is done. A client that has no connection yet opens one first.
    pub act: Act,
}

/// Who acts. Most cases need one client only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Client {
    /// The one that comes first.
    First,
    /// The one that comes while the first is still there.
    Second,
}

/// A thing that a client can do.
#[derive(Debug, Clone)]
pub enum Act {
    /// Opens a connection and keeps silent.
    Connect,
    /// Writes all of it at once: one segment, if it is short.
    Say(String),
    /// Writes each byte by itself.
    SayByteByByte(String),
    /// Asks the same again and again and reads nothing, until the server takes no more of it.
    AskUntilRefused(Exchange),
    /// Expects these bytes, and none beyond them.
    Hear(String),
    /// Expects these bytes too, but soon: a server that serves one client at a time owes them.
    HearMeanwhile(String),
    /// Expects what is still owed, if anything is.
    HearWhatIsOwed,
    /// Expects the answers to everything that was asked until the server refused.
    HearEveryAnswer(Exchange),
    /// Expects that the server closes, without a word more.
    HearEndOfStream,
    /// Closes the writing side, and goes on listening.
    HalfClose,
    /// Leaves with a reset in place of a close.
    Reset,
    /// Leaves.
    Close,
}

/// Every case, the simple ones first.
pub fn table() -> Vec<Case> {
    use Act::{
        AskUntilRefused, Close, Connect, HalfClose, Hear, HearEndOfStream, HearEveryAnswer, HearMeanwhile,
        HearWhatIsOwed, Reset, Say, SayByteByByte,
    };
    use Client::{First, Second};

    let [name, quest, color] = EXCHANGES;
    let say = |words: &[&str]| Say(words.concat());
    let hear = |words: &[&str]| Hear(words.concat());
    vec![
        alone(
            "three questions, one at a time",
            EXCHANGES.iter().flat_map(|exchange| [say(&[exchange.question]), hear(&[exchange.answer])]),
        ),
        alone("a question byte by byte", [SayByteByByte(name.question.to_owned()), hear(&[name.answer])]),
        alone(
            "two questions in one segment",
            [say(&[name.question, quest.question]), hear(&[name.answer, quest.answer])],
        ),
        alone("three questions in one segment", [say(&questions()), hear(&answers())]),
        alone(
            "one and a half in one segment",
            [
                say(&[quest.question, "What is your"]),
                hear(&[quest.answer]),
                say(&[" favorite color?"]),
                hear(&[color.answer]),
            ],
        ),
        alone(
            "an unknown question",
            [say(&["Why?"]), hear(&[UNKNOWN_QUESTION]), say(&[color.question]), hear(&[color.answer])],
        ),
        alone(
            "a question that is too long",
            [Say("x".repeat(QUESTION_MAX_BYTES)), hear(&[QUESTION_TOO_LONG]), HearEndOfStream],
        ),
        alone(
            "white space before questions",
            [say(&[" \r\n\t", quest.question, "\n", color.question, "\n"]), hear(&[quest.answer, color.answer])],
        ),
        alone(
            "end of stream between questions",
            [say(&[color.question]), hear(&[color.answer]), HalfClose, HearEndOfStream],
        ),
        // The answer tells that the half question has been read as well, and is not just lost.
        alone(
            "end of stream in mid-question",
            [say(&[color.question, "What is"]), hear(&[color.answer]), HalfClose, HearEndOfStream],
        ),
        alone("reset in mid-question", [say(&[color.question, "What is"]), hear(&[color.answer]), Reset]),
        alone("half-close after asking", [say(&questions()), HalfClose, hear(&answers()), HearEndOfStream]),
        alone("leaving without the answers", [say(&questions()), Close]),
        together(
            "an idle client and a second one",
            [
                (First, Connect),
                (Second, say(&[color.question])),
                (Second, HearMeanwhile(color.answer.to_owned())),
                (First, Close),
                (Second, HearWhatIsOwed),
            ],
        ),
        together(
            "a deaf client and a second one",
            [
                (First, AskUntilRefused(quest)),
                (Second, say(&[color.question])),
                (Second, HearMeanwhile(color.answer.to_owned())),
                (First, HearEveryAnswer(quest)),
                (First, Close),
                (Second, HearWhatIsOwed),
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

fn alone(behaviour: &'static str, acts: impl IntoIterator<Item = Act>) -> Case {
    let steps = acts.into_iter().map(|act| Step { client: Client::First, act }).collect();
    Case { behaviour, steps }
}

fn together(behaviour: &'static str, steps: impl IntoIterator<Item = (Client, Act)>) -> Case {
    let steps = steps.into_iter().map(|(client, act)| Step { client, act }).collect();
    Case { behaviour, steps }
}
