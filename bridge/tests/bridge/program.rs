//! The program as people run it: what it prints, how it fails, how it stops, and how much memory and processor time it
//! uses.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::common::program::{Running, program};
use crate::common::{accept, echo, listen, masked, open_by_hand, receive_bytes, receive_to_close, send_request, soon};
use futures_util::SinkExt as _;
use launcelot_testing::attempts::{check, within_attempts_async};
use launcelot_testing::ports::ReservedPort;
use launcelot_testing::process::Process;
use launcelot_testing::wait::until_async;
use rustix::process::Signal;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

/// How long a hostile client sends.
const ATTACK: Duration = Duration::from_secs(10);

/// The most by which the bridge's resident memory may grow because of a hostile client.
const GROWTH_MAX_BYTES: u64 = 2 * 1024 * 1024;

fn output(arguments: &[&str]) -> Output {
    launcelot_testing::process::output(program().args(arguments))
}

#[test]
fn the_program_prints_where_it_listens_and_a_url_for_each_target() {
    let targets = ["--target", "localhost:1060", "--target", "slow=127.0.0.1:1061", "--target", "v6=[::1]:1060"];
    let running = Running::start(program().args(["--listen", "127.0.0.1:0"]).args(targets), 4);
    let port = running.port;
    let expected = [
        format!("Ready and listening at '127.0.0.1' port {port}"),
        format!("Relaying ws://127.0.0.1:{port}/ws to localhost port 1060"),
        format!("Relaying ws://127.0.0.1:{port}/ws/slow to 127.0.0.1 port 1061"),
        format!("Relaying ws://127.0.0.1:{port}/ws/v6 to ::1 port 1060"),
    ];
    assert_eq!(running.ready, expected);
}

#[tokio::test]
async fn at_localhost_the_program_listens_over_ipv4_and_ipv6() {
    let running = Running::start(program().args(["--listen", "localhost:0"]), 1);
    assert!(running.ready[0].starts_with("Ready and listening at 'localhost' port "), "{:?}", running.ready);
    assert!(TcpStream::connect(("127.0.0.1", running.port)).await.is_ok());
    let has_v6 = std::net::TcpListener::bind("[::1]:0").is_ok();
    assert_eq!(TcpStream::connect(("::1", running.port)).await.is_ok(), has_v6);
}

#[tokio::test]
async fn the_program_listens_at_every_address_of_its_listen_options() {
    let running = Running::start(program().args(["--listen", "127.0.0.1:0", "--listen", "127.0.0.2:0"]), 2);
    for (host, ready) in ["127.0.0.1", "127.0.0.2"].iter().zip(&running.ready) {
        let port: u16 = ready.rsplit(' ').next().unwrap().parse().unwrap();
        assert!(TcpStream::connect((*host, port)).await.is_ok(), "{ready}");
    }
}

#[test]
fn a_port_in_use_at_the_ipv6_address_of_localhost_is_refused() {
    let Ok(taken) = std::net::TcpListener::bind("[::1]:0") else { return };
    let port = taken.local_addr().unwrap().port();
    let Output { status, stdout, stderr } = output(&["--listen", &format!("localhost:{port}")]);
    let expected = format!("launcelot-bridge: cannot listen on 'localhost' port {port}: Address already in use\n");
    assert_eq!((status.code(), String::from_utf8(stderr).unwrap()), (Some(1), expected));
    assert!(stdout.is_empty(), "it is not ready");
}

#[tokio::test]
async fn a_page_at_a_port_that_browsers_refuse_is_warned_of() {
    let web = tempfile::tempdir().unwrap();
    let with_page = ["--web", web.path().to_str().unwrap()];
    // A bridge without a page may be behind a reverse proxy.
    for (arguments, is_warned) in [(&with_page[..], true), (&[], false)] {
        // An address at which no other program listens.
        let running = Running::start(program().args(["--listen", "127.0.0.60:6000"]).args(arguments), 1);
        running.signal(Signal::TERM);
        let (code, logged) = running.ended().await;
        assert_eq!(code, Some(0));
        let warning = "the page cannot be opened: browsers refuse to connect to port 6000 ";
        assert_eq!(logged.contains(warning), is_warned, "{logged}");
    }
}

