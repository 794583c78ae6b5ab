//! What the tests share: a server on a thread, the real program, and clients that never hang.

#![allow(clippy::unwrap_used, reason = "in a test, what does not hold is a failure")]
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use clap::ValueEnum as _;
use launcelot_endpoint::listen::{BACKLOG, Listeners};
use launcelot_endpoint::observe::Observer;
use launcelot_server::{Design, Options, ServeError, Statistics, Stop, Stopper, serve, serve_observed};
use launcelot_testing::process::Lines;
use launcelot_testing::wait::join;
use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};

/// Longer than anything here takes on a busy machine: whoever waits so long waits for ever.
pub(crate) const HANGS: Duration = Duration::from_secs(20);

/// Long enough to be sure that nothing comes.
pub(crate) const SILENCE: Duration = Duration::from_millis(300);

pub(crate) const NAME: &str = "What is your name?";
pub(crate) const QUEST: &str = "What is your quest?";
pub(crate) const COLOR: &str = "What is your favorite color?";
pub(crate) const LANCELOT: &str = "My name is Sir Lancelot of Camelot.";
pub(crate) const GRAIL: &str = "To seek the Holy Grail.";
pub(crate) const BLUE: &str = "Blue.";
pub(crate) const UNKNOWN: &str = "Error: unknown question.";
pub(crate) const TOO_LONG: &str = "Error: question too long.";

/// Runs `test` with every design.
pub(crate) fn each_design(test: impl Fn(Design)) {
    each_design_but(&[], test);
}

/// Runs `test` with every design except for some.
pub(crate) fn each_design_but(others: &[Design], test: impl Fn(Design)) {
    for design in Design::value_variants().iter().filter(|design| !others.contains(design)) {
        eprintln!("design: {}", name(*design));
        test(*design);
    }
}

/// The name of a design on the command line.
pub(crate) fn name(design: Design) -> String {
    design.to_possible_value().unwrap().get_name().to_owned()
}

/// A server on a thread of this process. To drop it is to stop it, and it must stop well.
pub(crate) struct Server {
    pub(crate) port: u16,
    pub(crate) stopper: Stopper,
    pub(crate) statistics: Statistics,
    thread: Option<JoinHandle<Result<(), ServeError>>>,
}

impl Server {
    /// With the given design and no grace, for a test that does not stop it on purpose.
    pub(crate) fn start(design: Design) -> Self {
        Self::with(Options { design, grace: Duration::ZERO, ..Options::default() })
    }

    pub(crate) fn with(options: Options) -> Self {
        Self::run(options, serve)
    }

    /// With an observer of its conversations.
    pub(crate) fn observed(options: Options, observer: Arc<dyn Observer>) -> Self {
        Self::run(options, move |listeners, options, statistics, stop| {
            serve_observed(listeners, options, statistics, observer, stop)
        })
    }

    fn run(
        mut options: Options,
        serve: impl FnOnce(Listeners, &Options, &Statistics, Stop) -> Result<(), ServeError> + Send + 'static,
    ) -> Self {
        options.worker_program = Some(Program::PATH.into());
        let listeners = Listeners::bind("localhost", 0, BACKLOG).unwrap();
        let port = listeners.port;
        let (stopper, stop) = Stop::pair().unwrap();
        let statistics = Statistics::new(&options).unwrap();
        let counted = statistics.clone();
        let thread = std::thread::spawn(move || serve(listeners, &options, &counted, stop));
        Self { port, stopper, statistics, thread: Some(thread) }
    }

    pub(crate) fn connect(&self) -> Client {
        Client::connect(self.port)
    }

    /// Waits until it has stopped of itself.
    pub(crate) fn join(mut self) {
        join(self.thread.take().unwrap(), "the server's end").unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopper.stop();
        if let Some(thread) = self.thread.take() {
            let served = thread.join();
            if !std::thread::panicking() {
                served.unwrap().unwrap();
            }
        }
    }
}

