//! How a dialogue ends: every byte is delivered, or the end is not clean.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::common::{
    Bridge, SOON, accept, echo, listen, masked, open_by_hand, open_by_hand_at, read_close, receive_bytes,
    receive_to_close, soon, target,
};
use futures_util::SinkExt as _;
use launcelot_bridge::Options;
use launcelot_testing::attempts::{check, within_attempts_async};
use launcelot_testing::wait::until_async;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::sleep;
use tokio_tungstenite::tungstenite::Message;

/// Far shorter than the pauses in these tests.
const SHORT: Duration = Duration::from_millis(50);

/// More than the sockets and the bridge hold.
const LARGE: usize = 16 << 20;

const CLOSE: u8 = 0x8;

/// A bridge that waits for a short time where a peer has nothing more to get, and for `idle_timeout` where it has.
fn bridge(server: SocketAddr, idle_timeout: Duration) -> Bridge {
    let options = Options { targets: vec![target(server)], linger: SHORT, idle_timeout, ..Options::default() };
    Bridge::start(options)
}

/// Reads frames until a close, and returns the payload of binary ones, the number of pongs, and the code of the close.
async fn read_to_close(socket: &mut TcpStream, mut after_each: impl AsyncFnMut(&mut TcpStream)) -> (usize, usize, u16) {
    let mut bytes = 0;
    let mut pongs = 0;
    loop {
        let first = soon(socket.read_u8()).await.unwrap();
        let length = match soon(socket.read_u8()).await.unwrap() {
            126 => u64::from(soon(socket.read_u16()).await.unwrap()),
            127 => soon(socket.read_u64()).await.unwrap(),
            length => u64::from(length),
        };
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        soon(socket.read_exact(&mut payload)).await.unwrap();
        match first {
            0x82 => bytes += payload.len(),
            0x8a => pongs += 1,
            0x88 => return (bytes, pongs, u16::from_be_bytes([payload[0], payload[1]])),
            other => panic!("unexpected frame {other:#x}"),
        }
        after_each(socket).await;
    }
}

#[tokio::test]
async fn a_slow_client_that_pings_receives_every_byte_before_the_close() {
    let (listener, address) = listen().await;
    let bridge = bridge(address, Duration::from_secs(20));
    let mut client = open_by_hand(bridge.port).await;
    let mut server = accept(&listener).await;
    let sending = tokio::spawn(async move {
        server.write_all(&vec![7; LARGE]).await.unwrap();
    });
    let mut frames = 0;
    let (bytes, pongs, code) = read_to_close(&mut client, async |client| {
        frames += 1;
        if frames % 16 == 0 {
            client.write_all(&masked(0x9, b"there?")).await.unwrap();
            sleep(2 * SHORT).await;
        }
    })
    .await;
    assert_eq!((bytes, code), (LARGE, 1000));
    assert!(pongs > 0);
    soon(sending).await.unwrap();
}

#[tokio::test]
async fn a_client_that_pauses_longer_than_the_linger_time_receives_every_byte_before_the_close() {
    let (listener, address) = listen().await;
    let bridge = bridge(address, Duration::from_secs(20));
    let mut client = open_by_hand(bridge.port).await;
    let mut server = accept(&listener).await;
    let sending = tokio::spawn(async move {
        server.write_all(&vec![7; LARGE]).await.unwrap();
        server.shutdown().await.unwrap();
        server
    });
    sleep(10 * SHORT).await;
    // A word of a client that has not seen the end yet.
    client.write_all(&masked(0x1, b"What?")).await.unwrap();
    let (bytes, _, code) = read_to_close(&mut client, async |_| {}).await;
    assert_eq!((bytes, code), (LARGE, 1000));
    // The server had ended its own half of the connection only.
    let mut server = soon(sending).await.unwrap();
    soon(server.read_exact(&mut [0; 5])).await.unwrap();
}

#[tokio::test]
async fn a_server_that_pauses_receives_every_byte_of_a_client_that_has_closed() {
    let (listener, address) = listen().await;
    let bridge = bridge(address, Duration::from_secs(20));
    let mut client = bridge.open("/ws").await;
    let mut server = accept(&listener).await;
    let sending = tokio::spawn(async move {
        for _ in 0..LARGE / (64 * 1024) {
            client.send(Message::binary(vec![7; 64 * 1024])).await.unwrap();
        }
        client.close(None).await.unwrap();
        client
    });
    // The server reads all but the last bytes, and pauses while the bridge has the close already.
    let mut received = vec![0; LARGE - 32 * 1024];
    soon(server.read_exact(&mut received)).await.unwrap();
    let _client = soon(sending).await.unwrap();
    sleep(10 * SHORT).await;
    soon(server.read_to_end(&mut received)).await.unwrap();
    assert_eq!(received.len(), LARGE);
}

