//! What processes have used: processor time, memory, threads and context switches, of a program with all that it has started.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::time::Duration;

use launcelot_measure::load::ServerUsage;
use nix::time::{clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;

/// What a program and all that it has started have used until now.
#[derive(Debug, Clone, Default)]
pub(crate) struct UsageSnapshot {
    processor: Duration,
    memory_bytes: u64,
    processes: u32,
    /// The context switches of each thread.
    switches: HashMap<u32, u64>,
    /// The context switches of processes that have ended.
    ended_switches: u64,
}

impl UsageSnapshot {
    /// Takes a snapshot of these processes and all that descend from them.
    pub(crate) fn take(roots: &[u32]) -> io::Result<Self> {
        let processes = with_descendants(roots)?;
        Ok(Self {
            processor: processor_time(&processes),
            memory_bytes: memory_bytes(&processes),
            processes: processes.len().try_into().unwrap_or(u32::MAX),
            switches: context_switches(&processes),
            ended_switches: 0,
        })
    }

    /// Adds what processes have used that have ended already.
    pub(crate) fn add_ended(&mut self, processor: Duration, switches: u64) {
        self.processor += processor;
        self.ended_switches += switches;
    }

    /// Returns what was used from `begin` until now. The context switches of a thread that has ended between are not known.
    pub(crate) fn since(&self, begin: &Self) -> ServerUsage {
        let switches = |(thread, count): (&u32, &u64)| count - begin.switches.get(thread).unwrap_or(&0).min(count);
        ServerUsage {
            processor: self.processor.saturating_sub(begin.processor),
            memory_bytes: self.memory_bytes,
            processes: self.processes,
            threads: self.switches.len().try_into().unwrap_or(u32::MAX),
            context_switches: self.switches.iter().map(switches).sum::<u64>()
                + self.ended_switches.saturating_sub(begin.ended_switches),
        }
    }
}

/// Returns the context switches, voluntary and not, of each thread by its ID.
fn context_switches(processes: &[u32]) -> HashMap<u32, u64> {
    let mut switches = HashMap::new();
    for process in processes {
        let Ok(threads) = fs::read_dir(format!("/proc/{process}/task")) else { continue };
        for thread in threads.flatten() {
            let number = thread.file_name().to_str().and_then(|name| name.parse::<u32>().ok());
            let Some(number) = number else { continue };
            let Ok(status) = fs::read_to_string(thread.path().join("status")) else { continue };
            let lines = status.lines().filter(|line| line.contains("voluntary_ctxt_switches:"));
            let counts = lines.filter_map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
            switches.insert(number, counts.sum());
        }
    }
    switches
}

/// These processes and all that descend from them. A process that ends while one looks at it is left
/// out here and below.
pub(crate) fn with_descendants(roots: &[u32]) -> io::Result<Vec<u32>> {
    let mut parents = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let number = entry?.file_name().to_str().and_then(|name| name.parse::<u32>().ok());
        if let Some(process) = number
            && let Some(parent) = stat_figure(process, PARENT)
        {
            parents.push((process, parent));
        }
    }
    let mut tree: HashSet<u64> = roots.iter().copied().map(u64::from).collect();
    loop {
        let before = tree.len();
        tree.extend(
            parents
                .iter()
                .filter(|(_, parent)| tree.contains(parent))
                .map(|(process, _)| u64::from(*process))
                .collect::<Vec<_>>(),
        );
        if tree.len() == before {
            return Ok(tree.into_iter().filter_map(|process| u32::try_from(process).ok()).collect());
        }
    }
}

/// The processor time that they have used, user and system together, ended threads and ended children
/// included.
///
/// By each process's own clock, which counts nanoseconds. The ticks of proc_pid_stat(5), a hundred a
/// second, would round away what a process has used that serves one connection of a thousand; ended
/// children are known by them only.
pub(crate) fn processor_time(processes: &[u32]) -> Duration {
    let ticks_per_second = rustix::param::clock_ticks_per_second() as f64;
    let used = |process: &u32| {
        let clock = clock_getcpuclockid(Pid::from_raw(i32::try_from(*process).ok()?)).ok()?;
        let own = Duration::from(clock_gettime(clock).ok()?);
        let children = CHILDREN_TIMES.map(|figure| stat_figure(*process, figure).unwrap_or_default());
        Some(own + Duration::from_secs_f64(children.iter().sum::<u64>() as f64 / ticks_per_second))
    };
    processes.iter().filter_map(used).sum()
}

/// The bytes of memory that they take together: a page that several share is counted once
/// (the proportional set size of proc_pid_smaps(5)).
pub(crate) fn memory_bytes(processes: &[u32]) -> u64 {
    let share = |process: &u32| {
        let rollup = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).ok()?;
        let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
        line.trim().strip_suffix(" kB")?.parse::<u64>().ok()
    };
    processes.iter().filter_map(share).sum::<u64>() * 1024
}

/// The parent's place in proc_pid_stat(5), counted from 0 after the name.
const PARENT: usize = 1;

/// The places of the user and the system time of the children that have been waited for.
const CHILDREN_TIMES: [usize; 2] = [13, 14];

fn stat_figure(process: u32, place: usize) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name is in parentheses, and may contain anything.
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_whitespace().nth(place)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_program_is_counted_with_its_children() {
        let mut shell = Command::new("sh");
        shell.args(["-c", "cat; exit 0"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut shell = shell.spawn().unwrap();
        // What comes back has been through the shell's child, which waits for more from now on.
        shell.stdin.as_mut().unwrap().write_all(b"ni").unwrap();
        shell.stdout.as_mut().unwrap().read_exact(&mut [0; 2]).unwrap();

        let alone = [shell.id()];
        let both = with_descendants(&alone).unwrap();
        assert!(both.len() == 2 && both.contains(&shell.id()), "{both:?}");
        assert!(memory_bytes(&both) > memory_bytes(&alone));
        let used_alone = processor_time(&alone);
        assert!(processor_time(&both) > used_alone);

        drop(shell.stdin.take());
        shell.wait().unwrap();
        assert_eq!((memory_bytes(&both), processor_time(&both)), (0, Duration::ZERO));
    }

    #[test]
    fn the_processor_time_of_a_process_is_known_finer_than_in_ticks() {
        let us = [std::process::id()];
        // Other tests run in this process too, so that one step may be long.
        let step = || processor_time(&us).abs_diff(processor_time(&us));
        let tick = Duration::from_millis(10);
        assert!((0..1000).map(|_| step()).any(|step| !step.is_zero() && step < tick));
    }
}
