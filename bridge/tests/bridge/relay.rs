//! The relay driven by hand: pipes for sockets, and time that stands still.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use launcelot_bridge::relay::{BUFFER_BYTES, Ending, RelayOptions, Relayed, relay};
use launcelot_bridge::transport::Opaque;
use proptest::prelude::*;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream, ReadBuf, duplex};
use tokio::task::{JoinHandle, yield_now};
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};
use tokio_util::sync::CancellationToken;

const MESSAGE_MAX_BYTES: usize = 256 * 1024;

const DEFAULT: RelayOptions = RelayOptions {
    idle_timeout: Duration::ZERO,
    linger: Duration::from_secs(5),
    ping_interval: Duration::ZERO,
    max_message_bytes: MESSAGE_MAX_BYTES,
};

type Client = WebSocketStream<DuplexStream>;

/// A relay between a client and a server that the test plays, with pipes of `pipe_bytes`.
struct Fixture {
    client: Client,
    server: DuplexStream,
    relayed: JoinHandle<Relayed>,
    stop: CancellationToken,
}

async fn start(pipe_bytes: usize, options: RelayOptions) -> Fixture {
    let (server, tcp) = duplex(pipe_bytes);
    let (client, relayed, stop) = start_to(tcp, pipe_bytes, options).await;
    Fixture { client, server, relayed, stop }
}

async fn start_to<T>(
    tcp: T,
    pipe_bytes: usize,
    options: RelayOptions,
) -> (Client, JoinHandle<Relayed>, CancellationToken)
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (near, far) = duplex(pipe_bytes);
    let stop = CancellationToken::new();
    let relayed = tokio::spawn(relay_between(far, tcp, options, stop.clone()));
    (WebSocketStream::from_raw_socket(near, Role::Client, None).await, relayed, stop)
}

async fn relay_between<T>(far: DuplexStream, tcp: T, options: RelayOptions, stop: CancellationToken) -> Relayed
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    relay(Opaque(far), Bytes::new(), Opaque(tcp), &options, stop, None, None).await
}

async fn receive(client: &mut Client) -> Option<Message> {
    client.next().await.transpose().unwrap()
}

/// The bytes until the close, its code and its reason.
async fn receive_to_close(client: &mut Client) -> (Vec<u8>, u16, String) {
    let mut bytes = Vec::new();
    loop {
        match receive(client).await.expect("a close comes before the end") {
            Message::Binary(some) => bytes.extend_from_slice(&some),
            Message::Close(Some(CloseFrame { code, reason })) => return (bytes, code.into(), reason.to_string()),
            other => panic!("{other} is neither bytes nor a close with a reason"),
        }
    }
}

/// Repeats `step` until it blocks.
async fn fill(mut step: impl AsyncFnMut() -> bool) {
    for _ in 0..1000 {
        if timeout(Duration::from_secs(1), step()).await.is_err() {
            return;
        }
    }
    panic!("it never blocks");
}

#[tokio::test]
async fn text_and_binary_messages_reach_the_server_as_bytes_and_replies_are_binary() {
    let Fixture { mut client, mut server, .. } = start(1024, DEFAULT).await;
    client.send(Message::text("Grüße?")).await.unwrap();
    client.send(Message::binary(vec![0, 255, 10])).await.unwrap();
    let mut received = [0; 11];
    server.read_exact(&mut received).await.unwrap();
    assert_eq!(received, *b"Gr\xc3\xbc\xc3\x9fe?\x00\xff\x0a");
    server.write_all(b"Blue.").await.unwrap();
    assert_eq!(receive(&mut client).await, Some(Message::binary(b"Blue.".as_slice())));
}

/// Counts the writes to a pipe.
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
async fn messages_that_are_ready_together_are_one_write() {
    let (mut server, pipe) = duplex(4096);
    let writes = Arc::new(AtomicUsize::new(0));
    let (mut client, ..) = start_to(Counting { pipe, writes: Arc::clone(&writes) }, 4096, DEFAULT).await;
    for _ in 0..50 {
        client.feed(Message::binary(b"What is your name?".as_slice())).await.unwrap();
    }
    client.flush().await.unwrap();
    let mut received = vec![0; 50 * 18];
    server.read_exact(&mut received).await.unwrap();
    assert_eq!(received, b"What is your name?".repeat(50));
    assert_eq!(writes.load(Relaxed), 1);
}

