//! Executes the console sessions of a document, and compares what the programs print with what the document shows.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::figures::are_alike;
use super::http;
use super::markdown::workspace;
use super::ports::ReservedPort;
use super::process::{self, Lines, Process};
use super::sockets;

/// The prefix of a command.
const PROMPT: &str = "$ ";

/// The folder of scripts, which commands in the documents name.
const SCRIPTS: &str = "docs/scripts";

/// The ports in the documents: of the server, the tunnel, the bridge and the statistics.
const PORTS: [u16; 4] = [1060, 1061, 8080, 9106];

/// Arguments with the default ports, which a command in a document leaves out.
struct DefaultPorts {
    /// The beginning of the command.
    command: &'static str,
    /// Arguments with which the defaults do not apply.
    unless: &'static [&'static str],
    arguments: &'static str,
}

const DEFAULTS: [DefaultPorts; 7] = [
    DefaultPorts { command: "launcelot-server", unless: &["1060", "inetd", "--listen"], arguments: "localhost 1060" },
    DefaultPorts { command: "launcelot-client", unless: &["1060", "1061", "9106", "ws://"], arguments: "1060" },
    DefaultPorts { command: "launcelot-bridge", unless: &["--listen"], arguments: "--listen localhost:8080" },
    DefaultPorts { command: "launcelot-bridge", unless: &["--target"], arguments: "--target localhost:1060" },
    DefaultPorts {
        command: "launcelot-lab --",
        unless: &[],
        arguments: "--server-port 1060 --tunnel-port 1061 --page-port 8080",
    },
    DefaultPorts { command: "launcelot-lab probe", unless: &["1060", "1061", "--start"], arguments: "1060" },
    DefaultPorts {
        command: "launcelot-lab tunnel",
        unless: &["--listen"],
        arguments: "--listen localhost:1061 --to localhost:1060",
    },
];

/// The pattern of a command with netcat. The test sends the text itself, since netcat's options differ between systems,
/// and not every system has it.
static NETCAT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^(printf .*) \| nc (?:-\S+ )*localhost (\d+)$").expect("a valid pattern"));

/// The separators of several commands in one line.
static SEPARATOR: LazyLock<Regex> = LazyLock::new(|| Regex::new(r" \| |; | && ").expect("a valid pattern"));

/// A console session, with its own folder and ports, and its programs in the background.
pub(crate) struct Console {
    programs: PathBuf,
    folder: tempfile::TempDir,
    /// The ports of the document, each with the one that replaces it.
    ports: Vec<(u16, ReservedPort)>,
    /// Programs that run to the end of the session.
    services: Vec<Process>,
    /// Programs that the current block, or one before it, has started in the background.
    background: Vec<(Process, Lines)>,
}

impl Console {
    /// Starts a session with the programs in `programs`. Its current folder contains a page, as if built, and the scripts of
    /// the documents.
    pub(crate) fn start(programs: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for page in ["target/page", "target/demo-page"] {
            let page = folder.path().join(page);
            fs::create_dir_all(&page).unwrap();
            fs::write(page.join("index.html"), "<!doctype html><title>A page</title>\n").unwrap();
        }
        let scripts = folder.path().join(SCRIPTS);
        fs::create_dir_all(&scripts).unwrap();
        for script in fs::read_dir(workspace().join(SCRIPTS)).unwrap() {
            let script = script.unwrap();
            fs::copy(script.path(), scripts.join(script.file_name())).unwrap();
        }
        Self {
            programs: programs.to_owned(),
            folder,
            ports: PORTS.map(|port| (port, ReservedPort::new())).into(),
            services: Vec::new(),
            background: Vec::new(),
        }
    }

    /// Starts a program that runs to the end of the session, and waits for its first line.
    pub(crate) fn start_service(&mut self, command: &str) {
        self.start_in_background(command, 1);
        self.services.extend(self.background.pop().map(|(process, _)| process));
    }

    /// Executes the commands of a block. Returns the block with the output of each command where that differs from the
    /// documented output. A block that starts programs in the background first ends those of earlier blocks.
    pub(crate) fn run(&mut self, block: &str) -> String {
        let starts_programs = block.lines().filter_map(|line| line.strip_prefix(PROMPT)).any(is_in_background);
        if starts_programs {
            self.background.clear();
        }
        let mut result = String::new();
        let mut lines = block.lines().peekable();
        while let Some(line) = lines.next() {
            let command = line.strip_prefix(PROMPT);
            let command = command.unwrap_or_else(|| panic!("a console block begins with a command, not with {line:?}"));
            let mut documented = Vec::new();
            while let Some(output) = lines.next_if(|line| !line.starts_with(PROMPT)) {
                documented.push(output);
            }
            let printed = self.execute(command, documented.len());
            let printed: Vec<&str> = printed.iter().map(String::as_str).collect();
            let is_current = are_alike(&documented, &printed);
            result.push_str(line);
            result.push('\n');
            for line in if is_current { documented } else { printed } {
                result.push_str(line.trim_end());
                result.push('\n');
            }
        }
        result
    }

