//! Code that all programs of the workspace share: TCP connections, the command line, output, logs and signals.
//!
//! Connections:
//! - [`listen`]: listening on all addresses of a name, on several names, or with listeners that another process opened.
//! - [`accept`]: accepting connections, and what to do when `accept(2)` fails.
//! - [`limit`]: the limit on open connections.
//! - [`lookup`]: the addresses of a host. [`mod@connect`]: connecting to the first that accepts (Happy Eyeballs).
//! - [`address`]: addresses as people write them.
//! - [`observe`]: observers of connections.
//!
//! Programs:
//! - [`command_line`]: the options that programs share, and completions for shells.
//! - [`output`]: standard output, which may be closed or full. [`log`]: logs on standard error.
//! - [`failure`]: a failure as one line with its causes, and the exit code.
//! - [`stop`]: SIGINT and SIGTERM as a future.
//! - [`descriptors`]: the limit on open descriptors, and the room for them. [`scheduling`]: how soon a thread wakes.
//! - `metrics`: serving metrics over HTTP; a feature, so that programs without metrics need no HTTP.
//!
//! The crate does not know the protocol or WebSocket.

pub mod accept;
pub mod address;
pub mod command_line;
pub mod connect;
pub mod descriptors;
pub mod failure;
pub mod limit;
pub mod listen;
pub mod log;
pub mod lookup;
#[cfg(feature = "metrics")]
pub mod metrics;
pub mod observe;
pub mod output;
pub mod scheduling;
pub mod stop;
