//! Listeners that systemd has opened (`--listen-fds`).

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::process::{Command, Output};

use crate::support::*;
use launcelot_testing::process::output;
use rustix::process::Signal;
use socket2::{Domain, Socket, Type};

/// Returns a command that runs the program with `listener` as an inherited listener, as systemd passes one.
fn activated(listener: OwnedFd, arguments: &[&str]) -> Command {
    let script = "exec 3<&0 </dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec \"$0\" --listen-fds \"$@\"";
    let mut command = Command::new("sh");
    command.args(["-c", script, Program::PATH]).args(arguments).stdin(listener);
    command
}

fn code_and_errors(output: &Output) -> (Option<i32>, String) {
    assert_eq!(output.stdout, b"");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn every_design_serves_inherited_listeners() {
    each_design(|design| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        // A client that connects before the program has started is served as well.
        let mut early = Client::connect(port);
        early.send(NAME);
        let program = Program::from(&mut activated(listener.into(), &["--design", &name(design)]));
        assert_eq!(program.ready_line, format!("Ready and listening at '127.0.0.1' port {port}"));
        early.expect_answer(LANCELOT);
        drop(early);
        program.connect().ask(QUEST, GRAIL);
        assert_eq!(program.stop(), "");
    });
}

#[test]
fn with_per_core_every_thread_serves_clients_of_an_inherited_ipv4_listener() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    check_distribution(listener, Ipv4Addr::LOCALHOST.into());
}

#[test]
fn with_per_core_every_thread_serves_clients_of_an_inherited_dual_stack_listener() {
    let Some(listener) = dual_stack_listener() else {
        eprintln!("skipped: this machine has no IPv6");
        return;
    };
    check_distribution(listener.try_clone().unwrap(), Ipv4Addr::LOCALHOST.into());
    check_distribution(listener, Ipv6Addr::LOCALHOST.into());
}

/// Returns a listener on `[::]` that accepts IPv4 connections as well; `None` on a machine without IPv6.
fn dual_stack_listener() -> Option<TcpListener> {
    let socket = Socket::new(Domain::IPV6, Type::STREAM, None).ok()?;
    socket.set_only_v6(false).unwrap();
    socket.bind(&SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)).into()).ok()?;
    TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).ok()?;
    socket.listen(128).unwrap();
    Some(socket.into())
}

/// Starts the per-core design with an inherited listener, connects clients to `address`, and checks that every thread serves
/// some of them. Clients are served during the grace period as well.
fn check_distribution(listener: TcpListener, address: IpAddr) {
    const THREADS: usize = 4;
    let arguments = ["--design", "per-core", "--threads", &THREADS.to_string()];
    let program = Program::from(&mut activated(listener.into(), &arguments));
    let mut clients = Vec::new();
    for _ in 0..8 * THREADS {
        let mut client = Client::at((address, program.port).into());
        client.ask(NAME, LANCELOT);
        clients.push(client);
    }
    let connections = connections(program.port);
    let mut clients_per_thread = Vec::new();
    for set in epoll_sets(&program) {
        let count = set.intersection(&connections).count();
        if count > 0 {
            clients_per_thread.push(count);
        }
    }
    assert_eq!(clients_per_thread.iter().sum::<usize>(), clients.len(), "{address}: {clients_per_thread:?}");
    assert_eq!(clients_per_thread.len(), THREADS, "{address}: clients per thread {clients_per_thread:?}");
    program.signal(Signal::TERM);
    for mut client in clients {
        client.ask(QUEST, GRAIL);
    }
    assert_eq!(program.end(), (Some(0), String::new()));
}

/// Returns the inodes of the sockets with an established connection to a local port (proc_pid_net(5)).
fn connections(port: u16) -> BTreeSet<u64> {
    const ESTABLISHED: &str = "01";
    let mut inodes = BTreeSet::new();
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        let table = std::fs::read_to_string(table).unwrap_or_default();
        for line in table.lines() {
            let fields: Vec<&str> = line.split_whitespace().collect();
            if fields[1].ends_with(&format!(":{port:04X}")) && fields[3] == ESTABLISHED {
                inodes.insert(fields[9].parse().unwrap());
            }
        }
    }
    inodes
}

/// Returns the epoll instances of a process, each as the set of the inodes that it waits for (proc_pid_fdinfo(5)). Each thread
/// of the per-core design has an instance of its own. Duplicates of an instance's descriptor have the same set.
fn epoll_sets(program: &Program) -> BTreeSet<BTreeSet<u64>> {
    let process = format!("/proc/{}", program.process.child.id());
    let mut sets = BTreeSet::new();
    for entry in std::fs::read_dir(format!("{process}/fdinfo")).unwrap() {
        let descriptor = std::fs::read_to_string(entry.unwrap().path()).unwrap_or_default();
        let mut inodes = BTreeSet::new();
        for line in descriptor.lines().filter(|line| line.starts_with("tfd:")) {
            let (_, rest) = line.split_once("ino:").unwrap();
            let (inode, _) = rest.split_once(' ').unwrap();
            inodes.insert(u64::from_str_radix(inode, 16).unwrap());
        }
        sets.insert(inodes);
    }
    sets
}

#[test]
fn listen_fds_without_inherited_listeners_is_an_error() {
    let output = output(Command::new(Program::PATH).arg("--listen-fds"));
    let (code, errors) = code_and_errors(&output);
    assert_eq!(code, Some(1));
    assert!(errors.contains("LISTEN_FDS") && errors.lines().count() == 1, "{errors}");
}

#[test]
fn an_inherited_descriptor_that_is_not_a_listener_is_an_error() {
    let (reader, _writer) = std::io::pipe().unwrap();
    let (code, errors) = code_and_errors(&output(&mut activated(reader.into(), &[])));
    assert_eq!(code, Some(1));
    assert!(errors.starts_with("launcelot-server: cannot take over the listeners that LISTEN_FDS names"), "{errors}");
}

#[test]
fn listen_fds_with_an_interface_is_an_invalid_argument() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (code, errors) = code_and_errors(&output(&mut activated(listener.into(), &["localhost"])));
    assert_eq!(code, Some(2));
    assert!(errors.contains("--listen-fds"), "{errors}");
}
