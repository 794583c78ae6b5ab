//! Conditional requests: an ETag depends only on the content that is served (RFC 9110, sections 8.8.3 and 13).

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::common::request::{answer, body, get, options, text, web};
use axum::response::Response;
use http::{HeaderName, Method, StatusCode, header};

/// Requests a file under `web` and returns the response.
async fn ask(web: &Path, path: &str, headers: &[(HeaderName, &str)]) -> Response {
    answer(&options(Some(web)), get(path, headers)).await
}

async fn etag(web: &Path, path: &str, headers: &[(HeaderName, &str)]) -> String {
    text(&ask(web, path, headers).await, header::ETAG).unwrap().to_owned()
}

/// Writes a file whose time of modification is the same in every build.
fn build(path: &Path, content: &str) {
    fs::write(path, content).unwrap();
    let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    File::options().write(true).open(path).unwrap().set_modified(modified).unwrap();
}

#[tokio::test]
async fn a_newer_build_of_equal_length_and_time_is_sent() {
    let web = web();
    let page = web.path().join("index.html");
    let newer = web.path().join("newer.html");
    for replaced_by_renaming in [false, true] {
        build(&page, "<script src=a.js>");
        let first = ask(web.path(), "/", &[]).await;
        let etag = text(&first, header::ETAG).unwrap();
        if replaced_by_renaming {
            build(&newer, "<script src=b.js>");
            fs::rename(&newer, &page).unwrap();
        } else {
            build(&page, "<script src=b.js>");
        }
        let again = ask(web.path(), "/", &[(header::IF_NONE_MATCH, etag)]).await;
        assert_eq!(again.status(), StatusCode::OK, "replaced by renaming: {replaced_by_renaming}");
        assert_eq!(body(again).await, "<script src=b.js>");
    }
}

#[tokio::test]
async fn an_unchanged_file_keeps_its_etag_when_it_is_written_again() {
    let web = web();
    let page = web.path().join("index.html");
    let first = etag(web.path(), "/", &[]).await;
    let content = fs::read_to_string(&page).unwrap();
    build(&page, &content);
    assert_eq!(etag(web.path(), "/", &[]).await, first);
}

#[tokio::test]
async fn an_etag_is_strong_and_head_has_it_too() {
    let web = web();
    for path in ["/", "/page.html", "/picture.svg", "/notes", "/icon.png"] {
        let etag = etag(web.path(), path, &[]).await;
        assert!(etag.starts_with('"') && etag.ends_with('"') && etag.len() > 2, "{path}: {etag}");
        let mut head = get(path, &[]);
        *head.method_mut() = Method::HEAD;
        let head = answer(&options(Some(web.path())), head).await;
        assert_eq!(head.status(), StatusCode::OK, "{path}");
        assert_eq!(text(&head, header::ETAG), Some(etag.as_str()), "{path}");
    }
}

