//! Clients that come by TLS. `cargo test --features tls` runs these tests.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::common::{Bridge, SOON, echo, soon, target};
use futures_util::{SinkExt as _, StreamExt as _};
use launcelot_bridge::Options;
use launcelot_bridge::tls::Tls;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn tls() -> Tls {
    Tls::read(&fixture("localhost.pem"), &fixture("localhost.key")).unwrap()
}

fn connector() -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(fixture("ca.pem")).unwrap()).unwrap();
    TlsConnector::from(Arc::new(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()))
}

#[tokio::test]
async fn a_websocket_is_relayed_over_tls_and_the_own_origin_is_https() {
    let origins = vec!["https://lab.example".parse().unwrap()];
    let options = Options { targets: vec![target(echo().await)], tls: Some(tls()), origins, ..Options::default() };
    let bridge = Bridge::start(options);
    let host = format!("lab.example:{}", bridge.port);
    for (origin, is_allowed) in [(format!("https://{host}"), true), (format!("http://{host}"), false)] {
        let stream = connector().connect(ServerName::try_from("localhost").unwrap(), bridge.socket().await);
        let stream = soon(stream).await.unwrap();
        let mut request = format!("wss://{host}/ws").into_client_request().unwrap();
        request.headers_mut().insert("origin", origin.parse().unwrap());
        let opened = soon(client_async(request, stream)).await;
        assert_eq!(opened.is_ok(), is_allowed, "{origin}");
        let Ok((mut browser, _)) = opened else { continue };
        browser.send(Message::text("What?")).await.unwrap();
        assert_eq!(soon(browser.next()).await.unwrap().unwrap(), Message::binary("What?"));
    }
}

#[tokio::test]
async fn a_client_that_does_not_speak_tls_is_dropped() {
    let bridge = Bridge::start(Options { tls: Some(tls()), head_timeout: SOON, ..Options::default() });
    let mut socket = bridge.socket().await;
    socket.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut reply = Vec::new();
    // The end may be a reset.
    let _ = soon(socket.read_to_end(&mut reply)).await;
    assert!(!reply.starts_with(b"HTTP/"), "{reply:?}");
}

#[test]
fn a_certificate_that_cannot_be_used_is_named() {
    let error = Tls::read(&fixture("missing.pem"), &fixture("localhost.key")).unwrap_err();
    assert!(error.to_string().contains("missing.pem"), "{error}");
    let error = Tls::read(&fixture("ca.pem"), &fixture("localhost.key")).unwrap_err();
    assert!(error.to_string().contains("ca.pem"), "{error}");
}
