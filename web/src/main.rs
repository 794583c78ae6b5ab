//! The page.

use launcelot_web::app::App;

fn main() {
    yew::Renderer::<App>::new().render();
}
