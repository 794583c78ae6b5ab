//! OpenSSH's server behind the bridge. The test has keys and a configuration of its own.

use std::fs::{self, File};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use launcelot_bridge::Options;
use launcelot_testing::process::{self, Process};

use crate::common::{Bridge, target};
use crate::interoperability::adapter::adapter;
use crate::interoperability::bridge_for_clients::output;
use crate::interoperability::peer;

/// The directory to which sshd, started by root, confines its unprivileged process.
const PRIVILEGE_SEPARATION: &str = "/run/sshd";

const CONFIG: &str = "StrictModes no\nUsePAM no\nPidFile none\nPermitRootLogin prohibit-password\n\
                      PasswordAuthentication no\nKbdInteractiveAuthentication no\n";

/// Makes the keys `host` and `user`, and the configuration, in a directory.
fn configure(directory: &Path) {
    for name in ["host", "user"] {
        let mut keygen = Command::new("ssh-keygen");
        keygen.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(directory.join(name));
        assert!(process::output(&mut keygen).status.success());
    }
    let [host, user] = ["host", "user.pub"].map(|name| directory.join(name).display().to_string());
    let config = format!("{CONFIG}HostKey {host}\nAuthorizedKeysFile {user}\n");
    fs::write(directory.join("sshd_config"), config).unwrap();
    if rustix::process::geteuid().is_root() {
        // It may be there already.
        let _ = fs::create_dir(PRIVILEGE_SEPARATION);
    }
}

/// Starts a server for each connection, as inetd would, and returns the address.
fn serve(directory: &Path) -> std::net::SocketAddr {
    let config = directory.join("sshd_config");
    let log = directory.join("sshd.log");
    launcelot_testing::sockets::serve_each(move |client| {
        let input = OwnedFd::from(client);
        let output = input.try_clone().unwrap();
        let mut sshd = peer("LAUNCELOT_SSHD", "/usr/sbin/sshd");
        sshd.args(["-i", "-e", "-f"]).arg(&config);
        Process::start(sshd.stdin(input).stdout(output).stderr(File::create(&log).unwrap())).wait();
    })
}

#[tokio::test]
async fn ssh_runs_a_command_and_copies_a_file() {
    let directory = tempfile::tempdir().unwrap();
    configure(directory.path());
    let bridge = Bridge::start(Options { targets: vec![target(serve(directory.path()))], ..Options::default() });
    let port = adapter(format!("ws://127.0.0.1:{}/ws", bridge.port)).await;
    let user = process::output(Command::new("id").arg("-un"));
    let user = String::from_utf8(user.stdout).unwrap().trim().to_owned();
    let ssh = async |command: &str, input: Stdio| -> Output {
        let mut ssh = Command::new("ssh");
        ssh.args(["-F", "none", "-p", &port.to_string(), "-i"]).arg(directory.path().join("user"));
        for option in
            ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "IdentitiesOnly=yes", "BatchMode=yes"]
        {
            ssh.args(["-o", option]);
        }
        ssh.arg(format!("{user}@127.0.0.1")).arg(command).stdin(input);
        output(ssh).await
    };
    let ended = ssh("echo Blue.; exit 7", Stdio::null()).await;
    let log = fs::read_to_string(directory.path().join("sshd.log")).unwrap();
    assert_eq!((ended.status.code(), ended.stdout.as_slice()), (Some(7), b"Blue.\n".as_slice()), "{log}");
    let large: Vec<u8> = (0..5_000_000u32).map(|number| (number % 251) as u8).collect();
    fs::write(directory.path().join("large"), &large).unwrap();
    let copied = ssh("cat", File::open(directory.path().join("large")).unwrap().into()).await;
    assert!(copied.status.success() && copied.stdout == large, "{} bytes", copied.stdout.len());
}
