//! What the bridge answers over HTTP: who is refused, the headers of every response, and files.

#![allow(clippy::unwrap_used, reason = "in a test, what does not hold is a failure")]

mod common;

use std::fs;
use std::path::Path;

use axum::body::{Body, to_bytes};
use axum::response::Response;
use common::{Bridge, ask, echo};
use http::{HeaderName, Request, StatusCode, header};
use launcelot_bridge::{Options, Tasks, app, csp};
use tempfile::TempDir;
use tower::ServiceExt as _;

const INDEX: &str = "<!doctype html><title>Bridge</title><script type=\"module\">start()</script>";

/// A directory such as trunk makes.
fn web() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("index.html", INDEX);
    write("page.html", "<script src=/a.js></script><script>one()</script><script>two()</script>");
    write("deep/index.html", "deep");
    write("page-0123456789abcdef.js", "plain");
    write("page-0123456789abcdef.js.br", "brotli");
    write("page-0123456789abcdef.js.gz", "gzip");
    write("page-0123456789abcdef_bg.wasm", "plain");
    write("page-0123456789abcdef_bg.wasm.br", "brotli");
    write("style-0123456789abcdef.css", "plain");
    write("style-0123456789abcdef.css.gz", "gzip");
    write("worker.mjs", "plain");
    write("picture.svg", "<svg/>");
    write("icon.png", "");
    write("data.json", "{}");
    write("notes", "");
    write(".hidden", "secret");
    write(".git/config", "secret");
    directory
}

fn options(web: Option<&Path>) -> Options {
    let origins = vec!["https://camelot.example".parse().unwrap()];
    Options { web: web.map(Path::to_owned), origins, ..Options::default() }
}

async fn answer(options: &Options, request: Request<Body>) -> Response {
    app(options, &Tasks::default()).oneshot(request).await.unwrap()
}

fn get(path: &str, headers: &[(HeaderName, &str)]) -> Request<Body> {
    let mut request = Request::get(path).header(header::HOST, "localhost:8080");
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    request.body(Body::empty()).unwrap()
}

