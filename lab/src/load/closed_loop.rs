//! The closed loop: each connection keeps so many questions in flight, and asks again when all of
//! them are answered.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use launcelot_measure::Distribution;

use super::crowd::Crowd;
use super::{LoadError, Outcome, PATIENCE};

/// A crowd of clients that ask as fast as they are answered.
pub struct ClosedLoop {
    crowd: Crowd,
    /// How many questions each has in flight.
    depth: u32,
    /// When the batch was sent that is in flight on each connection.
    sent: Vec<Option<Instant>>,
}

impl ClosedLoop {
    /// Connects `clients` clients, each of which keeps `depth` questions in flight. With 1, which is
    /// lockstep, and with more, the three questions take turns.
    ///
    /// Before it returns, everybody who is served has been answered once.
    ///
    /// # Errors
    ///
    /// See [`LoadError`].
    pub fn connect(peer: SocketAddr, clients: usize, depth: u32) -> Result<Self, LoadError> {
        let crowd = Crowd::gather(peer, clients, depth as usize)?;
        Ok(Self { crowd, depth, sent: vec![None; clients] })
    }

    /// Asks for this long, then waits for the answers that are still to come. The connections stay
    /// open, and another run may follow.
    ///
    /// A latency is from the write that sends a batch to the read that completes its answers.
    ///
    /// # Errors
    ///
    /// See [`LoadError`].
    pub fn run(&mut self, time: Duration) -> Result<Outcome, LoadError> {
        let began = Instant::now();
        let end = began + time;
        let mut latency = Distribution::default();
        let mut questions = 0;
        let mut in_flight = 0;
        let served: Vec<usize> = self.crowd.served().filter(|&index| self.crowd.is_idle(index)).collect();
        for index in served {
            self.ask(index)?;
            in_flight += 1;
        }
        let mut now = began;
        while in_flight > 0 {
            let ready = self.crowd.wait(PATIENCE)?;
            if ready == 0 {
                return Err(self.crowd.stuck());
            }
            for event in 0..ready {
                let index = self.crowd.ready(event);
                self.crowd.hear(index)?;
                if !self.crowd.is_idle(index) {
                    continue;
                }
                now = Instant::now();
                // Without a batch it is somebody who has only now been let in.
                if let Some(sent) = self.sent[index].take() {
                    latency.record(now - sent);
                    questions += u64::from(self.depth);
                    in_flight -= 1;
                }
                if now < end {
                    self.ask(index)?;
                    in_flight += 1;
                }
            }
        }
        Ok(Outcome {
            clients: self.crowd.clients(),
            served: self.crowd.served().count(),
            questions,
            elapsed: now - began,
            latency,
            lateness: Distribution::default(),
        })
    }

    fn ask(&mut self, index: usize) -> Result<(), LoadError> {
        self.sent[index] = Some(Instant::now());
        self.crowd.ask(index, self.depth.into())
    }
}
