//! Benchmarks: how much the server's designs can do, what it costs them and how they compare; and what it costs to be observed.
//!
//! - [`options`]: what a person may choose.
//! - [`server`]: the designs with clients that ask as fast as they are answered, and with connections that ask seldom.
//! - [`designs`]: the designs with clients that come and go.
//! - [`generator`]: how late the load generator's clients ask.
//! - `canned`: loads with fixed plans, of which these three consist. `redis`: Redis as a server under test.
//! - [`bridge`]: the bridge beside the server alone and other bridges.
//! - [`observe`]: one server with the lab's recorder and without it.

pub mod bridge;
mod canned;
pub mod designs;
pub mod generator;
pub mod observe;
pub mod options;
mod redis;
pub mod server;
