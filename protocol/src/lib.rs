//! What is said on the wire: the Launcelot protocol, without I/O and without a clock.
//!
//! The protocol is ASCII over TCP [`PORT`], with no newlines and no handshake. A question ends with
//! `?`, an answer ends with `.`; any number of questions may be asked on one connection, and the
//! client closes it when it has had enough.
//!
//! - [`exchange`]: the three questions and their answers, and what is said to anything else.
//! - [`question`]: a question that is fit to be sent.
//! - [`conversation`]: the server's side, bytes in and replies out.
//! - [`dialogue`]: the client's side, which question to send next and bytes in, answers out.
//! - [`answers`]: the framing beneath the client's side.
//!
//! ```
//! use launcelot_protocol::{Conversation, Dialogue, Question};
//!
//! let mut server = Conversation::new();
//! let mut client = Dialogue::new(Question::the_three(), 1);
//! let mut heard = Vec::new();
//! while let Some(question) = client.next_to_send() {
//!     let mut replies = Vec::new();
//!     server.hear(question.as_bytes(), &mut replies);
//!     client.receive(&replies, &mut heard)?;
//! }
//! assert_eq!(heard[1], "To seek the Holy Grail.");
//! # Ok::<(), launcelot_protocol::AnswerError>(())
//! ```

pub mod answers;
pub mod conversation;
pub mod dialogue;
pub mod exchange;
pub mod question;

pub use answers::{AnswerError, Answers};
pub use conversation::{Conversation, Heard};
pub use dialogue::Dialogue;
pub use exchange::{EXCHANGES, Exchange};
pub use question::{Question, QuestionError};

/// The TCP port of the protocol.
pub const PORT: u16 = 1060;
