//! What is calculated and drawn only for somebody who looks closer. It is a program of its own, so that
//! nobody loads it before the first question, and the page asks it in bytes.
//!
//! - [`distributions`]: many rounds, summed up, drawn and told.
//! - [`files`]: what was measured as text to take along, and such a text as what was measured.
//! - [`program`]: the page's side, which loads the program when it is first asked for.

pub mod distributions;
pub mod files;
pub mod program;

use std::borrow::Cow;

use launcelot_measure::export::Document;
use launcelot_measure::{Rounds, Stopwatch};
use serde::{Deserialize, Serialize};

use crate::message::{decode, encode};
pub use distributions::Distributions;
pub use files::Form;

/// What is to be calculated and drawn.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Request<'a> {
    /// These rounds, the newest first, with a stopwatch that starts there: [`Distributions`].
    Distributions {
        /// The rounds.
        shown: Vec<Cow<'a, Rounds>>,
        /// Where the stopwatch starts.
        stopwatch: Stopwatch,
    },
    /// This document as a file of that form: a `String`.
    Write(Form, Cow<'a, Document>),
    /// The document that this text is: a `Result<Document, Refusal>`.
    Read(Cow<'a, str>),
}

/// The whole of the program: a [`Request`] in bytes, and its reply in bytes. No bytes for what is no request.
pub fn answer(request: &[u8]) -> Vec<u8> {
    match decode(request) {
        Some(Request::Distributions { shown, stopwatch }) => encode(&distributions::of(&shown, stopwatch)),
        Some(Request::Write(form, document)) => encode(&files::write(form, &document)),
        Some(Request::Read(text)) => encode(&files::read(&text)),
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use launcelot_measure::{Connections, Ending, Plan, Round};

    use super::*;

    #[test]
    fn what_is_asked_in_bytes_is_answered_in_bytes() {
        let answered = vec![Round { asked: 1_500, connecting: 1_500, due: 1_500 }; 20];
        let rounds = Rounds {
            name: "Twenty".to_owned(),
            to: "ws://b/ws".to_owned(),
            plan: Plan::new(20, Connections::One, None),
            clock_step: Duration::from_micros(5),
            cores: 2,
            answered,
            errors: 0,
            ending: Ending::Complete,
        };
        let request = Request::Distributions { shown: vec![Cow::Borrowed(&rounds)], stopwatch: Stopwatch::Question };
        let reply: Distributions = decode(&answer(&encode(&request))).unwrap();
        assert!(reply.meaning.starts_with("Half of the answers came within 150"), "{reply:?}");
        assert!(reply.figure.is_some_and(|figure| figure.contains("<svg")));
        assert!(answer(b"\xff").is_empty());
    }
}
