//! The program: the page where there is a window, its worker where there is none.

use launcelot_web::app::App;
use launcelot_web::worker;

fn main() {
    if web_sys::window().is_some() {
        yew::Renderer::<App>::new().render();
    } else {
        worker::start();
    }
}

/// A few kilobytes smaller than the allocator of the standard library, and what a browser loads is counted.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();
