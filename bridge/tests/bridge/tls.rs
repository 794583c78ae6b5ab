//! Clients that come by TLS. `cargo test --features tls` runs these tests.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::common::certificates::{Authority, CertificateFiles};
use crate::common::program::{Running, program};
use crate::common::{Bridge, SOON, accept, echo, listen, soon, target};
use futures_util::{SinkExt as _, StreamExt as _};
use launcelot_bridge::Options;
use launcelot_bridge::tls::Tls;
use launcelot_testing::wait::until_async;
use rustix::process::Signal;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::sleep;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{WebSocketStream, client_async};

/// More than the sockets and the bridge hold.
const DOWNLOAD_BYTES: usize = 16 << 20;

type Browser = WebSocketStream<TlsStream<TcpStream>>;

fn read(files: &CertificateFiles) -> Tls {
    Tls::read(&files.certificate, &files.key).unwrap()
}

async fn check_echo(browser: &mut Browser) {
    browser.send(Message::text("What?")).await.unwrap();
    assert_eq!(soon(browser.next()).await.unwrap().unwrap(), Message::binary("What?"));
}

/// Opens a WebSocket at `localhost` if its certificate is of this authority.
async fn open(authority: &Authority, port: u16) -> Option<Browser> {
    let stream = connect(authority, port).await?;
    let (browser, _) = soon(client_async(format!("wss://localhost:{port}/ws"), stream)).await.unwrap();
    Some(browser)
}

async fn connect(authority: &Authority, port: u16) -> Option<TlsStream<TcpStream>> {
    let stream = soon(TcpStream::connect(("127.0.0.1", port))).await.unwrap();
    soon(authority.connect("localhost", stream)).await.ok()
}

#[tokio::test]
async fn a_websocket_is_relayed_over_tls_and_the_own_origin_is_https() {
    let directory = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let tls = read(&authority.issue("localhost", directory.path()));
    let origins = vec!["https://lab.example".parse().unwrap()];
    let options = Options { targets: vec![target(echo().await)], tls: Some(tls), origins, ..Options::default() };
    let bridge = Bridge::start(options);
    let host = format!("lab.example:{}", bridge.port);
    for (origin, is_allowed) in [(format!("https://{host}"), true), (format!("http://{host}"), false)] {
        let stream = soon(authority.connect("localhost", bridge.socket().await)).await.unwrap();
        let mut request = format!("wss://{host}/ws").into_client_request().unwrap();
        request.headers_mut().insert("origin", origin.parse().unwrap());
        let opened = soon(client_async(request, stream)).await;
        assert_eq!(opened.is_ok(), is_allowed, "{origin}");
        let Ok((mut browser, _)) = opened else { continue };
        check_echo(&mut browser).await;
    }
}

#[tokio::test]
async fn the_timeouts_of_requests_do_not_end_a_websocket_over_tls() {
    const TIMEOUT: Duration = Duration::from_millis(500);
    let directory = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let tls = read(&authority.issue("localhost", directory.path()));
    let (listener, address) = listen().await;
    let options = Options {
        targets: vec![target(address)],
        tls: Some(tls),
        head_timeout: TIMEOUT,
        keep_alive: TIMEOUT,
        response_timeout: TIMEOUT,
        ..Options::default()
    };
    let bridge = Bridge::start(options);
    let url = format!("wss://localhost:{}/ws", bridge.port);
    // On a busy machine, opening may take longer than the timeouts allow, but not every time.
    let mut browser = until_async("a WebSocket", async || {
        let stream = connect(&authority, bridge.port).await?;
        let (browser, _) = soon(client_async(url.as_str(), stream)).await.ok()?;
        Some(browser)
    })
    .await;
    let mut server = accept(&listener).await;
    for _ in 0..3 {
        browser.send(Message::text("What?")).await.unwrap();
        soon(server.read_exact(&mut [0; 5])).await.unwrap();
        sleep(2 * TIMEOUT).await;
    }
    // A download that the browser does not read for a while.
    let sending = tokio::spawn(async move {
        server.write_all(&vec![7; DOWNLOAD_BYTES]).await.unwrap();
    });
    sleep(2 * TIMEOUT).await;
    let mut received = 0;
    while received < DOWNLOAD_BYTES {
        received += soon(browser.next()).await.unwrap().unwrap().len();
    }
    soon(sending).await.unwrap();
}

#[tokio::test]
async fn a_client_that_takes_nothing_over_tls_is_given_up_and_its_server_gets_a_reset() {
    let directory = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let tls = read(&authority.issue("localhost", directory.path()));
    let (listener, address) = listen().await;
    let idle_timeout = Duration::from_secs(1);
    let options = Options {
        targets: vec![target(address)],
        tls: Some(tls),
        idle_timeout,
        linger: idle_timeout,
        ..Options::default()
    };
    let bridge = Bridge::start(options);
    let browser = open(&authority, bridge.port).await.unwrap();
    let mut server = accept(&listener).await;
    let error = soon(async {
        loop {
            if let Err(error) = server.write_all(&[7; 64 * 1024]).await {
                return error;
            }
        }
    });
    assert_eq!(error.await.kind(), std::io::ErrorKind::ConnectionReset);
    drop(browser);
}

