//! The dialogue with a target, and when each thing happened.

use std::io;
use std::time::{Duration, Instant};

use launcelot_measure::{Ending, Order, Run, Step, clock};
use launcelot_protocol::{AnswerError, Dialogue, Question};
use thiserror::Error;
use tokio::time::timeout;

use crate::target::Target;
use crate::wire::{Wire, WireError};

/// What is to be asked, of whom, and how.
#[derive(Debug, Clone)]
pub struct Plan {
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
    Wire(#[from] WireError),
    /// The connection broke in mid-dialogue.
    #[error("asking {target} failed")]
    Asking {
        /// Who was asked.
        target: String,
        /// How it broke.
        source: WireError,
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

/// Asks, and returns the run with all that happened in it, however it ended.
///
/// Each answer is told to `on_answer` once the next question is on its way.
pub async fn ask(plan: &Plan, on_answer: impl FnMut(&str) -> io::Result<()>) -> (Run, Result<(), AskError>) {
    let epoch = Instant::now();
    let step = clock::smallest_step(|| epoch.elapsed()).unwrap_or_default();
    let questions = plan.questions.iter().map(Question::to_string);
    let run = Run::new(plan.target.to_string(), plan.order, step, questions);
    let mut stopwatch = Stopwatch { run, began: Instant::now(), on_answer };
    let result = stopwatch.ask(plan).await;
    let mut run = stopwatch.run;
    run.ending = match &result {
        Ok(()) => Ending::Complete,
        Err(error) => Ending::Broken(launcelot_endpoint::failure::one_line(error)),
    };
    (run, result)
}

/// A run as it is written.
struct Stopwatch<F> {
    run: Run,
    began: Instant,
    on_answer: F,
}

impl<F: FnMut(&str) -> io::Result<()>> Stopwatch<F> {
    async fn ask(&mut self, plan: &Plan) -> Result<(), AskError> {
        let addresses = plan.wait("an address", Wire::look_up(&plan.target)).await?;
        self.run.record(Step::LookedUp { at: self.began.elapsed() });
        let mut wire = plan.wait("a connection", Wire::connect(&plan.target, &addresses)).await?;
        self.run.record(Step::Connected { at: self.began.elapsed() });
        let result = self.converse(plan, &mut wire).await;
        wire.close().await;
        result.map_err(|error| match error {
            AskError::Wire(source) => AskError::Asking { target: plan.target.to_string(), source },
            other => other,
        })
    }

    async fn converse(&mut self, plan: &Plan, wire: &mut Wire) -> Result<(), AskError> {
        let mut dialogue = Dialogue::new(plan.questions.clone(), plan.order.in_flight_max());
        let mut received = Vec::new();
        let mut answers = Vec::new();
        self.send(&mut dialogue, wire).await?;
        while !dialogue.is_complete() {
            received.clear();
            let goes_on = plan.wait("an answer", wire.receive(&mut received)).await?;
            let at = self.began.elapsed();
            if !goes_on {
                return Err(self.closed(plan, &dialogue));
            }
            let heard = dialogue.receive(&received, &mut answers);
            let sent = self.send(&mut dialogue, wire).await;
            for answer in answers.drain(..) {
                let told = (self.on_answer)(&answer);
                self.run.record(Step::Answered { at, answer });
                told.map_err(AskError::Output)?;
            }
            heard.map_err(|source| AskError::Nonsense { target: plan.target.to_string(), source })?;
            sent?;
        }
        Ok(())
    }

    /// Sends every question that may be sent now. Each time is taken just before.
    async fn send(&mut self, dialogue: &mut Dialogue, wire: &mut Wire) -> Result<(), WireError> {
        while let Some(question) = dialogue.next_to_send() {
            self.run.record(Step::Asked { at: self.began.elapsed() });
            wire.send(question.as_bytes()).await?;
        }
        Ok(())
    }

    fn closed(&self, plan: &Plan, dialogue: &Dialogue) -> AskError {
        let target = plan.target.to_string();
        match dialogue.finish() {
            Err(source) => AskError::Nonsense { target, source },
            Ok(()) => AskError::Closed { target, answered: self.run.answered(), asked: self.run.questions.len() },
        }
    }
}

impl Plan {
    async fn wait<T>(
        &self,
        what: &'static str,
        event: impl Future<Output = Result<T, WireError>>,
    ) -> Result<T, AskError> {
        match timeout(self.timeout, event).await {
            Ok(result) => Ok(result?),
            Err(_) => Err(AskError::TimedOut { target: self.target.to_string(), what, waited: self.timeout }),
        }
    }
}
