//! The worker processes of the processes design.
//!
//! A worker is this program, started again by the first process. A socket connects the two: it is the worker's standard
//! input. Through it the worker receives its configuration (`config`), the listeners and the shared memory for its
//! statistics (`SCM_RIGHTS`), and sends one byte back when it is ready. After that the socket carries no more data. When
//! the first process closes its side, the worker stops; when the worker's side closes, the worker has died.
//!
//! `handle` is the first process's side, `process` the worker's.

pub(crate) mod config;
pub(crate) mod handle;
pub(crate) mod process;

pub use process::run_if_worker;
