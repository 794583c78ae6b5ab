//! The program `launcelot-server` as a child process.

use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use launcelot_testing::process::{Lines, Process};
use rustix::process::{Pid, Resource, Rlimit, Signal, prlimit};

use super::{Client, DEADLINE};

/// The running program, killed when dropped.
pub(crate) struct Program {
    pub(crate) process: Process,
    pub(crate) port: u16,
    pub(crate) ready_line: String,
    stdout: Lines,
}

impl Program {
    pub(crate) const PATH: &str = env!("CARGO_BIN_EXE_launcelot-server");

    /// Starts the program at any free port of localhost and waits for its "Ready" line.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::from(Command::new(Self::PATH).args(["localhost", "0"]).args(arguments))
    }

    /// Starts the program with a limit of `count` open descriptors.
    pub(crate) fn start_with_descriptors(count: u32, arguments: &[&str]) -> Self {
        let limited = format!("ulimit -n {count} && exec \"$0\" \"$@\"");
        Self::from(Command::new("sh").args(["-c", &limited, Self::PATH, "localhost", "0"]).args(arguments))
    }

    /// Runs a command that starts the program, and waits for the program's "Ready" line.
    pub(crate) fn from(command: &mut Command) -> Self {
        let mut process = Process::start(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
        let stdout = process.stdout();
        let ready_line = stdout.try_next().unwrap_or_default();
        let port = ready_line.rsplit(' ').next().and_then(|port| port.parse().ok());
        let port = port.unwrap_or_else(|| panic!("not ready: {ready_line:?}, {}", rest_of_stderr(&mut process)));
        Self { process, port, ready_line, stdout }
    }

    pub(crate) fn connect(&self) -> Client {
        Client::connect(self.port)
    }

    /// Waits for the next line of standard output and returns it.
    pub(crate) fn next_line(&mut self) -> String {
        self.stdout.next()
    }

    /// Reads the line about the statistics and returns their port. Panics if the program does not serve them.
    pub(crate) fn metrics_port(&mut self) -> u16 {
        let line = self.next_line();
        let port = line.strip_prefix("Statistics at http://").and_then(|url| url.strip_suffix("/metrics"));
        let port = port.and_then(|url| url.rsplit(':').next()?.parse().ok());
        port.unwrap_or_else(|| panic!("not the line about the statistics: {line:?}"))
    }

    pub(crate) fn signal(&self, signal: Signal) {
        self.process.signal(signal);
    }

    /// Waits until the program has exited, and returns its exit code and its standard error.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        let status = self.process.wait();
        (status.code(), rest_of_stderr(&mut self.process))
    }

    /// Stops the program with SIGTERM, checks that it exits with 0, and returns its standard error.
    pub(crate) fn stop(self) -> String {
        self.signal(Signal::TERM);
        let (code, log) = self.end();
        assert_eq!(code, Some(0), "{log}");
        log
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.process.child)
    }

    /// Returns the resident memory of the program and its workers, in bytes.
    pub(crate) fn resident_bytes(&self) -> usize {
        self.pids().into_iter().map(|pid| memory_bytes(pid, 1)).sum()
    }

    /// Returns the child processes of the program's first thread: the workers.
    pub(crate) fn workers(&self) -> Vec<Pid> {
        let id = self.process.child.id();
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
        children.split_whitespace().map(|pid| Pid::from_raw(pid.parse().unwrap()).unwrap()).collect()
    }

    fn pids(&self) -> Vec<Pid> {
        [vec![self.pid()], self.workers()].concat()
    }

    /// Waits until `count` threads have this name and all of them sleep.
    pub(crate) fn wait_for_threads(&self, name: &str, count: usize) {
        let tasks = format!("/proc/{}/task", self.process.child.id());
        let asleep = format!("({name}) S ");
        let began = Instant::now();
        loop {
            // A thread may end while its file is being read. See proc_pid_stat(5).
            let stats = std::fs::read_dir(&tasks).unwrap();
            let stats = stats.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("stat")).ok());
            let named: Vec<String> = stats.filter(|stat| stat.contains(&format!("({name})"))).collect();
            if named.len() == count && named.iter().all(|stat| stat.contains(&asleep)) {
                return;
            }
            assert!(began.elapsed() < DEADLINE, "{} threads are called {name}, not {count}: {named:?}", named.len());
            std::thread::yield_now();
        }
    }

    /// Limits the address space to its current size plus `more_bytes`; `None` removes the limit.
    pub(crate) fn limit_growth(&self, more_bytes: Option<usize>) {
        let current = more_bytes.map(|more| (memory_bytes(self.pid(), 0) + more) as u64);
        let limit = Rlimit { current, maximum: None };
        prlimit(Some(self.pid()), Resource::As, limit).unwrap();
    }

    /// Returns the processor time that the program and its workers have used so far.
    pub(crate) fn processor_time(&self) -> Duration {
        self.pids().into_iter().map(processor_time).sum()
    }
}

/// Returns one of the figures of proc_pid_statm(5) in bytes: 0 is the address space, 1 the resident memory.
fn memory_bytes(pid: Pid, figure: usize) -> usize {
    let statm = std::fs::read_to_string(format!("/proc/{pid}/statm")).unwrap();
    let pages: usize = statm.split(' ').nth(figure).unwrap().parse().unwrap();
    pages * rustix::param::page_size()
}

fn processor_time(pid: Pid) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    // The fields after the name, which is in parentheses. Fields 11 and 12 are the user and system time in ticks.
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 1000 / rustix::param::clock_ticks_per_second())
}

fn rest_of_stderr(process: &mut Process) -> String {
    let mut text = String::new();
    if let Some(mut stderr) = process.child.stderr.take() {
        stderr.read_to_string(&mut text).unwrap();
    }
    text
}
