//! What the tests of the whole house share.

#![allow(dead_code, reason = "each test program uses its part")]

pub(crate) mod browser;
pub(crate) mod fixtures;
pub(crate) mod page;
pub(crate) mod page_session;
