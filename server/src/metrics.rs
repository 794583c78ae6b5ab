//! The statistics over HTTP, as Prometheus reads them, and as lines for a person.

use std::convert::Infallible;
use std::fmt::{self, Write as _};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use launcelot_endpoint::failure::one_line;
use launcelot_endpoint::listen::Listeners;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::accepting::AcceptErrors;
use crate::statistics::{BOUNDS_NS, LONGEST_BOUND_NS, Statistics, Thinking, Totals};

/// Who asks for statistics asks seldom. More than so many at once have to wait.
const CONNECTIONS_MAX: usize = 16;

/// How long a request may take to come, and its answer to be taken.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Serves the statistics at `/metrics` for ever.
pub(crate) async fn serve(listeners: Listeners, statistics: Statistics) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let doors = listeners.sockets.into_iter().map(|socket| serve_at(socket, &statistics, &places));
    for served in join_all(doors).await {
        if let Err(error) = served {
            tracing::error!("cannot serve the statistics: {}", one_line(&error));
        }
    }
}

async fn serve_at(socket: std::net::TcpListener, statistics: &Statistics, places: &Arc<Semaphore>) -> io::Result<()> {
    let listener = TcpListener::from_std(socket)?;
    let mut errors = AcceptErrors::default();
    loop {
        let place = Arc::clone(places).acquire_owned().await.expect("nobody closes this semaphore");
        match listener.accept().await {
            Ok((stream, _)) => {
                let statistics = statistics.clone();
                let service = service_fn(move |request| {
                    let response = respond(&request, &statistics);
                    async { Ok::<_, Infallible>(response) }
                });
                let connection = http1::Builder::new()
                    .keep_alive(false)
                    .timer(TokioTimer::new())
                    .header_read_timeout(TIMEOUT)
                    .serve_connection(TokioIo::new(stream), service);
                tokio::spawn(async move {
                    // Whether whoever asked has heard the answer makes no difference here.
                    let _ = tokio::time::timeout(2 * TIMEOUT, connection).await;
                    drop(place);
                });
            }
            Err(error) => {
                if let Some(pause) = errors.pause_after(error).map_err(io::Error::other)? {
                    tokio::time::sleep(pause).await;
                }
            }
        }
    }
}

fn respond(request: &Request<Incoming>, statistics: &Statistics) -> Response<Full<Bytes>> {
    let (status, text) = match (request.method(), request.uri().path()) {
        (&Method::GET | &Method::HEAD, "/metrics") => (StatusCode::OK, exposition(&statistics.totals())),
        (_, "/metrics") => (StatusCode::METHOD_NOT_ALLOWED, "the statistics can only be read\n".to_owned()),
        _ => (StatusCode::NOT_FOUND, "the statistics are at /metrics\n".to_owned()),
    };
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"));
    response
}

/// The text format of Prometheus, version 0.0.4.
fn exposition(totals: &Totals) -> String {
    let Totals { connections, open, questions, unknown, bytes_in, bytes_out, thinking } = totals;
    let figures = [
        ("connections_total", "counter", "Connections that were accepted.", connections),
        ("connections_open", "gauge", "Connections that are open.", open),
        ("questions_total", "counter", "Whole questions that were answered, unknown ones included.", questions),
        ("unknown_questions_total", "counter", "Questions that were not one of the three.", unknown),
        ("received_bytes_total", "counter", "Bytes heard from clients.", bytes_in),
        ("sent_bytes_total", "counter", "Bytes of replies that the system has taken.", bytes_out),
    ];
    let mut text = String::new();
    for (name, kind, help, figure) in figures {
        let name = format!("launcelot_server_{name}");
        let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {figure}\n");
    }
    let name = "launcelot_server_thinking_seconds";
    let help = "From when a question was whole until its answer was ready.";
    let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} histogram\n");
    let bounds = BOUNDS_NS.iter().map(|bound| seconds(Duration::from_nanos(*bound)).to_string());
    let mut until = 0;
    for (bound, count) in bounds.chain(["+Inf".to_owned()]).zip(thinking.counts) {
        until += count;
        let _ = writeln!(text, "{name}_bucket{{le=\"{bound}\"}} {until}");
    }
    let _ = write!(text, "{name}_sum {}\n{name}_count {until}\n", seconds(thinking.sum));
    text
}

/// Exact to the nanosecond, in contrast to `as_secs_f64`.
fn seconds(duration: Duration) -> impl fmt::Display {
    fmt::from_fn(move |formatter| {
        let text = format!("{}.{:09}", duration.as_secs(), duration.subsec_nanos());
        formatter.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    })
}

/// One line of figures, and one about thinking if there was any.
impl fmt::Display for Totals {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { connections, open, questions, unknown, bytes_in, bytes_out, thinking } = self;
        write!(
            formatter,
            "connections: {connections} ({open} open), questions: {questions} ({unknown} unknown), \
             bytes: {bytes_in} in, {bytes_out} out"
        )?;
        if *questions == 0 { Ok(()) } else { write!(formatter, "\nthinking: {thinking}") }
    }
}

impl fmt::Display for Thinking {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count: u64 = self.counts.iter().sum();
        let mean_ns = self.sum.as_nanos() / u128::from(count.max(1));
        write!(formatter, "mean {:?}", Duration::from_nanos(u64::try_from(mean_ns).unwrap_or(u64::MAX)))?;
        for percent in [50, 99] {
            match self.percentile_ns(percent) {
                Some(bound) => write!(formatter, ", {percent} % within {:?}", Duration::from_nanos(bound))?,
                None => write!(formatter, ", {percent} % beyond {:?}", Duration::from_nanos(LONGEST_BOUND_NS))?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn totals() -> Totals {
        let mut totals = Totals { connections: 3, open: 1, questions: 4, unknown: 1, ..Totals::default() };
        totals.thinking.counts[1] = 3;
        totals.thinking.counts[BOUNDS_NS.len()] = 1;
        totals.thinking.sum = Duration::new(12, 300);
        totals
    }

    #[test]
    fn the_exposition_is_cumulative_and_in_seconds() {
        let text = exposition(&totals());
        for line in [
            "# TYPE launcelot_server_connections_total counter",
            "launcelot_server_connections_total 3",
            "launcelot_server_connections_open 1",
            "launcelot_server_unknown_questions_total 1",
            "launcelot_server_thinking_seconds_bucket{le=\"0.00000005\"} 0",
            "launcelot_server_thinking_seconds_bucket{le=\"0.0000001\"} 3",
            "launcelot_server_thinking_seconds_bucket{le=\"10\"} 3",
            "launcelot_server_thinking_seconds_bucket{le=\"+Inf\"} 4",
            "launcelot_server_thinking_seconds_sum 12.0000003",
            "launcelot_server_thinking_seconds_count 4",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is missing in:\n{text}");
        }
    }

    #[test]
    fn a_person_reads_two_lines() {
        let expected = "connections: 3 (1 open), questions: 4 (1 unknown), bytes: 0 in, 0 out\n\
                        thinking: mean 3.000000075s, 50 % within 100ns, 99 % beyond 10s";
        assert_eq!(totals().to_string(), expected);
        assert_eq!(Totals::default().to_string().lines().count(), 1);
    }
}
