//! The program, run against servers that behave as each test needs.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};
use std::thread::JoinHandle;

use launcelot_measure::{Order, Run, RunStatus};
use launcelot_protocol::{Conversation, EXCHANGES, QuestionError};
use launcelot_testing::ports::ReservedPort;
use launcelot_testing::process::{Process, output};
use launcelot_testing::sockets::accept;
use launcelot_testing::wait::join;

const ANSWERS: &str = "My name is Sir Lancelot of Camelot.\nTo seek the Holy Grail.\nBlue.\n";

/// Starts a server that serves one client with `serve`.
fn server<T: Send + 'static>(serve: impl FnOnce(TcpStream) -> T + Send + 'static) -> (SocketAddr, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (address, std::thread::spawn(move || serve(accept(&listener))))
}

/// Answers like a Launcelot server until the client closes. Returns the number of bytes of each read.
fn converse(mut stream: TcpStream) -> Vec<usize> {
    let mut conversation = Conversation::new();
    let mut buffer = [0; 4096];
    let mut reads = Vec::new();
    loop {
        let count = stream.read(&mut buffer).unwrap();
        if count == 0 {
            return reads;
        }
        reads.push(count);
        let mut replies = Vec::new();
        conversation.feed(&buffer[..count], &mut replies);
        stream.write_all(&replies).unwrap();
    }
}

/// Reads one question and sends `text`.
fn send(stream: &mut TcpStream, text: &str) {
    let _ = stream.read(&mut [0; 4096]).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
}

fn client() -> Command {
    Command::new(env!("CARGO_BIN_EXE_launcelot-client"))
}

