//! nginx in front of the bridge, with `deploy/nginx.conf`.

use std::fs;
use std::process::Stdio;

use launcelot_testing::ports::ReservedPort;
use launcelot_testing::process::Process;

use super::behind_proxy::{BridgeBehindProxy, HOST, until_listening};
use crate::common::certificates::Authority;
use crate::common::deploy::example;
use crate::interoperability::peer;

#[tokio::test]
async fn behind_nginx_with_tls_and_a_prefix_everything_works_and_idle_websockets_stay_open() {
    let bridge = BridgeBehindProxy::start().await;
    let directory = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let files = authority.issue(HOST, directory.path());
    let port = ReservedPort::new();
    let server = example(
        "nginx.conf",
        &[
            ("127.0.0.1:8080", &format!("127.0.0.1:{}", bridge.running.port)),
            ("listen 443 ssl", &format!("listen 127.0.0.1:{} ssl", port.number)),
            ("/etc/ssl/camelot.example.pem", files.certificate.to_str().unwrap()),
            ("/etc/ssl/private/camelot.example.key", files.key.to_str().unwrap()),
        ],
    );
    let folder = directory.path().display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {folder}/{kind};\n"))
        .concat();
    // Without workers: they would outlive a killed master, and hold the standard output of the tests open.
    let main = format!("daemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log stderr;\nevents {{ }}\n");
    let config = directory.path().join("nginx.conf");
    fs::write(&config, format!("{main}http {{\naccess_log off;\n{temporary}{server}}}\n")).unwrap();
    let mut command = peer("LAUNCELOT_NGINX", "nginx");
    command.args(["-e", "stderr", "-p"]).arg(directory.path()).arg("-c").arg(&config).stdin(Stdio::null());
    let _nginx = Process::start(&mut command);
    until_listening(port.number).await;
    bridge.check(port.number, &authority).await;
}