#[tokio::test]
async fn each_compressed_variant_has_an_etag_of_its_own() {
    let web = web();
    let mut etags = Vec::new();
    for accepted in ["identity", "gzip", "br"] {
        etags.push(etag(web.path(), "/page.html", &[(header::ACCEPT_ENCODING, accepted)]).await);
    }
    assert!(etags[0] != etags[1] && etags[1] != etags[2] && etags[2] != etags[0], "{etags:?}");
    let gzip_instead_of_brotli = [(header::ACCEPT_ENCODING, "gzip"), (header::IF_NONE_MATCH, etags[2].as_str())];
    assert_eq!(ask(web.path(), "/page.html", &gzip_instead_of_brotli).await.status(), StatusCode::OK);
    let gzip = [(header::ACCEPT_ENCODING, "gzip"), (header::IF_NONE_MATCH, etags[1].as_str())];
    assert_eq!(ask(web.path(), "/page.html", &gzip).await.status(), StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn if_none_match_is_compared_weakly() {
    let web = web();
    let etag = etag(web.path(), "/picture.svg", &[]).await;
    let cases = [
        (etag.clone(), StatusCode::NOT_MODIFIED),
        (format!("W/{etag}"), StatusCode::NOT_MODIFIED),
        (format!("\"a\", {etag}"), StatusCode::NOT_MODIFIED),
        (format!("\"a,b\" , W/\"c\",W/{etag},\"d\""), StatusCode::NOT_MODIFIED),
        ("*".to_owned(), StatusCode::NOT_MODIFIED),
        ("\"a\"".to_owned(), StatusCode::OK),
        ("W/\"a\", \"b\"".to_owned(), StatusCode::OK),
        (etag.trim_matches('"').to_owned(), StatusCode::OK),
    ];
    for (condition, expected) in cases {
        for method in [Method::GET, Method::HEAD] {
            let mut request = get("/picture.svg", &[(header::IF_NONE_MATCH, &condition)]);
            *request.method_mut() = method.clone();
            let status = answer(&options(Some(web.path())), request).await.status();
            assert_eq!(status, expected, "{method}, If-None-Match: {condition}");
        }
    }
}

#[tokio::test]
async fn if_match_is_compared_strongly() {
    let web = web();
    let etag = etag(web.path(), "/picture.svg", &[]).await;
    let cases = [
        (etag.clone(), StatusCode::OK),
        ("*".to_owned(), StatusCode::OK),
        (format!("\"a\", {etag}"), StatusCode::OK),
        (format!("W/{etag}"), StatusCode::PRECONDITION_FAILED),
        ("\"a\"".to_owned(), StatusCode::PRECONDITION_FAILED),
    ];
    for (condition, expected) in cases {
        let status = ask(web.path(), "/picture.svg", &[(header::IF_MATCH, &condition)]).await.status();
        assert_eq!(status, expected, "If-Match: {condition}");
    }
}

#[tokio::test]
async fn not_modified_has_the_headers_that_a_browser_updates() {
    let web = web();
    for path in ["/", "/picture.svg", "/page-0123456789abcdef.js", "/page-0123456789abcdef_bg.wasm"] {
        let first = ask(web.path(), path, &[(header::ACCEPT_ENCODING, "br")]).await;
        let etag = text(&first, header::ETAG).unwrap();
        let again = [(header::ACCEPT_ENCODING, "br"), (header::IF_NONE_MATCH, etag)];
        let again = ask(web.path(), path, &again).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{path}");
        for name in [header::ETAG, header::CACHE_CONTROL, header::VARY, header::CONTENT_SECURITY_POLICY] {
            assert!(text(&first, name.clone()).is_some(), "{path}: {name}");
            assert_eq!(text(&again, name.clone()), text(&first, name.clone()), "{path}: {name}");
        }
        assert_eq!(body(again).await, "", "{path}");
    }
}

#[tokio::test]
async fn times_of_modification_are_ignored() {
    let web = web();
    let future = "Fri, 31 Dec 2100 23:59:59 GMT";
    let past = "Sat, 01 Jan 2000 00:00:00 GMT";
    for path in ["/", "/picture.svg"] {
        for (condition, time) in [(header::IF_MODIFIED_SINCE, future), (header::IF_UNMODIFIED_SINCE, past)] {
            let response = ask(web.path(), path, &[(condition.clone(), time)]).await;
            assert_eq!(response.status(), StatusCode::OK, "{path}, {condition}: {time}");
            assert_eq!(text(&response, header::LAST_MODIFIED), None, "{path}");
        }
    }
}

#[tokio::test]
async fn a_range_is_sent_only_of_the_content_that_if_range_names() {
    let web = web();
    let etag = etag(web.path(), "/picture.svg", &[]).await;
    let part = (StatusCode::PARTIAL_CONTENT, "vg");
    let whole = (StatusCode::OK, "<svg/>");
    let cases = [
        (None, "bytes=2-3", part),
        (Some(etag.clone()), "bytes=2-3", part),
        (Some(format!("W/{etag}")), "bytes=2-3", whole),
        (Some("\"a\"".to_owned()), "bytes=2-3", whole),
        (Some("\"a\"".to_owned()), "bytes=100-", whole),
        (Some("Fri, 31 Dec 2100 23:59:59 GMT".to_owned()), "bytes=2-3", whole),
        (Some(etag.clone()), "bytes=100-", (StatusCode::RANGE_NOT_SATISFIABLE, "")),
    ];
    for (if_range, range, expected) in cases {
        let mut headers = vec![(header::RANGE, range)];
        headers.extend(if_range.as_deref().map(|condition| (header::IF_RANGE, condition)));
        let response = ask(web.path(), "/picture.svg", &headers).await;
        let status = response.status();
        assert_eq!(text(&response, header::ETAG), Some(etag.as_str()), "{headers:?}");
        assert_eq!((status, body(response).await.as_str()), expected, "{headers:?}");
    }
}
