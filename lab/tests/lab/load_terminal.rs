//! What a person sees of a load that goes on: moving lines on a terminal, a line for each cycle elsewhere, and Ctrl-C.

use std::fs::{File, OpenOptions};
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::thread;

use launcelot_measure::load::RunStatus;
use regex::Regex;
use rustix::process::Signal;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::support::load::{Folder, ONE_CYCLE, SHORT};
use crate::support::process::Process;
use crate::support::wait;

/// Runs a program with a terminal of 80 columns as its standard error, and returns what it wrote there.
fn on_terminal(command: &mut Command) -> String {
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    tcsetwinsize(&terminal, Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
    let name = ptsname(&terminal, Vec::new()).unwrap().into_string().unwrap();
    let end_of_program: OwnedFd = OpenOptions::new().read(true).write(true).open(name).unwrap().into();
    let reading = thread::spawn(move || {
        let mut screen = Vec::new();
        // Once the program has ended, reading fails with EIO.
        let _ = File::from(terminal).read_to_end(&mut screen);
        String::from_utf8(screen).unwrap()
    });
    let mut process = Process::start(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(end_of_program));
    assert!(process.wait().success());
    // The command has a copy of the descriptor.
    command.stderr(Stdio::null());
    wait::join(reading, "the end of the terminal")
}

/// Returns the lines of the screen: what stands between control sequences, broken by the terminal after 80 columns.
fn lines(screen: &str) -> Vec<String> {
    let control = Regex::new(r"\x1b\[[0-9;?]*[A-Za-z]|[\r\n]").unwrap();
    let mut lines = Vec::new();
    for text in control.split(screen) {
        let characters: Vec<char> = text.chars().collect();
        lines.extend(characters.chunks(80).map(|line| line.iter().collect::<String>()));
    }
    lines
}

#[test]
fn a_terminal_has_a_moving_line_with_a_sparkline_for_each_server() {
    let folder = Folder::new();
    let screen =
        on_terminal(folder.command(&[&["--designs", "poll,threads"], &SHORT[..]].concat()).env("TERM", "xterm"));
    let lines = lines(&screen);
    assert!(lines.iter().any(|line| line.contains(" of 4 cycles, ")), "{lines:#?}");
    // A line that were too long would go on at the start of the next.
    let sparkline = Regex::new("^(poll|threads) +[▁▂▃▄▅▆▇█]* +[13] clients?: [0-9.,]+/s").unwrap();
    for server in ["poll ", "threads "] {
        let is_line = |line: &&String| line.starts_with(server) && sparkline.is_match(line);
        assert!(lines.iter().any(|line| is_line(&line)), "{server}: {lines:#?}");
    }
    for line in lines.iter().filter(|line| line.contains(" client") && line.contains("/s")) {
        assert!(sparkline.is_match(line), "{line:?} of {lines:#?}");
    }
    assert!(!screen.contains("round 1, "), "{screen:?}");
    assert!(screen.contains("The results are in "), "{screen:?}");
}

#[test]
fn moving_lines_have_no_colours() {
    let folder = Folder::new();
    let mut command = folder.command(&[&["--designs", "poll"], &ONE_CYCLE[..]].concat());
    let screen = on_terminal(command.env("TERM", "xterm-256color").env("NO_COLOR", "1"));
    let colours = Regex::new(r"\x1b\[[0-9;]*m").unwrap();
    assert!(!colours.is_match(&screen) && screen.contains("cycle"), "{screen:?}");
}

#[test]
fn a_dumb_terminal_has_a_line_for_each_cycle() {
    let folder = Folder::new();
    let screen = on_terminal(folder.command(&[&["--designs", "poll"], &SHORT[..]].concat()).env("TERM", "dumb"));
    assert!(!screen.contains('\x1b'), "{screen:?}");
    assert_eq!(screen.matches("round 1, poll: ").count(), 2, "{screen:?}");
}

#[test]
fn ctrl_c_keeps_what_was_measured() {
    let folder = Folder::new();
    let mut process = folder.start_long_load();
    process.signal(Signal::INT);
    assert_eq!(process.wait().code(), Some(130));
    let result = folder.result();
    assert_eq!(result.status, RunStatus::Interrupted);
    assert!(!result.cycles.is_empty() && result.cycles.len() < 100);
    assert!(result.cycles.iter().all(|cycle| cycle.end.is_some()));
    assert!(folder.path().join("report.html").exists());
}

#[test]
fn a_second_ctrl_c_ends_the_program_at_once_and_keeps_what_was_saved() {
    let program = env!("CARGO_BIN_EXE_launcelot-lab");
    // The end of this server takes a second, because its shell ignores SIGTERM.
    let server = format!("mine=sh -c \"trap '' TERM; '{program}' serve --design poll 127.0.0.1 {{port}}; sleep 60\"");
    let folder = Folder::new();
    let mut command = folder.command(&["--server", &server, "--clients", "1:2", "--rounds", "1", "--duration", "1s"]);
    let mut process = Process::start(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()));
    let lines = process.stderr();
    while !lines.next().starts_with("round 1, mine: 1 client: ") {}
    // The line of a cycle may come before its file.
    wait::until("the first cycle in the file", || (!folder.result().cycles.is_empty()).then_some(()));
    process.signal(Signal::INT);
    while !lines.next().starts_with("Ending the cycle ") {}
    process.signal(Signal::INT);
    assert_eq!(process.wait().code(), Some(130));
    let result = folder.result();
    assert_ne!(result.status, RunStatus::Completed);
    assert!(result.cycles[0].end.is_some());
}
