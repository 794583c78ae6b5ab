//! Feeds the decoder of frames and tungstenite with the same bytes, and panics where they differ.
//! docs/bridge.md says how to run it.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../bridge/tests/bridge/frames/reference.rs"]
#[allow(dead_code, reason = "the tests of the bridge use more of it")]
mod reference;

fuzz_target!(|input: &[u8]| {
    let (bytes, cuts) = reference::split_input(input);
    reference::assert_same(bytes, &cuts);
});
