//! A TCP port whose connections go through WebSockets, for clients that speak TCP only.

use std::io;

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

/// Listens on a free port, and relays each of its connections to the WebSocket at `url`. Returns the port.
pub(crate) async fn adapter(url: String) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let url = url.clone();
            tokio::spawn(async move {
                // The client reports what is wrong.
                let _ = relay(stream, &url).await;
            });
        }
    });
    port
}

async fn relay(stream: TcpStream, url: &str) -> io::Result<()> {
    let (websocket, _) = connect_async(url).await.map_err(io::Error::other)?;
    let (mut sender, mut receiver) = websocket.split();
    let (mut reader, mut writer) = stream.into_split();
    let up = async {
        let mut buffer = vec![0; 16 * 1024];
        loop {
            let read = reader.read(&mut buffer).await?;
            let message = if read == 0 { Message::Close(None) } else { Message::binary(buffer[..read].to_vec()) };
            sender.send(message).await.map_err(io::Error::other)?;
            if read == 0 {
                return Ok::<_, io::Error>(());
            }
        }
    };
    let down = async {
        while let Some(Ok(message)) = receiver.next().await {
            if let Message::Binary(bytes) = message {
                writer.write_all(&bytes).await?;
            }
        }
        writer.shutdown().await
    };
    tokio::try_join!(up, down).map(|_| ())
}
