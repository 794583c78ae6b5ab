//! The page below a path of another server: a reverse proxy that forwards what is below the path to the bridge.

use bytes::Bytes;
use http::{Request, Response, StatusCode, Uri};
use http_body_util::{Either, Empty};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use launcelot_server::Design;
use tokio::net::{TcpListener, TcpStream};

use crate::support::browser::{Browser, FAILED_WEB_SOCKET};
use crate::support::fixtures::{Bridge, Server};
use crate::support::{page, wait};

/// The path below which the proxy shows the bridge.
pub(super) const PATH: &str = "/launcelot";

/// What a proxy does with [`PATH`] before it forwards a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Path {
    Kept,
    Removed,
}

/// The body of a response: the bridge's, or none.
type Body = Either<Incoming, Empty<Bytes>>;

/// Starts a reverse proxy to a bridge, and returns the proxy's port. The proxy leaves the headers in `removed` out of the
/// responses, and ends with the test.
pub(super) async fn start_proxy(bridge_port: u16, path: Path, removed: &'static [&'static str]) -> u16 {
    let listener = TcpListener::bind(("localhost", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let forward = service_fn(move |request| forward(request, bridge_port, path, removed));
            let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), forward);
            tokio::spawn(connection.with_upgrades());
        }
    });
    port
}

/// Forwards a request, and connects both sides once they have agreed on a WebSocket.
async fn forward(
    mut request: Request<Incoming>,
    port: u16,
    path: Path,
    removed: &[&str],
) -> Result<Response<Body>, hyper::Error> {
    let Some(rest) = request.uri().path_and_query().unwrap().as_str().strip_prefix(PATH) else {
        let mut not_found = Response::new(Either::Right(Empty::new()));
        *not_found.status_mut() = StatusCode::NOT_FOUND;
        return Ok(not_found);
    };
    if path == Path::Removed {
        *request.uri_mut() = rest.parse::<Uri>().unwrap();
    }
    let stream = TcpStream::connect(("localhost", port)).await.unwrap();
    let (mut bridge, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection.with_upgrades());
    let from_page = hyper::upgrade::on(&mut request);
    let mut response = bridge.send_request(request).await?;
    for header in removed {
        response.headers_mut().remove(*header);
    }
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        let from_bridge = hyper::upgrade::on(&mut response);
        tokio::spawn(async move {
            let (mut page, mut bridge) = (TokioIo::new(from_page.await?), TokioIo::new(from_bridge.await?));
            let _ = tokio::io::copy_bidirectional(&mut page, &mut bridge).await;
            Ok::<(), hyper::Error>(())
        });
    }
    Ok(response.map(Either::Left))
}

/// Opens the page through a proxy at `address`, a path and perhaps a query, and asks.
async fn assert_page_works(path: Path, base_path: &str, address: &str) {
    let server = Server::start(Design::Async);
    let bridge = Bridge::start_below(base_path, server.port, Some(page::built()));
    let proxy = start_proxy(bridge.port, path, &[]).await;
    let browser = Browser::start().await;
    browser.open(&format!("http://localhost:{proxy}{address}")).await;
    browser.ask(1, "complete").await;
    browser.assert_three_answers().await;

    let requested = "return performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname)";
    let requested = wait::until_async("the part for files", async || {
        let paths = browser.script(requested).await;
        let paths: Vec<String> = serde_json::from_value(paths).unwrap();
        paths.iter().any(|path| path.contains("/files-")).then_some(paths)
    })
    .await;
    let is_outside = |requested: &&String| !requested.starts_with("/launcelot/");
    assert_eq!(requested.iter().filter(is_outside).collect::<Vec<_>>(), [""; 0]);
    browser.assert_console_is_quiet(&[FAILED_WEB_SOCKET]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_works_behind_a_reverse_proxy_that_keeps_its_path() {
    assert_page_works(Path::Kept, PATH, "/launcelot/").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_works_behind_a_reverse_proxy_that_removes_its_path() {
    assert_page_works(Path::Removed, "", "/launcelot/").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_base_path_without_a_slash_leads_to_the_page() {
    assert_page_works(Path::Kept, PATH, "/launcelot").await;
}
