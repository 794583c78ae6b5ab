//! The files of `--web`, with their types, their compressed variants, and an ETag of their content.

use std::path::Path;

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, header};
use percent_encoding::percent_decode_str;
use tower::ServiceExt as _;
use tower_http::services::ServeDir;
use tower_http::services::fs::DefaultServeDirFallback;

use super::content::HashedFiles;

/// Maximum number of bytes in the path of a file.
const PATH_MAX_BYTES: usize = 2048;

/// A directory of files.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    directory: ServeDir<DefaultServeDirFallback, HashedFiles>,
}

impl Files {
    /// The files of `directory`, without those to which links lead out of it unless `follow_links`.
    pub(crate) fn new(directory: &Path, follow_links: bool) -> Self {
        // ServeDir puts `./` before a relative path, which would then not be a prefix of the paths that it opens.
        let directory = std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned());
        let within = (!follow_links).then(|| directory.clone());
        let directory = ServeDir::with_backend(directory, HashedFiles::new(within));
        Self { directory: directory.precompressed_br().precompressed_gzip() }
    }

    /// Returns the requested file, or the response that there is none.
    pub(crate) async fn get(self, request: Request<Body>) -> Response {
        let path = request.uri().path();
        if path.len() > PATH_MAX_BYTES {
            return (StatusCode::URI_TOO_LONG, "The path is too long.\n").into_response();
        }
        if !is_plain(path) {
            return not_found();
        }
        if request.method() != Method::GET && request.method() != Method::HEAD {
            let allow = [(header::ALLOW, HeaderValue::from_static("GET,HEAD"))];
            return (StatusCode::METHOD_NOT_ALLOWED, allow, "Files can only be read.\n").into_response();
        }
        let mut response = self.read(request.uri(), request.headers().clone()).await;
        match response.status() {
            StatusCode::NOT_FOUND => return not_found(),
            StatusCode::OK | StatusCode::PARTIAL_CONTENT | StatusCode::NOT_MODIFIED => {
                let headers = response.headers_mut();
                headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching(path)));
                // ServeDir leaves it out of a 304, which must have it (RFC 9110, section 15.4.5).
                headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
            }
            // A relative address is right below any base path also.
            StatusCode::TEMPORARY_REDIRECT => {
                let name = path.rsplit('/').next().unwrap_or_default();
                let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
                let location = HeaderValue::try_from(format!("./{name}/{query}")).expect("an address is printable");
                response.headers_mut().insert(header::LOCATION, location);
            }
            _ => {}
        }
        add_charset(&mut response);
        if request.method() == Method::HEAD { response.map(|_| Body::empty()) } else { response }
    }

    /// Reads a file under conditions on its ETag. A range is only sent of the content that `If-Range`
    /// names; `ServeDir` does not know that header.
    async fn read(&self, uri: &Uri, mut conditions: HeaderMap) -> Response {
        // Times of modification are not used: see `content`.
        conditions.remove(header::IF_MODIFIED_SINCE);
        conditions.remove(header::IF_UNMODIFIED_SINCE);
        let if_range = conditions.remove(header::IF_RANGE);
        // A server may ignore ranges. ServeDir would refuse a range that it cannot read, and several at once.
        if !has_one_range(&conditions) {
            conditions.remove(header::RANGE);
        }
        let response = self.serve(uri, conditions.clone()).await;
        let is_part = matches!(response.status(), StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE);
        // The ETag is strong, so only the same text compares strongly with it; a time never does.
        if is_part && if_range.is_some() && if_range.as_ref() != response.headers().get(header::ETAG) {
            conditions.remove(header::RANGE);
            return self.serve(uri, conditions).await;
        }
        response
    }

    /// Always requests GET: for HEAD, `ServeDir` does not open the file, so its content could not be hashed.
    async fn serve(&self, uri: &Uri, headers: HeaderMap) -> Response {
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = uri.clone();
        *request.headers_mut() = headers;
        let mut response = match self.directory.clone().oneshot(request).await {
            Ok(response) => response.map(Body::new),
            Err(never) => match never {},
        };
        response.headers_mut().remove(header::LAST_MODIFIED);
        response
    }
}

/// How long a browser may use a cached file. A name with a hash of the content never gets other content; a browser
/// revalidates all other files each time.
fn caching(path: &str) -> &'static str {
    let name = path.rsplit('/').next().unwrap_or(path);
    if has_hash(name) { "public, max-age=31536000, immutable" } else { "no-cache" }
}

