//! The relay driven by hand: pipes for sockets, and time that stands still.

#![allow(clippy::unwrap_used, reason = "in a test, what does not hold is a failure")]

use std::future::pending;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use launcelot_bridge::relay::{CHUNK_BYTES, Carried, Ending, HIGH_WATER_BYTES, relay};
use launcelot_bridge::socket::Socket;
use proptest::prelude::*;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream, ReadBuf, duplex};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, yield_now};
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};

const MESSAGE_MAX_BYTES: usize = 256 * 1024;
const FOR_EVER: Duration = Duration::ZERO;

type Browser = WebSocketStream<DuplexStream>;

/// A relay between a browser and a server that the test plays, with pipes of `pipe_bytes`.
struct Bridged {
    browser: Browser,
    server: DuplexStream,
    carried: JoinHandle<Carried>,
    stop: oneshot::Sender<()>,
}

async fn bridged(pipe_bytes: usize, idle_timeout: Duration) -> Bridged {
    let (server, tcp) = duplex(pipe_bytes);
    let (browser, carried, stop) = bridged_to(tcp, pipe_bytes, idle_timeout).await;
    Bridged { browser, server, carried, stop }
}

async fn bridged_to<T>(tcp: T, pipe_bytes: usize, idle: Duration) -> (Browser, JoinHandle<Carried>, oneshot::Sender<()>)
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (near, far) = duplex(pipe_bytes);
    let (stop, stopped) = oneshot::channel();
    let carried = tokio::spawn(carry(far, tcp, idle, stopped));
    (WebSocketStream::from_raw_socket(near, Role::Client, None).await, carried, stop)
}

async fn carry<T>(far: DuplexStream, mut tcp: T, idle: Duration, stopped: oneshot::Receiver<()>) -> Carried
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let mut websocket = Socket::new(far, MESSAGE_MAX_BYTES);
    // A test that drops its end of the channel does not mean to stop.
    let stop = async {
        if stopped.await.is_err() {
            pending::<()>().await;
        }
    };
    relay(&mut websocket, &mut tcp, idle, stop, None).await
}

async fn heard(browser: &mut Browser) -> Option<Message> {
    browser.next().await.transpose().unwrap()
}

/// The bytes until the close, its code and its reason.
async fn heard_to_the_end(browser: &mut Browser) -> (Vec<u8>, u16, String) {
    let mut bytes = Vec::new();
    loop {
        match heard(browser).await.expect("a close comes before the end") {
            Message::Binary(some) => bytes.extend_from_slice(&some),
            Message::Close(Some(CloseFrame { code, reason })) => return (bytes, code.into(), reason.to_string()),
            other => panic!("{other} is neither bytes nor a close with a reason"),
        }
    }
}

/// Does something again and again until it is stuck, as it must be before long.
async fn fill(mut step: impl AsyncFnMut() -> bool) {
    for _ in 0..1000 {
        if timeout(Duration::from_secs(1), step()).await.is_err() {
            return;
        }
    }
    panic!("it is never stuck");
}

#[tokio::test]
async fn text_and_binary_go_to_tcp_as_they_are_and_come_back_as_binary() {
    let Bridged { mut browser, mut server, .. } = bridged(1024, FOR_EVER).await;
    browser.send(Message::text("Grüße?")).await.unwrap();
    browser.send(Message::binary(vec![0, 255, 10])).await.unwrap();
    let mut said = [0; 11];
    server.read_exact(&mut said).await.unwrap();
    assert_eq!(said, *b"Gr\xc3\xbc\xc3\x9fe?\x00\xff\x0a");
    server.write_all(b"Blue.").await.unwrap();
    assert_eq!(heard(&mut browser).await, Some(Message::binary(b"Blue.".as_slice())));
}

/// Counts what is written at once.
struct Counting {
    pipe: DuplexStream,
    writes: Arc<AtomicUsize>,
}

impl AsyncRead for Counting {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_read(cx, buf)
    }
}

impl AsyncWrite for Counting {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.writes.fetch_add(1, Relaxed);
        Pin::new(&mut self.pipe).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_shutdown(cx)
    }
}