fn handshake(headers: &[(HeaderName, &str)]) -> Request<Body> {
    let mut request = get("/ws", headers);
    for (name, value) in [
        (header::CONNECTION, "Upgrade"),
        (header::UPGRADE, "websocket"),
        (header::SEC_WEBSOCKET_VERSION, "13"),
        (header::SEC_WEBSOCKET_KEY, "dGhlIHNhbXBsZSBub25jZQ=="),
    ] {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    request
}

fn text(response: &Response, name: HeaderName) -> Option<&str> {
    response.headers().get(name).map(|value| value.to_str().unwrap())
}

async fn body(response: Response) -> String {
    String::from_utf8(to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()).unwrap()
}

#[tokio::test]
async fn a_foreign_host_is_refused_everywhere() {
    let web = web();
    for path in ["/", "/ws", "/ws/none", "/healthz", "/page.html", "/missing"] {
        for (host, refused) in [("evil.example:8080", true), ("localhost", false), ("camelot.example", false)] {
            let mut request = get(path, &[]);
            request.headers_mut().insert(header::HOST, host.parse().unwrap());
            let status = answer(&options(Some(web.path())), request).await.status();
            assert_eq!(status == StatusCode::FORBIDDEN, refused, "{path} of {host}: {status}");
        }
    }
}

#[tokio::test]
async fn a_request_needs_exactly_one_host() {
    let bridge = Bridge::to(echo().await);
    let cases = [
        ("GET /healthz HTTP/1.0\r\n\r\n", 400),
        ("GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n", 400),
        ("GET /healthz HTTP/1.1\r\nConnection: close\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 400),
        ("GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n", 200),
        ("GET /healthz HTTP/1.1\r\nConnection: close\r\nHost: [::1]:8080\r\n\r\n", 200),
        ("GET /healthz HTTP/1.1\r\nConnection: close\r\nHost: evil.example\r\n\r\n", 403),
        ("GET http://evil.example/healthz HTTP/1.1\r\nConnection: close\r\nHost: localhost\r\n\r\n", 403),
        ("GET http://localhost/healthz HTTP/1.1\r\nConnection: close\r\nHost: localhost\r\n\r\n", 200),
    ];
    for (request, expected) in cases {
        assert_eq!(ask(bridge.port, request).await.status, expected, "{request:?}");
    }
}

#[tokio::test]
async fn a_foreign_origin_is_refused_before_the_upgrade() {
    let cases = [
        (None, StatusCode::SWITCHING_PROTOCOLS),
        (Some("http://localhost:8080"), StatusCode::SWITCHING_PROTOCOLS),
        (Some("http://localhost:8000"), StatusCode::SWITCHING_PROTOCOLS),
        (Some("https://camelot.example"), StatusCode::SWITCHING_PROTOCOLS),
        (Some("https://evil.example"), StatusCode::FORBIDDEN),
        (Some("null"), StatusCode::FORBIDDEN),
        (Some(""), StatusCode::FORBIDDEN),
    ];
    for (origin, expected) in cases {
        let headers: Vec<_> = origin.into_iter().map(|origin| (header::ORIGIN, origin)).collect();
        let response = answer(&options(None), handshake(&headers)).await;
        assert_eq!(response.status(), expected, "{origin:?}");
        if expected == StatusCode::FORBIDDEN {
            let words = "Pages from that origin may not use this bridge; --origin allows them.\n";
            assert_eq!(body(response).await, words);
        }
    }
    let two = [(header::ORIGIN, "http://localhost"), (header::ORIGIN, "http://localhost")];
    assert_eq!(answer(&options(None), handshake(&two)).await.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn what_is_no_handshake_is_refused() {
    let without = |name: HeaderName| {
        let mut request = handshake(&[]);
        request.headers_mut().remove(name);
        request
    };
    let mut other_version = handshake(&[]);
    other_version.headers_mut().insert(header::SEC_WEBSOCKET_VERSION, "8".parse().unwrap());
    let mut post = handshake(&[]);
    *post.method_mut() = http::Method::POST;
    let mut head = handshake(&[]);
    *head.method_mut() = http::Method::HEAD;
    let mut old = handshake(&[]);
    *old.version_mut() = http::Version::HTTP_10;
    let cases = [
        (get("/ws", &[]), 426),
        (without(header::CONNECTION), 426),
        (without(header::UPGRADE), 426),
        (without(header::SEC_WEBSOCKET_VERSION), 426),
        (without(header::SEC_WEBSOCKET_KEY), 400),
        (other_version, 426),
        (post, 405),
        (head, 426),
        (old, 426),
    ];
    for (request, expected) in cases {
        let asked = format!("{request:?}");
        let response = answer(&options(None), request).await;
        assert_eq!(response.status(), expected, "{asked}");
        if expected == 426 {
            assert_eq!(text(&response, header::SEC_WEBSOCKET_VERSION), Some("13"));
            assert_eq!(text(&response, header::UPGRADE), Some("websocket"));
        }
    }
}

#[tokio::test]
async fn every_response_has_the_headers() {
    let web = web();
    let with_files = options(Some(web.path()));
    let post = |path: &str| {
        let mut request = get(path, &[]);
        *request.method_mut() = http::Method::POST;
        request
    };
    let mut foreign = get("/", &[]);
    foreign.headers_mut().insert(header::HOST, "evil.example".parse().unwrap());
    let mut hostless = get("/", &[]);
    hostless.headers_mut().remove(header::HOST);
    let etag = text(&answer(&with_files, get("/", &[])).await, header::ETAG).unwrap().to_owned();
    let cases = [
        (handshake(&[]), 101),
        (get("/", &[]), 200),
        (get("/healthz", &[]), 200),
        (get("/picture.svg", &[]), 200),
        (get("/picture.svg", &[(header::RANGE, "bytes=0-1")]), 206),
        (get("/picture.svg", &[(header::RANGE, "bytes=100-")]), 416),
        (get("/deep", &[]), 307),
        (get("/", &[(header::IF_NONE_MATCH, &etag)]), 304),
        (hostless, 400),
        (foreign, 403),
        (handshake(&[(header::ORIGIN, "null")]), 403),
        (get("/missing", &[]), 404),
        (get("/ws/missing", &[]), 404),
        (post("/healthz"), 405),
        (post("/picture.svg"), 405),
        (get("/picture.svg", &[(header::IF_MATCH, "\"other\"")]), 412),
        (get("/ws", &[]), 426),
    ];
    for (request, expected) in cases {
        let asked = format!("{} {}", request.method(), request.uri());
        let response = answer(&with_files, request).await;
        assert_eq!(response.status(), expected, "{asked}");
        let expected = [
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-embedder-policy", "require-corp"),
            ("cross-origin-resource-policy", "same-origin"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
        ];
        for (name, value) in expected {
            assert_eq!(text(&response, HeaderName::from_static(name)), Some(value), "{asked}: {name}");
        }
        let policy = text(&response, header::CONTENT_SECURITY_POLICY).unwrap_or_default();
        assert!(policy.starts_with("default-src 'none'; script-src 'self' 'wasm-unsafe-eval'"), "{asked}: {policy}");
        assert!(policy.ends_with("; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"), "{asked}: {policy}");
        assert!(!policy.contains("unsafe-inline") && !policy.contains('*'), "{asked}: {policy}");
        assert_eq!(response.headers().get_all(header::CONTENT_SECURITY_POLICY).iter().count(), 1, "{asked}");
    }
}

#[tokio::test]
async fn without_files_the_bridge_says_what_it_is() {
    let response = answer(&options(None), get("/", &[])).await;
    assert_eq!(text(&response, header::CONTENT_TYPE), Some("text/plain; charset=utf-8"));
    assert_eq!(body(response).await, "This is a bridge from WebSocket to TCP: open a WebSocket at /ws.\n");
    let missing = answer(&options(None), get("/index.html", &[])).await;
    assert_eq!((missing.status(), body(missing).await), (StatusCode::NOT_FOUND, "There is nothing here.\n".to_owned()));
}

#[tokio::test]
async fn files_have_their_types_and_are_cached_as_their_names_allow() {
    let web = web();
    let (revalidate, for_ever) = ("no-cache", "public, max-age=31536000, immutable");
    let cases = [
        ("/", "text/html; charset=utf-8", revalidate),
        ("/index.html", "text/html; charset=utf-8", revalidate),
        ("/deep/", "text/html; charset=utf-8", revalidate),
        ("/page-0123456789abcdef.js", "text/javascript; charset=utf-8", revalidate),
        ("/worker.mjs", "text/javascript; charset=utf-8", revalidate),
        ("/page-0123456789abcdef_bg.wasm", "application/wasm", for_ever),
        ("/style-0123456789abcdef.css", "text/css; charset=utf-8", for_ever),
        ("/picture.svg", "image/svg+xml", revalidate),
        ("/icon.png", "image/png", revalidate),
        ("/data.json", "application/json", revalidate),
        ("/notes", "application/octet-stream", revalidate),
    ];
    for (path, content_type, caching) in cases {
        let file = if path.ends_with('/') { format!(".{path}index.html") } else { format!(".{path}") };
        for method in [http::Method::GET, http::Method::HEAD] {
            let mut request = get(path, &[]);
            *request.method_mut() = method.clone();
            let response = answer(&options(Some(web.path())), request).await;
            assert_eq!(response.status(), StatusCode::OK, "{method} {path}");
            assert_eq!(text(&response, header::CONTENT_TYPE), Some(content_type), "{method} {path}");
            assert_eq!(text(&response, header::CACHE_CONTROL), Some(caching), "{method} {path}");
            assert!(text(&response, header::ETAG).is_some(), "{method} {path}");
            let size = fs::metadata(web.path().join(&file)).unwrap().len();
            assert_eq!(text(&response, header::CONTENT_LENGTH), Some(size.to_string().as_str()), "{method} {path}");
            let sent = if method == http::Method::HEAD { 0 } else { size };
            assert_eq!(body(response).await.len() as u64, sent, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn a_compressed_twin_is_served_to_those_who_take_it() {
    let web = web();
    let cases = [
        ("/page-0123456789abcdef.js", "gzip, deflate, br", Some("br"), "brotli"),
        ("/page-0123456789abcdef.js", "gzip", Some("gzip"), "gzip"),
        ("/page-0123456789abcdef.js", "br;q=0, gzip;q=0.5", Some("gzip"), "gzip"),
        ("/page-0123456789abcdef.js", "identity", None, "plain"),
        ("/page-0123456789abcdef.js", "zstd", None, "plain"),
        ("/page-0123456789abcdef_bg.wasm", "br", Some("br"), "brotli"),
        ("/page-0123456789abcdef_bg.wasm", "gzip", None, "plain"),
        ("/style-0123456789abcdef.css", "br, gzip", Some("gzip"), "gzip"),
    ];
    for (path, accepted, encoding, expected) in cases {
        let response = answer(&options(Some(web.path())), get(path, &[(header::ACCEPT_ENCODING, accepted)])).await;
        assert_eq!(text(&response, header::CONTENT_ENCODING), encoding, "{path} for {accepted}");
        assert_eq!(text(&response, header::VARY), Some("accept-encoding"), "{path} for {accepted}");
        let plain = text(&response, header::CONTENT_TYPE).unwrap();
        assert!(!plain.contains("octet-stream"), "{path} for {accepted}: {plain}");
        assert_eq!(body(response).await, expected, "{path} for {accepted}");
    }
}

#[tokio::test]
async fn what_a_browser_has_is_not_sent_again() {
    let web = web();
    let options = options(Some(web.path()));
    for path in ["/", "/picture.svg", "/page-0123456789abcdef_bg.wasm"] {
        let first = answer(&options, get(path, &[])).await;
        let etag = text(&first, header::ETAG).unwrap().to_owned();
        let modified = text(&first, header::LAST_MODIFIED).unwrap().to_owned();
        for (condition, value) in [(header::IF_NONE_MATCH, &etag), (header::IF_MODIFIED_SINCE, &modified)] {
            let again = answer(&options, get(path, &[(condition.clone(), value)])).await;
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{path}: {condition}");
            for name in [header::CONTENT_SECURITY_POLICY, header::CACHE_CONTROL] {
                assert_eq!(text(&again, name.clone()), text(&first, name), "{path}: {condition}");
            }
        }
        let other = answer(&options, get(path, &[(header::IF_NONE_MATCH, "\"other\"")])).await;
        assert_eq!(other.status(), StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn nothing_outside_and_nothing_hidden_is_served() {
    let web = web();
    fs::write(web.path().parent().unwrap().join("outside"), "secret").unwrap();
    let paths = [
        "/.hidden",
        "/%2ehidden",
        "/.git/config",
        "/../outside",
        "/..%2foutside",
        "/%2e%2e/outside",
        "/deep/../../outside",
        "/deep/%2e%2e%2f%2e%2e%2foutside",
        "//etc/passwd",
        "/%00",
        "/missing.html",
        "/missing/",
        "/index.html/",
    ];
    for path in paths {
        let response = answer(&options(Some(web.path())), get(path, &[])).await;
        let status = response.status();
        assert_eq!(
            (status, body(response).await.as_str()),
            (StatusCode::NOT_FOUND, "There is nothing here.\n"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_page_may_run_the_scripts_that_it_has_on_disk_and_no_others() {
    let web = web();
    let options = options(Some(web.path()));
    let policy = async |path: &str| {
        let response = answer(&options, get(path, &[])).await;
        text(&response, header::CONTENT_SECURITY_POLICY).unwrap().to_owned()
    };
    assert_eq!(policy("/").await, csp::policy(&csp::script_hashes(INDEX.as_bytes())));
    let two = policy("/page.html").await;
    assert_eq!(two.matches("'sha256-").count(), 2, "{two}");
    assert!(!policy("/picture.svg").await.contains("sha256"));
    // trunk builds anew while the bridge runs.
    let newer = INDEX.replace("start()", "restart()");
    fs::write(web.path().join("index.html"), &newer).unwrap();
    assert_eq!(policy("/").await, csp::policy(&csp::script_hashes(newer.as_bytes())));
    assert_ne!(policy("/").await, csp::policy(&csp::script_hashes(INDEX.as_bytes())));
}
