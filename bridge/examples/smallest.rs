//! The smallest bridge that can be used, with axum's WebSocket: `cargo run -p launcelot-bridge --example smallest`.
//!
//! It listens on 127.0.0.1 port 8080 and relays to 127.0.0.1 port 1060, one task for each WebSocket. It reads the next
//! message only when the server has taken the one before, and the other way around, so a slow side stops the other one.
//! launcelot-bridge has what is missing here: a check of the origin, limits, timeouts, pings, close codes, and the bytes
//! that are on their way when one side closes.

use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::routing::any;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

type Error = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let app = Router::new().route("/ws", any(async |upgrade: WebSocketUpgrade| upgrade.on_upgrade(run)));
    let listener = TcpListener::bind("127.0.0.1:8080").await?;
    axum::serve(listener, app).await?;
    Ok(())
}

async fn run(websocket: WebSocket) {
    if let Err(error) = relay(websocket).await {
        eprintln!("{error}");
    }
}

/// Relays until one of the two closes.
async fn relay(mut websocket: WebSocket) -> Result<(), Error> {
    let mut server = TcpStream::connect("127.0.0.1:1060").await?;
    server.set_nodelay(true)?;
    let mut buffer = vec![0; 16 * 1024];
    loop {
        tokio::select! {
            message = websocket.recv() => match message.transpose()? {
                Some(Message::Binary(bytes)) => server.write_all(&bytes).await?,
                Some(Message::Text(text)) => server.write_all(text.as_bytes()).await?,
                // axum answers pings.
                Some(Message::Ping(_) | Message::Pong(_)) => {}
                Some(Message::Close(_)) | None => return Ok(()),
            },
            read = server.read(&mut buffer) => match read? {
                0 => return Ok(websocket.send(Message::Close(None)).await?),
                count => websocket.send(Message::Binary(buffer[..count].to_vec().into())).await?,
            },
        }
    }
}
