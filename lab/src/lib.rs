//! The lab: everything in one process, for a person who wants to see it and not to set it up, and
//! single instruments to look closer with.
//!
//! - [`demo`]: a server, an emulated link to it, a bridge to both, and the page, until Ctrl-C.
//! - [`recorder`]: what all of them see of each dialogue, and [`api`]: how a page gets to know it.
//! - [`probe`]: whether any server behaves as a Launcelot server should.
//! - [`mod@bench`]: how the server's designs compare.
//! - [`tunnel`]: an emulated link between a client and a server.
//! - [`load`]: many clients that ask one server, and how long they wait.
//! - [`inetd`]: a super-server, which starts a program for each connection.
//! - [`command_line`]: what a person types.

pub mod api;
pub mod bench;
pub mod command_line;
pub mod demo;
pub mod inetd;
pub mod load;
pub mod probe;
pub mod recorder;
pub mod tunnel;
