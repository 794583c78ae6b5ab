//! A bridge that relays a browser's WebSocket to a TCP server, byte for byte.
//!
//! A page cannot open a TCP connection, but it can open a WebSocket. The bridge writes the payload of each message to TCP as
//! it is, and sends what it reads from TCP as binary messages. It does not look at the bytes.
//!
//! ```no_run
//! use launcelot_bridge::{Options, serve};
//! use launcelot_endpoint::listen::{BACKLOG, Listeners};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let listeners = Listeners::bind("localhost", 8080, BACKLOG)?;
//! serve(listeners, Options::default(), std::future::pending()).await?;
//! # Ok(())
//! # }
//! ```
//!
//! From the outside in:
//! - [`command_line`]: the arguments of the program, and [`program`]: from the listeners to the exit.
//! - [`serve()`]: accepting connections, and stopping. `tasks` and `limits`: the open connections.
//! - [`bridge`]: a bridge as a handle, for programs that have a server already.
//! - `tls`: certificates, for clients that come by TLS.
//! - [`http`]: what is answered over HTTP. [`base_path`] and [`token`]: what its requests must have.
//! - `upgrade`: from a request to a WebSocket.
//! - [`connect`]: connecting to the [`target`]. [`resolver`]: its address. [`handshake`]: handshakes above TCP's own.
//! - [`relay`]: the bytes themselves. [`frame`]: the WebSocket's frames. [`transport`]: what a relay needs of a connection.
//! - `event_loop`: the threads on which all of that runs.
//! - [`close_code`]: the codes that say why a WebSocket was closed.
//! - [`options`]: the settings of a bridge.
//! - `config`: the options of the program from a file and the environment.
//! - `statistics`: what is counted, and `metrics`: for Prometheus. `access`: the access log, with the `log_limit` of its warnings.

mod access;
pub mod base_path;
pub mod bridge;
pub mod close_code;
pub mod command_line;
#[cfg(feature = "config")]
pub mod config;
pub mod connect;
mod event_loop;
pub mod frame;
pub mod handshake;
pub mod http;
mod limits;
mod log_limit;
mod memory;
#[cfg(feature = "metrics")]
mod metrics;
pub mod options;
pub mod program;
pub mod relay;
pub mod resolver;
mod serve;
mod statistics;
pub mod target;
mod tasks;
#[cfg(feature = "tls")]
pub mod tls;
pub mod token;
pub mod transport;
mod upgrade;

pub use crate::http::bad_ports;
pub use crate::http::origin::{self, Origin};
pub use bridge::Bridge;
pub use handshake::Handshake;
pub use options::{Options, Target};
pub use serve::{ServeError, serve};
