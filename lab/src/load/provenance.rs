//! Where and when a load is measured.

use std::env;
use std::fs;
use std::num::NonZeroUsize;
use std::thread::available_parallelism;

use jiff::Zoned;
use launcelot_measure::load::Provenance;

/// Returns the provenance of a run that begins now, on this machine.
pub fn of_this_run() -> Provenance {
    let processors = available_parallelism().map_or(1, NonZeroUsize::get);
    Provenance {
        begun: now(),
        program: concat!("launcelot-lab ", env!("CARGO_PKG_VERSION")).to_owned(),
        host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
        processors: processors.try_into().unwrap_or(u32::MAX),
        processor: processor_name(),
        system: system_name(),
        command: env::args_os().map(|argument| argument.to_string_lossy().into_owned()).collect(),
        warnings: Vec::new(),
    }
}

/// Returns the time as RFC 3339, with the offset of the local time: `2026-11-27T10:15:00+01:00`.
fn now() -> String {
    Zoned::now().strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

fn processor_name() -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo.lines().find(|line| line.starts_with("model name"));
    let name = model.and_then(|line| line.split_once(": "));
    name.map_or("unknown", |(_, name)| name).trim().to_owned()
}

fn system_name() -> String {
    let uname = rustix::system::uname();
    format!("{} {}", uname.sysname().to_string_lossy(), uname.release().to_string_lossy())
}
