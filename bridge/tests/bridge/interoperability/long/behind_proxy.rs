//! What must hold behind each reverse proxy that the examples of `deploy/` configure.

use std::fs;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use launcelot_testing::ports::ReservedPort;
use rustix::process::Signal;
use tempfile::TempDir;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::common::certificates::Authority;
use crate::common::deploy::example;
use crate::common::program::{Running, program};
use crate::common::{echo, soon};
use crate::interoperability::bridge_for_clients::output;

/// The name of the machine in the examples.
pub(crate) const HOST: &str = "camelot.example";

/// The address from which the client of these tests connects. The proxy connects from 127.0.0.1.
const CLIENT: &str = "127.0.0.5";

/// Longer than the default timeouts of the proxies.
const IDLE: Duration = Duration::from_secs(65);

type Browser = WebSocketStream<TlsStream<TcpStream>>;

/// A bridge with the options of `deploy/bridge.toml`.
pub(crate) struct BridgeBehindProxy {
    pub(crate) running: Running,
    web: TempDir,
    _refused: ReservedPort,
}

impl BridgeBehindProxy {
    pub(crate) async fn start() -> Self {
        let web = tempfile::tempdir().unwrap();
        fs::create_dir(web.path().join("deep")).unwrap();
        for (name, text) in [("index.html", "the page"), ("deep/index.html", "deep")] {
            fs::write(web.path().join(name), text).unwrap();
        }
        let refused = ReservedPort::new();
        let config = web.path().join(".bridge.toml");
        let target = echo().await.to_string();
        fs::write(&config, example("bridge.toml", &[("localhost:1060", &target)])).unwrap();
        let mut command = program();
        command.arg("--config").arg(&config).args(["--listen", "127.0.0.1:0", "--verbose", "--log-format", "json"]);
        command.args(["--grace", "1min", "--target", &target, "--target", &format!("refused={}", refused.address())]);
        let running = Running::start(command.arg("--web").arg(web.path()), 3);
        Self { running, web, _refused: refused }
    }

    /// Checks everything that the bridge should do behind the proxy at this port, and stops it.
    pub(crate) async fn check(self, port: u16, authority: &Authority) {
        let front = Front { port, authority };
        let mut idle = front.open("/bridge/ws", "https://camelot.example").await.unwrap();
        let waiting = tokio::time::Instant::now() + IDLE;
        check_echo(&mut idle, b"What?").await;

        let own_origin = format!("https://{HOST}:{port}");
        let mut bulk = front.open("/bridge/ws", &own_origin).await.unwrap();
        check_echo(&mut bulk, &vec![7; 8 << 20]).await;
        for origin in ["https://evil.example", "http://localhost:8000"] {
            let refused = front.open("/bridge/ws", origin).await;
            assert!(
                matches!(&refused, Err(Error::Http(response)) if response.status() == 403),
                "{origin}: {refused:?}"
            );
        }
        let mut refused = front.open("/bridge/ws/refused", &own_origin).await.unwrap();
        let Some(Ok(Message::Close(Some(frame)))) = soon(refused.next()).await else { panic!("not closed") };
        assert_eq!(u16::from(frame.code), 4502);

        let page = (format!("https://{HOST}:{port}/bridge/"), "the page".to_owned());
        assert_eq!(front.curl(&self.web, "/bridge").await, page);
        assert_eq!(front.curl(&self.web, "/bridge/").await, page);
        let deep = (format!("https://{HOST}:{port}/bridge/deep/"), "deep".to_owned());
        assert_eq!(front.curl(&self.web, "/bridge/deep").await, deep);

        while let Ok(message) = tokio::time::timeout_at(waiting, idle.next()).await {
            assert!(matches!(message, Some(Ok(Message::Ping(_)))), "{message:?}");
        }
        check_echo(&mut idle, b"What?").await;
        bulk.close(None).await.unwrap();
        idle.close(None).await.unwrap();
        for mut browser in [bulk, idle] {
            let _end = timeout(Duration::from_secs(5), async { while browser.next().await.is_some() {} }).await;
        }
        self.running.signal(Signal::TERM);
        let (code, log) = soon(self.running.ended()).await;
        assert_eq!(code, Some(0));
        let ends: Vec<_> = log.lines().filter(|line| line.contains("the client closed it")).collect();
        assert_eq!(ends.len(), 2, "{log}");
        let client = format!("\"client\":\"{CLIENT}\"");
        assert!(ends.iter().all(|line| line.contains(&client)), "{log}");
    }
}

/// The proxy as a client sees it.
struct Front<'a> {
    port: u16,
    authority: &'a Authority,
}

impl Front<'_> {
    /// Opens a WebSocket as a page of `origin`, with a header that claims another address of the client.
    async fn open(&self, path: &str, origin: &str) -> Result<Browser, Error> {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(CLIENT.parse().unwrap(), 0)).unwrap();
        let stream = soon(socket.connect(SocketAddr::from(([127, 0, 0, 1], self.port)))).await.unwrap();
        let stream = soon(self.authority.connect(HOST, stream)).await.unwrap();
        let mut request = format!("wss://{HOST}:{}{path}", self.port).into_client_request().unwrap();
        request.headers_mut().insert("origin", origin.parse().unwrap());
        request.headers_mut().insert("x-forwarded-for", "192.0.2.66".parse().unwrap());
        soon(client_async(request, stream)).await.map(|(browser, _)| browser)
    }

    /// Follows redirects from a path. Returns the last URL and its content.
    async fn curl(&self, directory: &TempDir, path: &str) -> (String, String) {
        let authority = directory.path().join(".authority.pem");
        fs::write(&authority, self.authority.pem()).unwrap();
        let mut command = Command::new("curl");
        command.args(["--silent", "--show-error", "--location", "--max-time", "30"]).arg("--cacert").arg(&authority);
        command.args(["--resolve", &format!("{HOST}:{}:127.0.0.1", self.port), "--write-out", "\n%{url_effective}"]);
        command.arg(format!("https://{HOST}:{}{path}", self.port));
        let output = output(command).await;
        assert!(output.status.success(), "{path}: {}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        let (content, url) = text.rsplit_once('\n').unwrap();
        (url.to_owned(), content.to_owned())
    }
}

async fn check_echo(browser: &mut Browser, bytes: &[u8]) {
    let (mut sender, mut receiver) = browser.split();
    let sending = async {
        for message in bytes.chunks(1 << 20) {
            sender.send(Message::binary(message.to_vec())).await.unwrap();
        }
    };
    let receiving = async {
        let mut received = Vec::new();
        while received.len() < bytes.len() {
            match receiver.next().await {
                Some(Ok(Message::Binary(bytes))) => received.extend_from_slice(&bytes),
                Some(Ok(Message::Ping(_))) => {}
                other => panic!("expected bytes, received {other:?}"),
            }
        }
        received
    };
    let (received, ()) = soon(async { tokio::join!(receiving, sending) }).await;
    assert!(received == bytes, "{} bytes of {}", received.len(), bytes.len());
}

/// Waits until a proxy listens.
pub(crate) async fn until_listening(port: u16) {
    launcelot_testing::wait::until_async("the proxy to listen", async || {
        TcpStream::connect(("127.0.0.1", port)).await.ok()
    })
    .await;
}
