//! Servers that break the protocol.

use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;

/// What a server does after it has served a client.
pub(super) enum Afterwards {
    Continue,
    Exit,
    Hang,
}

/// Starts a server that breaks the protocol. It serves one client at a time with `serve`.
pub(super) fn faulty_server(serve: impl Fn(&mut TcpStream) -> Afterwards + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            match serve(&mut client) {
                Afterwards::Continue => {}
                Afterwards::Exit => return,
                // The listener and the client's connection stay open.
                Afterwards::Hang => thread::park(),
            }
        }
    });
    port
}

/// The error of a server that does not know the answer to a question.
pub(super) struct UnknownQuestion;

/// Answers each question until the client closes, or until the server does not know an answer.
pub(super) fn converse(
    client: &mut TcpStream,
    answer: impl Fn(&[u8]) -> Result<&'static str, UnknownQuestion>,
) -> Result<(), UnknownQuestion> {
    let mut question = Vec::new();
    let mut byte = [0];
    while client.read(&mut byte).is_ok_and(|count| count > 0) {
        question.push(byte[0]);
        if byte == *b"?" {
            send(client, answer(&question)?.as_bytes());
            question.clear();
        }
    }
    Ok(())
}

pub(super) fn answer_to(question: &[u8]) -> Option<&'static str> {
    launcelot_protocol::exchange::answer_to(question)
}

/// Writes to a client. An error is ignored, because the client may have closed the connection.
pub(super) fn send(client: &mut TcpStream, words: &[u8]) {
    let _: io::Result<()> = client.write_all(words);
}
