//! What it costs a server to be observed: thinking and processor time, with the lab's recorder and without it.
//!
//! Servers of one design run in this process in turns, every other one with a recorder, so that whatever else the machine
//! does meets both kinds alike. Each is a new one: on which processors the threads of a server settle makes more difference
//! than a recorder. One client asks, one question at a time as the page does, and no more than the recorder keeps: every
//! question that is counted was recorded, which is checked.

mod cost;

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use clap::ValueEnum as _;
use launcelot_endpoint::listen::{BACKLOG, ListenError, Listeners};
use launcelot_endpoint::output::Output;
use launcelot_protocol::exchange::EXCHANGES;
use launcelot_server::{Design, ServeError, Statistics, Stop, Stopper, serve, serve_observed};
use nix::time::{ClockId, clock_gettime};
use thiserror::Error;

use super::options::ObserveOptions;
use crate::recorder::Recorder;
use cost::{Cost, Round};

/// How many questions one server is measured by.
const QUESTIONS_A_ROUND: u32 = 500;

/// How many are asked before: buffers grow and processors wake meanwhile.
const WARM_UP_QUESTIONS: u32 = 50;

/// How many events the server's part of a question is: it came, its answer was ready, its answer left.
const EVENTS_A_QUESTION: usize = 3;

/// How long a server may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// Why the benchmark was broken off.
#[derive(Debug, Error)]
pub enum ObserveError {
    /// The memory of worker processes is their own, and the recorder's is here.
    #[error("the worker processes of the design processes cannot be observed: choose another design")]
    Processes,
    /// No port could be listened on.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The system gives no threads, memory or descriptors.
    #[error("cannot start a server")]
    Start(#[source] io::Error),
    /// The server did not answer as it should.
    #[error("cannot ask the server at {address}")]
    Ask {
        /// The server.
        address: SocketAddr,
        /// What the system says, or how the answer differs.
        source: io::Error,
    },
    /// The recorder did not get everything, so that what it costs is not known.
    #[error("only {recorded} of {expected} events were recorded with the design {design}")]
    NotRecorded {
        /// How many events there are.
        recorded: usize,
        /// How many there should be.
        expected: usize,
        /// The design.
        design: String,
    },
    /// The processor's clocks cannot be read.
    #[error("cannot read how much processor time was used")]
    Clock(#[source] io::Error),
    /// A server ended with an error.
    #[error("the server broke")]
    Server(#[from] ServeError),
    /// The result is printed.
    #[error("observing the server costs more than it should")]
    BarsNotMet,
    /// The result cannot be written.
    #[error("cannot write the result")]
    Write(#[source] io::Error),
}

/// Measures what the recorder costs, and prints it on standard output. It fails if that is more than the bars allow.
///
/// # Errors
///
/// See [`ObserveError`].
pub fn run(options: &ObserveOptions) -> Result<(), ObserveError> {
    let cost = measure(options)?;
    let mut output = Output::stdout();
    let report = cost.report(&design_name(options.design));
    output.write_all(report.as_bytes()).and_then(|()| output.finish()).map_err(ObserveError::Write)?;
    if cost.are_bars_met() { Ok(()) } else { Err(ObserveError::BarsNotMet) }
}

fn measure(options: &ObserveOptions) -> Result<Cost, ObserveError> {
    if options.design == Design::Processes {
        return Err(ObserveError::Processes);
    }
    let server_options = launcelot_server::Options {
        design: options.design,
        grace: Duration::ZERO,
        ..launcelot_server::Options::default()
    };
    let recorder = Recorder::default();
    let round = |recorder| {
        let mut server = Server::start(server_options.clone(), recorder)?;
        let round = server.round()?;
        server.stop()?;
        Ok::<Round, ObserveError>(round)
    };
    let mut cost = Cost::default();
    for number in 0..options.questions.get().div_ceil(QUESTIONS_A_ROUND) {
        // The second of two may find a warmer machine.
        if number % 2 == 0 {
            cost.without.push(round(None)?);
            cost.with.push(round(Some(recorder.clone()))?);
        } else {
            cost.with.push(round(Some(recorder.clone()))?);
            cost.without.push(round(None)?);
        }
    }
    Ok(cost)
}

/// A server in this process, with a recorder or without.
#[derive(Debug)]
struct Server {
    address: SocketAddr,
    design: Design,
    statistics: Statistics,
    recorder: Option<Recorder>,
    stopper: Stopper,
    thread: Option<JoinHandle<Result<(), ServeError>>>,
}

impl Server {
    fn start(options: launcelot_server::Options, recorder: Option<Recorder>) -> Result<Self, ObserveError> {
        let listeners = Listeners::bind("127.0.0.1", 0, BACKLOG)?;
        let address = ([127, 0, 0, 1], listeners.port).into();
        let design = options.design;
        let (stopper, stop) = Stop::pair().map_err(ObserveError::Start)?;
        let statistics = Statistics::new(&options).map_err(ObserveError::Start)?;
        let counted = statistics.clone();
        let observer = recorder.as_ref().map(Recorder::server_observer);
        let serving = move || match observer {
            Some(observer) => serve_observed(listeners, &options, &counted, observer, stop),
            None => serve(listeners, &options, &counted, stop),
        };
        let thread = thread::Builder::new().name("server".to_owned()).spawn(serving).map_err(ObserveError::Start)?;
        Ok(Self { address, design, statistics, recorder, stopper, thread: Some(thread) })
    }

    /// Asks over one connection, and measures all questions but the first few.
    fn round(&self) -> Result<Round, ObserveError> {
        let failed = |source| ObserveError::Ask { address: self.address, source };
        let mut client = connect(self.address).map_err(failed)?;
        ask(&mut client, WARM_UP_QUESTIONS).map_err(failed)?;
        let processor_before = processor_time_of_servers().map_err(ObserveError::Clock)?;
        let before = self.statistics.totals();
        ask(&mut client, QUESTIONS_A_ROUND).map_err(failed)?;
        let after = self.statistics.totals();
        let processor = processor_time_of_servers().map_err(ObserveError::Clock)?.saturating_sub(processor_before);
        self.check_recording(client.local_addr().map_err(failed)?)?;
        Ok(Round {
            questions: after.questions - before.questions,
            thinking: after.thinking.sum - before.thinking.sum,
            processor,
        })
    }

    fn check_recording(&self, client: SocketAddr) -> Result<(), ObserveError> {
        let Some(recorder) = &self.recorder else { return Ok(()) };
        let recorded =
            recorder.trace(&client.to_string(), Some(self.address.port())).map_or(0, |trace| trace.events.len());
        let expected = EVENTS_A_QUESTION * (WARM_UP_QUESTIONS + QUESTIONS_A_ROUND) as usize;
        if recorded == expected {
            return Ok(());
        }
        Err(ObserveError::NotRecorded { recorded, expected, design: design_name(self.design) })
    }

    fn stop(&mut self) -> Result<(), ObserveError> {
        self.stopper.stop();
        match self.thread.take() {
            Some(thread) => Ok(thread.join().expect("the server does not panic")?),
            None => Ok(()),
        }
    }
}

fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let client = TcpStream::connect(address)?;
    client.set_nodelay(true)?;
    client.set_read_timeout(Some(ANSWER_TIMEOUT))?;
    Ok(client)
}

/// Asks `count` questions in lockstep: each after the previous answer.
fn ask(client: &mut TcpStream, count: u32) -> io::Result<()> {
    let mut answer = [0; 64];
    for exchange in EXCHANGES.iter().cycle().take(count as usize) {
        let expected = exchange.answer.as_bytes();
        let answer = &mut answer[..expected.len()];
        client.write_all(exchange.question.as_bytes())?;
        client.read_exact(answer)?;
        if answer != expected {
            let said = String::from_utf8_lossy(answer);
            return Err(io::Error::other(format!("expected '{}', received '{said}'", exchange.answer)));
        }
    }
    Ok(())
}

/// The processor time of all threads of this process but the client's, which is the one that calls.
fn processor_time_of_servers() -> io::Result<Duration> {
    let all = Duration::from(clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID)?);
    let client = Duration::from(clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID)?);
    Ok(all.saturating_sub(client))
}

fn design_name(design: Design) -> String {
    design.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    fn options(design: Design) -> ObserveOptions {
        ObserveOptions { design, questions: NonZeroU32::new(1000).unwrap() }
    }

    #[test]
    fn as_many_rounds_are_measured_with_a_recorder_as_without() {
        let cost = measure(&options(Design::Threads)).unwrap();
        for rounds in [&cost.without, &cost.with] {
            assert_eq!(rounds.iter().map(|round| round.questions).collect::<Vec<_>>(), [500, 500]);
            assert!(rounds.iter().all(|round| !round.thinking.is_zero() && !round.processor.is_zero()));
        }
    }

    #[test]
    fn a_design_that_cannot_be_observed_is_refused() {
        let error = measure(&options(Design::Processes)).unwrap_err();
        assert!(matches!(error, ObserveError::Processes), "{error}");
    }
}
