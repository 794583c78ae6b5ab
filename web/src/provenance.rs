//! The provenance of what this page measures.

use std::time::Duration;

use js_sys::{Date, Object, Reflect};
use launcelot_measure::{Client, ClientKind, Provenance, Timestamp};
use wasm_bindgen::JsValue;

/// Returns the provenance of a measurement that begins now.
pub fn of_this_page() -> Provenance {
    let now = Date::new_0();
    let since_1970 = Duration::from_millis(now.get_time() as u64);
    // JavaScript counts how far local time is behind UTC.
    let began = Timestamp::new(since_1970, -now.get_timezone_offset() as i16);
    Provenance { began: Some(began), client: Some(this_page()), ..Provenance::default() }
}

/// Returns this page as a client.
pub fn this_page() -> Client {
    let system = web_sys::window().and_then(|window| window.navigator().user_agent().ok()).unwrap_or_default();
    Client { kind: ClientKind::Page, version: env!("CARGO_PKG_VERSION").to_owned(), system }
}

/// Returns a moment as people write it in English, in this browser's time zone: `27 Nov 2026, 15:43:03`.
pub fn for_people(moment: Timestamp) -> String {
    let styles = Object::new();
    for (name, style) in [("dateStyle", "medium"), ("timeStyle", "medium")] {
        // Setting a property of a new object does not fail.
        let _ = Reflect::set(&styles, &name.into(), &style.into());
    }
    let moment = Date::new(&JsValue::from_f64(moment.since_1970().as_millis() as f64));
    moment.to_locale_string("en-GB", &styles).into()
}
