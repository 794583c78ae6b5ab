//! The lab: the demo, which runs everything in one process, and the instruments.
//!
//! - [`demo`]: a server, an emulated link to it, a bridge to both, and the page, until Ctrl-C.
//! - [`recorder`]: traces of the dialogues through server, tunnel and bridge; [`api`]: the HTTP API that returns them.
//! - [`probe`]: tests whether any server behaves as a Launcelot server should.
//! - [`mod@bench`]: compares the server's designs.
//! - [`tunnel`]: an emulated link between a client and a server.
//! - [`load`]: many clients at once, and how long they wait; [`report`] and [`merge`]: what is done with the results later.
//! - [`inetd`]: a super-server, which starts a program for each connection.
//! - [`server_process`]: a server that an instrument starts, by a command (`server_command`); [`watchdog`]: what ends it with the lab.
//! - [`processors`]: work on one processor of several.
//! - `durations` and `stop_signals`: what the command lines of several instruments have in common.
//! - [`command_line`]: the arguments of `launcelot-lab`.

pub mod api;
pub mod bench;
pub mod command_line;
pub mod demo;
mod durations;
pub mod inetd;
pub mod load;
pub mod merge;
pub mod probe;
pub mod processors;
pub mod recorder;
pub mod report;
mod server_command;
pub mod server_process;
mod stop_signals;
pub mod tunnel;
pub mod watchdog;
