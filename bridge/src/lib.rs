//! A bridge that carries a browser's WebSocket to a TCP server, byte for byte.
//!
//! A page cannot open a TCP connection. It can open a WebSocket, so the bridge takes what comes in
//! messages and writes it to TCP as it is, and sends back what TCP says as binary messages. It knows
//! bytes, and nothing of what they mean.
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
//! - [`serve()`]: accepting connections, and stopping.
//! - [`app()`]: what is answered over HTTP: `files` from a directory, as their `content` is now, and `headers` everywhere.
//! - [`origin`]: who may talk to the bridge.
//! - `crossing`: one WebSocket from its handshake to its end.
//! - [`connect`]: reaching the target. [`handshake`]: what a connection costs beyond what its kernel does.
//! - [`relay`]: the bytes themselves, and [`socket`]: the WebSocket as the relay needs it.
//! - [`goodbye`]: parting so that nothing is lost, and [`close`]: the codes that say why.
//! - [`options`]: all that can be chosen. `tasks`: what is open.

mod app;
pub mod close;
pub mod connect;
mod content;
mod crossing;
mod files;
pub mod goodbye;
pub mod handshake;
mod headers;
pub mod options;
pub mod origin;
pub mod relay;
mod serve;
pub mod socket;
mod tasks;

pub use app::app;
pub use handshake::Handshake;
pub use options::{Options, Target};
pub use origin::Origin;
pub use serve::{ServeError, serve};
pub use tasks::Tasks;
