//! A dialogue with a target, and the times of its steps.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use launcelot_measure::{Order, Run, RunStatus, Step, clock};
use launcelot_protocol::{AnswerError, Dialogue, Framing, Question};
use thiserror::Error;
use tokio::time::timeout;

use crate::connection::{Connection, ConnectionError};
use crate::poll_times::{PollTimes, time_polls};
use crate::target::Target;

/// The configuration of a dialogue: the target, the questions, and how they are asked.
#[derive(Debug, Clone)]
pub struct DialogueConfig {
    /// The server or bridge.
    pub target: Target,
    /// The order of sending: each question after the previous answer, or all questions ahead of their answers
    /// (pipelining).
    pub order: Order,
    /// The questions.
    pub questions: Vec<Question>,
    /// The characters that end questions and answers.
    pub framing: Framing,
    /// The timeout of each step: resolving, connecting, opening a WebSocket, sending a question, and waiting for data.
    pub timeout: Duration,
}

/// Why a dialogue failed.
#[derive(Debug, Error)]
pub enum AskError {
    /// The connection could not be opened.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    /// The connection failed during the dialogue.
    #[error("asking {target} failed")]
    Dialogue {
        /// The target.
        target: String,
        /// The failure.
        source: ConnectionError,
    },
    /// The server closed the connection before the last answer.
    #[error("{target} closed the connection after {answered} of {asked} answers")]
    Closed {
        /// The target.
        target: String,
        /// The number of answers.
        answered: usize,
        /// The number of questions.
        asked: usize,
    },
    /// The server violated the protocol, or closed the connection in the middle of an answer.
    #[error("{target} does not speak the protocol")]
    Protocol {
        /// The target.
        target: String,
        /// The violation.
        source: AnswerError,
    },
    /// A step timed out.
    #[error("{target}: timed out after {} while {activity}", humantime::format_duration(*.timeout))]
    TimedOut {
        /// The target.
        target: String,
        /// The step.
        activity: &'static str,
        /// The timeout.
        timeout: Duration,
    },
}

/// The record of a dialogue.
#[derive(Debug)]
pub struct DialogueRecord {
    /// The questions, the answers that arrived and their times, even if the dialogue failed.
    pub run: Run,
    /// The operations of the client, in the order in which they began.
    pub operations: Vec<TimedOperation>,
    /// The local address of the connection; `None` if it was not opened.
    pub local: Option<SocketAddr>,
}

/// An operation with its times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimedOperation {
    /// The operation.
    pub operation: Operation,
    /// The time at which it began, counted from the start of the run.
    pub at: Duration,
    /// The processor time and the waiting time.
    pub times: PollTimes,
}

/// An operation of the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// Resolves the host name.
    LookUp,
    /// Connects to the host.
    Connect,
    /// Opens a WebSocket over that connection.
    Handshake,
    /// Sends the question with this number, from 0.
    Send(usize),
    /// Waits for data and reads this number of bytes.
    Receive(usize),
    /// Parses the received data, in which this number of answers end.
    Read(usize),
}

/// Runs a dialogue with the target. Returns its run, even if the dialogue failed, and the reason of a failure.
///
/// `on_answer` is called with each answer, after the next question has been sent.
pub async fn ask(config: &DialogueConfig, on_answer: impl FnMut(&str)) -> (Run, Result<(), AskError>) {
    let (record, result) = ask_recorded(config, on_answer).await;
    (record.run, result)
}

/// Runs a dialogue like [`ask`], and also records the operations of the client and its local address.
pub async fn ask_recorded(
    config: &DialogueConfig,
    on_answer: impl FnMut(&str),
) -> (DialogueRecord, Result<(), AskError>) {
    let epoch = Instant::now();
    let step = clock::smallest_step(|| epoch.elapsed()).unwrap_or_default();
    ask_since(config, Instant::now(), step, on_answer).await
}

/// Runs a dialogue like [`ask_recorded`], with times counted from `began`. `step` is the smallest step of the clock.
pub(crate) async fn ask_since(
    config: &DialogueConfig,
    began: Instant,
    step: Duration,
    on_answer: impl FnMut(&str),
) -> (DialogueRecord, Result<(), AskError>) {
    let questions = config.questions.iter().map(Question::to_string);
    let run = Run::new(config.target.to_string(), config.order, step, questions);
    let record = DialogueRecord { run, operations: Vec::new(), local: None };
    let mut recorder = DialogueRecorder { record, began, on_answer };
    let result = recorder.ask(config).await;
    let mut record = recorder.record;
    record.operations.sort_by_key(|operation| operation.at);
    record.run.status = match &result {
        Ok(()) => RunStatus::Complete,
        Err(error) => RunStatus::Broken(launcelot_endpoint::failure::one_line(error)),
    };
    (record, result)
}

/// A dialogue that is being recorded.
struct DialogueRecorder<F> {
    record: DialogueRecord,
    began: Instant,
    on_answer: F,
}