/// A client whose every wait has an end.
pub(crate) struct Client(pub(crate) TcpStream);

impl Client {
    pub(crate) fn connect(port: u16) -> Self {
        Self::at(SocketAddr::from(([127, 0, 0, 1], port)))
    }

    pub(crate) fn at(address: SocketAddr) -> Self {
        let stream = TcpStream::connect_timeout(&address, HANGS).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(HANGS)).unwrap();
        stream.set_write_timeout(Some(HANGS)).unwrap();
        Self(stream)
    }

    pub(crate) fn say(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).unwrap();
    }

    /// Reads exactly as many bytes as `expected` has, and compares.
    #[track_caller]
    pub(crate) fn hear(&mut self, expected: &str) {
        let mut heard = vec![0; expected.len()];
        self.0.read_exact(&mut heard).unwrap();
        assert_eq!(String::from_utf8_lossy(&heard), expected);
    }

    #[track_caller]
    pub(crate) fn ask(&mut self, question: &str, answer: &str) {
        self.say(question);
        self.hear(answer);
    }

    /// Reads once, again if a signal interrupts it, as reads with a timeout may be.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        loop {
            match self.0.read(buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => return read,
            }
        }
    }

    /// Whether an answer comes, and not the end of the connection. The answer remains to be read.
    pub(crate) fn is_answered(&self) -> bool {
        loop {
            match self.0.peek(&mut [0]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                peeked => return peeked.is_ok_and(|count| count > 0),
            }
        }
    }

    /// Checks that nothing comes for a while.
    #[track_caller]
    pub(crate) fn hear_nothing(&mut self) {
        self.0.set_read_timeout(Some(SILENCE)).unwrap();
        let error = self.read(&mut [0]).expect_err("something came");
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
        self.0.set_read_timeout(Some(HANGS)).unwrap();
    }

    /// Reads until the server closes.
    #[track_caller]
    pub(crate) fn hear_to_end(&mut self) -> String {
        let mut heard = String::new();
        self.0.read_to_string(&mut heard).unwrap();
        heard
    }

    /// Checks that the connection has ended, politely or not, with nothing more to read.
    #[track_caller]
    pub(crate) fn hear_hang_up(&mut self) {
        match self.read(&mut [0]) {
            Ok(0) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
            other => panic!("not the end: {other:?}"),
        }
    }

    pub(crate) fn half_close(&mut self) {
        self.0.shutdown(Shutdown::Write).unwrap();
    }

    /// Leaves with a reset instead of a close.
    pub(crate) fn reset(self) {
        socket2::SockRef::from(&self.0).set_linger(Some(Duration::ZERO)).unwrap();
    }
}

/// The real program, killed when it is dropped.
pub(crate) struct Program {
    pub(crate) child: Child,
    pub(crate) port: u16,
    pub(crate) ready_line: String,
    output: Lines,
}

impl Program {
    pub(crate) const PATH: &str = env!("CARGO_BIN_EXE_launcelot-server");

