//! Marks in the browser's performance panel that show which components render.

/// Marks, in a debug build, that a component renders. A test counts these marks, and a developer sees them beside the browser's own.
pub(crate) fn mark_render(component: &'static str) {
    if cfg!(debug_assertions)
        && let Some(performance) = web_sys::window().and_then(|window| window.performance())
    {
        // Fails only for names that the browser reserves.
        let _ = performance.mark(component);
    }
}