#[tokio::test]
async fn sockets_passed_by_systemd_are_used() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let script = "exec 3<&0 </dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec \"$0\" --listen-fds \"$@\"";
    let mut command = Command::new("sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_launcelot-bridge"), "--target", &echo().await.to_string()]);
    let running = Running::start(command.stdin(OwnedFd::from(listener)), 1);
    assert_eq!(running.ready, [format!("Ready and listening at '127.0.0.1' port {port}")]);
    running.check_echo().await;
}

#[tokio::test]
async fn unix_sockets_passed_by_systemd_are_used_beside_others_and_their_files_stay() {
    let directory = tempfile::tempdir().unwrap();
    let tcp_listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = tcp_listener.local_addr().unwrap().port();
    let path = directory.path().join("bridge.sock");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let script = "exec 3<&0 4<&2 </dev/null 2>/dev/null; LISTEN_FDS=2 LISTEN_PID=$$ exec \"$0\" --listen-fds \"$@\"";
    let mut command = Command::new("sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_launcelot-bridge"), "--target", &echo().await.to_string()]);
    command.stdin(OwnedFd::from(listener)).stderr(OwnedFd::from(tcp_listener)).stdout(Stdio::piped());
    let mut bridge = Process::start(&mut command);
    let ready = bridge.stdout();
    assert_eq!(ready.next(), format!("Ready and listening at '127.0.0.1' port {port}"));
    assert_eq!(ready.next(), format!("Ready and listening at '{}'", path.display()));
    assert_eq!(send_request(port, "GET /healthz HTTP/1.0\r\n\r\n").await.status, 200);
    let stream = tokio::net::UnixStream::connect(&path).await.unwrap();
    let (mut browser, _) = soon(tokio_tungstenite::client_async("ws://localhost/ws", stream)).await.unwrap();
    browser.send(Message::text("What?")).await.unwrap();
    let reply = soon(futures_util::StreamExt::next(&mut browser)).await.unwrap().unwrap();
    assert_eq!(reply, Message::binary("What?"));
    drop(browser);
    bridge.signal(Signal::TERM);
    assert_eq!(bridge.wait().code(), Some(0));
    assert!(path.exists(), "the socket's file belongs to systemd");
}

#[tokio::test]
async fn limits_over_the_number_of_descriptors_are_lowered_with_a_warning() {
    let script = "ulimit -n 200; exec \"$0\" --listen 127.0.0.1:0 --max-connections 5000";
    let running = Running::start(Command::new("sh").args(["-c", script, env!("CARGO_BIN_EXE_launcelot-bridge")]), 1);
    running.signal(Signal::TERM);
    let (code, errors) = soon(running.ended()).await;
    assert_eq!(code, Some(0));
    assert!(errors.contains("200 descriptors are enough for 44 connections, not for 5000"), "{errors}");
}

#[tokio::test]
async fn behind_several_proxies_the_client_is_the_last_address_that_is_not_a_trusted_proxy() {
    let mut command = program();
    command.args(["--listen", "127.0.0.1:0", "-v", "--log-format", "json", "--target", &echo().await.to_string()]);
    command.args(["--trusted-proxy", "127.0.0.1", "--trusted-proxy", "10.0.0.0/8"]);
    let running = Running::start(&mut command, 1);
    let forwarded = "X-Forwarded-For: 1.2.3.4, 198.51.100.1\r\nX-Forwarded-For: 10.0.0.2";
    let request = format!("GET / HTTP/1.1\r\nHost: evil.example\r\n{forwarded}\r\nConnection: close\r\n\r\n");
    assert_eq!(send_request(running.port, &request).await.status, 403);
    running.signal(Signal::TERM);
    let (_, errors) = soon(running.ended()).await;
    assert!(errors.contains("\"client\":\"198.51.100.1\""), "{errors}");
}

