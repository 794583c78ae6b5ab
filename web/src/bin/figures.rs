//! The program for those who look closer: the page asks it in bytes.

use wasm_bindgen::prelude::*;

fn main() {}

/// Answers a request of the page.
#[wasm_bindgen]
pub fn figures(request: &[u8]) -> Vec<u8> {
    launcelot_web::figures::answer(request)
}

/// The same allocator as the page's.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();