#[tokio::test]
async fn bytes_that_a_server_does_not_take_end_in_a_reset() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(8).unwrap();
    let bridge = bridge(listener.local_addr().unwrap(), 4 * SHORT);
    let mut client = bridge.open("/ws").await;
    let mut server = accept(&listener).await;
    client.send(Message::binary(vec![7; 100_000])).await.unwrap();
    client.close(None).await.unwrap();
    let mut received = Vec::new();
    // The bridge gives up while nothing is read.
    until_async("the connection to be reset", async || server.take_error().unwrap()).await;
    let _ended = soon(server.read_to_end(&mut received)).await;
    assert!(received.len() < 100_000);
}

#[tokio::test]
async fn a_request_and_a_close_in_one_segment_are_answered_before_the_close_is() {
    // The bridge waits for the reply as long as this, also on a busy machine.
    let options = Options { targets: vec![target(echo().await)], linger: SOON, ..Options::default() };
    let bridge = Bridge::start(options);
    for _ in 0..10 {
        let mut client = open_by_hand(bridge.port).await;
        let both = [masked(0x1, b"What?"), masked(CLOSE, &1000u16.to_be_bytes())].concat();
        client.write_all(&both).await.unwrap();
        let mut received = Vec::new();
        soon(client.read_to_end(&mut received)).await.unwrap();
        assert_eq!(received, b"\x82\x05What?\x88\x02\x03\xe8");
    }
}

#[tokio::test]
async fn a_close_is_answered_after_the_linger_time_although_the_server_does_not_end_its_stream() {
    let (listener, address) = listen().await;
    let bridge = bridge(address, Duration::from_secs(20));
    let mut client = open_by_hand(bridge.port).await;
    let mut server = accept(&listener).await;
    client.write_all(&masked(CLOSE, &3000u16.to_be_bytes())).await.unwrap();
    assert_eq!(soon(server.read(&mut [0; 1])).await.unwrap(), 0);
    assert_eq!(read_close(&mut client).await, 3000);
    drop(server);
}

#[tokio::test]
async fn an_aborted_download_is_not_read_to_its_end() {
    let (listener, address) = listen().await;
    let bridge = bridge(address, Duration::from_secs(20));
    let mut client = open_by_hand(bridge.port).await;
    let mut server = accept(&listener).await;
    let sending = tokio::spawn(async move {
        loop {
            if let Err(error) = server.write_all(&[7; 64 * 1024]).await {
                return error;
            }
        }
    });
    soon(client.read_exact(&mut [0; 1000])).await.unwrap();
    client.set_zero_linger().unwrap();
    drop(client);
    soon(sending).await.unwrap();
}

#[tokio::test]
async fn a_reset_by_the_server_is_reported_with_the_error_of_the_system_after_all_bytes() {
    let (listener, address) = listen().await;
    let bridge = bridge(address, Duration::from_secs(20));
    let mut client = bridge.open("/ws").await;
    let mut server = accept(&listener).await;
    server.write_all(b"Blue.").await.unwrap();
    assert_eq!(receive_bytes(&mut client, 5).await, b"Blue.");
    server.set_zero_linger().unwrap();
    drop(server);
    let reason = "the connection to the server broke: Connection reset by peer".to_owned();
    assert_eq!(receive_to_close(&mut client).await, (Vec::new(), 4500, reason));
}

#[tokio::test]
async fn vanished_clients_before_a_server_that_does_not_read_are_given_up() {
    let (listener, address) = listen().await;
    let options = Options {
        targets: vec![target(address)],
        linger: SHORT,
        idle_timeout: Duration::ZERO,
        ping_interval: SHORT,
        ..Options::default()
    };
    let bridge = Bridge::start(options);
    for reset in [false, true] {
        let client = open_by_hand(bridge.port).await;
        let mut server = accept(&listener).await;
        let frame = [&[0x82, 0xff][..], &(1u64 << 19).to_be_bytes(), &[0; 4], &vec![0; 1 << 19]].concat().repeat(16);
        // As much as is taken.
        let mut sent = 0;
        while let Ok(written) = tokio::time::timeout(4 * SHORT, async {
            client.writable().await.unwrap();
            client.try_write(&frame[sent % frame.len()..])
        })
        .await
        {
            sent += written.unwrap_or(0);
        }
        if reset {
            client.set_zero_linger().unwrap();
        }
        drop(client);
        let error = until_async("the connection to be reset", async || server.take_error().unwrap()).await;
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        drop(server.read(&mut [0; 1]).await);
    }
}