#[tokio::test]
async fn a_closed_or_full_standard_output_does_not_end_the_program() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let (reader, closed) = std::io::pipe().unwrap();
    drop(reader);
    for output in [Stdio::from(full), Stdio::from(closed)] {
        let port = ReservedPort::new();
        let address = port.address();
        let mut child = Process::start(program().args(["--listen", &address.to_string()]).stdout(output));
        until_async("the bridge to listen", async || TcpStream::connect(address).await.ok()).await;
        child.signal(Signal::TERM);
        assert_eq!(child.wait().code(), Some(0));
    }
}

#[test]
fn completions_are_printed_for_a_shell() {
    let Output { status, stdout, .. } = output(&["completions", "bash"]);
    assert!(status.success());
    assert!(String::from_utf8(stdout).unwrap().contains("--listen-fds"));
}

#[test]
fn invalid_arguments_exit_with_2() {
    let cases: [(&[&str], &str); 12] = [
        (&["--target", "localhost"], "expected HOST:PORT or NAME=HOST:PORT"),
        (&["--target", "a/b=localhost:1"], "a name consists of letters"),
        (
            &["--target", "a:1", "--target", "b:2"],
            "only the first target may be without a name, but 'b port 2' has none",
        ),
        (&["--target", "x=a:1", "--target", "x=b:2"], "two targets have the name 'x'"),
        (&["--listen", "8080"], "expected a host before the port"),
        (&["--listen", "localhost:http"], "expected HOST, HOST:PORT or [IPv6]:PORT"),
        (&["--origin", "camelot.example"], "expected http://HOST"),
        (&["--origin", "https://camelot.example/path"], "expected http://HOST"),
        (&["--idle-timeout", "soon"], "a duration is like 500ms, 5s or 2min"),
        (&["--max-connections", "0"], "--max-connections"),
        (&["--send-buffer", "0"], "--send-buffer"),
        (&["--what"], "--what"),
    ];
    for (arguments, expected) in cases {
        let Output { status, stdout, stderr } = output(arguments);
        let stderr = String::from_utf8(stderr).unwrap();
        assert_eq!(status.code(), Some(2), "{arguments:?}");
        assert!(stdout.is_empty() && stderr.contains(expected), "{arguments:?}: {stderr}");
    }
}

#[test]
fn a_failure_is_one_line_and_exit_code_1() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let port_taken =
        format!("launcelot-bridge: cannot listen on '127.0.0.1' port {}: Address already in use\n", address.port());
    let no_directory = "launcelot-bridge: cannot serve files from '/no/such': not a directory\n";
    let address = address.to_string();
    let cases: [(&[&str], &str); 2] =
        [(&["--listen", &address], &port_taken), (&["--listen", "127.0.0.1:0", "--web", "/no/such"], no_directory)];
    for (arguments, expected) in cases {
        let Output { status, stdout, stderr } = output(arguments);
        assert_eq!((status.code(), String::from_utf8(stderr).unwrap().as_str()), (Some(1), expected), "{arguments:?}");
        assert!(stdout.is_empty(), "{arguments:?}");
    }
}

#[tokio::test]
async fn a_signal_closes_the_websockets_after_the_grace_period_and_ends_the_program_without_a_message() {
    for signal in [Signal::INT, Signal::TERM] {
        let mut command = program();
        command.args(["--listen", "127.0.0.1:0", "--grace", "100ms", "--target", &echo().await.to_string()]);
        let running = Running::start(&mut command, 1);
        let (mut browser, _) = connect_async(format!("ws://127.0.0.1:{}/ws", running.port)).await.unwrap();
        running.signal(signal);
        assert_eq!(receive_to_close(&mut browser).await.1, 1001);
        drop(browser);
        assert_eq!(soon(running.ended()).await, (Some(0), String::new()), "{signal:?}");
    }
}