#[tokio::test]
async fn messages_that_are_ready_together_are_written_at_once() {
    let (mut server, pipe) = duplex(4096);
    let writes = Arc::new(AtomicUsize::new(0));
    let (mut browser, ..) = bridged_to(Counting { pipe, writes: Arc::clone(&writes) }, 4096, FOR_EVER).await;
    for _ in 0..50 {
        browser.feed(Message::binary(b"What is your name?".as_slice())).await.unwrap();
    }
    browser.flush().await.unwrap();
    let mut said = vec![0; 50 * 18];
    server.read_exact(&mut said).await.unwrap();
    assert_eq!(said, b"What is your name?".repeat(50));
    assert_eq!(writes.load(Relaxed), 1);
}

#[tokio::test]
async fn what_tcp_has_is_sent_as_one_message() {
    let Bridged { mut browser, mut server, .. } = bridged(64 * 1024, FOR_EVER).await;
    for answer in ["Blue.", "To seek the Holy Grail.", "Blue."] {
        server.write_all(answer.as_bytes()).await.unwrap();
    }
    assert_eq!(heard(&mut browser).await, Some(Message::binary(b"Blue.To seek the Holy Grail.Blue.".as_slice())));
}

#[tokio::test(start_paused = true)]
async fn a_browser_that_does_not_read_stops_the_server() {
    let Bridged { browser, mut server, carried, .. } = bridged(1024, FOR_EVER).await;
    let most = 2 * 1024 + CHUNK_BYTES;
    let mut taken = 0;
    while taken <= most && timeout(Duration::from_secs(1), server.write_all(&[0; 1024])).await.is_ok() {
        taken += 1024;
    }
    assert!(taken <= most, "{taken} bytes were taken for a browser that reads none");
    assert!(!carried.is_finished());
    drop(browser);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_read_stops_the_browser() {
    let Bridged { mut browser, server, carried, .. } = bridged(1024, FOR_EVER).await;
    let mut taken = 0;
    let most = 2 * 1024 + HIGH_WATER_BYTES + 16 * 1024;
    let message = Message::binary(vec![0; 1024]);
    while taken <= most && timeout(Duration::from_secs(1), browser.send(message.clone())).await.is_ok() {
        taken += 1024;
    }
    assert!((HIGH_WATER_BYTES..most).contains(&taken), "{taken} bytes were taken for a server that reads none");
    assert!(!carried.is_finished());
    drop(server);
}

#[tokio::test(start_paused = true)]
async fn neither_direction_waits_for_the_other() {
    let Bridged { mut browser, mut server, .. } = bridged(1024, FOR_EVER).await;
    // The way to the browser is stuck, and what it says arrives all the same.
    fill(async || server.write_all(&[7; 1024]).await.is_ok()).await;
    browser.send(Message::binary(b"What is your name?".as_slice())).await.unwrap();
    let mut said = [0; 18];
    server.read_exact(&mut said).await.unwrap();
    // The way to the server is stuck too, and what it had said arrives all the same.
    fill(async || browser.send(Message::binary(vec![0; 1024])).await.is_ok()).await;
    assert!(matches!(heard(&mut browser).await, Some(Message::Binary(bytes)) if bytes[0] == 7));
}

#[tokio::test]
async fn pings_are_answered_even_while_tcp_is_stuck() {
    let Bridged { mut browser, server: _stuck, .. } = bridged(1024, FOR_EVER).await;
    browser.send(Message::binary(vec![0; 16 * 1024])).await.unwrap();
    browser.send(Message::Ping(b"there?".as_slice().into())).await.unwrap();
    assert_eq!(heard(&mut browser).await, Some(Message::Pong(b"there?".as_slice().into())));
}

#[tokio::test]
async fn what_the_server_said_before_it_closed_is_delivered_before_the_close() {
    let Bridged { mut browser, mut server, carried, .. } = bridged(64, FOR_EVER).await;
    let answers = b"To seek the Holy Grail.".repeat(10_000);
    let said = answers.clone();
    let speaking = tokio::spawn(async move {
        server.write_all(&said).await.unwrap();
        server.shutdown().await.unwrap();
    });
    let (bytes, code, reason) = heard_to_the_end(&mut browser).await;
    assert!(bytes == answers);
    assert_eq!((code, reason.as_str()), (1000, "the server closed the connection"));
    // Answers the close.
    assert_eq!(heard(&mut browser).await, None);
    speaking.await.unwrap();
    assert!(matches!(carried.await.unwrap().ending, Ending::ServerClosed));
}

#[tokio::test(start_paused = true)]
async fn what_the_browser_said_before_it_closed_is_delivered_and_the_close_is_answered() {
    let Bridged { mut browser, mut server, carried, .. } = bridged(64, FOR_EVER).await;
    let question = vec![1; 32 * 1024];
    let said = question.clone();
    let asking = tokio::spawn(async move {
        browser.send(Message::binary(said)).await.unwrap();
        browser.close(None).await.unwrap();
        loop {
            match heard(&mut browser).await {
                Some(Message::Binary(_)) => {}
                last => break assert!(matches!(last, Some(Message::Close(_))), "{last:?}"),
            }
        }
    });
    // A slow server, which must get rid of its own words before it listens.
    server.write_all(&[2; 64]).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    server.write_all(&[2; 64 * 1024]).await.unwrap();
    let mut heard = vec![0; question.len()];
    server.read_exact(&mut heard).await.unwrap();
    assert!(heard == question);
    let carried = carried.await.unwrap();
    assert!(matches!(carried.ending, Ending::BrowserClosed), "{carried:?}");
    asking.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_listens_delays_the_end_only_for_a_while() {
    let Bridged { mut browser, server, carried, .. } = bridged(64, FOR_EVER).await;
    browser.send(Message::binary(vec![1; 1024])).await.unwrap();
    browser.close(None).await.unwrap();
    assert!(matches!(carried.await.unwrap().ending, Ending::BrowserClosed));
    drop(server);
}

#[tokio::test]
async fn what_a_browser_said_before_it_vanished_is_delivered() {
    let Bridged { mut browser, mut server, carried, .. } = bridged(64, FOR_EVER).await;
    browser.feed(Message::binary(vec![1; 1000])).await.unwrap();
    let vanishing = tokio::spawn(async move {
        browser.flush().await.unwrap();
        drop(browser);
    });
    let mut heard = vec![0; 1000];
    server.read_exact(&mut heard).await.unwrap();
    vanishing.await.unwrap();
    assert!(matches!(carried.await.unwrap().ending, Ending::BrowserGone(_)));
    assert_eq!(server.read(&mut heard).await.unwrap(), 0);
}

type Heard = io::Result<&'static [u8]>;

/// A connection that plays a part: reads what it is given, then ends; takes no writes after some.
struct Broken {
    to_read: Vec<Heard>,
    on_write: io::ErrorKind,
    written: bool,
}

impl AsyncRead for Broken {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        // Nothing is read before something was written.
        if !self.written || self.to_read.is_empty() {
            return if self.written { Poll::Ready(Ok(())) } else { Poll::Pending };
        }
        Poll::Ready(self.to_read.remove(0).map(|bytes| buf.put_slice(bytes)))
    }
}

impl AsyncWrite for Broken {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        self.written = true;
        Poll::Ready(Err(self.on_write.into()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn a_connection_that_breaks_still_tells_what_the_server_said() {
    use io::ErrorKind::{BrokenPipe, ConnectionReset};
    let cases: [(io::ErrorKind, Vec<Heard>, u16); 3] = [
        // It closed, and then we wrote.
        (BrokenPipe, vec![Ok(b"Error: question too long.")], 1000),
        // It reset, and the write got the news.
        (ConnectionReset, vec![Ok(b"Error: question too long.")], 4500),
        // It reset, and the read gets the news.
        (BrokenPipe, vec![Ok(b"Error: question too long."), Err(ConnectionReset.into())], 4500),
    ];
    for (on_write, to_read, expected) in cases {
        let broken = Broken { to_read, on_write, written: false };
        let (mut browser, ..) = bridged_to(broken, 1024, FOR_EVER).await;
        browser.send(Message::text("What")).await.unwrap();
        let (bytes, code, _) = heard_to_the_end(&mut browser).await;
        assert_eq!((bytes.as_slice(), code), (b"Error: question too long.".as_slice(), expected), "{on_write}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_on_which_nothing_is_said_is_closed_in_time() {
    let began = Instant::now();
    let Bridged { mut browser, mut server, carried, .. } = bridged(1024, Duration::from_secs(60)).await;
    // Each of these counts as something.
    sleep(Duration::from_secs(50)).await;
    browser.send(Message::text("What")).await.unwrap();
    sleep(Duration::from_secs(50)).await;
    server.write_all(b"Blue.").await.unwrap();
    sleep(Duration::from_secs(50)).await;
    browser.send(Message::Ping(b"".as_slice().into())).await.unwrap();
    assert_eq!(heard(&mut browser).await, Some(Message::binary(b"Blue.".as_slice())));
    assert_eq!(heard(&mut browser).await, Some(Message::Pong(b"".as_slice().into())));
    let (_, code, reason) = heard_to_the_end(&mut browser).await;
    assert_eq!((code, reason.as_str()), (4408, "idle for too long"));
    assert_eq!(began.elapsed().as_secs(), 210);
    assert_eq!(heard(&mut browser).await, None);
    assert!(matches!(carried.await.unwrap().ending, Ending::Idle));
}

#[tokio::test(start_paused = true)]
async fn without_an_idle_timeout_silence_is_borne() {
    let Bridged { mut browser, mut server, .. } = bridged(1024, FOR_EVER).await;
    sleep(Duration::from_secs(365 * 24 * 3600)).await;
    server.write_all(b"Blue.").await.unwrap();
    assert_eq!(heard(&mut browser).await, Some(Message::binary(b"Blue.".as_slice())));
}

#[tokio::test]
async fn a_stop_is_told_to_the_browser() {
    let Bridged { mut browser, server: _server, carried, stop } = bridged(1024, FOR_EVER).await;
    stop.send(()).unwrap();
    let (_, code, reason) = heard_to_the_end(&mut browser).await;
    assert_eq!((code, reason.as_str()), (1001, "the bridge is stopping"));
    assert_eq!(heard(&mut browser).await, None);
    assert!(matches!(carried.await.unwrap().ending, Ending::Stopped));
}

#[tokio::test(start_paused = true)]
async fn a_browser_that_reads_nothing_delays_a_stop_only_for_a_while() {
    let Bridged { browser, mut server, carried, stop } = bridged(1024, FOR_EVER).await;
    fill(async || server.write_all(&[0; 1024]).await.is_ok()).await;
    stop.send(()).unwrap();
    assert!(matches!(carried.await.unwrap().ending, Ending::Stopped));
    drop(browser);
}

#[tokio::test]
async fn what_a_browser_must_not_do_has_its_code() {
    let too_big = [[0x82, 0xff].as_slice(), &(MESSAGE_MAX_BYTES as u64 + 1).to_be_bytes(), &[0; 4]].concat();
    let part = [[0x02, 0xff].as_slice(), &(MESSAGE_MAX_BYTES as u64).to_be_bytes(), &[0; 4]].concat();
    let too_big_in_parts = [part, vec![0; MESSAGE_MAX_BYTES], vec![0x80, 0x81, 0, 0, 0, 0, 0]].concat();
    let cases: [(&str, &[u8], u16); 9] = [
        ("not masked", &[0x82, 0x01, b'a'], 1002),
        ("a reserved bit", &[0xc2, 0x81, 0, 0, 0, 0, b'a'], 1002),
        ("an unknown opcode", &[0x83, 0x80, 0, 0, 0, 0], 1002),
        ("a ping in parts", &[0x09, 0x80, 0, 0, 0, 0], 1002),
        ("a continuation of nothing", &[0x80, 0x80, 0, 0, 0, 0], 1002),
        ("a close with half a code", &[0x88, 0x81, 0, 0, 0, 0, 3], 1002),
        ("text that is not UTF-8", &[0x81, 0x81, 0, 0, 0, 0, 0xff], 1007),
        ("a message over the limit", &too_big, 1009),
        ("a message over the limit in parts", &too_big_in_parts, 1009),
    ];
    for (what, bytes, expected) in cases {
        let (mut near, far) = duplex(64);
        let (_server, tcp) = duplex(64);
        let (_stop, stopped) = oneshot::channel();
        let carried = tokio::spawn(carry(far, tcp, FOR_EVER, stopped));
        near.write_all(bytes).await.unwrap();
        let mut head = [0; 4];
        near.read_exact(&mut head).await.unwrap();
        assert_eq!((head[0], u16::from_be_bytes([head[2], head[3]])), (0x88, expected), "{what}");
        let ending = carried.await.unwrap().ending;
        assert!(matches!(ending, Ending::BrowserFault(..)), "{what}: {ending:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_browser_that_pings_and_never_reads_hurts_nobody() {
    let (mut near, far) = duplex(1024);
    let (mut server, tcp) = duplex(1024);
    let (_stop, stopped) = oneshot::channel();
    let carried = tokio::spawn(carry(far, tcp, FOR_EVER, stopped));
    let pings = [0x89, 0x84, 0, 0, 0, 0, 1, 2, 3, 4].repeat(100);
    for _ in 0..1000 {
        near.write_all(&pings).await.unwrap();
    }
    // Pongs to old pings were left out, and everything still works once it reads.
    server.write_all(b"Blue.").await.unwrap();
    let mut browser = WebSocketStream::from_raw_socket(near, Role::Client, None).await;
    loop {
        match heard(&mut browser).await.unwrap() {
            Message::Pong(payload) => assert_eq!(payload, [1, 2, 3, 4].as_slice()),
            other => break assert_eq!(other, Message::binary(b"Blue.".as_slice())),
        }
    }
    assert!(!carried.is_finished());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_messages_in_any_chunks_arrive_as_the_same_bytes(
        messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..3000), 0..40),
        answers in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..3000), 0..40),
        pipe_bytes in 1usize..5000,
        in_parts in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let Bridged { mut browser, server, carried, .. } = bridged(pipe_bytes, FOR_EVER).await;
            let (mut from_bridge, mut to_bridge) = tokio::io::split(server);
            let said = messages.concat();
            let answered = answers.concat();
            let count = said.len();
            let server = tokio::spawn(async move {
                let speaking = async {
                    for answer in answers {
                        to_bridge.write_all(&answer).await.unwrap();
                        yield_now().await;
                    }
                };
                let mut heard = vec![0; count];
                let listening = from_bridge.read_exact(&mut heard);
                let ((), listened) = tokio::join!(speaking, listening);
                listened.unwrap();
                // Closes only now that everything was said.
                to_bridge.shutdown().await.unwrap();
                heard
            });
            let (mut to_server, mut from_server) = (&mut browser).split();
            let speaking = async {
                for message in messages {
                    to_server.feed(Message::binary(message)).await.unwrap();
                    if in_parts {
                        to_server.flush().await.unwrap();
                    }
                }
                to_server.flush().await.unwrap();
            };
            let listening = async {
                let mut heard = Vec::new();
                loop {
                    match from_server.next().await.unwrap().unwrap() {
                        Message::Binary(bytes) => heard.extend_from_slice(&bytes),
                        Message::Close(_) => break heard,
                        other => panic!("{other}"),
                    }
                }
            };
            let ((), heard) = tokio::join!(speaking, listening);
            assert!(heard == answered);
            assert!(server.await.unwrap() == said);
            drop((to_server, from_server));
            // Answers the close.
            assert!(browser.next().await.is_none());
            let carried = carried.await.unwrap();
            assert_eq!((carried.from_browser, carried.from_server), (said.len() as u64, answered.len() as u64));
        });
    }
}
