//! The tests, a module for each program, by whose name it is skipped where it is missing.

mod behind_proxy;
mod browser;
mod curl;
mod haproxy;
mod nginx;
mod node;
mod postgresql;
mod python;
mod redis;
mod sshd;
mod websocat;