#[tokio::test]
async fn a_second_signal_ends_the_program_at_once() {
    within_attempts_async(3, async || {
        let mut command = program();
        command.args(["--listen", "127.0.0.1:0", "--grace", "1h", "--target", &echo().await.to_string()]);
        let running = Running::start(&mut command, 1);
        let mut browser = open_by_hand(running.port).await;
        running.signal(Signal::INT);
        // Two signals that arrive together count as one, so the second waits until the first was received.
        let is_ready = async || send_request(running.port, "GET /readyz HTTP/1.0\r\n\r\n").await.status == 200;
        soon(async { while is_ready().await {} }).await;
        // The dialogue goes on.
        browser.write_all(&masked(0x1, b"What?")).await.unwrap();
        let mut reply = [0; 7];
        soon(browser.read_exact(&mut reply)).await.unwrap();
        assert_eq!(reply, *b"\x82\x05What?");
        let began = Instant::now();
        running.signal(Signal::INT);
        assert_eq!(soon(running.ended()).await.0, Some(0));
        let waited = began.elapsed();
        check(waited < Duration::from_secs(4), || format!("ended after {waited:?}"))
    })
    .await;
}

#[tokio::test]
async fn a_message_that_the_end_of_the_program_cuts_ends_in_a_reset_and_a_whole_one_in_order() {
    let whole = masked(0x2, b"What?");
    let half = whole[..whole.len() - 2].to_vec();
    let reset = Err(ErrorKind::ConnectionReset);
    let cases: [(&[u8], &[Signal], _); 4] = [
        // The client does not answer the close.
        (&half, &[Signal::TERM], reset),
        (&whole, &[Signal::TERM], Ok(())),
        (&half, &[Signal::TERM, Signal::INT], reset),
        (&half, &[Signal::KILL], reset),
    ];
    let ending = cases.map(async |(sent, signals, expected)| {
        let (listener, address) = listen().await;
        let mut command = program();
        command.args(["--listen", "127.0.0.1:0", "--grace", "100ms", "--target", &address.to_string()]);
        // The bridge drops what is not closed five seconds after the grace period, so it must not wait long for the client.
        let running = Running::start(command.args(["--linger", "500ms"]), 1);
        let mut client = open_by_hand(running.port).await;
        let mut server = accept(&listener).await;
        client.write_all(sent).await.unwrap();
        soon(server.read_exact(&mut [0; 3])).await.unwrap();
        for signal in signals {
            running.signal(*signal);
        }
        let ended = soon(server.read_to_end(&mut Vec::new())).await.map(drop);
        assert_eq!(ended.map_err(|error| error.kind()), expected, "{signals:?} after {sent:?}");
    });
    futures_util::future::join_all(ending).await;
}

#[tokio::test]
async fn an_unreachable_server_is_logged_in_one_line() {
    let port = ReservedPort::new();
    let running = Running::to(port.address());
    let (mut browser, _) = connect_async(format!("ws://127.0.0.1:{}/ws", running.port)).await.unwrap();
    assert_eq!(receive_to_close(&mut browser).await.1, 4502);
    running.signal(Signal::TERM);
    let (_, errors) = soon(running.ended()).await;
    assert_eq!(errors.lines().count(), 1, "{errors}");
    assert!(errors.contains("WARN") && errors.contains("Connection refused"), "{errors}");
}

#[tokio::test]
async fn without_free_descriptors_clients_wait_and_the_bridge_uses_little_processor_time() {
    let server = echo().await;
    let limited =
        format!("ulimit -n 40; exec {} --listen 127.0.0.1:0 --target {server}", env!("CARGO_BIN_EXE_launcelot-bridge"));
    let running = Running::start(Command::new("sh").args(["-c", &limited]), 1);
    let mut idle = Vec::new();
    for _ in 0..60 {
        idle.push(soon(TcpStream::connect(("127.0.0.1", running.port))).await.unwrap());
    }
    within_attempts_async(3, async || {
        let before = cpu_ticks(running.child.id());
        tokio::time::sleep(Duration::from_secs(1)).await;
        let spent = cpu_ticks(running.child.id()) - before;
        check(spent < 20, || format!("{spent} hundredths of a second of processor time in one second"))
    })
    .await;
    drop(idle);
    let request = "GET /readyz HTTP/1.0\r\n\r\n";
    assert_eq!(send_request(running.port, request).await.status, 200);
}

