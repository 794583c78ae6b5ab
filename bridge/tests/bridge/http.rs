//! The bridge's responses over HTTP: which requests it refuses, and the headers of every response.

use crate::common::request::{answer, body, get, options, text, web};
use crate::common::{Bridge, echo, send_request};
use axum::body::Body;
use http::{HeaderName, Request, StatusCode, header};

const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; \
                      font-src 'self'; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

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

#[tokio::test]
async fn a_foreign_host_is_refused_on_every_path() {
    let web = web();
    for path in ["/", "/ws", "/ws/none", "/page.html", "/missing"] {
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
        ("GET / HTTP/1.0\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nConnection: close\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nConnection: close\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 400),
        ("GET / HTTP/1.0\r\nHost: localhost\r\n\r\n", 200),
        ("GET / HTTP/1.1\r\nConnection: close\r\nHost: [::1]:8080\r\n\r\n", 200),
        ("GET / HTTP/1.1\r\nConnection: close\r\nHost: 192.0.2.7:8080\r\n\r\n", 403),
        ("GET / HTTP/1.1\r\nConnection: close\r\nHost: evil.example\r\n\r\n", 403),
        ("GET http://evil.example/ HTTP/1.1\r\nConnection: close\r\nHost: localhost\r\n\r\n", 403),
        ("GET http://localhost/ HTTP/1.1\r\nConnection: close\r\nHost: localhost\r\n\r\n", 200),
    ];
    for (request, expected) in cases {
        assert_eq!(send_request(bridge.port, request).await.status, expected, "{request:?}");
    }
}

#[tokio::test]
async fn addresses_of_other_machines_are_hosts_only_on_request() {
    for (ip_hosts, expected) in [(false, 403), (true, 200)] {
        let options = launcelot_bridge::Options { ip_hosts, ..options(None) };
        for host in ["192.0.2.7:8080", "[2001:db8::1]"] {
            let mut request = get("/", &[]);
            request.headers_mut().insert(header::HOST, host.parse().unwrap());
            assert_eq!(answer(&options, request).await.status().as_u16(), expected, "{host}");
        }
    }
}

#[tokio::test]
async fn requests_that_are_not_for_a_file_are_refused_and_the_bridge_goes_on() {
    let web = web();
    let bridge = Bridge::start(options(Some(web.path())));
    let cases = [
        ("OPTIONS *", 405),
        ("CONNECT localhost:8080", 405),
        ("TRACE /", 405),
        ("GET *", 404),
        ("GET //evil.example/deep", 404),
        ("GET /\\evil", 404),
        ("GET /%0d%0aX:", 404),
        ("GET index.html", 403),
        ("GET http://localhost", 200),
        ("GET /?query", 200),
    ];
    for (request, expected) in cases {
        let request = format!("{request} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        assert_eq!(send_request(bridge.port, &request).await.status, expected, "{request:?}");
    }
    let long = format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "x".repeat(100_000));
    assert_eq!(send_request(bridge.port, &long).await.status, 431);
}

#[tokio::test]
async fn health_is_told_to_anybody() {
    let bridge = Bridge::to(echo().await);
    let cases = [
        ("GET /healthz HTTP/1.0\r\n\r\n", 200),
        ("GET /readyz HTTP/1.0\r\n\r\n", 200),
        ("HEAD /healthz HTTP/1.0\r\n\r\n", 200),
        ("GET /healthz HTTP/1.1\r\nConnection: close\r\nHost: evil.example\r\n\r\n", 200),
        // HAProxy's health check.
        ("OPTIONS / HTTP/1.0\r\n\r\n", 204),
    ];
    for (request, expected) in cases {
        assert_eq!(send_request(bridge.port, request).await.status, expected, "{request:?}");
    }
}

#[tokio::test]
async fn with_require_origin_only_pages_may_connect() {
    let options = launcelot_bridge::Options { require_origin: true, ..options(None) };
    assert_eq!(answer(&options, handshake(&[])).await.status(), StatusCode::FORBIDDEN);
    let page = [(header::ORIGIN, "https://camelot.example")];
    assert_eq!(answer(&options, handshake(&page)).await.status(), StatusCode::SWITCHING_PROTOCOLS);
}

#[tokio::test]
async fn a_client_without_the_token_is_refused() {
    let token = launcelot_bridge::token::Token::new("secret");
    let options = launcelot_bridge::Options { token, ..options(None) };
    let cases = [(Some("Bearer secret"), 101), (Some("Bearer other"), 401), (None, 401)];
    for (sent, expected) in cases {
        let headers: Vec<_> = sent.into_iter().map(|sent| (header::AUTHORIZATION, sent)).collect();
        let response = answer(&options, handshake(&headers)).await;
        assert_eq!(response.status().as_u16(), expected, "{sent:?}");
        let challenge = text(&response, header::WWW_AUTHENTICATE);
        assert_eq!(challenge, (expected == 401).then_some("Bearer"), "{sent:?}");
    }
}

#[tokio::test]
async fn everything_is_below_the_base_path() {
    let web = web();
    let options = launcelot_bridge::Options { base_path: "/lance".parse().unwrap(), ..options(Some(web.path())) };
    let cases = [
        ("/lance/", 200),
        ("/lance", 307),
        ("/lance/page.html", 200),
        ("/lance/ws", 426),
        ("/lance/healthz", 200),
        ("/healthz", 200),
        ("/page.html", 404),
        ("/lancelot/page.html", 404),
        ("/ws", 404),
    ];
    for (path, expected) in cases {
        assert_eq!(answer(&options, get(path, &[])).await.status().as_u16(), expected, "{path}");
    }
    for (path, expected) in [
        ("/lance/deep", "./deep/"),
        ("/lance/deep?x=1", "./deep/?x=1"),
        ("/lance", "./lance/"),
        ("/lance?x=1", "./lance/?x=1"),
    ] {
        let redirect = answer(&options, get(path, &[])).await;
        assert_eq!(redirect.status(), StatusCode::TEMPORARY_REDIRECT, "{path}");
        assert_eq!(text(&redirect, header::LOCATION), Some(expected), "{path}");
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
            let reason = "Pages from this origin may not use the bridge; --origin allows one.\n";
            assert_eq!(body(response).await, reason);
        }
    }
    let two = [(header::ORIGIN, "http://localhost"), (header::ORIGIN, "http://localhost")];
    assert_eq!(answer(&options(None), handshake(&two)).await.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_page_that_may_connect_can_read_that_there_is_no_lab() {
    let cases = [
        (None, None),
        (Some("http://localhost:8000"), Some("http://localhost:8000")),
        (Some("https://camelot.example"), Some("https://camelot.example")),
        (Some("https://evil.example"), None),
    ];
    for (origin, allowed) in cases {
        let headers: Vec<_> = origin.into_iter().map(|origin| (header::ORIGIN, origin)).collect();
        let response = answer(&options(None), get("/api/tunnel", &headers)).await;
        assert_eq!(response.status(), StatusCode::NO_CONTENT, "{origin:?}");
        assert_eq!(text(&response, header::ACCESS_CONTROL_ALLOW_ORIGIN), allowed, "{origin:?}");
    }
    // Further routes may be those of a lab.
    let lab = axum::Router::new().route("/api/tunnel", axum::routing::get(|| async { "a tunnel" }));
    let with_lab = launcelot_bridge::Options { routes: Some(lab), ..options(None) };
    assert_eq!(body(answer(&with_lab, get("/api/tunnel", &[])).await).await, "a tunnel");
}

#[tokio::test]
async fn an_invalid_handshake_is_refused() {
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
        let request_text = format!("{request:?}");
        let response = answer(&options(None), request).await;
        assert_eq!(response.status(), expected, "{request_text}");
        if expected == 426 {
            assert_eq!(text(&response, header::SEC_WEBSOCKET_VERSION), Some("13"));
            assert_eq!(text(&response, header::UPGRADE), Some("websocket"));
        }
    }
}

#[tokio::test]
async fn every_response_has_the_security_headers() {
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
        let request_text = format!("{} {}", request.method(), request.uri());
        let response = answer(&with_files, request).await;
        assert_eq!(response.status(), expected, "{request_text}");
        let expected = [
            ("content-security-policy", POLICY),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-embedder-policy", "require-corp"),
            ("cross-origin-resource-policy", "same-origin"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
        ];
        for (name, value) in expected {
            assert_eq!(text(&response, HeaderName::from_static(name)), Some(value), "{request_text}: {name}");
        }
        assert_eq!(response.headers().get_all(header::CONTENT_SECURITY_POLICY).iter().count(), 1, "{request_text}");
    }
}

#[tokio::test]
async fn without_files_the_root_path_says_where_to_open_a_websocket() {
    let response = answer(&options(None), get("/", &[])).await;
    assert_eq!(text(&response, header::CONTENT_TYPE), Some("text/plain; charset=utf-8"));
    assert_eq!(body(response).await, "This is a bridge from WebSocket to TCP: open a WebSocket at /ws.\n");
    let missing = answer(&options(None), get("/index.html", &[])).await;
    assert_eq!((missing.status(), body(missing).await), (StatusCode::NOT_FOUND, "Not found.\n".to_owned()));
}
