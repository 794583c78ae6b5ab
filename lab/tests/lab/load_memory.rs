//! The memory of the load generator and of the server while a load goes on.

/// These tests take more than ten seconds.
mod long {
    use std::fs;
    use std::process::Stdio;
    use std::time::{Duration, Instant};

    use crate::support::load::{Folder, processes_with};
    use crate::support::process::Process;
    use crate::support::wait;

    /// A variable by which the server is found, with a value of its own.
    const MARK: &str = "LAUNCELOT_TEST_MEMORY";

    /// The length of the load, and when the first measurement is made: everything has its size by then.
    const DURATION: Duration = Duration::from_secs(600);
    const WARM_UP: Duration = Duration::from_secs(60);

    /// The time between two measurements.
    const SAMPLE_INTERVAL: Duration = Duration::from_secs(1);

    /// How much more memory may be used after the warm-up. Four bytes of each of a million questions are as much. A report that
    /// waits because other tests run takes 0.8 MB, and the allocator keeps the memory.
    const GROWTH_MAX_KB: u64 = 4 * 1024;

    /// Returns the memory of a process that is its own, in kB.
    fn memory_kb(process: u32) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
        line.trim().strip_suffix(" kB")?.parse().ok()
    }

    #[test]
    fn the_memory_of_load_generator_and_server_does_not_grow() {
        let folder = Folder::new();
        let mark = std::process::id().to_string();
        let variable = format!("{MARK}={mark}");
        let duration = humantime_seconds(DURATION);
        // The pause between questions leaves processors to the tests beside this one.
        let clients = ["--designs", "async", "--clients", "100", "--think", "50ms"];
        let mut command = folder.command(&[&clients[..], &["--rounds", "1", "--duration", &duration]].concat());
        command.env(MARK, mark).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut lab = Process::start(&mut command);
        let began = Instant::now();
        let mut next = WARM_UP;
        let mut samples = Vec::new();
        let measured = wait::until_within(DURATION * 2, "the end of the load", || {
            if began.elapsed() >= next && next < DURATION {
                let processes = processes_with(&variable).into_iter();
                let sample = processes.filter_map(|process| Some((process, memory_kb(process)?)));
                samples.push(sample.collect::<Vec<_>>());
                next += SAMPLE_INTERVAL;
            }
            lab.child.try_wait().unwrap()
        });
        assert!(measured.success());
        let first = &samples[0];
        assert_eq!(first.len(), 3, "the load generator, the server and its watchdog");
        for (process, before) in first {
            let memory = samples.iter().flatten().filter(|(other, _)| other == process).map(|(_, kb)| *kb);
            // A histogram that is full is handed over, and a buffer may be large for a moment: what does not go away is growth.
            let last = memory.skip(samples.len() * 3 / 4).min().unwrap();
            assert!(last <= before + GROWTH_MAX_KB, "process {process}: from {before} kB to {last} kB");
        }
        assert!(folder.result().cycles[0].counts.dialogues > 0);
    }

    fn humantime_seconds(duration: Duration) -> String {
        format!("{}s", duration.as_secs())
    }
}
