//! Requests to the router without a socket, and a directory of files to request.

use std::fs;
use std::path::Path;

use axum::body::{Body, to_bytes};
use axum::response::Response;
use http::{HeaderName, Request, header};
use launcelot_bridge::{Bridge, Options};
use tempfile::TempDir;
use tower::ServiceExt as _;

/// Creates a directory of files like those of a built page.
pub(crate) fn web() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("index.html", "<!doctype html><title>Bridge</title>");
    write("page.html", "plain");
    write("page.html.br", "brotli");
    write("page.html.gz", "gzip");
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

pub(crate) fn options(web: Option<&Path>) -> Options {
    let origins = vec!["https://camelot.example".parse().unwrap()];
    Options { web: web.map(Path::to_owned), origins, ..Options::default() }
}

pub(crate) async fn answer(options: &Options, request: Request<Body>) -> Response {
    Bridge::new(options.clone()).unwrap().router().oneshot(request).await.unwrap()
}

pub(crate) fn get(path: &str, headers: &[(HeaderName, &str)]) -> Request<Body> {
    let mut request = Request::get(path).header(header::HOST, "localhost:8080");
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    request.body(Body::empty()).unwrap()
}

pub(crate) fn text(response: &Response, name: HeaderName) -> Option<&str> {
    response.headers().get(name).map(|value| value.to_str().unwrap())
}

pub(crate) async fn body(response: Response) -> String {
    String::from_utf8(to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()).unwrap()
}
