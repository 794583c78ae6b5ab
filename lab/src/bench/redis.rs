//! Redis beside ours, where it is installed: a server that many people know, under its own load.

use std::env;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::BenchError;
use super::plan::Cell;
use super::results::Measured;
use super::subject;
use crate::load::processes;

/// How its row is called: what it is asked is its PING.
pub(super) const NAME: &str = "redis PING";

/// What Redis says when it listens.
const READY: &str = "Ready to accept connections";

/// How many requests find out how many it takes to fill the time.
const FIRST_TRY: f64 = 2_000.0;

/// Where the two programs are.
#[derive(Debug)]
pub(super) struct Programs {
    server: PathBuf,
    benchmark: PathBuf,
}

impl Programs {
    /// `None` if they are not both installed.
    pub(super) fn find() -> Option<Self> {
        let path = env::var_os("PATH")?;
        let find = |name: &str| env::split_paths(&path).map(|folder| folder.join(name)).find(|path| path.is_file());
        Some(Self { server: find("redis-server")?, benchmark: find("redis-benchmark")? })
    }

    /// Measures a Redis of its own, which keeps nothing.
    pub(super) fn measure(&self, cell: Cell, time: Duration) -> Result<Measured, BenchError> {
        let redis = Redis::start(self)?;
        let first = self.ask(&redis, cell, FIRST_TRY * f64::from(cell.depth))?;
        let before = redis.processor_time();
        let requests = (first.requests_per_second * time.as_secs_f64()).max(FIRST_TRY).ceil();
        let asked = self.ask(&redis, cell, requests)?;
        let used = redis.processor_time() - before;
        Ok(Measured {
            served: cell.clients,
            questions_per_second: asked.requests_per_second,
            p50_us: asked.p50_ms * 1e3,
            p99_us: asked.p99_ms * 1e3,
            processor_us: used.as_secs_f64() * 1e6 / requests,
            // The load has left when it is done, and its connections' memory with it.
            memory_bytes: None,
        })
    }

    fn ask(&self, redis: &Redis, cell: Cell, requests: f64) -> Result<Asked, BenchError> {
        let mut command = Command::new(&self.benchmark);
        command.args(["-t", "ping_mbulk", "--csv"]);
        let numbers =
            [("-p", redis.port.to_string()), ("-c", cell.clients.to_string()), ("-P", cell.depth.to_string())];
        for (option, number) in numbers.iter().chain(&[("-n", format!("{requests:.0}"))]) {
            command.args([option, number.as_str()]);
        }
        let output = command.output().map_err(|error| failed(format!("redis-benchmark: {error}")))?;
        let said = String::from_utf8_lossy(&output.stdout);
        Asked::parse(&said).ok_or_else(|| {
            failed(format!(
                "redis-benchmark says {:?} {:?}",
                said.trim(),
                String::from_utf8_lossy(&output.stderr).trim()
            ))
        })
    }
}

/// What redis-benchmark has found out.
#[derive(Debug, PartialEq)]
struct Asked {
    requests_per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
}

impl Asked {
    /// Reads a line of names and a line of figures, each in quotation marks.
    fn parse(csv: &str) -> Option<Self> {
        let mut lines = csv.lines().map(|line| line.split(',').map(|cell| cell.trim_matches('"')));
        let names: Vec<&str> = lines.find(|line| line.clone().any(|name| name == "rps"))?.collect();
        let figures: Vec<&str> = lines.next()?.collect();
        let figure = |name| figures.get(names.iter().position(|other| *other == name)?)?.parse().ok();
        Some(Self {
            requests_per_second: figure("rps")?,
            p50_ms: figure("p50_latency_ms")?,
            p99_ms: figure("p99_latency_ms")?,
        })
    }
}

/// A Redis that runs. It ends when it is dropped.
#[derive(Debug)]
struct Redis {
    child: Child,
    port: u16,
    /// It writes nothing into its folder, which is gone with it all the same.
    _folder: TempDir,
}

impl Redis {
    fn start(programs: &Programs) -> Result<Self, BenchError> {
        let cannot = |error| failed(format!("redis-server: {error}"));
        let folder = TempDir::new().map_err(cannot)?;
        // Free a moment ago: Redis cannot be told to take any port.
        let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).map_err(cannot)?.port();
        let mut command = Command::new(&programs.server);
        command.args(["--save", "", "--appendonly", "no", "--daemonize", "no", "--bind", "127.0.0.1"]);
        command.args(["--port", &port.to_string(), "--dir"]).arg(folder.path());
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map_err(cannot)?;
        let mut redis = Self { child, port, _folder: folder };
        let output = redis.child.stdout.take().ok_or_else(|| failed("redis-server has no output".to_owned()))?;
        let mut lines = BufReader::new(output).lines().map_while(Result::ok);
        if lines.by_ref().any(|line| line.contains(READY)) {
            // What it says when it ends wants a reader too.
            std::thread::spawn(move || lines.for_each(drop));
            Ok(redis)
        } else {
            Err(failed("redis-server does not say that it is ready".to_owned()))
        }
    }

    fn processor_time(&self) -> Duration {
        processes::processor_time(&[self.child.id()])
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        subject::end(&mut self.child);
    }
}

fn failed(why: String) -> BenchError {
    BenchError::Redis { why }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_are_found_by_their_names() {
        let csv = "\
\"test\",\"rps\",\"avg_latency_ms\",\"min_latency_ms\",\"p50_latency_ms\",\"p95_latency_ms\",\"p99_latency_ms\",\"max_latency_ms\"
\"PING_MBULK\",\"90909.09\",\"0.282\",\"0.104\",\"0.271\",\"0.359\",\"0.503\",\"0.775\"
";
        let expected = Asked { requests_per_second: 90_909.09, p50_ms: 0.271, p99_ms: 0.503 };
        assert_eq!(Asked::parse(csv), Some(expected));
        assert_eq!(Asked::parse("Could not connect to Redis"), None);
    }
}
