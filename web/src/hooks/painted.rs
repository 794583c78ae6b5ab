//! When the page has been painted.

use js_sys::{Function, Promise};
use web_sys::window;

/// The longest wait for a frame, in milliseconds. A tab out of sight gets none.
const FRAME_WAIT_MAX_MS: i32 = 100;

/// Waits until what has changed on the page is on the screen, or for 200 ms where the browser draws no frame.
///
/// A browser calls for animation just before it paints. Other threads and processes draw that frame, and a browser calls for the
/// next animation when they are ready for another one. With one frame in place of two, connecting took 1.5 times as long.
pub(super) async fn painted() {
    next_frame().await;
    next_frame().await;
    settled(|resolve| {
        if let Some(window) = window() {
            let _ = window.set_timeout_with_callback(resolve);
        }
    })
    .await;
}

/// Waits until the browser is about to paint, at most [`FRAME_WAIT_MAX_MS`].
async fn next_frame() {
    settled(|resolve| {
        if let Some(window) = window() {
            // Each fails only without a window.
            let _ = window.request_animation_frame(resolve);
            let _ = window.set_timeout_with_callback_and_timeout_and_arguments_0(resolve, FRAME_WAIT_MAX_MS);
        }
    })
    .await;
}

/// Waits until something calls the function that `begin` is given.
async fn settled(begin: impl Fn(&Function)) {
    // The function is called, so the promise is not rejected.
    let _ = Promise::new(&mut |resolve, _| begin(&resolve)).await;
}

/// Whether the tab is out of sight.
pub(super) fn is_hidden() -> bool {
    window().and_then(|window| window.document()).is_some_and(|document| document.hidden())
}
