//! The page's side of the program: it is loaded when it is first asked.

use js_sys::{Promise, Uint8Array};
use serde::de::DeserializeOwned;
use wasm_bindgen::prelude::*;

use super::Request;
use crate::message::{decode, encode};

#[wasm_bindgen(module = "/figures.mjs")]
extern "C" {
    /// Loads the program if it is not there yet, and asks it.
    fn figures(request: &[u8]) -> Promise;
}

/// Asks it. `None` if it cannot be loaded.
pub async fn ask<R: DeserializeOwned>(request: &Request<'_>) -> Option<R> {
    let reply = figures(&encode(request)).await.ok()?;
    decode(&Uint8Array::new(&reply).to_vec())
}
