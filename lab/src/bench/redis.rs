//! Redis next to the designs, where it is installed: a server that many people know, asked for its PING.

use std::env;
use std::path::{Path, PathBuf};

use launcelot_measure::load::{ServerKind, ServerPlan};

use crate::load::script_text::ScriptText;

/// The name of its row.
const NAME: &str = "redis PING";

/// The request, as client libraries send it: an array of one bulk string (RESP).
const PING: &str = "*1\r\n$4\r\nPING\r\n";

/// The response: a simple string.
const PONG: &str = "+PONG\r\n";

/// Returns the path of the server program, if it is installed.
pub(super) fn find() -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders).map(|folder| folder.join("redis-server")).find(|path| path.is_file())
}

/// Returns a Redis as a server under test. It stores nothing on disk.
pub(super) fn server(program: &Path) -> ServerPlan {
    let program = program.to_string_lossy();
    let options = ["--save", "", "--appendonly", "no", "--daemonize", "no", "--bind", "127.0.0.1", "--port", "{port}"];
    let command = shell_words::join([&program[..]].into_iter().chain(options));
    ServerPlan { name: NAME.to_owned(), kind: ServerKind::Command { command } }
}

/// Returns what it is asked and what it answers.
pub(super) fn text() -> ScriptText {
    ScriptText::of_request(PING, PONG)
}
