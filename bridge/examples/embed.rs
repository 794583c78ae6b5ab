//! A bridge within another program: its WebSockets are at `/bridge/ws`, beside the program's own pages.
//!
//! ```console
//! $ cargo run --example embed
//! ```

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use launcelot_bridge::{Bridge, Options};
use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = Options { targets: vec!["localhost:1060".parse()?], ..Options::default() };
    let bridge = Bridge::new(options)?;
    let app = Router::new().route("/", get(|| async { "My own page.\n" })).nest_service("/bridge", bridge.router());

    let listener = TcpListener::bind("localhost:8080").await?;
    println!("Open a WebSocket at ws://localhost:8080/bridge/ws.");
    let stop = async {
        // Without a signal handler, the program runs until it is killed.
        let _ = tokio::signal::ctrl_c().await;
    };
    axum::serve(listener, app).with_graceful_shutdown(stop).await?;
    bridge.shutdown(Duration::from_secs(5)).await;
    Ok(())
}
