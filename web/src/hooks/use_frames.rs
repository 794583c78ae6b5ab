//! Time that passes for the person who looks, told with every frame that the browser draws.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use wasm_bindgen::prelude::*;
use yew::prelude::*;

/// A page that was out of sight goes on where it was, and does not leap.
const FRAME_MAX_MS: f64 = 100.0;

/// What the browser calls. It asks for itself again, so it is where it can be taken away from.
type OnFrame = RefCell<Option<Closure<dyn FnMut(f64)>>>;

/// Asks for frame after frame; when it is dropped, for no more.
struct Frames {
    asked: Rc<Cell<i32>>,
    closure: Rc<OnFrame>,
}

impl Frames {
    fn begin(on_frame: Callback<Duration>) -> Self {
        let frames = Self { asked: Rc::default(), closure: Rc::default() };
        let (asked, closure) = (frames.asked.clone(), frames.closure.clone());
        let mut last = None;
        frames.closure.replace(Some(Closure::new(move |now: f64| {
            let passed = (now - last.replace(now).unwrap_or(now)).clamp(0.0, FRAME_MAX_MS);
            // The next frame is asked for first: what hears of this one may end them all.
            asked.set(ask(&closure));
            on_frame.emit(Duration::from_micros((passed * 1e3) as u64));
        })));
        frames.asked.set(ask(&frames.closure));
        frames
    }
}

fn ask(closure: &OnFrame) -> i32 {
    let (window, closure) = (web_sys::window(), closure.borrow());
    let asked = window
        .zip(closure.as_ref())
        .and_then(|(window, closure)| window.request_animation_frame(closure.as_ref().unchecked_ref()).ok());
    asked.unwrap_or_default()
}

impl Drop for Frames {
    fn drop(&mut self) {
        if let Some(window) = web_sys::window() {
            // Fails only for a number that is none.
            let _ = window.cancel_animation_frame(self.asked.get());
        }
        // The closure holds itself. It may be running: it is dropped by the browser's next turn then.
        if let Ok(mut closure) = self.closure.try_borrow_mut()
            && let Some(closure) = closure.take()
        {
            js_sys::futures::spawn_local(async move { drop(closure) });
        }
    }
}

/// While `is_on`, tells how much time has passed since the frame before.
#[hook]
pub fn use_frames(is_on: bool, on_frame: Callback<Duration>) {
    use_effect_with(is_on, move |is_on| {
        let frames = is_on.then(|| Frames::begin(on_frame));
        move || drop(frames)
    });
}
