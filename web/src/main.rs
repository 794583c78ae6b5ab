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
