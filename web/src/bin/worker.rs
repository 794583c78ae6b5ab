//! The page's worker.

fn main() {
    launcelot_web::worker::start();
}