/// Sends a byte again and again, until the bridge has closed the connection.
async fn send_until_closed(mut client: TcpStream) {
    let mut pace = tokio::time::interval(SHORT / 5);
    while client.write_all(&masked(0x2, b"x")).await.is_ok() {
        pace.tick().await;
    }
}

#[tokio::test]
async fn a_client_that_ignores_a_close_and_goes_on_sending_is_closed() {
    let (listener, address) = listen().await;
    let bridge = bridge(address, 4 * SHORT);
    let mut refused = open_by_hand_at(bridge.port, "/ws/unknown").await;
    assert_eq!(read_close(&mut refused).await, 4404);
    soon(send_until_closed(refused)).await;

    // Longer than a busy machine keeps the client from sending.
    let bridge = self::bridge(address, 40 * SHORT);
    let mut client = open_by_hand(bridge.port).await;
    let mut server = accept(&listener).await;
    server.shutdown().await.unwrap();
    let reading = tokio::spawn(async move { server.read_to_end(&mut Vec::new()).await });
    assert_eq!(read_close(&mut client).await, 1000);
    soon(send_until_closed(client)).await;
    let ended = soon(reading).await.unwrap();
    assert_eq!(ended.unwrap_err().kind(), ErrorKind::ConnectionReset, "the client had more to send");
}

#[tokio::test]
async fn a_reset_by_the_client_that_a_write_has_met_ends_in_a_reset_for_the_server() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(8).unwrap();
    let options = Options {
        targets: vec![target(listener.local_addr().unwrap())],
        send_buffer_bytes: 4096.try_into().unwrap(),
        ..Options::default()
    };
    let bridge = Bridge::start(options);
    let mut client = open_by_hand(bridge.port).await;
    let mut server = accept(&listener).await;
    // More than the bridge reads while the server does not, and less than the system takes for it.
    client.write_all(&masked(0x2, &[7; 100]).repeat(1500)).await.unwrap();
    until_async("the bridge to read no more", async || {
        let unread = || rustix::io::ioctl_fionread(&server).unwrap();
        let before = unread();
        sleep(2 * SHORT).await;
        (before > 0 && before == unread()).then_some(())
    })
    .await;
    client.set_zero_linger().unwrap();
    drop(client);
    server.write_all(b"Blue.").await.unwrap();
    // By then the bridge has written it to the client.
    sleep(4 * SHORT).await;
    let ended = soon(server.read_to_end(&mut Vec::new())).await;
    assert_eq!(ended.unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_message_that_is_cut_when_the_bridge_is_dropped_ends_in_a_reset() {
    let (listener, address) = listen().await;
    let bridge = bridge(address, Duration::from_secs(20));
    let mut client = open_by_hand(bridge.port).await;
    let mut server = accept(&listener).await;
    let message = masked(0x2, b"What?");
    client.write_all(&message[..message.len() - 2]).await.unwrap();
    soon(server.read_exact(&mut [0; 3])).await.unwrap();
    bridge.served.abort();
    let ended = soon(server.read_to_end(&mut Vec::new())).await;
    assert_eq!(ended.unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_dialogue_goes_on_in_the_grace_period_and_then_ends_with_all_that_has_arrived() {
    let (listener, address) = listen().await;
    let grace = 20 * SHORT;
    // On a busy machine, the grace period may be over before the test has sent something, but not every time.
    within_attempts_async(3, async || {
        let options = Options { targets: vec![target(address)], grace, ..Options::default() };
        let bridge = Bridge::start(options);
        let mut client = bridge.open("/ws").await;
        let mut server = accept(&listener).await;
        let Bridge { stop, served, .. } = bridge;
        let stopped = Instant::now();
        stop.send(()).unwrap();
        let sent = client.send(Message::text("What?")).await;
        let asked = soon(server.read_exact(&mut [0; 5])).await.map(drop);
        let replied = server.write_all(&vec![7; 100_000]).await;
        let is_in_time = stopped.elapsed() < grace / 2;
        check(is_in_time, || format!("the reply was written after {:?}", stopped.elapsed()))?;
        sent.unwrap();
        asked.and(replied).unwrap();
        let (bytes, code, _) = receive_to_close(&mut client).await;
        assert_eq!((bytes.len(), code), (100_000, 1001));
        drop((client, server));
        soon(served).await.unwrap().unwrap();
        Ok(())
    })
    .await;
}
