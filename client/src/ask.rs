//! The dialogue with a target, and when each thing happened.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use launcelot_measure::{Order, Run, RunStatus, Step, clock};
use launcelot_protocol::{AnswerError, Dialogue, Question};
use thiserror::Error;
use tokio::time::timeout;

use crate::connection::{Connection, ConnectionError};
use crate::poll_times::{PollTimes, measured};
use crate::target::Target;

/// What is to be asked, of whom, and how.
#[derive(Debug, Clone)]
pub struct DialogueConfig {
    /// Who is asked.
    pub target: Target,
    /// Whether questions wait for the answers before them.
    pub order: Order,
    /// What is asked.
    pub questions: Vec<Question>,
    /// How long the client waits for anything at most: an address, a connection, an answer.
    pub timeout: Duration,
}

/// Why not everything was answered.
#[derive(Debug, Error)]
pub enum AskError {
    /// No connection came about.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    /// The connection broke in mid-dialogue.
    #[error("asking {target} failed")]
    Asking {
        /// Who was asked.
        target: String,
        /// How it broke.
        source: ConnectionError,
    },
    /// The other side closed before it had answered everything.
    #[error("{target} closed the connection after {answered} of {asked} answers")]
    Closed {
        /// Who was asked.
        target: String,
        /// How many answers came.
        answered: usize,
        /// How many questions there were.
        asked: usize,
    },
    /// What came is not the protocol.
    #[error("{target} does not speak the protocol")]
    Nonsense {
        /// Who was asked.
        target: String,
        /// What is wrong with it.
        source: AnswerError,
    },
    /// Nothing came.
    #[error("{target}: waited {} for {what}, in vain", humantime::format_duration(*.waited))]
    TimedOut {
        /// Who was asked.
        target: String,
        /// What was waited for.
        what: &'static str,
        /// How long.
        waited: Duration,
    },
    /// The answers cannot be told.
    #[error("cannot write the answers")]
    Output(#[source] io::Error),
}

/// Everything that is known of a run.
#[derive(Debug)]
pub struct Account {
    /// What happened in it, however it ended.
    pub run: Run,
    /// What the program did, one step after the other.
    pub steps: Vec<Done>,
    /// The client's own address, if it got a connection.
    pub local: Option<SocketAddr>,
}

/// A step that the program has taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// Which.
    pub operation: Operation,
    /// When it began, since the run began.
    pub at: Duration,
    /// How long it took.
    pub times: PollTimes,
}

/// What the program does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// Looks up the host's address.
    LookUp,
    /// Connects to it.
    Connect,
    /// Asks a bridge for a WebSocket over that connection.
    Handshake,
    /// Sends the question with that number, from 0.
    Send(usize),
    /// Waits for something and reads it: so many bytes.
    Receive(usize),
    /// Finds so many whole answers in what was read.
    Read(usize),
}

/// Asks, and returns the run with all that happened in it, however it ended.
///
/// Each answer is told to `on_answer` once the next question is on its way.
pub async fn ask(plan: &DialogueConfig, on_answer: impl FnMut(&str) -> io::Result<()>) -> (Run, Result<(), AskError>) {
    let (account, result) = ask_recorded(plan, on_answer).await;
    (account.run, result)
}

/// The same, with an account of every step.
pub async fn ask_recorded(
    plan: &DialogueConfig,
    on_answer: impl FnMut(&str) -> io::Result<()>,
) -> (Account, Result<(), AskError>) {
    let epoch = Instant::now();
    let step = clock::smallest_step(|| epoch.elapsed()).unwrap_or_default();
    ask_since(plan, Instant::now(), step, on_answer).await
}

/// The same, with times since `began`, by a clock with steps of `step`.
pub(crate) async fn ask_since(
    plan: &DialogueConfig,
    began: Instant,
    step: Duration,
    on_answer: impl FnMut(&str) -> io::Result<()>,
) -> (Account, Result<(), AskError>) {
    let questions = plan.questions.iter().map(Question::to_string);
    let run = Run::new(plan.target.to_string(), plan.order, step, questions);
    let account = Account { run, steps: Vec::new(), local: None };
    let mut stopwatch = Stopwatch { account, began, on_answer };
    let result = stopwatch.ask(plan).await;
    let mut account = stopwatch.account;
    account.steps.sort_by_key(|done| done.at);
    account.run.status = match &result {
        Ok(()) => RunStatus::Complete,
        Err(error) => RunStatus::Broken(launcelot_endpoint::failure::one_line(error)),
    };
    (account, result)
}

/// An account as it is written.
struct Stopwatch<F> {
    account: Account,
    began: Instant,
    on_answer: F,
}

