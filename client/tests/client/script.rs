//! `--script`: the program, run against servers with other questions and answers than the usual three.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use launcelot_client::script;
use launcelot_protocol::Script;
use launcelot_testing::process::output;
use launcelot_testing::sockets::serve_each;
use tokio_tungstenite::tungstenite::{self, Message};

const ANSWERS: &str = "Ugly.\nImplicit.\nComplex.\n";

/// The example script in `docs/scripts`.
fn aphorisms() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/scripts/aphorisms.toml")
}

/// A server's side of one connection: a script, and what the client has sent that is not answered yet.
struct Answering {
    script: Script,
    unanswered: String,
}

impl Answering {
    fn by(path: &Path) -> Self {
        Self { script: script::read(path).unwrap(), unanswered: String::new() }
    }

    /// Adds received bytes. Returns the answers to the questions that are now complete.
    fn feed(&mut self, bytes: &[u8]) -> String {
        self.unanswered.push_str(std::str::from_utf8(bytes).unwrap());
        let mut answers = String::new();
        while let Some(end) = self.unanswered.find(char::from(self.script.framing().question_end())) {
            let question: String = self.unanswered.drain(..=end).collect();
            answers.push_str(self.script.answer_to(&question).or(self.script.unknown()).unwrap());
        }
        answers
    }

    /// Answers over TCP until the client closes.
    fn serve(mut self, mut client: TcpStream) {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = client.read(&mut buffer) {
            client.write_all(self.feed(&buffer[..count]).as_bytes()).unwrap();
        }
    }

    /// Answers over a WebSocket until the client closes it, as a bridge with a server behind it does.
    fn serve_web_socket(mut self, client: TcpStream) {
        let mut socket = tungstenite::accept(client).unwrap();
        while let Ok(Message::Binary(bytes)) = socket.read() {
            socket.send(Message::binary(self.feed(&bytes))).unwrap();
        }
    }
}

/// Starts a server that answers as the script in the file at `path` says.
fn server(path: PathBuf) -> SocketAddr {
    serve_each(move |client| Answering::by(&path).serve(client))
}

/// Writes a script into a temporary folder.
fn script_file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("script.toml");
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

fn client(target: &[&str], script: &Path, options: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_launcelot-client"));
    output(command.args(target).arg("--script").arg(script).args(options))
}

