//! Waiting in a thread, with `poll(2)`: for new connections ([`acceptor`]) and for one client ([`client`]).
//!
//! The sockets are in non-blocking mode, and each `poll(2)` also ends at a stop or a deadline.

pub(crate) mod acceptor;
pub(crate) mod client;
pub(crate) mod limit;
pub(crate) mod poll;