/// Returns the processor time that a process has used, in clock ticks, which are hundredths of a second.
fn cpu_ticks(pid: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split(' ').collect();
    fields[12].parse::<u64>().unwrap() + fields[13].parse::<u64>().unwrap()
}

/// Sends `frames` again and again for [`ATTACK`], and reads nothing. Panics if the bridge's memory grows by more than
/// [`GROWTH_MAX_BYTES`].
async fn attack_and_measure_memory(running: &Running, frames: &[u8]) {
    // The first connections allocate memory that later ones reuse, so they are made before the measurement.
    running.check_echo().await;
    let mut hostile = open_by_hand(running.port).await;
    hostile.write_all(&frames[..frames.len().min(4096)]).await.unwrap();
    running.check_echo().await;
    let before = running.resident_bytes();
    let rest = frames[frames.len().min(4096)..].to_vec();
    let attack = async {
        hostile.write_all(&rest).await.unwrap();
        loop {
            hostile.write_all(frames).await.unwrap();
        }
    };
    assert!(timeout(ATTACK, attack).await.is_err());
    running.check_echo().await;
    let grown = running.resident_bytes().saturating_sub(before);
    assert!(grown <= GROWTH_MAX_BYTES, "{grown} bytes more");
}

#[tokio::test]
async fn a_client_that_pings_and_never_reads_hardly_makes_memory_grow() {
    let running = Running::to(echo().await);
    attack_and_measure_memory(&running, &masked(0x9, &[7; 120]).repeat(1000)).await;
}

#[tokio::test]
async fn a_client_that_sends_and_never_reads_hardly_makes_memory_grow() {
    let running = Running::to(echo().await);
    attack_and_measure_memory(&running, &masked(0x1, b"What is your name?").repeat(5000)).await;
}

#[tokio::test]
async fn metrics_are_served_at_their_own_address() {
    let port = ReservedPort::new();
    let metrics = port.address().to_string();
    let mut command = program();
    command.args(["--listen", "127.0.0.1:0", "--target", &echo().await.to_string(), "--metrics", &metrics]);
    let running = Running::start(&mut command, 1);
    running.check_echo().await;
    let refused = "GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
    assert_eq!(send_request(running.port, refused).await.status, 403);
    let request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let expected = [
        "launcelot_bridge_websockets 0",
        "launcelot_bridge_from_clients_bytes_total 5",
        "launcelot_bridge_from_servers_bytes_total 5",
        "launcelot_bridge_refused_total{reason=\"host\"} 1",
        "launcelot_bridge_closed_total{code=\"none\"} 1",
        "launcelot_bridge_connect_seconds_count 1",
        "launcelot_bridge_connect_seconds_bucket{le=\"+Inf\"} 1",
    ];
    until_async("all metrics", async || {
        let response = send_request(port.number, request).await;
        let text = String::from_utf8(response.body).unwrap();
        expected.iter().all(|line| text.lines().any(|other| other == *line)).then_some(())
    })
    .await;
    assert_eq!(send_request(running.port, request).await.status, 404, "clients get no metrics");
}

#[tokio::test]
async fn silent_clients_of_the_metrics_have_a_bounded_number_of_connections() {
    const CONNECTIONS: usize = 16;
    let port = ReservedPort::new();
    let mut command = program();
    let _running =
        Running::start(command.args(["--listen", "127.0.0.1:0", "--metrics", &port.address().to_string()]), 1);
    let mut silent = Vec::new();
    for _ in 0..CONNECTIONS {
        silent.push(soon(TcpStream::connect(port.address())).await.unwrap());
    }
    let request = send_request(port.number, "GET /metrics HTTP/1.0\r\n\r\n");
    let mut request = std::pin::pin!(request);
    assert!(timeout(Duration::from_millis(300), &mut request).await.is_err(), "it did not wait");
    drop(silent);
    assert_eq!(soon(request).await.status, 200);
}

