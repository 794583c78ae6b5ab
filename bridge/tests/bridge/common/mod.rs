//! Bridges and servers on free ports, and clients that write requests and frames by hand.

pub(crate) mod certificates;
pub(crate) mod deploy;
pub(crate) mod program;
pub(crate) mod request;

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::StreamExt as _;
use launcelot_bridge::{Options, ServeError, Target, serve};
use launcelot_endpoint::listen::{BACKLOG, Listeners};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

pub(crate) type Browser = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// The deadline of every wait, far above what anything takes on a busy machine.
pub(crate) const SOON: Duration = Duration::from_secs(20);

pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(SOON, future).await.expect("the deadline has passed")
}

/// A bridge that runs until it is stopped or dropped.
pub(crate) struct Bridge {
    pub(crate) port: u16,
    pub(crate) stop: oneshot::Sender<()>,
    pub(crate) served: JoinHandle<Result<(), ServeError>>,
}

impl Bridge {
    pub(crate) fn start(options: Options) -> Self {
        let listeners = Listeners::bind("127.0.0.1", 0, BACKLOG).unwrap();
        let port = listeners.port;
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(serve(listeners, options, async {
            let _ = stopped.await;
        }));
        Self { port, stop, served }
    }

    pub(crate) fn to(server: SocketAddr) -> Self {
        Self::start(Options { targets: vec![target(server)], ..Options::default() })
    }

    pub(crate) async fn open(&self, path: &str) -> Browser {
        let (browser, _) = soon(connect_async(format!("ws://127.0.0.1:{}{path}", self.port))).await.unwrap();
        browser
    }

    pub(crate) async fn socket(&self) -> TcpStream {
        soon(TcpStream::connect(("127.0.0.1", self.port))).await.unwrap()
    }
}

pub(crate) fn target(server: SocketAddr) -> Target {
    Target::tcp(None, &server.ip().to_string(), server.port())
}

pub(crate) async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

pub(crate) async fn accept(listener: &TcpListener) -> TcpStream {
    soon(listener.accept()).await.unwrap().0
}

/// Starts a server that sends back what it receives, and returns its address.
pub(crate) async fn echo() -> SocketAddr {
    let (listener, address) = listen().await;
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut reader, mut writer) = stream.split();
                let _ = tokio::io::copy(&mut reader, &mut writer).await;
            });
        }
    });
    address
}

/// Receives until the bridge closes, and answers the close. Returns all bytes, and the code and reason of the close.
pub(crate) async fn receive_to_close(browser: &mut Browser) -> (Vec<u8>, u16, String) {
    let mut received = Vec::new();
    loop {
        match soon(browser.next()).await {
            Some(Ok(Message::Binary(bytes))) => received.extend_from_slice(&bytes),
            Some(Ok(Message::Close(Some(frame)))) => {
                while soon(browser.next()).await.is_some() {}
                return (received, frame.code.into(), frame.reason.to_string());
            }
            other => panic!("expected bytes or a close frame, received {other:?}"),
        }
    }
}

/// Receives exactly `count` bytes.
pub(crate) async fn receive_bytes(browser: &mut Browser, count: usize) -> Vec<u8> {
    let mut received = Vec::new();
    while received.len() < count {
        match soon(browser.next()).await {
            Some(Ok(Message::Binary(bytes))) => received.extend_from_slice(&bytes),
            other => panic!("expected bytes, received {other:?}"),
        }
    }
    assert_eq!(received.len(), count);
    received
}

/// Returns a request for a WebSocket.
pub(crate) fn upgrade_request(port: u16, path: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
}

/// Opens a WebSocket whose frames the test writes by hand.
pub(crate) async fn open_by_hand(port: u16) -> TcpStream {
    open_by_hand_at(port, "/ws").await
}

/// Opens a WebSocket at a path, whose frames the test writes by hand.
pub(crate) async fn open_by_hand_at(port: u16, path: &str) -> TcpStream {
    let mut socket = soon(TcpStream::connect(("127.0.0.1", port))).await.unwrap();
    socket.write_all(upgrade_request(port, path).as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(soon(socket.read_u8()).await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    assert!(head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{head}");
    socket
}

/// A short frame from a browser, masked with zeros.
pub(crate) fn masked(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    assert!(length < 126);
    [&[0x80 | opcode, 0x80 | length, 0, 0, 0, 0], payload].concat()
}

/// Returns the code of the next frame, which must be a close frame.
pub(crate) async fn read_close(socket: &mut TcpStream) -> u16 {
    let opcode = soon(socket.read_u8()).await.unwrap();
    assert_eq!(opcode, 0x88);
    let length = soon(socket.read_u8()).await.unwrap();
    let code = soon(socket.read_u16()).await.unwrap();
    let mut reason = vec![0; usize::from(length) - 2];
    soon(socket.read_exact(&mut reason)).await.unwrap();
    code
}

/// A response that was read to the end of its connection.
#[derive(Debug)]
pub(crate) struct HttpResponse {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

/// Sends `request` as it is and reads until the bridge closes.
pub(crate) async fn send_request(port: u16, request: &str) -> HttpResponse {
    let mut socket = soon(TcpStream::connect(("127.0.0.1", port))).await.unwrap();
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut response = Vec::new();
    soon(socket.read_to_end(&mut response)).await.unwrap();
    let end = response.windows(4).position(|four| four == b"\r\n\r\n").expect("a response has a head");
    let head = std::str::from_utf8(&response[..end]).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    HttpResponse { status, body: response[end + 4..].to_vec() }
}
