//! Files that the bridge serves: their types, their compressed variants, and how they may be cached.

#![allow(clippy::unwrap_used, reason = "in a test, a panic reports the failure")]

mod common;

use std::fs;

use common::request::{answer, body, get, options, text, web};
use http::{StatusCode, header};

#[tokio::test]
async fn files_have_their_types_and_are_cached_as_their_names_allow() {
    let web = web();
    let revalidate = "no-cache";
    let immutable = "public, max-age=31536000, immutable";
    let cases = [
        ("/", "text/html; charset=utf-8", revalidate),
        ("/index.html", "text/html; charset=utf-8", revalidate),
        ("/deep/", "text/html; charset=utf-8", revalidate),
        ("/page.html", "text/html; charset=utf-8", revalidate),
        ("/page-0123456789abcdef.js", "text/javascript; charset=utf-8", immutable),
        ("/worker.mjs", "text/javascript; charset=utf-8", revalidate),
        ("/page-0123456789abcdef_bg.wasm", "application/wasm", immutable),
        ("/style-0123456789abcdef.css", "text/css; charset=utf-8", immutable),
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
async fn a_compressed_variant_is_served_to_clients_that_accept_it() {
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
        ("/page.html", "gzip, deflate, br", Some("br"), "brotli"),
        ("/page.html", "gzip", Some("gzip"), "gzip"),
        ("/page.html", "identity", None, "plain"),
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
async fn files_outside_the_directory_and_hidden_files_are_not_found() {
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
        assert_eq!((status, body(response).await.as_str()), (StatusCode::NOT_FOUND, "Not found.\n"), "{path}");
    }
}

#[tokio::test]
async fn a_large_page_is_served_whole() {
    let web = web();
    let page = "x".repeat(5 * 1024 * 1024);
    fs::write(web.path().join("large.html"), &page).unwrap();
    let response = answer(&options(Some(web.path())), get("/large.html", &[])).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(body(response).await.len(), page.len());
}