#[test]
fn the_printed_urls_have_the_base_path() {
    let mut command = program();
    command.args(["--listen", "127.0.0.1:0", "--base-path", "/lance"]);
    let running = Running::start(command.args(["--target", "localhost:1", "--target", "two=localhost:2"]), 3);
    let base = format!("ws://127.0.0.1:{}/lance", running.port);
    let expected =
        [format!("Relaying {base}/ws to localhost port 1"), format!("Relaying {base}/ws/two to localhost port 2")];
    assert_eq!(running.ready[1..], expected);
}

#[tokio::test]
async fn options_are_read_again_on_sighup_and_open_websockets_go_on() {
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("bridge.toml");
    let target = echo().await;
    let write = |name: &str| {
        fs::write(&config, format!("listen = '127.0.0.1:0'\ntarget = ['{target}', '{name}={target}']\n")).unwrap();
    };
    write("old");
    let mut running = Running::start(program().arg("--config").arg(&config), 1);
    let (mut browser, _) = soon(connect_async(format!("ws://127.0.0.1:{}/ws/old", running.port))).await.unwrap();
    let port = running.port;
    let status = async |path: &str| {
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        send_request(port, &request).await.status
    };
    assert_eq!((status("/ws/old").await, status("/ws/new").await), (426, 404));
    write("new");
    running.signal(Signal::HUP);
    assert!(running.next_logged().contains("the options were read again"));
    until_async("the new target", async || (status("/ws/new").await == 426).then_some(())).await;
    assert_eq!(status("/ws/old").await, 404);
    // The bridge says which options it cannot change while it runs.
    let changed = "listen = '127.0.0.2:0'\nthreads = 7\nverbose = 2\nmax-websockets = 5\nlog-format = 'json'\n";
    fs::write(&config, format!("{changed}target = ['{target}', 'new={target}']\n")).unwrap();
    running.signal(Signal::HUP);
    assert!(running.next_logged().contains("the options were read again"));
    let logged = running.next_logged();
    let names = "restart the bridge to apply the new values of: listen, max-websockets, threads, log-format, verbose";
    assert!(logged.ends_with(names), "{logged}");
    // Options that cannot be used change nothing.
    let unusable = ["nonsense", "idle-timeout = 'soon'", "max-connections = 0", "web = '/no/such'"];
    for text in unusable {
        fs::write(&config, text).unwrap();
        running.signal(Signal::HUP);
        let logged = running.next_logged();
        assert!(logged.contains("cannot read the options again, keeping the old ones"), "{text}: {logged}");
    }
    running.signal(Signal::USR1);
    browser.send(Message::text("What?")).await.unwrap();
    assert_eq!(receive_bytes(&mut browser, 5).await, b"What?");
    assert_eq!(status("/ws/new").await, 426);
    running.signal(Signal::TERM);
    browser.close(None).await.unwrap();
    drop(browser);
    let (code, errors) = soon(running.ended()).await;
    assert_eq!(code, Some(0));
    assert!(errors.contains("1 WebSockets are open"), "{errors}");
}

#[tokio::test]
async fn unix_sockets_are_listened_at_and_relayed_to() {
    let directory = tempfile::tempdir().unwrap();
    let [server, bridge] = ["server.sock", "bridge.sock"].map(|name| directory.path().join(name));
    let listener = tokio::net::UnixListener::bind(&server).unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let (mut reader, mut writer) = stream.split();
        tokio::io::copy(&mut reader, &mut writer).await.unwrap();
    });
    let mut command = program();
    command.args(["--listen", "127.0.0.1:0", "--target", &format!("unix:{}", server.display())]);
    let running = Running::start(command.arg("--listen-unix").arg(&bridge), 3);
    assert_eq!(running.ready[1], format!("Ready and listening at '{}'", bridge.display()));
    let stream = tokio::net::UnixStream::connect(&bridge).await.unwrap();
    let (mut browser, _) = soon(tokio_tungstenite::client_async("ws://localhost/ws", stream)).await.unwrap();
    browser.send(Message::text("What?")).await.unwrap();
    let reply = soon(futures_util::StreamExt::next(&mut browser)).await.unwrap().unwrap();
    assert_eq!(reply, Message::binary("What?"));
    drop(browser);
    running.signal(Signal::TERM);
    assert_eq!(soon(running.ended()).await.0, Some(0));
    assert!(!bridge.exists(), "the socket's file is left");
}

