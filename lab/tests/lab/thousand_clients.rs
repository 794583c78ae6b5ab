//! A thousand clients at once, a hundred questions each: every answer is right.

use std::sync::Arc;

use crate::support::fixtures::{Bridge, Server};
use crate::support::wait;
use launcelot_client::{DialogueConfig, Target, ask};
use launcelot_measure::{Order, RunStatus};
use launcelot_protocol::{EXCHANGES, Framing, Question};
use launcelot_server::Design;
use tokio::sync::Barrier;

const CLIENTS: usize = 1000;
const QUESTIONS: usize = 100;

/// Asks with all clients at once, and panics unless every answer is right. Every second client sends its questions
/// ahead (pipelining).
async fn assert_all_are_answered(target: Target) {
    let all_are_ready = Arc::new(Barrier::new(CLIENTS));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let plan = DialogueConfig {
                target: target.clone(),
                order: if client % 2 == 0 { Order::OneAtATime } else { Order::SentAhead },
                // Clients begin at different questions, so that another client's answer would be a wrong one.
                questions: Question::the_three().into_iter().cycle().skip(client % 3).take(QUESTIONS).collect(),
                framing: Framing::default(),
                timeout: wait::DEADLINE,
            };
            let all_are_ready = Arc::clone(&all_are_ready);
            tokio::spawn(async move {
                all_are_ready.wait().await;
                let (run, result) = ask(&plan, |_| ()).await;
                result.unwrap();
                run
            })
        })
        .collect();
    for client in clients {
        let run = wait::within(wait::DEADLINE, "a client", client).await.unwrap();
        assert_eq!((run.status, run.questions.len()), (RunStatus::Complete, QUESTIONS));
        for asked in run.questions {
            let exchange = EXCHANGES.iter().find(|exchange| exchange.question == asked.question).unwrap();
            assert_eq!(asked.answer.as_deref(), Some(exchange.answer));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_clients_are_answered_over_tcp() {
    launcelot_endpoint::descriptors::raise_limit();
    let server = Server::start(Design::Async);
    assert_all_are_answered(Target::Tcp { host: "127.0.0.1".to_owned(), port: server.port }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_clients_are_answered_through_the_bridge() {
    launcelot_endpoint::descriptors::raise_limit();
    let server = Server::start(Design::Async);
    let bridge = Bridge::start(server.port, None);
    assert_all_are_answered(Target::parse(&bridge.url(), None).unwrap()).await;
}