fn ask(address: SocketAddr, script: &Path, options: &[&str]) -> Output {
    client(&["127.0.0.1", &address.port().to_string()], script, options)
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn prints_the_answers_to_the_questions_of_the_script() {
    let address = server(aphorisms());
    for options in [&[][..], &["--pipelined"]] {
        let output = ask(address, &aphorisms(), options);
        assert_eq!((text(&output.stdout), text(&output.stderr), output.status.code()), (ANSWERS, "", Some(0)));
    }
}

#[test]
fn a_script_is_asked_over_a_web_socket_too() {
    let address = serve_each(|client| Answering::by(&aphorisms()).serve_web_socket(client));
    let output = client(&[&format!("ws://{address}/ws")], &aphorisms(), &[]);
    assert_eq!((text(&output.stdout), text(&output.stderr), output.status.code()), (ANSWERS, "", Some(0)));
}

#[test]
fn reports_contain_the_questions_of_the_script() {
    let address = server(aphorisms());
    for options in [&["--timing"][..], &["--json"], &["--race"], &["--race", "--json"], &["--trace"]] {
        let output = ask(address, &aphorisms(), options);
        assert!(text(&output.stdout).contains("Simple is better than?"), "{options:?}: {}", text(&output.stdout));
        assert_eq!((text(&output.stderr), output.status.code()), ("", Some(0)), "{options:?}");
    }
}

#[test]
fn questions_and_answers_may_end_with_other_characters() {
    let script = "question_end = ';'\nanswer_end = '!'\n\
        [[exchange]]\nquestion = 'PING;'\nanswer = 'PONG.!'\n\
        [[exchange]]\nquestion = 'Who?;'\nanswer = 'Me!'\n";
    let (_folder, path) = script_file(script);
    let address = server(path.clone());
    for options in [&[][..], &["--pipelined"]] {
        let output = ask(address, &path, options);
        assert_eq!((text(&output.stdout), text(&output.stderr), output.status.code()), ("PONG.!\nMe!\n", "", Some(0)));
    }
}

#[test]
fn a_wrong_answer_is_printed_and_then_reported_with_the_expected_one() {
    let address = server(aphorisms());
    let exchange =
        |question: &str, answer: &str| format!("[[exchange]]\nquestion = '{question}'\nanswer = '{answer}'\n");
    let pretty = exchange("Beautiful is better than?", "Pretty.");
    let right = exchange("Simple is better than?", "Complex.");
    let unknown = exchange("Flat is better than?", "Nested.");
    let wrong = format!(
        "launcelot-client: 127.0.0.1 port {} answered \"Beautiful is better than?\" with \"Ugly.\" instead of \"Pretty.\"",
        address.port()
    );
    let (_folder, one) = script_file(&(pretty.clone() + &right));
    let output = ask(address, &one, &[]);
    assert_eq!(text(&output.stdout), "Ugly.\nComplex.\n");
    assert_eq!((text(&output.stderr), output.status.code()), (&*(wrong.clone() + "\n"), Some(1)));

    let (_folder, two) = script_file(&(pretty + &right + &unknown));
    let output = ask(address, &two, &["--json"]);
    assert!(text(&output.stdout).contains("\"Error: unknown aphorism.\""), "{}", text(&output.stdout));
    assert_eq!((text(&output.stderr), output.status.code()), (&*(wrong.clone() + " (1 more differs)\n"), Some(1)));

    let output = ask(address, &two, &["--race"]);
    assert!(text(&output.stderr).starts_with(&wrong), "{}", text(&output.stderr));
    assert_eq!((text(&output.stderr).lines().count(), output.status.code()), (1, Some(1)));
}

#[test]
fn an_expected_error_answer_is_not_a_failure_in_an_export_but_a_wrong_answer_is() {
    let expected = "[[exchange]]\nquestion = 'Flat is better than?'\nanswer = 'Error: unknown aphorism.'\n";
    let wrong = "[[exchange]]\nquestion = 'Simple is better than?'\nanswer = 'Complicated.'\n";
    let address = server(aphorisms());
    for (script, failure) in [(expected.to_owned(), None), ([expected, wrong].concat(), Some("Complex]"))] {
        let (folder, path) = script_file(&script);
        for options in [&[][..], &["--race"]] {
            let log = folder.path().join("run.hlog");
            ask(address, &path, &[options, &["--export", log.to_str().unwrap()]].concat());
            let log = std::fs::read_to_string(log).unwrap();
            let comment = log.lines().find_map(|line| line.split_once(": failed: "));
            // A race has as many turns as time allows.
            let comment = comment.and_then(|(_, comment)| comment.split_once(" × "));
            assert_eq!(comment.map(|(_, answer)| answer), failure, "{options:?}: {log}");
        }
    }
}

#[test]
fn a_script_that_cannot_be_read_is_one_line_and_exits_with_1() {
    let (_folder, path) = script_file("[[exchange]]\nquestion = 'Why'\nanswer = 'So.'\n");
    let missing = path.with_file_name("missing.toml");
    let cases =
        [(&path, "line 2, column 12: question \"Why\" does not end with '?'"), (&missing, "No such file or directory")];
    for (path, expected) in cases {
        let output = client(&["localhost"], path, &[]);
        let expected = format!("launcelot-client: cannot read script {}: {expected}\n", path.display());
        assert_eq!((text(&output.stderr), text(&output.stdout), output.status.code()), (&*expected, "", Some(1)));
    }
}

#[test]
fn the_options_script_and_ask_cannot_be_combined() {
    let output = client(&["localhost"], &aphorisms(), &["--ask", "Why?"]);
    assert!(text(&output.stderr).contains("cannot be used with"), "{}", text(&output.stderr));
    assert_eq!(output.status.code(), Some(2));
}
