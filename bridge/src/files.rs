//! The files of `--web`: with the right types, compressed where a compressed twin lies beside them,
//! cached as long as their names allow, and each page with a policy that fits its scripts.

use std::path::Path;

use axum::body::{Body, Bytes, to_bytes};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, Method, Request, StatusCode, header};
use tower::ServiceExt as _;
use tower_http::services::ServeDir;

use crate::{csp, headers};

/// A larger page than this is not served: it is held in memory to be searched for scripts.
const PAGE_MAX_BYTES: usize = 4 * 1024 * 1024;

/// The headers of a request that ask for less than the whole file.
const CONDITIONS: [header::HeaderName; 6] = [
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    header::IF_MODIFIED_SINCE,
    header::IF_UNMODIFIED_SINCE,
    header::IF_RANGE,
    header::RANGE,
];

/// A directory of files.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    plain: ServeDir,
    compressed: ServeDir,
}

impl Files {
    pub(crate) fn new(directory: &Path) -> Self {
        let plain = ServeDir::new(directory);
        Self { compressed: plain.clone().precompressed_br().precompressed_gzip(), plain }
    }

    /// The file that is asked for, or the answer that there is none.
    pub(crate) async fn get(self, request: Request<Body>) -> Response {
        let path = request.uri().path().to_owned();
        if !is_plain(&path) {
            return not_found();
        }
        let page = path.ends_with('/') || path.ends_with(".html") || path.ends_with(".htm");
        let mut response = if page { self.page(request).await } else { served(self.compressed.oneshot(request).await) };
        match response.status() {
            StatusCode::NOT_FOUND => return not_found(),
            StatusCode::METHOD_NOT_ALLOWED => return refusal(response, "Files can only be read.\n"),
            StatusCode::OK | StatusCode::PARTIAL_CONTENT | StatusCode::NOT_MODIFIED => {
                response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(caching(&path)));
            }
            _ => {}
        }
        name_charset(&mut response);
        response
    }

    /// A page, with the policy that its inline scripts need. It is read whole whatever is asked for:
    /// a 304 must carry the same policy, because browsers take a kept page's headers from it.
    async fn page(self, request: Request<Body>) -> Response {
        let (parts, body) = request.into_parts();
        let mut whole = Request::new(Body::empty());
        *whole.uri_mut() = parts.uri.clone();
        let read = served(self.plain.clone().oneshot(whole).await);
        if read.status() != StatusCode::OK {
            return read;
        }
        let (read_parts, read_body) = read.into_parts();
        let Ok(text) = to_bytes(read_body, PAGE_MAX_BYTES).await else {
            return (StatusCode::INTERNAL_SERVER_ERROR, "The page cannot be read.\n").into_response();
        };
        let policy = headers::value(&csp::policy(&csp::script_hashes(&text)));
        let asks_for_all =
            parts.method == Method::GET && !CONDITIONS.iter().any(|name| parts.headers.contains_key(name));
        let mut response = if asks_for_all {
            Response::from_parts(read_parts, Body::from(text))
        } else {
            served(self.plain.oneshot(Request::from_parts(parts, body)).await)
        };
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
        response
    }
}

/// How long a browser may use what it keeps. trunk puts a hash of the content into a name, and then
/// the name stands for the content for ever; but not so for its scripts, which have the hash of the
/// wasm that they load, and differ from build to build with the wasm the same.
fn caching(path: &str) -> &'static str {
    let name = path.rsplit('/').next().unwrap_or(path);
    let is_script = name.ends_with(".js") || name.ends_with(".mjs");
    if has_hash(name) && !is_script { "public, max-age=31536000, immutable" } else { "no-cache" }
}

/// Whether a name has a part of 16 hex digits, as trunk's have: `name-0123456789abcdef_bg.wasm`.
fn has_hash(name: &str) -> bool {
    let is_hash = |part: &str| part.len() == 16 && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    name.split('-').skip(1).any(|part| is_hash(part.split(['_', '.']).next().unwrap_or(part)))
}

/// Whether a path leads to no hidden file, and has no empty part: `//name/` as the goal of a redirect
/// would lead to another host.
fn is_plain(path: &str) -> bool {
    let mut parts = path.split('/').skip(1).peekable();
    while let Some(part) = parts.next() {
        let hidden = part.starts_with('.') || part.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("%2e"));
        if hidden || (part.is_empty() && parts.peek().is_some()) {
            return false;
        }
    }
    true
}

/// Text is UTF-8, and says so. A script has one type, whatever its file is called (RFC 9239).
fn name_charset(response: &mut Response) {
    let Some(content_type) = response.headers_mut().get_mut(header::CONTENT_TYPE) else { return };
    let name = match content_type.to_str() {
        Ok("application/javascript") => "text/javascript",
        Ok(name) if name.starts_with("text/") && !name.contains("charset") => name,
        _ => return,
    };
    *content_type = HeaderValue::try_from(format!("{name}; charset=utf-8")).expect("a type is printable ASCII");
}

fn served<B>(response: Result<Response<B>, std::convert::Infallible>) -> Response
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    match response {
        Ok(response) => response.map(Body::new),
        Err(never) => match never {},
    }
}

/// The same status and headers, in words.
fn refusal(response: Response, words: &'static str) -> Response {
    let (parts, _) = response.into_parts();
    (parts, words).into_response()
}

pub(crate) fn not_found() -> Response {
    (StatusCode::NOT_FOUND, "There is nothing here.\n").into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_with_a_hash_are_kept_for_ever_and_scripts_never() {
        let cases = [
            ("/launcelot-0123456789abcdef_bg.wasm", true),
            ("/style-0123456789abcdef.css", true),
            ("/deep/down/style-0123456789abcdef.css", true),
            ("/two-words-0123456789abcdef_bg.wasm", true),
            ("/launcelot-0123456789abcdef.js", false),
            ("/launcelot-0123456789abcdef.mjs", false),
            ("/0123456789abcdef.css", false),
            ("/style-0123456789abcde.css", false),
            ("/style-0123456789abcdef0.css", false),
            ("/style-0123456789ABCDEF.css", false),
            ("/style-0123456789abcdeg.css", false),
            ("/style.css", false),
            ("/", false),
        ];
        for (path, for_ever) in cases {
            assert_eq!(caching(path).contains("immutable"), for_ever, "{path}");
        }
    }

    #[test]
    fn hidden_files_and_empty_parts_lead_nowhere() {
        for path in ["/", "/a", "/a/", "/a/b.html", "/a.b"] {
            assert!(is_plain(path), "{path}");
        }
        for path in ["//a/", "/a//b", "/.git/config", "/a/.b", "/../a", "/%2e%2e/a", "/%2Egit"] {
            assert!(!is_plain(path), "{path}");
        }
    }
}
