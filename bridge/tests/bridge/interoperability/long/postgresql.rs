//! PostgreSQL behind the bridge, where it is installed.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use launcelot_bridge::Options;
use launcelot_testing::ports::ReservedPort;
use launcelot_testing::process::Process;
use launcelot_testing::wait::until_async;

use crate::common::{Bridge, target};
use crate::interoperability::adapter::adapter;
use crate::interoperability::bridge_for_clients::output;

/// Debian's user without rights. PostgreSQL does not run as root.
const UNPRIVILEGED: u32 = 65_534;

/// A program of PostgreSQL, which runs in `directory` and owns it.
fn program(name: &str, directory: &Path) -> Command {
    let mut command = Command::new(name);
    command.current_dir(directory).stdin(Stdio::null());
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(directory, Some(UNPRIVILEGED), Some(UNPRIVILEGED)).unwrap();
        command.uid(UNPRIVILEGED).gid(UNPRIVILEGED);
    }
    command
}

async fn psql(port: u16, sql: &str) -> Result<String, String> {
    let mut command = Command::new("psql");
    command.args(["--host=127.0.0.1", &format!("--port={port}"), "--username=knight", "--no-psqlrc"]);
    command.args(["--tuples-only", "--no-align", "--command", sql, "postgres"]).stdin(Stdio::null());
    let output = output(command).await;
    let [stdout, stderr] =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).trim_end().to_owned());
    if output.status.success() { Ok(stdout) } else { Err(stderr) }
}

#[tokio::test]
async fn postgresql_answers_queries_and_sends_large_results() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let mut initdb = program("initdb", directory.path());
    initdb.args(["--auth=trust", "--username=knight", "--no-sync", "--pgdata"]).arg(&data);
    let made = output(initdb).await;
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let port = ReservedPort::new();
    let log = fs::File::create(directory.path().join("log")).unwrap();
    let mut postgres = program("postgres", directory.path());
    postgres.arg("-D").arg(&data).args(["-p", &port.number.to_string(), "-c", "listen_addresses=127.0.0.1", "-k"]);
    let postgres = Process::start(postgres.arg(directory.path()).stdout(Stdio::null()).stderr(log));
    until_async("PostgreSQL", async || psql(port.number, "select 1").await.ok()).await;

    let bridge = Bridge::start(Options { targets: vec![target(port.address())], ..Options::default() });
    let through = adapter(format!("ws://127.0.0.1:{}/ws", bridge.port)).await;
    let sum = psql(through, "select sum(number) from generate_series(1, 200000) number").await;
    assert_eq!(sum.as_deref(), Ok("20000100000"));
    let large = psql(through, "select repeat('x', 5000000)").await.unwrap();
    assert!(large == "x".repeat(5_000_000));
    let rows = psql(through, "select number from generate_series(1, 100000) number").await.unwrap();
    assert_eq!(rows.lines().count(), 100_000);
    let error = psql(through, "select nonsense").await.unwrap_err();
    assert!(error.contains("\"nonsense\" does not exist"), "{error}");
    // Its processes end only if it stops by itself.
    postgres.signal(rustix::process::Signal::INT);
}
