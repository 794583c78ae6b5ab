//! curl: files of the bridge, and the handshake of a WebSocket.

use std::fs;
use std::process::Command;

use launcelot_bridge::Options;

use crate::common::{Bridge, echo, target};
use crate::interoperability::bridge_for_clients::output;

/// Runs curl with these arguments and a URL of the bridge. Returns what it prints.
async fn curl(bridge: &Bridge, arguments: &[&str], path: &str) -> String {
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--max-time", "30"]).args(arguments);
    command.arg(format!("http://localhost:{}{path}", bridge.port));
    let output = output(command).await;
    String::from_utf8_lossy(&output.stdout).replace('\r', "")
}

#[tokio::test]
async fn curl_downloads_resumes_and_revalidates_files() {
    let web = tempfile::tempdir().unwrap();
    let page = "What is your favorite color? ".repeat(100_000);
    fs::write(web.path().join("page.txt"), &page).unwrap();
    fs::write(web.path().join(".secret"), "secret").unwrap();
    fs::create_dir(web.path().join("deep")).unwrap();
    fs::write(web.path().join("deep/index.html"), "deep").unwrap();
    let bridge = Bridge::start(Options { web: Some(web.path().to_owned()), ..Options::default() });
    assert_eq!(curl(&bridge, &[], "/page.txt").await, page);
    assert_eq!(curl(&bridge, &["--http1.0"], "/page.txt").await, page);
    assert_eq!(curl(&bridge, &["--range", "8-11"], "/page.txt").await, page[8..12]);
    assert_eq!(curl(&bridge, &["--range", "0-3,8-11"], "/page.txt").await, page);
    assert_eq!(curl(&bridge, &["--location"], "/deep").await, "deep");
    for path in ["/.secret", "/deep/../.secret", "/deep%2f..%2f.secret"] {
        assert_eq!(curl(&bridge, &["--path-as-is"], path).await, "Not found.\n", "{path}");
    }
    let status = ["--output", "/dev/null", "--write-out", "%{http_code}"];
    let etag = web.path().join("etag");
    let etag = etag.to_str().unwrap();
    assert_eq!(curl(&bridge, &[&status[..], &["--etag-save", etag]].concat(), "/page.txt").await, "200");
    assert_eq!(curl(&bridge, &[&status[..], &["--etag-compare", etag]].concat(), "/page.txt").await, "304");
    let expect = ["--header", "Expect: 100-continue", "--data", "unwanted"];
    assert_eq!(curl(&bridge, &[&status[..], &expect].concat(), "/page.txt").await, "405");
}

#[tokio::test]
async fn curl_opens_a_websocket() {
    let bridge = Bridge::start(Options { targets: vec![target(echo().await)], ..Options::default() });
    let headers = [
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ];
    let mut arguments = vec!["--include", "--max-time", "2"];
    arguments.extend(headers.iter().flat_map(|header| ["--header", header]));
    let head = curl(&bridge, &arguments, "/ws").await.to_lowercase();
    assert!(head.starts_with("http/1.1 101 "), "{head}");
    assert!(head.contains("\nsec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=\n"), "{head}");
}