#[tokio::test]
async fn bytes_that_are_ready_together_are_one_message() {
    let Fixture { mut client, mut server, .. } = start(64 * 1024, DEFAULT).await;
    for answer in ["Blue.", "To seek the Holy Grail.", "Blue."] {
        server.write_all(answer.as_bytes()).await.unwrap();
    }
    assert_eq!(receive(&mut client).await, Some(Message::binary(b"Blue.To seek the Holy Grail.Blue.".as_slice())));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_stops_the_server() {
    let Fixture { client, mut server, relayed, .. } = start(1024, DEFAULT).await;
    let most = 3 * 1024 + BUFFER_BYTES;
    let mut taken = 0;
    while taken <= most && timeout(Duration::from_secs(1), server.write_all(&[0; 1024])).await.is_ok() {
        taken += 1024;
    }
    assert!(taken <= most, "{taken} bytes were read for a client that does not read");
    assert!(!relayed.is_finished());
    drop(client);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_read_stops_the_client() {
    let Fixture { mut client, server, relayed, .. } = start(1024, DEFAULT).await;
    let mut taken = 0;
    let most = 3 * 1024 + BUFFER_BYTES;
    let message = Message::binary(vec![0; 1024]);
    while taken <= most && timeout(Duration::from_secs(1), client.send(message.clone())).await.is_ok() {
        taken += 1024;
    }
    assert!((BUFFER_BYTES / 2..most).contains(&taken), "{taken} bytes were read for a server that does not read");
    assert!(!relayed.is_finished());
    drop(server);
}

#[tokio::test(start_paused = true)]
async fn neither_direction_waits_for_the_other() {
    let Fixture { mut client, mut server, .. } = start(1024, DEFAULT).await;
    // The client does not read, and what it sends arrives all the same.
    fill(async || server.write_all(&[7; 1024]).await.is_ok()).await;
    client.send(Message::binary(b"What is your name?".as_slice())).await.unwrap();
    let mut received = [0; 18];
    server.read_exact(&mut received).await.unwrap();
    assert_eq!(received, *b"What is your name?");
    // The server does not read either, and what it had sent arrives all the same.
    fill(async || client.send(Message::binary(vec![0; 1024])).await.is_ok()).await;
    assert!(matches!(receive(&mut client).await, Some(Message::Binary(bytes)) if bytes[0] == 7));
}

#[tokio::test]
async fn pings_are_answered_while_the_server_does_not_read() {
    let Fixture { mut client, server: _stuck, .. } = start(1024, DEFAULT).await;
    client.send(Message::binary(vec![0; 16 * 1024])).await.unwrap();
    client.send(Message::Ping(b"there?".as_slice().into())).await.unwrap();
    assert_eq!(receive(&mut client).await, Some(Message::Pong(b"there?".as_slice().into())));
}

#[tokio::test]
async fn bytes_of_the_server_are_delivered_before_the_close() {
    let Fixture { mut client, mut server, relayed, .. } = start(64, DEFAULT).await;
    let answers = b"To seek the Holy Grail.".repeat(10_000);
    let sent = answers.clone();
    let sending = tokio::spawn(async move {
        server.write_all(&sent).await.unwrap();
        server.shutdown().await.unwrap();
    });
    let (bytes, code, reason) = receive_to_close(&mut client).await;
    assert!(bytes == answers);
    assert_eq!((code, reason.as_str()), (1000, "the server closed the connection"));
    // Answers the close.
    assert_eq!(receive(&mut client).await, None);
    sending.await.unwrap();
    assert!(matches!(relayed.await.unwrap().ending, Ending::ServerClosed));
}

#[tokio::test(start_paused = true)]
async fn bytes_of_the_client_are_delivered_before_its_close_is_answered() {
    let Fixture { mut client, mut server, relayed, .. } = start(64, DEFAULT).await;
    let question = vec![1; 32 * 1024];
    let sent = question.clone();
    let client = tokio::spawn(async move {
        client.send(Message::binary(sent)).await.unwrap();
        client.close(None).await.unwrap();
        loop {
            match receive(&mut client).await {
                Some(Message::Binary(_)) => {}
                last => break assert!(matches!(last, Some(Message::Close(_))), "{last:?}"),
            }
        }
    });
    // A slow server, which reads only when its own bytes are gone.
    server.write_all(&[2; 64]).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    server.write_all(&[2; 64 * 1024]).await.unwrap();
    let mut received = Vec::new();
    server.read_to_end(&mut received).await.unwrap();
    assert!(received == question);
    drop(server);
    let relayed = relayed.await.unwrap();
    assert!(matches!(relayed.ending, Ending::ClientClosed(None)), "{relayed:?}");
    client.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_reads_delays_the_end_for_the_idle_timeout() {
    let options = RelayOptions { idle_timeout: Duration::from_secs(60), ..DEFAULT };
    let Fixture { mut client, server, relayed, .. } = start(64, options).await;
    let begin = Instant::now();
    client.send(Message::binary(vec![1; 1024])).await.unwrap();
    client.close(None).await.unwrap();
    assert_eq!(receive(&mut client).await, Some(Message::Close(None)));
    assert_eq!(begin.elapsed().as_secs(), 5);
    assert_eq!(receive(&mut client).await, None);
    assert!(matches!(relayed.await.unwrap().ending, Ending::ClientClosed(None)));
    assert!((60..80).contains(&begin.elapsed().as_secs()), "{:?}", begin.elapsed());
    drop(server);
}

#[tokio::test]
async fn bytes_of_a_client_that_disconnects_without_a_close_are_delivered() {
    let Fixture { mut client, mut server, relayed, .. } = start(64, DEFAULT).await;
    client.feed(Message::binary(vec![1; 1000])).await.unwrap();
    let disconnecting = tokio::spawn(async move {
        client.flush().await.unwrap();
        drop(client);
    });
    let mut received = Vec::new();
    server.read_to_end(&mut received).await.unwrap();
    assert_eq!(received, [1; 1000]);
    disconnecting.await.unwrap();
    drop(server);
    assert!(matches!(relayed.await.unwrap().ending, Ending::ClientGone(None)));
}

type Read = io::Result<&'static [u8]>;

/// A connection on which every write fails, and reads return what they are given, and then the end.
struct Broken {
    to_read: Vec<Read>,
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
async fn bytes_of_the_server_are_delivered_although_a_write_has_failed() {
    use io::ErrorKind::{BrokenPipe, ConnectionReset};
    let cases: [(io::ErrorKind, Vec<Read>, u16); 3] = [
        // It closed, and then we wrote.
        (BrokenPipe, vec![Ok(b"Error: question too long.")], 1000),
        // It reset, and the system told the write.
        (ConnectionReset, vec![Ok(b"Error: question too long.")], 4500),
        // It reset, and the system tells the read.
        (BrokenPipe, vec![Ok(b"Error: question too long."), Err(ConnectionReset.into())], 4500),
    ];
    for (on_write, to_read, expected) in cases {
        let broken = Broken { to_read, on_write, written: false };
        let (mut client, ..) = start_to(broken, 1024, DEFAULT).await;
        client.send(Message::text("What")).await.unwrap();
        let (bytes, code, _) = receive_to_close(&mut client).await;
        assert_eq!((bytes.as_slice(), code), (b"Error: question too long.".as_slice(), expected), "{on_write}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_on_which_no_byte_moves_is_closed_after_the_idle_timeout() {
    let begin = Instant::now();
    let options = RelayOptions { idle_timeout: Duration::from_secs(60), ..DEFAULT };
    let Fixture { mut client, mut server, relayed, .. } = start(1024, options).await;
    sleep(Duration::from_secs(50)).await;
    client.send(Message::text("What")).await.unwrap();
    sleep(Duration::from_secs(50)).await;
    server.write_all(b"Blue.").await.unwrap();
    sleep(Duration::from_secs(50)).await;
    // Not a byte of the stream.
    client.send(Message::Ping(b"".as_slice().into())).await.unwrap();
    assert_eq!(receive(&mut client).await, Some(Message::binary(b"Blue.".as_slice())));
    assert_eq!(receive(&mut client).await, Some(Message::Pong(b"".as_slice().into())));
    let (_, code, reason) = receive_to_close(&mut client).await;
    assert_eq!((code, reason.as_str()), (4408, "idle for too long"));
    assert!((160..=180).contains(&begin.elapsed().as_secs()), "{:?}", begin.elapsed());
    assert_eq!(receive(&mut client).await, None);
    drop(server);
    assert!(matches!(relayed.await.unwrap().ending, Ending::Idle));
}

#[tokio::test(start_paused = true)]
async fn without_an_idle_timeout_a_silent_connection_stays_open() {
    let Fixture { mut client, mut server, .. } = start(1024, DEFAULT).await;
    sleep(Duration::from_secs(24 * 3600)).await;
    server.write_all(b"Blue.").await.unwrap();
    assert_eq!(receive(&mut client).await, Some(Message::binary(b"Blue.".as_slice())));
}

#[tokio::test(start_paused = true)]
async fn a_client_is_pinged_at_the_interval_and_one_that_answers_stays_connected() {
    let begin = Instant::now();
    let options = RelayOptions { ping_interval: Duration::from_secs(20), ..DEFAULT };
    let Fixture { mut client, mut server, .. } = start(1024, options).await;
    for _ in 0..100 {
        assert_eq!(receive(&mut client).await, Some(Message::Ping(Bytes::new())));
    }
    assert_eq!(begin.elapsed().as_secs(), 2000);
    server.write_all(b"Blue.").await.unwrap();
    assert_eq!(receive(&mut client).await, Some(Message::binary(b"Blue.".as_slice())));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_answer_pings_is_given_up_and_the_server_gets_a_reset() {
    let begin = Instant::now();
    let options = RelayOptions { ping_interval: Duration::from_secs(20), ..DEFAULT };
    let Fixture { client: _silent, server: _server, relayed, .. } = start(1024, options).await;
    assert!(matches!(relayed.await.unwrap().ending, Ending::ClientSilent));
    assert_eq!(begin.elapsed().as_secs(), 80);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_not_read_need_not_answer_pings() {
    let options = RelayOptions { ping_interval: Duration::from_secs(20), ..DEFAULT };
    let Fixture { mut client, mut server, relayed, .. } = start(1024, options).await;
    fill(async || client.send(Message::binary(vec![7; 1024])).await.is_ok()).await;
    sleep(Duration::from_secs(3600)).await;
    assert!(!relayed.is_finished());
    server.read_exact(&mut [0; 1024]).await.unwrap();
    drop(client);
}

#[tokio::test]
async fn a_stop_is_reported_in_the_close() {
    let Fixture { mut client, server, relayed, stop } = start(1024, DEFAULT).await;
    stop.cancel();
    let (_, code, reason) = receive_to_close(&mut client).await;
    assert_eq!((code, reason.as_str()), (1001, "the bridge is stopping"));
    assert_eq!(receive(&mut client).await, None);
    drop(server);
    assert!(matches!(relayed.await.unwrap().ending, Ending::Stopped));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_delays_a_stop_for_the_linger_time() {
    let Fixture { client, mut server, relayed, stop } = start(1024, DEFAULT).await;
    fill(async || server.write_all(&[0; 1024]).await.is_ok()).await;
    let begin = Instant::now();
    stop.cancel();
    assert!(matches!(relayed.await.unwrap().ending, Ending::Stopped));
    assert!(begin.elapsed().as_secs() <= 3 * 5 + 2, "{:?}", begin.elapsed());
    drop(client);
}

#[tokio::test]
async fn each_violation_by_the_client_has_its_close_code() {
    let too_big = [[0x82, 0xff].as_slice(), &(MESSAGE_MAX_BYTES as u64 + 1).to_be_bytes(), &[0; 4]].concat();
    let part = [[0x02, 0xff].as_slice(), &(MESSAGE_MAX_BYTES as u64).to_be_bytes(), &[0; 4]].concat();
    let too_big_in_parts = [part, vec![0; MESSAGE_MAX_BYTES], vec![0x80, 0x81, 0, 0, 0, 0, 0]].concat();
    let cases: [(&str, &[u8], u16); 11] = [
        ("not masked", &[0x82, 0x01, b'a'], 1002),
        ("a reserved bit", &[0xc2, 0x81, 0, 0, 0, 0, b'a'], 1002),
        ("an unknown opcode", &[0x83, 0x80, 0, 0, 0, 0], 1002),
        ("a ping in parts", &[0x09, 0x80, 0, 0, 0, 0], 1002),
        ("a continuation of nothing", &[0x80, 0x80, 0, 0, 0, 0], 1002),
        ("a length that is not minimal", &[0x82, 0xfe, 0, 1, 0, 0, 0, 0, b'a'], 1002),
        ("a close with a code that must not be sent", &[0x88, 0x82, 0, 0, 0, 0, 3, 0xed], 1002),
        ("a close with half a code", &[0x88, 0x81, 0, 0, 0, 0, 3], 1002),
        ("text that is not UTF-8", &[0x81, 0x81, 0, 0, 0, 0, 0xff], 1007),
        ("a message over the limit", &too_big, 1009),
        ("a message over the limit in parts", &too_big_in_parts, 1009),
    ];
    for (what, bytes, expected) in cases {
        let (mut near, far) = duplex(64);
        let (mut server, tcp) = duplex(64);
        let server = tokio::spawn(async move { tokio::io::copy(&mut server, &mut tokio::io::sink()).await });
        let relayed = tokio::spawn(relay_between(far, tcp, DEFAULT, CancellationToken::new()));
        near.write_all(bytes).await.unwrap();
        let mut head = [0; 4];
        near.read_exact(&mut head).await.unwrap();
        assert_eq!((head[0], u16::from_be_bytes([head[2], head[3]])), (0x88, expected), "{what}");
        drop(near);
        let ending = relayed.await.unwrap().ending;
        server.await.unwrap().unwrap();
        assert!(matches!(ending, Ending::ClientFault(_)), "{what}: {ending:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn pongs_to_a_client_that_does_not_read_are_bounded() {
    let (mut near, far) = duplex(1024);
    let (mut server, tcp) = duplex(1024);
    let relayed = tokio::spawn(relay_between(far, tcp, DEFAULT, CancellationToken::new()));
    let pings = [0x89, 0x84, 0, 0, 0, 0, 1, 2, 3, 4].repeat(100);
    for _ in 0..1000 {
        near.write_all(&pings).await.unwrap();
    }
    // Some pongs were left out, and everything works once the client reads.
    server.write_all(b"Blue.").await.unwrap();
    let mut client = WebSocketStream::from_raw_socket(near, Role::Client, None).await;
    loop {
        match receive(&mut client).await.unwrap() {
            Message::Pong(payload) => assert_eq!(payload, [1, 2, 3, 4].as_slice()),
            other => break assert_eq!(other, Message::binary(b"Blue.".as_slice())),
        }
    }
    assert!(!relayed.is_finished());
}

/// Messages of every kind, as frames, and the bytes in them.
fn messages() -> impl Strategy<Value = Vec<(Message, Vec<u8>)>> {
    let binary =
        prop::collection::vec(any::<u8>(), 0..3000).prop_map(|bytes| vec![(Message::binary(bytes.clone()), bytes)]);
    let text = prop::collection::vec(any::<char>(), 0..300).prop_map(|chars| {
        let text: String = chars.into_iter().collect();
        vec![(Message::text(text.clone()), text.into_bytes())]
    });
    let ping = prop::collection::vec(any::<u8>(), 0..125)
        .prop_map(|payload| vec![(Message::Ping(payload.into()), Vec::new())]);
    let fragments = (prop::collection::vec(any::<char>(), 0..50), 1usize..10).prop_map(|(chars, fragment_bytes)| {
        let text: String = chars.into_iter().collect();
        let mut frames = Vec::new();
        let mut opcode = Data::Text;
        for bytes in text.as_bytes().chunks(fragment_bytes) {
            let frame = Frame::message(bytes.to_vec(), OpCode::Data(opcode), false);
            frames.push((Message::Frame(frame), bytes.to_vec()));
            frames.push((Message::Ping(Bytes::new()), Vec::new()));
            opcode = Data::Continue;
        }
        frames.push((Message::Frame(Frame::message(Bytes::new(), OpCode::Data(opcode), true)), Vec::new()));
        frames
    });
    prop::collection::vec(prop_oneof![binary, text, ping, fragments], 0..20).prop_map(|messages| messages.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn messages_of_every_kind_arrive_as_the_same_bytes_in_both_directions(
        messages in messages(),
        answers in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..3000), 0..40),
        pipe_bytes in 1usize..5000,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let Fixture { mut client, server, relayed, .. } = start(pipe_bytes, DEFAULT).await;
            let (mut from_bridge, mut to_bridge) = tokio::io::split(server);
            let sent: Vec<u8> = messages.iter().flat_map(|(_, bytes)| bytes.clone()).collect();
            let replied = answers.concat();
            let server = tokio::spawn(async move {
                let send = async {
                    for answer in answers {
                        to_bridge.write_all(&answer).await.unwrap();
                        yield_now().await;
                    }
                };
                let mut received = Vec::new();
                let receive = from_bridge.read_to_end(&mut received);
                let ((), result) = tokio::join!(send, receive);
                result.unwrap();
                received
            });
            let (mut to_server, mut from_server) = (&mut client).split();
            let send = async {
                for (message, _) in messages {
                    to_server.send(message).await.unwrap();
                }
                to_server.close().await.unwrap();
            };
            let receive = async {
                let mut received = Vec::new();
                loop {
                    match from_server.next().await.unwrap().unwrap() {
                        Message::Binary(bytes) => received.extend_from_slice(&bytes),
                        Message::Pong(_) => {}
                        Message::Close(_) => break received,
                        other => panic!("{other}"),
                    }
                }
            };
            let ((), received) = tokio::join!(send, receive);
            assert!(received == replied);
            assert!(server.await.unwrap() == sent);
            drop((to_server, from_server));
            drop(client);
            let relayed = relayed.await.unwrap();
            assert_eq!((relayed.from_client, relayed.from_server), (sent.len() as u64, replied.len() as u64));
        });
    }
}