impl<F: FnMut(&str)> DialogueRecorder<F> {
    async fn ask(&mut self, config: &DialogueConfig) -> Result<(), AskError> {
        let at = self.began.elapsed();
        let (addresses, times) =
            time_polls(config.within_timeout("resolving the host name", Connection::look_up(&config.target))).await;
        let looked_up = self.began.elapsed();
        self.record_operation(Operation::LookUp, at, times);
        let addresses = addresses?;
        self.record.run.record(Step::LookedUp { at: looked_up });

        let connecting = config.within_timeout("connecting", Connection::connect(&config.target, &addresses));
        let (stream, times) = time_polls(connecting).await;
        let accepted = self.began.elapsed();
        self.record_operation(Operation::Connect, looked_up, times);
        let (connection, times) =
            time_polls(config.within_timeout("opening the WebSocket", Connection::open(&config.target, stream?))).await;
        let connected = match config.target {
            Target::Tcp { .. } => accepted,
            Target::WebSocket { .. } => {
                let connected = self.began.elapsed();
                self.record_operation(Operation::Handshake, accepted, times);
                connected
            }
        };
        let mut connection = connection?;
        self.record.run.record(Step::Connected { at: connected });
        self.record.local = connection.local();

        let result = self.run_dialogue(config, &mut connection).await;
        self.record.run.kernel = connection.kernel_view();
        // A peer that reads nothing must not keep the client from ending.
        let _ = timeout(config.timeout, connection.close()).await;
        result.map_err(|error| match error {
            AskError::Connection(source) => AskError::Dialogue { target: config.target.to_string(), source },
            other => other,
        })
    }

    async fn run_dialogue(&mut self, config: &DialogueConfig, connection: &mut Connection) -> Result<(), AskError> {
        let mut dialogue =
            Dialogue::new(config.questions.clone(), config.order.in_flight_max()).with_framing(config.framing);
        let mut received = Vec::new();
        let mut answers = Vec::new();
        let mut sent = 0;
        self.send(config, &mut dialogue, connection, &mut sent).await?;
        while !dialogue.is_complete() {
            received.clear();
            let begins = self.began.elapsed();
            let (is_open, times) =
                time_polls(config.within_timeout("waiting for an answer", connection.receive(&mut received))).await;
            let at = self.began.elapsed();
            if !matches!(is_open, Ok(true)) {
                // Recorded now: no question will be sent any more.
                self.record_operation(Operation::Receive(0), begins, times);
                is_open?;
                return Err(self.closed(config, &dialogue));
            }
            let parsed = dialogue.receive(&received, &mut answers);
            let parsing = PollTimes { own: self.began.elapsed().saturating_sub(at), waited: Duration::ZERO };
            let result = self.send(config, &mut dialogue, connection, &mut sent).await;
            // Recorded after the next question was sent, and sorted at the end.
            self.record_operation(Operation::Receive(received.len()), begins, times);
            self.record_operation(Operation::Read(answers.len()), at, parsing);
            for answer in answers.drain(..) {
                (self.on_answer)(&answer);
                self.record.run.record(Step::Answered { at, answer });
            }
            parsed.map_err(|source| AskError::Protocol { target: config.target.to_string(), source })?;
            result?;
        }
        Ok(())
    }

    /// Sends all questions that may be sent now. The clock is read just before each question is sent.
    async fn send(
        &mut self,
        config: &DialogueConfig,
        dialogue: &mut Dialogue,
        connection: &mut Connection,
        sent: &mut usize,
    ) -> Result<(), AskError> {
        while let Some(question) = dialogue.next_to_send() {
            let at = self.began.elapsed();
            let (result, times) =
                time_polls(config.within_timeout("sending a question", connection.send(question.as_bytes()))).await;
            self.record.run.record(Step::Asked { at });
            self.record_operation(Operation::Send(*sent), at, times);
            *sent += 1;
            result?;
        }
        Ok(())
    }

    fn record_operation(&mut self, operation: Operation, at: Duration, times: PollTimes) {
        self.record.operations.push(TimedOperation { operation, at, times });
    }

    fn closed(&self, config: &DialogueConfig, dialogue: &Dialogue) -> AskError {
        let target = config.target.to_string();
        let run = &self.record.run;
        match dialogue.finish() {
            Err(source) => AskError::Protocol { target, source },
            Ok(()) => AskError::Closed { target, answered: run.answered(), asked: run.questions.len() },
        }
    }
}

impl DialogueConfig {
    /// Awaits `event`, which is one step of the dialogue, for at most `timeout`.
    async fn within_timeout<T>(
        &self,
        activity: &'static str,
        event: impl Future<Output = Result<T, ConnectionError>>,
    ) -> Result<T, AskError> {
        match timeout(self.timeout, event).await {
            Ok(result) => Ok(result?),
            Err(_) => Err(AskError::TimedOut { target: self.target.to_string(), activity, timeout: self.timeout }),
        }
    }
}
