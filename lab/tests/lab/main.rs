//! Tests of the instruments and of the demo, over real sockets. They need no browser.

#![allow(clippy::unwrap_used, reason = "in a test, a panic reports the failure")]

#[path = "../support/mod.rs"]
mod support;

mod bench;
mod bench_bridge;
mod close_codes;
mod command_line;
mod demo;
mod designs;
mod docs;
mod load_comparison;
mod load_engine;
mod load_expectations;
mod load_faulty_servers;
mod load_killed;
mod load_many_clients;
mod load_memory;
mod load_namespaces;
mod load_open_loop;
mod load_program;
mod load_results;
mod load_results_folder;
mod load_terminal;
mod probe;
mod ssh;
mod think_time;
mod thousand_clients;
mod traces;
mod tunnel;
mod tunnel_changes;
mod tunnel_handshake;
mod tunnel_isolation;
mod tunnel_observer;