    /// Executes one command. Returns its output, or the first `count` lines of a program in the background.
    fn execute(&mut self, command: &str, count: usize) -> Vec<String> {
        if is_in_background(command) {
            return self.start_in_background(command.trim_end_matches(" &"), count);
        }
        let command = self.with_ports(command);
        if let Some(netcat) = NETCAT.captures(&command) {
            return self.execute_netcat(&netcat);
        }
        if command.starts_with("curl ") {
            let body = execute_curl(&command);
            return body.lines().map(|line| self.with_documented_ports(line)).collect();
        }
        let (command, signalled) = self.with_process_ids(&command);
        let output = process::output(&mut self.shell(&command));
        let mut printed: Vec<String> =
            String::from_utf8_lossy(&output.stdout).lines().map(|line| self.with_documented_ports(line)).collect();
        if let Some(index) = signalled {
            while printed.len() < count {
                printed.push(self.with_documented_ports(&self.background[index].1.next()));
            }
        }
        printed
    }

    fn start_in_background(&mut self, command: &str, count: usize) -> Vec<String> {
        let command = format!("exec {}", self.with_ports(command));
        let mut process = Process::start(self.shell(&command).stdout(Stdio::piped()));
        let lines = process.stdout();
        let printed = (0..count).map(|_| self.with_documented_ports(&lines.next())).collect();
        self.background.push((process, lines));
        printed
    }

    /// Does what the netcat command does: sends the output of `printf`, shuts down the writing side, and returns the
    /// lines of the answers.
    fn execute_netcat(&self, netcat: &Captures) -> Vec<String> {
        let text = process::output(&mut self.shell(&netcat[1])).stdout;
        let mut stream = sockets::connect(netcat[2].parse().unwrap());
        stream.write_all(&text).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answers = String::new();
        stream.read_to_string(&mut answers).unwrap();
        answers.lines().map(ToOwned::to_owned).collect()
    }

    /// Makes a shell command with the programs on its path, and standard error redirected to standard output.
    fn shell(&self, command: &str) -> Command {
        let mut path = self.programs.clone().into_os_string();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("exec 2>&1; {command}")]).current_dir(&self.folder);
        shell.env("PATH", path).env("NO_COLOR", "1").env_remove("RUST_BACKTRACE").stdin(Stdio::null());
        shell
    }

    /// Replaces the ports in a command, and adds those that it leaves out.
    fn with_ports(&self, command: &str) -> String {
        let mut complete = String::new();
        let mut rest = command;
        while let Some(separator) = SEPARATOR.find(rest) {
            complete.push_str(&with_defaults(&rest[..separator.start()]));
            complete.push_str(separator.as_str());
            rest = &rest[separator.end()..];
        }
        complete.push_str(&with_defaults(rest));
        for (documented, reserved) in &self.ports {
            complete = replace_number(&complete, *documented, reserved.number);
        }
        complete
    }

    /// Replaces the ports in a line of output by those of the document. Cells of tables keep their widths.
    fn with_documented_ports(&self, line: &str) -> String {
        let mut line = line.to_owned();
        for (documented, reserved) in &self.ports {
            let documented = documented.to_string();
            let printed = reserved.number.to_string();
            while let Some((before, after)) = line.split_once(&printed) {
                let mut after = after.to_owned();
                if let Some((rest_of_cell, _)) = after.split_once("  ")
                    && !rest_of_cell.contains(' ')
                {
                    let missing = printed.len() - documented.len();
                    after.insert_str(rest_of_cell.len(), &" ".repeat(missing));
                }
                line = format!("{before}{documented}{after}");
            }
        }
        line
    }

    /// Replaces `%1`, `%2` … by process IDs. Also returns the index of the background program that the command names,
    /// if it names one.
    fn with_process_ids(&self, command: &str) -> (String, Option<usize>) {
        let mut named = None;
        let mut command = command.to_owned();
        for (index, (process, _)) in self.background.iter().enumerate() {
            let job = format!("%{}", index + 1);
            if command.contains(&job) {
                command = command.replace(&job, &process.child.id().to_string());
                named = Some(index);
            }
        }
        (command, named)
    }
}

fn is_in_background(command: &str) -> bool {
    command.ends_with(" &")
}

/// Sends the request of a `curl` command and returns the body of the response. Not every system has curl.
fn execute_curl(command: &str) -> String {
    let mut words = shell_words::split(command).unwrap().into_iter().skip(1);
    let mut method = "GET".to_owned();
    let mut data = String::new();
    let mut headers = String::new();
    let mut url = String::new();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--request" => method = words.next().unwrap(),
            "--data" => data = words.next().unwrap(),
            "--header" => headers = format!("\r\n{}", words.next().unwrap()),
            _ => url = word,
        }
    }
    let authority_and_path = url.strip_prefix("http://localhost:").unwrap_or_else(|| panic!("cannot fetch {url:?}"));
    let (port, path) = authority_and_path.split_once('/').unwrap();
    http::request(port.parse().unwrap(), &format!("{method} /{path}{headers}"), &data).body
}

/// Adds the ports that a command leaves out.
fn with_defaults(command: &str) -> String {
    let mut complete = command.to_owned();
    for DefaultPorts { command: beginning, unless, arguments } in DEFAULTS {
        let begins = format!("{command} --").starts_with(beginning);
        if begins && !unless.iter().any(|argument| command.contains(argument)) {
            complete.push(' ');
            complete.push_str(arguments);
        }
    }
    complete
}

fn replace_number(text: &str, from: u16, to: u16) -> String {
    let number = Regex::new(&format!(r"\b{from}\b")).expect("a valid pattern");
    number.replace_all(text, to.to_string()).into_owned()
}
