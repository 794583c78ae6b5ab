//! The questions of the protocol, asked through a real SSH tunnel.
//!
//! Needs OpenSSH with its server. `cargo xtask test --install` installs both; without it, where they are missing,
//! `cargo xtask test` skips this module and says so. The test starts an SSH server of its own, with keys that it
//! deletes afterwards.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::fixtures::Server;
use crate::support::ports::ReservedPort;
use crate::support::process::{Process, output};
use crate::support::wait;
use launcelot_client::report::timing::timing;
use launcelot_client::{DialogueConfig, Target, ask};
use launcelot_measure::Order;
use launcelot_measure::unit::format_duration;
use launcelot_protocol::{EXCHANGES, Framing, Question};
use launcelot_server::Design;

/// The number of questions on each path.
const ROUNDS: usize = 300;

/// A running program of OpenSSH, and the file with its log.
struct Running {
    process: Process,
    log: PathBuf,
}

impl Running {
    fn start(command: &mut Command, log: PathBuf) -> Self {
        let file = fs::File::create(&log).unwrap();
        let process = Process::try_start(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file));
        Self { process: process.unwrap_or_else(|error| panic!("{}", missing(command, &error))), log }
    }

    /// Waits until a process listens on `port`. Panics with this process's log if it exits before.
    fn listens(&mut self, port: u16) {
        wait::until(&format!("a listener on port {port}"), || {
            if let Some(status) = self.process.child.try_wait().unwrap() {
                panic!("no listener on port {port}, {status}: {}", self.log());
            }
            TcpStream::connect(("127.0.0.1", port)).ok()
        });
    }

    fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }
}

/// Returns a message that names the missing program and the command that installs it.
fn missing(command: &Command, error: &std::io::Error) -> String {
    let program = command.get_program().display();
    format!("cannot start {program}: {error}; to install OpenSSH, type: cargo xtask test --install")
}

/// The folder to which sshd, if root starts it, confines its unprivileged process (chroot). The system's ssh service
/// creates the folder, so it is missing where that service is not running.
const PRIVILEGE_SEPARATION_FOLDER: &str = "/run/sshd";

/// Creates [`PRIVILEGE_SEPARATION_FOLDER`] if it is missing and the user is root. A folder created here is removed on
/// drop.
struct PrivilegeSeparationFolder {
    was_missing: bool,
}

impl PrivilegeSeparationFolder {
    fn create_for(user: &str) -> Self {
        Self { was_missing: user == "root" && fs::create_dir(PRIVILEGE_SEPARATION_FOLDER).is_ok() }
    }
}

impl Drop for PrivilegeSeparationFolder {
    fn drop(&mut self) {
        if self.was_missing {
            let _ = fs::remove_dir(PRIVILEGE_SEPARATION_FOLDER);
        }
    }
}

fn key(path: &Path) {
    let mut keygen = Command::new("ssh-keygen");
    let made = output(keygen.args(["-q", "-t", "ed25519", "-N", "", "-C", "thrown away", "-f"]).arg(path));
    assert!(made.status.success(), "{made:?}");
}

fn program(variable: &str, usual: &str) -> Command {
    Command::new(std::env::var_os(variable).unwrap_or_else(|| usual.into()))
}

/// Returns a dialogue of `count` questions, asked one at a time.
fn plan(port: u16, count: usize) -> DialogueConfig {
    DialogueConfig {
        target: Target::parse("127.0.0.1", Some(port)).unwrap(),
        order: Order::OneAtATime,
        questions: Question::the_three().into_iter().cycle().take(count).collect(),
        framing: Framing::default(),
        timeout: wait::DEADLINE,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_questions_are_answered_through_a_real_ssh_tunnel() {
    let server = Server::start(Design::Simple);
    let folder = tempfile::tempdir().unwrap();
    let host_key = folder.path().join("host");
    let user_key = folder.path().join("user");
    key(&host_key);
    key(&user_key);
    let user = output(Command::new("id").arg("-un"));
    let user = String::from_utf8(user.stdout).unwrap().trim().to_owned();

    let _folder = PrivilegeSeparationFolder::create_for(&user);
    let ssh_port = ReservedPort::new();
    let tunnel_port = ReservedPort::new();
    let config = folder.path().join("sshd_config");
    let lines = [
        format!("ListenAddress 127.0.0.1:{}", ssh_port.number),
        format!("HostKey {}", host_key.display()),
        format!("AuthorizedKeysFile {}", user_key.with_extension("pub").display()),
        "StrictModes no".to_owned(),
        "UsePAM no".to_owned(),
        "PidFile none".to_owned(),
        "PermitRootLogin prohibit-password".to_owned(),
        "PasswordAuthentication no".to_owned(),
        "KbdInteractiveAuthentication no".to_owned(),
    ];
    fs::write(&config, lines.join("\n") + "\n").unwrap();
    let mut sshd = program("LAUNCELOT_SSHD", "/usr/sbin/sshd");
    let mut sshd = Running::start(sshd.args(["-D", "-e", "-f"]).arg(&config), folder.path().join("sshd.log"));
    sshd.listens(ssh_port.number);

    let forward = format!("127.0.0.1:{}:127.0.0.1:{}", tunnel_port.number, server.port);
    let mut ssh = program("LAUNCELOT_SSH", "ssh");
    ssh.args(["-F", "none", "-N", "-L", &forward, "-p", &ssh_port.number.to_string(), "-i"]).arg(&user_key);
    for option in ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "IdentitiesOnly=yes", "BatchMode=yes"] {
        ssh.args(["-o", option]);
    }
    ssh.args(["-o", "ExitOnForwardFailure=yes", &format!("{user}@127.0.0.1")]);
    let mut ssh = Running::start(&mut ssh, folder.path().join("ssh.log"));
    ssh.listens(tunnel_port.number);

    for (path, port) in [("direct", server.port), ("through the tunnel", tunnel_port.number)] {
        let plan = plan(port, ROUNDS);
        let mut answers = Vec::new();
        let (run, result) = ask(&plan, |answer| answers.push(answer.to_owned())).await;
        result.unwrap_or_else(|error| panic!("{path}: {error}; {}", ssh.log()));
        let expected: Vec<_> = EXCHANGES.iter().map(|exchange| exchange.answer).cycle().take(ROUNDS).collect();
        assert_eq!(answers, expected, "{path}");
        let mut times: Vec<Duration> = run.questions.iter().map(|asked| asked.took().unwrap()).collect();
        times.sort_unstable();
        let median = format_duration(times[ROUNDS / 2]).replace('\u{a0}', " ");
        println!("{path}: {median} from a question to its answer, the median of {ROUNDS}");
    }
    // What `launcelot-client localhost PORT --timing` prints.
    let (run, result) = ask(&plan(tunnel_port.number, EXCHANGES.len()), |_| ()).await;
    result.unwrap();
    println!("{}", timing(&run));
}