#[tokio::test]
async fn each_end_and_each_refusal_is_a_line_of_the_access_log() {
    let mut command = program();
    command.args(["--listen", "127.0.0.1:0", "--target", &echo().await.to_string(), "-v", "--log-format", "json"]);
    let running = Running::start(&mut command, 1);
    running.check_echo().await;
    let refused = "GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
    assert_eq!(send_request(running.port, refused).await.status, 403);
    running.signal(Signal::TERM);
    let (_, errors) = soon(running.ended()).await;
    let access: Vec<_> = errors.lines().filter(|line| line.contains("\"target\":\"access\"")).collect();
    assert_eq!(access.len(), 2, "{errors}");
    let is_logged = |words: &[&str]| access.iter().any(|line| words.iter().all(|word| line.contains(word)));
    assert!(is_logged(&["\"from_client\":5", "\"from_server\":5", "the client closed it"]), "{errors}");
    assert!(is_logged(&["\"reason\":\"host\"", "\"subject\":\"evil.example\""]), "{errors}");
}

#[tokio::test]
async fn warnings_that_clients_cause_are_limited() {
    let port = ReservedPort::new();
    let running = Running::to(port.address());
    for _ in 0..30 {
        let (mut browser, _) = soon(connect_async(format!("ws://127.0.0.1:{}/ws", running.port))).await.unwrap();
        assert_eq!(receive_to_close(&mut browser).await.1, 4502);
    }
    running.signal(Signal::TERM);
    let (_, errors) = soon(running.ended()).await;
    assert!((1..=20).contains(&errors.lines().count()), "{errors}");
}

#[test]
fn options_come_from_the_command_line_the_environment_and_the_file() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), "grace = '1s'\nlinger = '2s'\nidle-timeout = '3s'\n").unwrap();
    let mut command = program();
    command.args(["--print-config", "--grace", "7s", "--config"]).arg(file.path());
    command.env("LAUNCELOT_BRIDGE_GRACE", "8s").env("LAUNCELOT_BRIDGE_LINGER", "9s");
    let Output { status, stdout, .. } = launcelot_testing::process::output(&mut command);
    assert!(status.success());
    let printed = String::from_utf8(stdout).unwrap();
    for line in ["grace = \"7s\"", "linger = \"9s\"", "idle-timeout = \"3s\"", "max-connections = 10000"] {
        assert!(printed.lines().any(|other| other == line), "{line}: {printed}");
    }
}

#[tokio::test]
async fn connections_whose_other_side_does_not_read_cost_a_bounded_amount_of_memory() {
    const CONNECTIONS: u64 = 50;
    const EACH_MAX_BYTES: u64 = 256 * 1024;
    let (listener, address) = listen().await;
    let running = Running::to(address);
    let before = running.resident_bytes();
    let mut open = Vec::new();
    // The first bytes of a message of 1 MiB, the default limit.
    let header = [&[0x82, 0xff][..], &(1u64 << 20).to_be_bytes(), &[0; 4]].concat();
    for _ in 0..CONNECTIONS {
        let client = open_by_hand(running.port).await;
        let server = accept(&listener).await;
        fill(&client, &header).await;
        fill(&server, b"Blue.").await;
        open.push((client, server));
    }
    let grown = running.resident_bytes().saturating_sub(before);
    assert!(grown <= CONNECTIONS * EACH_MAX_BYTES, "{} bytes more for each", grown / CONNECTIONS);
}

/// Sends `first` and then zeros, up to 1 MiB, until no more are taken for a while.
async fn fill(socket: &TcpStream, first: &[u8]) {
    let bytes = [first, &[0; 1 << 20]].concat();
    let mut sent = 0;
    while sent < bytes.len() - first.len() {
        let Ok(writable) = timeout(Duration::from_millis(20), socket.writable()).await else { return };
        writable.unwrap();
        sent += socket.try_write(&bytes[sent..bytes.len() - first.len()]).unwrap_or(0);
    }
}
