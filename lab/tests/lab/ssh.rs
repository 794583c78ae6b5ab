//! The experiment of the text that this project grew from: the same questions through a real SSH tunnel.
//!
//! It needs OpenSSH, its server too: `cargo xtask test` installs it where it may, and leaves this test out,
//! and says so, where it may not. The server here is a private one, with keys that are thrown away.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::fixtures::{Server, free_port};
use launcelot_client::report::timing::timing;
use launcelot_client::{Plan, Target, ask};
use launcelot_measure::Order;
use launcelot_measure::unit::readable;
use launcelot_protocol::{EXCHANGES, Question};
use launcelot_server::Design;

/// Longer than anything here takes on a busy machine.
const HANGS: Duration = Duration::from_secs(60);

/// How many questions are asked each way.
const ROUNDS: usize = 300;

/// A process that does not outlive its test, and what it has to say.
struct Running {
    process: Child,
    log: PathBuf,
}

impl Running {
    fn start(command: &mut Command, log: PathBuf) -> Self {
        let file = fs::File::create(&log).unwrap();
        let process = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file).spawn();
        let process = process.unwrap_or_else(|error| panic!("{command:?}: {error}; `cargo xtask test` installs it"));
        Self { process, log }
    }

    /// Waits until something listens at `port`, and fails with what the process has said if it ends before.
    fn listens(&mut self, port: u16) {
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = self.process.try_wait().unwrap();
            if ended.is_some() || began.elapsed() > HANGS {
                panic!("nobody listens at port {port} ({ended:?}): {}", fs::read_to_string(&self.log).unwrap());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Where a server that is started by root locks up the part of it that talks to strangers. The system's own
/// service makes it when it starts, and where that is not running it is not there.
const EMPTY_FOLDER: &str = "/run/sshd";

/// That folder, if root has to make it, for as long as the test runs.
struct EmptyFolder(bool);

impl EmptyFolder {
    fn make_for(user: &str) -> Self {
        Self(user == "root" && fs::create_dir(EMPTY_FOLDER).is_ok())
    }
}

impl Drop for EmptyFolder {
    fn drop(&mut self) {
        if self.0 {
            let _ = fs::remove_dir(EMPTY_FOLDER);
        }
    }
}

fn key(path: &Path) {
    let mut keygen = Command::new("ssh-keygen");
    let made = keygen.args(["-q", "-t", "ed25519", "-N", "", "-C", "thrown away", "-f"]).arg(path).output().unwrap();
    assert!(made.status.success(), "{made:?}");
}

fn program(variable: &str, usual: &str) -> Command {
    Command::new(std::env::var_os(variable).unwrap_or_else(|| usual.into()))
}

/// So many questions, one at a time.
fn plan(port: u16, count: usize) -> Plan {
    Plan {
        target: Target::parse("127.0.0.1", Some(port)).unwrap(),
        order: Order::OneAtATime,
        questions: Question::the_three().into_iter().cycle().take(count).collect(),
        timeout: HANGS,
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs OpenSSH; `cargo xtask test` runs it"]
async fn the_questions_are_answered_through_a_real_ssh_tunnel() {
    let server = Server::start(Design::Simple, 0);
    let folder = tempfile::tempdir().unwrap();
    let (host_key, user_key) = (folder.path().join("host"), folder.path().join("user"));
    key(&host_key);
    key(&user_key);
    let user = Command::new("id").arg("-un").output().unwrap();
    let user = String::from_utf8(user.stdout).unwrap().trim().to_owned();

    let _empty_folder = EmptyFolder::make_for(&user);
    let (ssh_port, tunnel_port) = (free_port(), free_port());
    let config = folder.path().join("sshd_config");
    let lines = [
        format!("ListenAddress 127.0.0.1:{ssh_port}"),
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
    sshd.listens(ssh_port);

    let forward = format!("127.0.0.1:{tunnel_port}:127.0.0.1:{}", server.port);
    let mut ssh = program("LAUNCELOT_SSH", "ssh");
    ssh.args(["-F", "none", "-N", "-L", &forward, "-p", &ssh_port.to_string(), "-i"]).arg(&user_key);
    for option in ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "IdentitiesOnly=yes", "BatchMode=yes"] {
        ssh.args(["-o", option]);
    }
    ssh.args(["-o", "ExitOnForwardFailure=yes", &format!("{user}@127.0.0.1")]);
    let mut ssh = Running::start(&mut ssh, folder.path().join("ssh.log"));
    ssh.listens(tunnel_port);

    for (way, port) in [("straight", server.port), ("through the tunnel", tunnel_port)] {
        let plan = plan(port, ROUNDS);
        let mut answers = Vec::new();
        let (run, result) = ask(&plan, |answer| {
            answers.push(answer.to_owned());
            Ok(())
        })
        .await;
        result.unwrap_or_else(|error| panic!("{way}: {error}; {}", fs::read_to_string(&ssh.log).unwrap()));
        let expected: Vec<_> = EXCHANGES.iter().map(|exchange| exchange.answer).cycle().take(ROUNDS).collect();
        assert_eq!(answers, expected, "{way}");
        let mut times: Vec<Duration> = run.questions.iter().map(|asked| asked.took().unwrap()).collect();
        times.sort_unstable();
        let median = readable(times[ROUNDS / 2]).replace('\u{a0}', " ");
        println!("{way}: {median} from a question to its answer, the median of {ROUNDS}");
    }
    // What `launcelot-client localhost PORT --timing` prints.
    let (run, result) = ask(&plan(tunnel_port, EXCHANGES.len()), |_| Ok(())).await;
    result.unwrap();
    println!("{}", timing(&run));
    drop((ssh, sshd));
    server.kill();
}