    /// Starts it at any free port of localhost and waits for its ready line.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::from(Command::new(Self::PATH).args(["localhost", "0"]).args(arguments))
    }

    /// The same with so many descriptors and no more.
    pub(crate) fn start_with_descriptors(count: u32, arguments: &[&str]) -> Self {
        let limited = format!("ulimit -n {count} && exec \"$0\" \"$@\"");
        Self::from(Command::new("sh").args(["-c", &limited, Self::PATH, "localhost", "0"]).args(arguments))
    }

    /// Runs a command that starts it.
    pub(crate) fn from(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let output = Lines::read("the server's output".to_owned(), child.stdout.take().unwrap());
        let ready_line = output.next();
        let port = ready_line.rsplit(' ').next().and_then(|port| port.parse().ok());
        let port = port.unwrap_or_else(|| panic!("not ready: {ready_line:?}, {}", rest_of(&mut child)));
        Self { child, port, ready_line, output }
    }

    pub(crate) fn connect(&self) -> Client {
        Client::connect(self.port)
    }

    /// Where it serves its statistics, if it was told to.
    pub(crate) fn metrics_port(&mut self) -> u16 {
        let line = self.output.next();
        let port = line.strip_prefix("Statistics at http://").and_then(|url| url.strip_suffix("/metrics"));
        port.and_then(|url| url.rsplit(':').next()?.parse().ok()).unwrap_or_else(|| panic!("no statistics: {line:?}"))
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits until it has ended, and returns its exit code and what it wrote on standard error.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        let status = wait(&mut self.child);
        (status.code(), rest_of(&mut self.child))
    }

    /// Stops it by SIGTERM; it must exit with 0. Returns what it wrote on standard error.
    pub(crate) fn stop(self) -> String {
        self.signal(Signal::TERM);
        let (code, log) = self.end();
        assert_eq!(code, Some(0), "{log}");
        log
    }

    /// Resident memory in bytes, of its workers too.
    pub(crate) fn resident_bytes(&self) -> usize {
        self.processes().into_iter().map(|process| memory_bytes(process, 1)).sum()
    }

    /// The processes that it has started, from its first thread.
    pub(crate) fn workers(&self) -> Vec<Pid> {
        let id = self.child.id();
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
        children.split_whitespace().map(|pid| Pid::from_raw(pid.parse().unwrap()).unwrap()).collect()
    }

    fn processes(&self) -> Vec<Pid> {
        [vec![Pid::from_child(&self.child)], self.workers()].concat()
    }

    /// Waits until so many of its threads have this name, and all of them sleep.
    pub(crate) fn wait_for_threads(&self, name: &str, count: usize) {
        let tasks = format!("/proc/{}/task", self.child.id());
        let asleep = format!("({name}) S ");
        let began = Instant::now();
        loop {
            // One may have ended meanwhile. See proc_pid_stat(5).
            let stats = std::fs::read_dir(&tasks).unwrap();
            let stats = stats.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("stat")).ok());
            let named: Vec<String> = stats.filter(|stat| stat.contains(&format!("({name})"))).collect();
            if named.len() == count && named.iter().all(|stat| stat.contains(&asleep)) {
                return;
            }
            assert!(began.elapsed() < HANGS, "{} threads are called {name}, not {count}: {named:?}", named.len());
            std::thread::yield_now();
        }
    }

    /// From now on it gets so many bytes of address space more, or again as many as it likes.
    pub(crate) fn limit_growth(&self, more_bytes: Option<usize>) {
        let current = more_bytes.map(|more| (memory_bytes(Pid::from_child(&self.child), 0) + more) as u64);
        let limit = Rlimit { current, maximum: None };
        prlimit(Some(Pid::from_child(&self.child)), Resource::As, limit).unwrap();
    }

    /// Processor time used so far, by its workers too.
    pub(crate) fn processor_time(&self) -> Duration {
        self.processes().into_iter().map(processor_time).sum()
    }
}

/// One of the figures of proc_pid_statm(5): address space first, then resident memory.
fn memory_bytes(process: Pid, figure: usize) -> usize {
    let statm = std::fs::read_to_string(format!("/proc/{process}/statm")).unwrap();
    let pages: usize = statm.split(' ').nth(figure).unwrap().parse().unwrap();
    pages * rustix::param::page_size()
}

fn processor_time(process: Pid) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    // The fields after the name, which is in parentheses; user and system time in ticks.
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 1000 / rustix::param::clock_ticks_per_second())
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits for a child to exit, within the time after which it hangs.
pub(crate) fn wait(child: &mut Child) -> ExitStatus {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        assert!(began.elapsed() < HANGS, "the program does not end");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn rest_of(child: &mut Child) -> String {
    let mut text = String::new();
    if let Some(mut stderr) = child.stderr.take() {
        stderr.read_to_string(&mut text).unwrap();
    }
    text
}