/// Whether a name has the form of a built page's files: `name-0123456789abcdef.ext`, or `…_bg.wasm`.
fn has_hash(name: &str) -> bool {
    let stem = name.strip_suffix("_bg.wasm").or_else(|| Some(name.split_once('.')?.0));
    let Some((_, hash)) = stem.and_then(|stem| stem.rsplit_once('-')) else { return false };
    hash.len() == 16 && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether a path has no hidden and no empty part, once it is decoded as it is for the file system. A redirect to `//name/`
/// would lead to another host.
fn is_plain(path: &str) -> bool {
    let Ok(path) = percent_decode_str(path).decode_utf8() else { return false };
    let mut parts = path.split('/').skip(1).peekable();
    while let Some(part) = parts.next() {
        if part.starts_with('.') || part.contains('\0') || (part.is_empty() && parts.peek().is_some()) {
            return false;
        }
    }
    true
}

/// Whether a request is for one range of bytes: `bytes=2-3`, `bytes=2-` or `bytes=-3`.
fn has_one_range(headers: &HeaderMap) -> bool {
    let mut ranges = headers.get_all(header::RANGE).into_iter();
    let (Some(range), None) = (ranges.next(), ranges.next()) else { return false };
    let range = range.to_str().ok().and_then(|range| range.strip_prefix("bytes="));
    let Some((first, last)) = range.and_then(|range| range.trim().split_once('-')) else { return false };
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_reversed = matches!((first.parse::<u64>(), last.parse::<u64>()), (Ok(first), Ok(last)) if first > last);
    is_number(first) && is_number(last) && !(first.is_empty() && last.is_empty()) && !is_reversed
}

/// Adds the charset of text, which is UTF-8, and gives every script the same type (RFC 9239).
fn add_charset(response: &mut Response) {
    let Some(content_type) = response.headers_mut().get_mut(header::CONTENT_TYPE) else { return };
    let name = match content_type.to_str() {
        Ok("application/javascript") => "text/javascript",
        Ok(name) if name.starts_with("text/") && !name.contains("charset") => name,
        _ => return,
    };
    *content_type = HeaderValue::try_from(format!("{name}; charset=utf-8")).expect("a type is printable ASCII");
}

pub(crate) fn not_found() -> Response {
    (StatusCode::NOT_FOUND, "Not found.\n").into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_with_a_hash_of_the_content_are_immutable() {
        let cases = [
            ("/launcelot-0123456789abcdef_bg.wasm", true),
            ("/launcelot-0123456789abcdef.js", true),
            ("/launcelot-0123456789abcdef.mjs", true),
            ("/style-0123456789abcdef.css", true),
            ("/style-0123456789abcdef.css.map", true),
            ("/deep/down/style-0123456789abcdef.css", true),
            ("/two-words-0123456789abcdef_bg.wasm", true),
            ("/0123456789abcdef.css", false),
            ("/style-0123456789abcdef", false),
            ("/style-0123456789abcde.css", false),
            ("/style-0123456789abcdef0.css", false),
            ("/style-0123456789ABCDEF.css", false),
            ("/style-0123456789abcdeg.css", false),
            ("/style-0123456789abcdef-old.css", false),
            ("/style-0123456789abcdef_old.css", false),
            ("/style-0123456789abcdef_bg.js", false),
            ("/style.0123456789abcdef.css", false),
            ("/style-0123456789abcdef/style.css", false),
            ("/style.css", false),
            ("/", false),
        ];
        for (path, is_immutable) in cases {
            assert_eq!(caching(path).contains("immutable"), is_immutable, "{path}");
        }
    }

    #[test]
    fn paths_with_hidden_or_empty_parts_are_not_plain() {
        for path in ["/", "/a", "/a/", "/a/b.html", "/a.b"] {
            assert!(is_plain(path), "{path}");
        }
        for path in [
            "//a/",
            "/a//b",
            "/.git/config",
            "/a/.b",
            "/../a",
            "/%2e%2e/a",
            "/%2Egit",
            "/sub%2f.env",
            "/sub%2F%2e%2e%2fa",
            "/%2f/a",
            "/a%00",
            "/%ff",
        ] {
            assert!(!is_plain(path), "{path}");
        }
    }

    #[test]
    fn only_one_valid_range_is_served() {
        let cases = [
            ("bytes=2-3", true),
            ("bytes=2-", true),
            ("bytes=-3", true),
            ("bytes=3-2", false),
            ("bytes=-", false),
            ("bytes=1-2,4-5", false),
            ("bytes=a-b", false),
            ("lines=1-2", false),
            ("2-3", false),
            ("bytes=--3", false),
        ];
        for (range, expected) in cases {
            let headers = HeaderMap::from_iter([(header::RANGE, range.parse().unwrap())]);
            assert_eq!(has_one_range(&headers), expected, "{range}");
        }
    }
}
