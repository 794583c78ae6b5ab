//! Tests of the built page in a real browser. They need Chromium or Firefox, its driver, axe-core and the page;
//! `cargo xtask test` provides them.

#![allow(clippy::unwrap_used, reason = "in a test, a panic reports the failure")]

#[path = "../support/mod.rs"]
mod support;

mod build;
mod clearing;
mod closing;
mod dialogue;
mod exports;
mod failures;
mod imports;
mod keeping;
mod layout;
mod legible;
mod load;
mod mishaps;
mod not_isolated;
mod observer_effect;
mod page_bench;
mod picture;
mod replay;
mod reverse_proxy;
mod rounds;
mod route;
mod translated;
mod trunk;
