//! Text and pictures that the browser saves as files.

use js_sys::futures::JsFuture;
use js_sys::{Array, Date};
use wasm_bindgen::prelude::*;
use web_sys::{
    Blob, BlobPropertyBag, HtmlAnchorElement, HtmlImageElement, OffscreenCanvas, OffscreenCanvasRenderingContext2d, Url,
};

/// When the browser may forget a text that it should save.
const FORGET_AFTER_MS: i32 = 60_000;

/// The number of pixels of a PNG file, in each direction, for a pixel of the picture.
const PNG_SCALE: u32 = 2;

/// Returns a name with the current time: `launcelot-2026-11-25T21-14-22` and then `ending`.
pub fn file_name(ending: &str) -> String {
    let now = String::from(Date::new_0().to_iso_string());
    let now = now.get(..19).unwrap_or_default().replace(':', "-");
    ["launcelot-", &now, ending].concat()
}

/// Has the browser save `text` under this name.
///
/// # Errors
///
/// If the browser makes no file of it: no memory, as a rule.
pub fn save(name: &str, kind: &str, text: &str) -> Result<(), JsValue> {
    let options = BlobPropertyBag::new();
    options.set_type(kind);
    save_blob(name, &Blob::new_with_str_sequence_and_options(&Array::of1(&JsValue::from_str(text)), &options)?)
}

/// Has the browser draw `svg`, the text of an SVG file, and save the picture as a PNG file under this name.
///
/// # Errors
///
/// If the browser cannot draw or save it.
pub async fn save_png(name: &str, svg: &str) -> Result<(), JsValue> {
    let image = HtmlImageElement::new()?;
    // The page's policy allows pictures from data: URLs, and not from blob: URLs.
    image.set_src(&["data:image/svg+xml,", &String::from(js_sys::encode_uri_component(svg))].concat());
    JsFuture::from(image.decode()).await?;
    let (width, height) = (image.natural_width() * PNG_SCALE, image.natural_height() * PNG_SCALE);
    let canvas = OffscreenCanvas::new(width, height)?;
    let context: OffscreenCanvasRenderingContext2d = canvas.get_context("2d")?.ok_or(JsValue::NULL)?.unchecked_into();
    context.draw_image_with_html_image_element_and_dw_and_dh(&image, 0.0, 0.0, width.into(), height.into())?;
    let blob: Blob = JsFuture::from(canvas.convert_to_blob()?).await?.unchecked_into();
    save_blob(name, &blob)
}

fn save_blob(name: &str, blob: &Blob) -> Result<(), JsValue> {
    let url = Url::create_object_url_with_blob(blob)?;
    let document = web_sys::window().and_then(|window| window.document()).ok_or(JsValue::NULL)?;
    let link: HtmlAnchorElement = document.create_element("a")?.unchecked_into();
    link.set_href(&url);
    link.set_download(name);
    link.click();
    // Some browsers read the text only a while after the click.
    let forget = Closure::once_into_js(move || Url::revoke_object_url(&url));
    let window = web_sys::window().ok_or(JsValue::NULL)?;
    window.set_timeout_with_callback_and_timeout_and_arguments_0(forget.unchecked_ref(), FORGET_AFTER_MS).map(drop)
}
