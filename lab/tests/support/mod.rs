//! What the test programs `lab` and `page` share: programs and servers to test, a browser, and waits with a deadline.

#![allow(dead_code, reason = "each of the two test programs uses a part")]

pub(crate) mod browser;
mod chromium;
pub(crate) mod console;
pub(crate) mod demo;
pub(crate) mod driver;
pub(crate) mod figures;
mod firefox;
pub(crate) mod fixtures;
pub(crate) mod load;
pub(crate) mod markdown;
pub(crate) mod page;
pub(crate) mod page_session;
pub(crate) mod schema;

pub(crate) use launcelot_testing::{attempts, http, ports, process, sockets, wait};
