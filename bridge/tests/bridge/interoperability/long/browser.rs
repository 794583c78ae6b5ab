//! noVNC's `websock.js` in Chromium, which offers the subprotocol `binary`.
//!
//! The page reports through the bridge itself, so that no driver is needed.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use launcelot_bridge::Options;
use launcelot_testing::process::Process;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::net::tcp::OwnedReadHalf;

use crate::common::{Bridge, listen, target};

/// The number of bytes that the page gets.
const BYTES: usize = 1_000_000;

const PAGE: &str = "<!doctype html><script type=module src=page.js></script>";

const SCRIPT: &str = r"
import Websock from './core/websock.js';

/** Opens a WebSocket whose first bytes are `line`. */
function open(line) {
    const socket = new Websock();
    socket.open(new URL('ws', location.href.replace(/^http/, 'ws')), ['binary']);
    socket.on('open', () => send(socket, `${line} ${socket._websocket.protocol}`));
    return socket;
}

function send(socket, line) {
    socket.sQpushString(`${line}\n`);
    socket.flush();
}

let count = 0;
const socket = open('opened');
socket.on('message', () => {
    count += socket.rQshiftBytes(socket.rQlen()).length;
    if (count === 1000000) send(socket, `received ${count}`);
});
socket.on('close', ({ code, wasClean }) => open(`closed ${code} ${wasClean}`));
";

fn chromium() -> Command {
    let mut command = Command::new(env::var_os("LAUNCELOT_CHROMIUM").unwrap_or_else(|| "chromium".into()));
    command.args(["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage"]);
    command
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// Accepts a WebSocket of the page and returns its first line.
async fn first_line(listener: &TcpListener) -> (String, BufReader<OwnedReadHalf>, tokio::net::tcp::OwnedWriteHalf) {
    // A browser may take long to start.
    let accepted = launcelot_testing::wait::within(launcelot_testing::wait::DEADLINE, "the page", listener.accept());
    let (reader, writer) = accepted.await.unwrap().0.into_split();
    let mut reader = BufReader::new(reader);
    let line = line(&mut reader).await;
    (line, reader, writer)
}

async fn line(reader: &mut BufReader<OwnedReadHalf>) -> String {
    let mut line = String::new();
    crate::common::soon(reader.read_line(&mut line)).await.unwrap();
    line.trim_end().to_owned()
}

#[tokio::test]
async fn novnc_in_chromium_gets_its_subprotocol_all_bytes_and_the_close_code() {
    let novnc = env::var_os("LAUNCELOT_NOVNC").map(PathBuf::from);
    let novnc = novnc.expect("LAUNCELOT_NOVNC is not set; type: cargo xtask test --long --install");
    let web = tempfile::tempdir().unwrap();
    copy(&novnc.join("core"), &web.path().join("core"));
    fs::write(web.path().join("index.html"), PAGE).unwrap();
    fs::write(web.path().join("page.js"), SCRIPT).unwrap();
    let (listener, address) = listen().await;
    let options = Options { targets: vec![target(address)], web: Some(web.path().to_owned()), ..Options::default() };
    let bridge = Bridge::start(options);
    let profile = tempfile::tempdir().unwrap();
    let mut command = chromium();
    command.arg(format!("--user-data-dir={}", profile.path().display()));
    command.arg(format!("http://localhost:{}/", bridge.port));
    let _chromium = Process::start(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()));

    let (opened, mut reader, mut writer) = first_line(&listener).await;
    assert_eq!(opened, "opened binary");
    writer.write_all(&vec![7; BYTES]).await.unwrap();
    assert_eq!(line(&mut reader).await, format!("received {BYTES}"));
    drop((reader, writer));
    assert_eq!(first_line(&listener).await.0, "closed 1000 true binary");
}
