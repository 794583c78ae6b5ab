//! What a load finds out.

use std::time::Duration;

use launcelot_measure::Distribution;

/// One run.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// How many clients were connected.
    pub clients: usize,
    /// How many of them were answered at all.
    pub served: usize,
    /// How many questions were asked and answered.
    pub questions: u64,
    /// From the first question to the last answer.
    pub elapsed: Duration,
    /// How long the served clients waited.
    pub latency: Distribution,
    /// In an open loop, how much later than due the load itself asked: the latencies contain it.
    pub lateness: Distribution,
}

impl Outcome {
    /// Questions answered in a second.
    pub fn questions_per_second(&self) -> f64 {
        self.questions as f64 / self.elapsed.as_secs_f64()
    }
}
