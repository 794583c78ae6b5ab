//! The smallest bridge that can be used, with axum's WebSocket: `cargo run -p launcelot-bridge --example smallest`.
//!
//! It listens on 127.0.0.1 port 8080 and relays to 127.0.0.1 port 1060, or takes these two addresses as arguments. Each
//! WebSocket has a task. The task reads the next message only when the server has taken the one before, and the other way
//! around, so a slow side stops the other one. launcelot-bridge has what is missing here: a check of the origin, limits,
//! timeouts, pings, close codes, and the bytes that are on their way when one side closes.

use std::env;

use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::routing::any;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

type Error = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let address = env::args().nth(1).unwrap_or("127.0.0.1:8080".to_owned());
    let target = env::args().nth(2).unwrap_or("127.0.0.1:1060".to_owned());
    let upgrade = async move |upgrade: WebSocketUpgrade| upgrade.on_upgrade(|websocket| run(websocket, target));
    let app = Router::new().route("/ws", any(upgrade));
    let listener = TcpListener::bind(address).await?;
    axum::serve(listener, app).await?;
    Ok(())
}

async fn run(websocket: WebSocket, target: String) {
    if let Err(error) = relay(websocket, &target).await {
        eprintln!("{error}");
    }
}

/// Relays until one of the two closes.
async fn relay(mut websocket: WebSocket, target: &str) -> Result<(), Error> {
    let mut server = TcpStream::connect(target).await?;
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