impl<F: FnMut(&str) -> io::Result<()>> Stopwatch<F> {
    async fn ask(&mut self, plan: &DialogueConfig) -> Result<(), AskError> {
        let at = self.began.elapsed();
        let (addresses, times) = measured(plan.wait("an address", Connection::look_up(&plan.target))).await;
        let looked_up = self.began.elapsed();
        self.did(Operation::LookUp, at, times);
        let addresses = addresses?;
        self.account.run.record(Step::LookedUp { at: looked_up });

        let connecting = plan.wait("a connection", Connection::connect(&plan.target, &addresses));
        let (stream, times) = measured(connecting).await;
        let accepted = self.began.elapsed();
        self.did(Operation::Connect, looked_up, times);
        let (connection, times) = measured(plan.wait("a WebSocket", Connection::open(&plan.target, stream?))).await;
        let connected = match plan.target {
            Target::Tcp { .. } => accepted,
            Target::WebSocket { .. } => {
                let connected = self.began.elapsed();
                self.did(Operation::Handshake, accepted, times);
                connected
            }
        };
        let mut connection = connection?;
        self.account.run.record(Step::Connected { at: connected });
        self.account.local = connection.local();

        let result = self.converse(plan, &mut connection).await;
        self.account.run.kernel = connection.kernel_view();
        connection.close().await;
        result.map_err(|error| match error {
            AskError::Connection(source) => AskError::Asking { target: plan.target.to_string(), source },
            other => other,
        })
    }

    async fn converse(&mut self, plan: &DialogueConfig, connection: &mut Connection) -> Result<(), AskError> {
        let mut dialogue = Dialogue::new(plan.questions.clone(), plan.order.in_flight_max());
        let mut received = Vec::new();
        let mut answers = Vec::new();
        let mut sent = 0;
        self.send(&mut dialogue, connection, &mut sent).await?;
        while !dialogue.is_complete() {
            received.clear();
            let begins = self.began.elapsed();
            let (goes_on, times) = measured(plan.wait("an answer", connection.receive(&mut received))).await;
            let at = self.began.elapsed();
            if !matches!(goes_on, Ok(true)) {
                // No question waits to leave, and this wait was perhaps the longest.
                self.did(Operation::Receive(0), begins, times);
                goes_on?;
                return Err(self.closed(plan, &dialogue));
            }
            let heard = dialogue.receive(&received, &mut answers);
            let reading = PollTimes { own: self.began.elapsed().saturating_sub(at), waited: Duration::ZERO };
            let result = self.send(&mut dialogue, connection, &mut sent).await;
            // Written down once the next question is on its way, and put into order at the end.
            self.did(Operation::Receive(received.len()), begins, times);
            self.did(Operation::Read(answers.len()), at, reading);
            for answer in answers.drain(..) {
                let told = (self.on_answer)(&answer);
                self.account.run.record(Step::Answered { at, answer });
                told.map_err(AskError::Output)?;
            }
            heard.map_err(|source| AskError::Nonsense { target: plan.target.to_string(), source })?;
            result?;
        }
        Ok(())
    }

    /// Sends every question that may be sent now. Each time is taken just before.
    async fn send(
        &mut self,
        dialogue: &mut Dialogue,
        connection: &mut Connection,
        sent: &mut usize,
    ) -> Result<(), ConnectionError> {
        while let Some(question) = dialogue.next_to_send() {
            let at = self.began.elapsed();
            let (result, times) = measured(connection.send(question.as_bytes())).await;
            self.account.run.record(Step::Asked { at });
            self.did(Operation::Send(*sent), at, times);
            *sent += 1;
            result?;
        }
        Ok(())
    }

    fn did(&mut self, operation: Operation, at: Duration, times: PollTimes) {
        self.account.steps.push(Done { operation, at, times });
    }

    fn closed(&self, plan: &DialogueConfig, dialogue: &Dialogue) -> AskError {
        let target = plan.target.to_string();
        let run = &self.account.run;
        match dialogue.finish() {
            Err(source) => AskError::Nonsense { target, source },
            Ok(()) => AskError::Closed { target, answered: run.answered(), asked: run.questions.len() },
        }
    }
}

impl DialogueConfig {
    async fn wait<T>(
        &self,
        what: &'static str,
        event: impl Future<Output = Result<T, ConnectionError>>,
    ) -> Result<T, AskError> {
        match timeout(self.timeout, event).await {
            Ok(result) => Ok(result?),
            Err(_) => Err(AskError::TimedOut { target: self.target.to_string(), what, waited: self.timeout }),
        }
    }
}