fn ask(address: SocketAddr, options: &[&str]) -> Output {
    output(client().arg("127.0.0.1").arg(address.port().to_string()).args(options))
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn json(output: &Output) -> (serde_json::Value, Run) {
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let schema: serde_json::Value =
        serde_json::from_str(include_str!("../../../measure/schema/run.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<_> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?} in {value:#}");
    (value.clone(), serde_json::from_value(value).unwrap())
}

#[test]
fn prints_only_the_three_answers_one_per_line() {
    let (address, server) = server(converse);
    let output = ask(address, &[]);
    assert_eq!((text(&output.stdout), text(&output.stderr), output.status.code()), (ANSWERS, "", Some(0)));
    assert_eq!(join(server, "the end of the server").len(), 3, "each question waits for the previous answer");
}

#[test]
fn pipelined_questions_do_not_wait_for_answers() {
    // This server answers after it has received all three questions.
    let (address, server) = server(|mut stream| {
        let all: String = EXCHANGES.iter().map(|exchange| exchange.question).collect();
        let mut received = vec![0; all.len()];
        stream.read_exact(&mut received).unwrap();
        let answers: String = EXCHANGES.iter().map(|exchange| exchange.answer).collect();
        stream.write_all(answers.as_bytes()).unwrap();
        text(&received) == all
    });
    let output = ask(address, &["--pipelined"]);
    assert_eq!(text(&output.stdout), ANSWERS);
    assert!(join(server, "the end of the server"));
}

#[test]
fn timing_adds_a_table_of_the_steps() {
    let (address, _server) = server(converse);
    let output = ask(address, &["--timing"]);
    let (answers, table) = text(&output.stdout).split_once("\n\n").unwrap();
    assert_eq!(answers, ANSWERS.trim_end());
    for step in ["(connecting)", "What is your name?", "What is your quest?", "What is your favorite color?"] {
        let row = table.lines().find(|line| line.starts_with(step)).unwrap();
        let took: f64 = row.split_whitespace().rev().nth(1).unwrap().parse().unwrap();
        assert!(took > 0.0, "{row}");
    }
    assert!(table.contains("clock step "), "{table}");
}

#[test]
fn json_conforms_to_its_schema_and_its_times_are_in_order() {
    for (options, order) in [(&["--json"][..], Order::OneAtATime), (&["--json", "--pipelined"], Order::SentAhead)] {
        let (address, _server) = server(converse);
        let output = ask(address, options);
        let (_, run) = json(&output);
        assert_eq!((run.status.clone(), run.order), (RunStatus::Complete, order));
        let lookup = run.lookup.unwrap();
        let connecting = run.connecting.unwrap();
        assert!(lookup.until <= connecting.from && connecting.until <= run.questions[0].asked.unwrap());
        for (asked, exchange) in run.questions.iter().zip(EXCHANGES) {
            assert_eq!(asked.answer.as_deref(), Some(exchange.answer));
            assert!(asked.took().unwrap() > run.clock_step, "{asked:?}");
        }
        let overlap = run.questions[1].asked < run.questions[0].answered;
        assert_eq!(overlap, order == Order::SentAhead);
    }
}

#[test]
fn json_of_a_failed_run_conforms_to_the_schema() {
    let (address, _server) = server(|mut stream| send(&mut stream, "Blue."));
    let output = ask(address, &["--json"]);
    let (_, run) = json(&output);
    assert!(matches!(run.status, RunStatus::Broken(_)), "{run:?}");
    assert_eq!(run.answered(), 1);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn questions_given_by_the_user_replace_the_three() {
    let (address, _server) = server(converse);
    let output = ask(address, &["--ask", "What is the air-speed of a swallow", "--ask", "What is your quest?"]);
    assert_eq!(text(&output.stdout), "Error: unknown question.\nTo seek the Holy Grail.\n");
}

#[test]
fn failures_are_one_line_and_keep_earlier_answers() {
    let reserved = ReservedPort::new();
    let refused = reserved.address();
    let (closes, _first) = server(|mut stream| {
        send(&mut stream, "My name is Sir Lancelot of Camelot.");
        stream.shutdown(Shutdown::Write).unwrap();
        // Closing would reset the connection if the next question arrived before.
        stream.read_to_end(&mut Vec::new()).unwrap();
    });
    let (cuts, _second) = server(|mut stream| {
        send(&mut stream, "Blue.");
        send(&mut stream, "No, yel");
    });
    let (resets, _third) = server(|mut stream| {
        send(&mut stream, "Blue.");
        // Unread data makes closing reset the connection.
        stream.peek(&mut [0]).unwrap();
    });
    let (chatters, _fourth) = server(|mut stream| send(&mut stream, "Blue.No, yellow."));
    let (silent, silence) = server(|mut stream| stream.read_to_end(&mut Vec::new()).unwrap());
    let cases: [(SocketAddr, &[&str], &str, &str); 6] = [
        (refused, &[], "", "cannot connect to 127.0.0.1 port PORT: Connection refused"),
        (
            closes,
            &[],
            "My name is Sir Lancelot of Camelot.\n",
            "127.0.0.1 port PORT closed the connection after 1 of 3 answers",
        ),
        (
            cuts,
            &[],
            "Blue.\n",
            "does not speak the protocol: the connection ended in the middle of an answer, after \"No, yel\"",
        ),
        (resets, &[], "Blue.\n", "asking 127.0.0.1 port PORT failed: connection lost: Connection reset by peer"),
        (chatters, &[], "Blue.\n", "the server sent \"No, yellow.\", but there was no question to answer"),
        (silent, &["--timeout", "50ms"], "", "127.0.0.1 port PORT: timed out after 50ms while waiting for an answer"),
    ];
    for (address, options, answers, expected) in cases {
        let output = ask(address, options);
        let stderr = text(&output.stderr);
        assert!(stderr.contains(&expected.replace("PORT", &address.port().to_string())), "{expected}: {stderr}");
        assert_eq!(
            (stderr.lines().count(), text(&output.stdout), output.status.code()),
            (1, answers, Some(1)),
            "{stderr}"
        );
        assert!(stderr.starts_with("launcelot-client: "), "{stderr}");
    }
    join(silence, "the end of the server");
}

#[test]
fn an_unknown_host_name_is_reported() {
    let output = output(client().arg("no-such-host.invalid"));
    assert!(
        text(&output.stderr).starts_with("launcelot-client: cannot resolve 'no-such-host.invalid': "),
        "{output:?}"
    );
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn an_http_server_without_websocket_is_reported() {
    let (address, _server) =
        server(|mut stream| send(&mut stream, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"));
    let output = output(client().arg(format!("ws://{address}/ws")));
    let stderr = text(&output.stderr);
    assert!(stderr.contains(&format!("cannot open a WebSocket at ws://{address}/ws: HTTP error: 404")), "{stderr}");
    assert_eq!((stderr.lines().count(), output.status.code()), (1, Some(1)));
}

#[test]
fn invalid_arguments_exit_with_2() {
    let not_ascii = QuestionError::NotAscii('ù').to_string();
    let cases: [(&[&str], &str); 8] = [
        (&[], "HOST"),
        (&["localhost", "port"], "invalid value 'port'"),
        (&["localhost:1060"], "give the port as a second argument"),
        (&["wss://localhost/ws"], "needs TLS"),
        (&["localhost", "--color"], "unexpected argument '--color'"),
        (&["localhost", "--json", "--timing"], "cannot be used with"),
        (&["localhost", "--json", "--lab", "localhost:8080"], "required arguments were not provided"),
        (&["localhost", "--ask", "Où?"], &not_ascii),
    ];
    for (arguments, expected) in cases {
        let output = output(client().args(arguments));
        assert!(text(&output.stderr).contains(expected), "{arguments:?}: {}", text(&output.stderr));
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{arguments:?}");
    }
}

#[test]
fn a_closed_standard_output_is_not_an_error() {
    let (address, _server) = server(converse);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = client();
    command.args(["127.0.0.1", &address.port().to_string()]).stdout(writer).stderr(Stdio::piped());
    let mut process = Process::start(&mut command);
    let errors = process.stderr();
    assert_eq!((process.wait().code(), errors.try_next()), (Some(0), None));
}
