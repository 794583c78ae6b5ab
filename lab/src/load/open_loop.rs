//! The open loop: each connection asks at a rate, whether the server keeps up or not.
//!
//! A latency is measured from the moment at which a question was *due*. Whoever starts the clock
//! later, when an answer has made room for the next question, leaves out the waiting in the queue
//! that a slow server builds (Gil Tene calls it coordinated omission).

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use launcelot_measure::Distribution;

use super::crowd::Crowd;
use super::{LoadError, Outcome, PATIENCE};

/// A crowd of clients that ask by the clock.
pub struct OpenLoop {
    crowd: Crowd,
    /// For each connection, when the questions were due that are not answered yet.
    due: Vec<VecDeque<Instant>>,
}

impl OpenLoop {
    /// Connects `clients` clients. Before it returns, everybody who is served has been answered once.
    ///
    /// # Errors
    ///
    /// See [`LoadError`].
    pub fn connect(peer: SocketAddr, clients: usize) -> Result<Self, LoadError> {
        let crowd = Crowd::gather(peer, clients, 1)?;
        Ok(Self { crowd, due: vec![VecDeque::new(); clients] })
    }

    /// How many connections are answered so far.
    pub fn served(&self) -> usize {
        self.crowd.served().count()
    }

    /// Asks on each served connection once in every `interval` for this long, evenly staggered, then
    /// waits for the answers that are still to come.
    ///
    /// # Errors
    ///
    /// See [`LoadError`].
    pub fn run(&mut self, interval: Duration, time: Duration) -> Result<Outcome, LoadError> {
        let served: Vec<usize> = self.crowd.served().collect();
        let gap = interval.as_secs_f64() / served.len() as f64;
        let questions = (time.as_secs_f64() / gap).round() as u64;
        let (mut latency, mut lateness) = (Distribution::default(), Distribution::default());
        let (mut asked, mut answered) = (0, 0);

        let began = Instant::now();
        let due_at = |question: u64| began + Duration::from_secs_f64(question as f64 * gap);
        let mut last_answer = began;
        while answered < questions {
            let now = Instant::now();
            while asked < questions && due_at(asked) <= now {
                let index = served[(asked % served.len() as u64) as usize];
                let due = due_at(asked);
                self.due[index].push_back(due);
                lateness.record(due.elapsed());
                self.crowd.ask(index, 1)?;
                asked += 1;
            }
            if asked > answered && last_answer.elapsed() > PATIENCE {
                return Err(self.crowd.stuck());
            }
            let until = if asked < questions { due_at(asked) } else { now + PATIENCE };
            for event in 0..self.crowd.wait_until(until)? {
                let index = self.crowd.ready(event);
                let count = self.crowd.hear(index)?;
                last_answer = Instant::now();
                // Those that nobody counts were asked before the first was due.
                for due in (0..count).map_while(|_| self.due[index].pop_front()) {
                    latency.record(last_answer - due);
                    answered += 1;
                }
            }
        }
        Ok(Outcome {
            clients: self.crowd.clients(),
            served: served.len(),
            questions,
            elapsed: last_answer - began,
            latency,
            lateness,
        })
    }
}
