//! Parting so that nothing which was said is lost.
//!
//! A socket that is closed while input is still unread answers with a reset, and a reset makes the
//! other side's system throw away what it has not handed on: the last answers, or the close frame
//! that says why. So the bridge says what it has to say, and then reads on for a while.

use std::time::Duration;

use futures_util::{Sink, SinkExt as _, Stream, StreamExt as _};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, copy, sink, split};
use tokio::time::timeout;
use tungstenite::protocol::CloseFrame;
use tungstenite::{Error, Message};

/// How long the other side has for each step of a parting.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// Sends `frame` behind all that was sent before, then reads on until the browser's own close.
pub async fn close_websocket<W>(websocket: &mut W, frame: CloseFrame)
where
    W: Stream<Item = Result<Message, Error>> + Sink<Message, Error = Error> + Unpin,
{
    let close = async {
        // First make room: pongs that nobody reads may fill the buffer.
        websocket.flush().await?;
        websocket.send(Message::Close(Some(frame))).await?;
        while websocket.next().await.transpose()?.is_some() {}
        Ok::<_, Error>(())
    };
    // A browser that is gone, or in no hurry, has been told as well as can be.
    let _ = timeout(PATIENCE, close).await;
}

/// Writes `bytes`. A server may need its own words taken before it listens, so they are, and dropped.
pub async fn deliver<T: AsyncRead + AsyncWrite + Unpin>(tcp: &mut T, bytes: &[u8]) {
    if bytes.is_empty() {
        return;
    }
    let (mut reader, mut writer) = split(tcp);
    let mut nowhere = sink();
    let write = async {
        let mut writing = std::pin::pin!(writer.write_all(bytes));
        tokio::select! {
            biased;
            written = &mut writing => return written,
            _ = copy(&mut reader, &mut nowhere) => {}
        }
        writing.await
    };
    // There is nobody left to be told of a failure.
    let _ = timeout(PATIENCE, write).await;
}

/// Closes a connection: says so, and reads on until the other side has closed too.
pub async fn linger<T: AsyncRead + AsyncWrite + Unpin>(mut stream: T) {
    let close = async {
        stream.shutdown().await?;
        copy(&mut stream, &mut sink()).await
    };
    // A connection that has failed is closed.
    let _ = timeout(PATIENCE, close).await;
}
