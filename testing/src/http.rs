//! HTTP/1.1 requests composed by hand, each on a connection of its own.

use std::io::{Read as _, Write as _};

use crate::sockets;

/// A response.
#[derive(Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The status line and the headers in lower case.
    pub head: String,
    /// The body.
    pub body: String,
}

/// Sends a request to a port of localhost and returns the response. `request` is the method and the path, and may be
/// followed by header lines.
#[track_caller]
pub fn request(port: u16, request: &str, body: &str) -> Response {
    let (first, headers) = request.split_once("\r\n").unwrap_or((request, ""));
    let headers = if headers.is_empty() { String::new() } else { format!("{headers}\r\n") };
    let length = body.len();
    let mut stream = sockets::connect(port);
    let head = format!(
        "{first} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n"
    );
    stream.write_all((head + body).as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("not an HTTP response: {answer:?}"));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.unwrap_or_else(|| panic!("the response has no status code: {head:?}"));
    Response { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
}
