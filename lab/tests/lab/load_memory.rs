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
    const DURATION: Duration = Duration::from_secs(60);
    const WARM_UP: Duration = Duration::from_secs(15);

    /// How much more memory may be used after the warm-up. Ten bytes of each of 100,000 dialogues are as much.
    const GROWTH_MAX_KB: u64 = 1024;

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
        let options =
            ["--designs", "async", "--clients", "100", "--rounds", "1", "--questions", "1", "--duration", &duration];
        let mut command = folder.command(&options);
        command.env(MARK, mark).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut lab = Process::start(&mut command);
        let began = Instant::now();
        let mut samples = Vec::new();
        let measured = wait::until_within(DURATION * 3, "the end of the load", || {
            let sample: Vec<(u32, u64)> = processes_with(&variable)
                .into_iter()
                .filter_map(|process| Some((process, memory_kb(process)?)))
                .collect();
            if began.elapsed() > WARM_UP && began.elapsed() < DURATION {
                samples.push(sample);
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
