//! The time that passes between the frames that the browser draws.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use gloo_render::{AnimationFrame, request_animation_frame};
use yew::prelude::*;

/// The longest time between two frames: a page that was hidden goes on where it was.
const FRAME_MAX_MS: f64 = 100.0;

/// The next frame. Dropping it cancels the request.
type NextFrame = Rc<RefCell<Option<AnimationFrame>>>;

/// While `is_on`, calls `on_frame` with the time since the frame before.
#[hook]
pub fn use_frames(is_on: bool, on_frame: Callback<Duration>) {
    use_effect_with(is_on, move |is_on| {
        let next = NextFrame::default();
        if *is_on {
            request(&next, None, on_frame);
        }
        move || drop(next.take())
    });
}

fn request(next: &NextFrame, last: Option<f64>, on_frame: Callback<Duration>) {
    let later = next.clone();
    let frame = request_animation_frame(move |now| {
        let passed = (now - last.unwrap_or(now)).clamp(0.0, FRAME_MAX_MS);
        // The next frame is requested first: the callback may end all of them.
        request(&later, Some(now), on_frame.clone());
        on_frame.emit(Duration::from_micros((passed * 1e3) as u64));
    });
    next.replace(Some(frame));
}