#[tokio::test]
async fn a_client_that_does_not_speak_tls_is_dropped() {
    let directory = tempfile::tempdir().unwrap();
    let tls = read(&Authority::new().issue("localhost", directory.path()));
    let bridge = Bridge::start(Options { tls: Some(tls), head_timeout: SOON, ..Options::default() });
    let mut socket = bridge.socket().await;
    socket.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut reply = Vec::new();
    // The end may be a reset.
    let _ = soon(socket.read_to_end(&mut reply)).await;
    assert!(!reply.starts_with(b"HTTP/"), "{reply:?}");
}

#[tokio::test]
async fn a_client_that_does_not_complete_the_handshake_of_tls_is_dropped() {
    let directory = tempfile::tempdir().unwrap();
    let tls = read(&Authority::new().issue("localhost", directory.path()));
    let head_timeout = Duration::from_millis(100);
    let bridge = Bridge::start(Options { tls: Some(tls), head_timeout, ..Options::default() });
    let mut socket = bridge.socket().await;
    assert_eq!(soon(socket.read_to_end(&mut Vec::new())).await.unwrap(), 0);
}

#[tokio::test]
async fn a_client_over_the_limit_has_less_time_for_the_handshake_of_tls() {
    let directory = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let tls = read(&authority.issue("localhost", directory.path()));
    // Longer than the deadline of the test.
    let head_timeout = Duration::from_secs(3600);
    let options =
        Options { tls: Some(tls), head_timeout, max_connections: 1.try_into().unwrap(), ..Options::default() };
    let bridge = Bridge::start(options);
    let _first = soon(authority.connect("localhost", bridge.socket().await)).await.unwrap();
    let mut second = bridge.socket().await;
    assert_eq!(soon(second.read_to_end(&mut Vec::new())).await.unwrap(), 0);
}

#[test]
fn a_certificate_that_cannot_be_used_is_named() {
    let [directory, other] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let files = Authority::new().issue("localhost", directory.path());
    let of_another_key = Authority::new().issue("localhost", other.path());
    let error = Tls::read(Path::new("missing.pem"), &files.key).unwrap_err();
    assert!(error.to_string().contains("missing.pem"), "{error}");
    let error = Tls::read(&files.certificate, &of_another_key.key).unwrap_err();
    assert!(error.to_string().contains(&files.certificate.display().to_string()), "{error}");
}

#[test]
fn a_certificate_without_its_key_is_refused_wherever_they_are() {
    let refused = |text: &str, arguments: &[&str]| {
        let config = tempfile::NamedTempFile::new().unwrap();
        fs::write(config.path(), text).unwrap();
        let mut command = program();
        let output = launcelot_testing::process::output(command.args(arguments).arg("--config").arg(config.path()));
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let only_one = "--tls-cert and --tls-key are needed together, but only one of them is given";
    let cases: [(&str, &[&str]); 2] = [("tls-cert = 'a.pem'", &[]), ("", &["--tls-key", "a.key"])];
    for (text, arguments) in cases {
        let (code, errors) = refused(text, arguments);
        assert!(code == Some(2) && errors.contains(only_one), "{text} {arguments:?}: {errors}");
    }
    let (code, errors) = refused("tls-key = 'missing.key'", &["--tls-cert", "missing.pem"]);
    assert!(code == Some(1) && errors.contains("cannot read 'missing.pem'"), "{errors}");
}

#[tokio::test]
async fn the_printed_urls_are_those_of_tls() {
    let directory = tempfile::tempdir().unwrap();
    let CertificateFiles { certificate, key } = Authority::new().issue("localhost", directory.path());
    let mut command = program();
    command.args(["--listen", "127.0.0.1:0"]).arg("--tls-cert").arg(&certificate).arg("--tls-key").arg(&key);
    let running = Running::start(&mut command, 2);
    assert_eq!(running.ready[1], format!("Relaying wss://127.0.0.1:{}/ws to localhost port 1060", running.port));
}

#[tokio::test]
async fn certificates_are_read_again_on_sighup_and_open_websockets_go_on() {
    let directory = tempfile::tempdir().unwrap();
    let [old, new] = [(); 2].map(|()| Authority::new());
    let CertificateFiles { certificate, key } = old.issue("localhost", directory.path());
    let mut command = program();
    command.args(["--listen", "127.0.0.1:0", "--target", &echo().await.to_string()]);
    command.arg("--tls-cert").arg(&certificate).arg("--tls-key").arg(&key);
    let running = Running::start(&mut command, 1);
    let mut browser = open(&old, running.port).await.unwrap();
    assert!(open(&new, running.port).await.is_none());

    new.issue("localhost", directory.path());
    running.signal(Signal::HUP);
    let mut newer = until_async("the new certificate", async || open(&new, running.port).await).await;
    assert!(open(&old, running.port).await.is_none());
    check_echo(&mut newer).await;
    check_echo(&mut browser).await;

    // A certificate that cannot be used changes nothing.
    fs::write(&certificate, "nonsense").unwrap();
    running.signal(Signal::HUP);
    check_echo(&mut open(&new, running.port).await.unwrap()).await;
    check_echo(&mut browser).await;
    drop((browser, newer));
    running.signal(Signal::TERM);
    let (code, errors) = soon(running.ended()).await;
    assert_eq!(code, Some(0));
    assert!(errors.contains("cannot read the options again, keeping the old ones"), "{errors}");
}
