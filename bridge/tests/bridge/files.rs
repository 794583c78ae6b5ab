//! Files that the bridge serves: their types, their compressed variants, and how they may be cached.

use std::fs;
use std::path::Path;

use crate::common::request::{answer, body, get, options, text, web};
use crate::common::soon;
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
    fs::write(web.path().join("deep/.secret"), "secret").unwrap();
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
        "/deep%2f.secret",
        "/deep/%2esecret",
        "/index.html/",
        "/deep%2F.secret",
        "/deep%2f%2e%2e%2f.hidden",
        "/%2e%2e%2foutside",
        "/.%2e/outside",
        "/deep/..;/outside",
        "/%252e%252e/outside",
        "/%c0%ae%c0%ae/outside",
        "/%2fetc/passwd",
        "/deep%5c..%5c..%5coutside",
        "/deep//index.html",
        "/%ff",
        "/deep%00/index.html",
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

#[tokio::test]
async fn links_out_of_the_directory_are_followed_only_on_request() {
    let web = web();
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret.txt"), "secret").unwrap();
    std::os::unix::fs::symlink(outside.path().join("secret.txt"), web.path().join("out.txt")).unwrap();
    std::os::unix::fs::symlink(outside.path(), web.path().join("out")).unwrap();
    std::os::unix::fs::symlink("notes", web.path().join("in.txt")).unwrap();
    for (path, expected) in
        [("/out.txt", 404), ("/out/secret.txt", 404), ("/out", 404), ("/out/", 404), ("/in.txt", 200)]
    {
        let status = answer(&options(Some(web.path())), get(path, &[])).await.status();
        assert_eq!(status.as_u16(), expected, "{path}");
    }
    let following = launcelot_bridge::Options { follow_links: true, ..options(Some(web.path())) };
    assert_eq!(body(answer(&following, get("/out.txt", &[])).await).await, "secret");
}

#[tokio::test]
async fn the_directory_may_be_relative_to_the_current_one() {
    for directory in ["tests/bridge", "./tests/bridge", "tests/../tests/bridge/", "../bridge/tests/bridge"] {
        for follow_links in [false, true] {
            let options = launcelot_bridge::Options { follow_links, ..options(Some(Path::new(directory))) };
            let status = answer(&options, get("/files.rs", &[])).await.status();
            assert_eq!(status, StatusCode::OK, "{directory}, following links: {follow_links}");
        }
    }
}

#[tokio::test]
async fn a_fifo_is_not_found_and_blocks_no_other_file() {
    let web = web();
    let fifo = web.path().join("fifo");
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    for _ in 0..40 {
        let response = soon(answer(&options(Some(web.path())), get("/fifo", &[]))).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
    }
    let response = soon(answer(&options(Some(web.path())), get("/notes", &[]))).await;
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test]
async fn only_regular_files_are_served() {
    let web = web();
    let _socket = std::os::unix::net::UnixListener::bind(web.path().join("socket")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", web.path().join("zero")).unwrap();
    std::os::unix::fs::symlink("loop", web.path().join("loop")).unwrap();
    for follow_links in [false, true] {
        let options = launcelot_bridge::Options { follow_links, ..options(Some(web.path())) };
        for path in ["/socket", "/zero", "/loop"] {
            let response = crate::common::soon(answer(&options, get(path, &[]))).await;
            assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}, following links: {follow_links}");
        }
    }
}

#[tokio::test]
async fn a_path_that_is_too_long_is_refused() {
    let web = web();
    for (length, expected) in [(200, 404), (300, 404), (1000, 404), (10_000, 414)] {
        let path = format!("/{}", "x".repeat(length));
        assert_eq!(answer(&options(Some(web.path())), get(&path, &[])).await.status().as_u16(), expected, "{length}");
    }
}

#[tokio::test]
async fn ranges_that_cannot_be_read_and_several_ranges_get_the_whole_file() {
    let web = web();
    for range in ["bytes=a-b", "bytes=0-1,3-4", "pages=1-2", "bytes=3-2", "bytes=-", "nonsense"] {
        let response = answer(&options(Some(web.path())), get("/picture.svg", &[(header::RANGE, range)])).await;
        assert_eq!((response.status(), body(response).await.as_str()), (StatusCode::OK, "<svg/>"), "{range}");
    }
}
