//! Waiting in a thread, with `poll(2)`: for new connections ([`acceptor`]) and for one client ([`client`]).
//!
//! The sockets themselves never block, so no wait outlasts a stop or a deadline.

pub(crate) mod acceptor;
pub(crate) mod client;
pub(crate) mod limit;
pub(crate) mod poll;
