//! One client of a case: its actions, what it has received, and what it should have received.

use std::io;
use std::time::Duration;

use launcelot_protocol::ScriptExchange;
use launcelot_protocol::answers::ANSWER_MAX_BYTES;

use super::cases::Action;
use super::connection::{self, Connection};
use super::transcript::{SocketEvent, Transcript};
use super::verdict::Observation;

/// The longest time in which a server that serves clients concurrently answers the second client, and the time for
/// which a write must block before the server is considered to apply backpressure. It is far longer than an answer
/// takes, even over a slow link.
const PROMPT_TIMEOUT: Duration = Duration::from_secs(1);

/// Maximum number of bytes that a client sends without reading. The socket buffers on both sides hold a few mebibytes each, and are
/// often set larger. A server that accepts this much does not apply backpressure.
const UNREAD_MAX_BYTES: usize = 64 * 1024 * 1024;

/// A client of a case.
#[derive(Debug)]
pub(super) struct ProbeClient {
    state: State,
    timeout: Duration,
    received: Transcript,
    expected: Transcript,
    /// How many bytes of questions the server accepted before it applied backpressure.
    sent_bytes: usize,
    /// The text that the client should have received promptly, and has not received yet.
    overdue: Option<String>,
    was_delayed: bool,
}

#[derive(Debug)]
enum State {
    NotConnected,
    Connected(Connection),
    /// Closed, or connecting failed.
    Closed,
}

impl ProbeClient {
    /// Creates a client without a connection. Each of its waits lasts for at most `timeout`.
    pub(super) fn new(timeout: Duration) -> Self {
        Self {
            state: State::NotConnected,
            timeout,
            received: Transcript::default(),
            expected: Transcript::default(),
            sent_bytes: 0,
            overdue: None,
            was_delayed: false,
        }
    }

    /// Returns true once the client has connected, or has failed to connect.
    pub(super) fn has_begun(&self) -> bool {
        !matches!(self.state, State::NotConnected)
    }

    /// Gives the client its connection, or records the error of connecting as what it received.
    pub(super) fn begin(&mut self, connected: io::Result<Connection>) {
        self.state = match connected {
            Ok(connection) => State::Connected(connection),
            Err(error) => {
                self.received.event = Some(connection::error_event(&error));
                State::Closed
            }
        };
    }

    /// Returns true if the client has received something other than what is expected.
    pub(super) fn differs(&self) -> bool {
        self.received != self.expected
    }

    /// Returns what the client has received and should have received so far.
    pub(super) fn observation(&self) -> Observation {
        Observation { received: self.received.clone(), expected: self.expected.clone(), was_delayed: self.was_delayed }
    }

    /// Performs an action. Without a connection it does nothing.
    pub(super) fn perform(&mut self, action: &Action) {
        let State::Connected(connection) = &mut self.state else { return };
        match action {
            Action::Connect => {}
            Action::Send(text) => connection.send(text.as_bytes()),
            Action::SendByteByByte(text) => {
                for byte in text.as_bytes().chunks(1) {
                    connection.send(byte);
                }
            }
            Action::SendUntilBackpressure(question) => self.send_until_backpressure(question.as_str()),
            Action::Receive(text) => self.receive(text, self.timeout),
            Action::ReceivePromptly(text) => self.receive_promptly(text),
            Action::ReceiveOverdue => self.receive_overdue(),
            Action::ReceiveEveryAnswer(exchange) => self.receive_every_answer(exchange),
            Action::ReceiveAnyAnswer(end) => self.receive_any_answer(*end),
            Action::ReceiveEnd => {
                self.expected.event = Some(SocketEvent::End);
                self.received.event = connection.receive_end(&mut self.received.bytes);
            }
            Action::HalfClose => connection.half_close(),
            Action::Reset => {
                connection.reset_on_close();
                self.state = State::Closed;
            }
            Action::Close => self.state = State::Closed,
        }
    }

    fn prompt_timeout(&self) -> Duration {
        PROMPT_TIMEOUT.min(self.timeout)
    }

    fn receive(&mut self, text: &str, timeout: Duration) {
        let State::Connected(connection) = &mut self.state else { return };
        self.expected.bytes.extend_from_slice(text.as_bytes());
        self.received.event = connection.receive(&self.expected.bytes, &mut self.received.bytes, timeout);
    }

    fn receive_promptly(&mut self, text: &str) {
        let before = self.expected.bytes.len();
        self.receive(text, self.prompt_timeout());
        let is_missing = self.received.bytes.len() == before;
        if is_missing && matches!(self.received.event, Some(SocketEvent::Timeout(_))) {
            self.received.event = None;
            self.expected.bytes.truncate(before);
            self.overdue = Some(text.to_owned());
        }
    }

    fn receive_overdue(&mut self) {
        if let Some(text) = self.overdue.take() {
            self.was_delayed = true;
            self.receive(&text, self.timeout);
        }
    }

    /// Receives one answer of any text: any bytes up to the first `end`, after which nothing may follow.
    fn receive_any_answer(&mut self, end: char) {
        let State::Connected(connection) = &mut self.state else { return };
        let before = self.received.bytes.len();
        let max_bytes = before + ANSWER_MAX_BYTES;
        self.received.event = connection.receive_until(end, max_bytes, &mut self.received.bytes);
        let answer = &self.received.bytes[before..];
        let end_index = answer.iter().position(|byte| char::from(*byte) == end);
        if end_index.is_some_and(|index| index + 1 == answer.len() && answer.len() <= ANSWER_MAX_BYTES) {
            self.expected.bytes.clone_from(&self.received.bytes);
        } else {
            self.expected.event = Some(SocketEvent::AnyAnswer(end));
        }
    }

    fn send_until_backpressure(&mut self, question: &str) {
        let timeout = self.prompt_timeout();
        let State::Connected(connection) = &mut self.state else { return };
        let (sent_bytes, event) = connection.send_until_blocked(question, timeout, UNREAD_MAX_BYTES);
        self.sent_bytes = sent_bytes;
        if event != SocketEvent::Backpressure {
            self.expected.event = Some(SocketEvent::Backpressure);
            self.received.event = Some(event);
        }
    }

    fn receive_every_answer(&mut self, ScriptExchange { question, answer }: &ScriptExchange) {
        let question = question.as_str();
        self.receive(&answer.repeat(self.sent_bytes / question.len()), self.timeout);
        let partial_bytes = self.sent_bytes % question.len();
        if partial_bytes > 0 && !self.differs() {
            // The last question was sent in part. Now that the client has read the answers, the server reads the rest.
            self.perform(&Action::Send(question[partial_bytes..].to_owned()));
            self.receive(answer, self.timeout);
        }
    }
}
