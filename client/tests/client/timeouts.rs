//! Timeouts of a dialogue, tested through the library's function `ask`.

use std::net::TcpListener;
use std::time::Duration;

use launcelot_client::ask::ask;
use launcelot_client::{DialogueConfig, Target};
use launcelot_measure::Order;
use launcelot_protocol::{Framing, Question};
use launcelot_testing::wait::{DEADLINE, within};

#[tokio::test]
async fn sending_to_a_server_that_reads_nothing_times_out() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    // All copies of this question together exceed the buffers of both sockets.
    let question = Question::new(&format!("{}?", "x".repeat(1_000))).unwrap();
    let config = DialogueConfig {
        target: Target::parse("127.0.0.1", Some(port)).unwrap(),
        order: Order::SentAhead,
        questions: vec![question; 20_000],
        framing: Framing::default(),
        timeout: Duration::from_millis(50),
    };
    let (_, result) = within(DEADLINE, "the timeout", ask(&config, |_| ())).await;
    let error = result.unwrap_err().to_string();
    assert!(error.ends_with("timed out after 50ms while sending a question"), "{error}");
}
