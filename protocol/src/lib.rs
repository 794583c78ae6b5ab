//! The Launcelot protocol, without I/O and without a clock.
//!
//! The protocol is ASCII text over TCP [`PORT`], without newlines and without a handshake. A question ends with `?`, an
//! answer ends with `.`. A client may ask any number of questions on one connection and closes it when it is done.
//!
//! - [`exchange`]: the three questions, their answers, and the error replies.
//! - [`question`]: a validated question.
//! - [`conversation`]: the server's side, from bytes to replies.
//! - [`dialogue`]: the client's side: which question to send next, and from bytes to answers.
//! - [`answers`]: splits the bytes that a client receives into answers.
//! - [`script`]: questions and answers other than the three, and the characters that end them.
//!
//! ```
//! use launcelot_protocol::{Conversation, Dialogue, Question};
//!
//! let mut server = Conversation::new();
//! let mut client = Dialogue::new(Question::the_three(), 1);
//! let mut answers = Vec::new();
//! while let Some(question) = client.next_to_send() {
//!     let mut replies = Vec::new();
//!     server.feed(question.as_bytes(), &mut replies);
//!     client.receive(&replies, &mut answers)?;
//! }
//! assert_eq!(answers[1], "To seek the Holy Grail.");
//! # Ok::<(), launcelot_protocol::AnswerError>(())
//! ```

pub mod answers;
pub mod conversation;
pub mod dialogue;
pub mod exchange;
pub mod question;
pub mod script;

pub use answers::{AnswerError, Answers};
pub use conversation::{Conversation, Parsed};
pub use dialogue::Dialogue;
pub use exchange::{EXCHANGES, Exchange};
pub use question::{Question, QuestionError};
pub use script::{Framing, Script, ScriptError, ScriptExchange};

/// The TCP port of the protocol.
pub const PORT: u16 = 1060;
