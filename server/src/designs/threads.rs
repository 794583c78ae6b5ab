//! All clients at once: one thread per client.
//!
//! Each thread has its own stack and buffers and waits for its one client. The kernel's scheduler decides which thread
//! runs: under load clients wait for a processor, and every question costs a context switch. The thread for the next
//! client is started before that client is accepted, so an accepted client always has a thread. The calling thread runs
//! the accept loop; at the limit of connections it waits for a permit.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::thread::{self, Scope};
use std::time::Instant;

use launcelot_endpoint::accept::AcceptErrors;
use launcelot_endpoint::failure::one_line;
use launcelot_endpoint::listen::Listeners;

use crate::blocking::acceptor::Acceptor;
use crate::blocking::client::{Client, Served};
use crate::blocking::limit::{ConnectionLimit, Permit};
use crate::blocking::poll::stops_within;
use crate::error::ServeError;
use crate::session::Scratch;
use crate::session::service::Service;
use crate::stop::Stop;

pub(super) fn serve(listeners: Listeners, service: &Arc<Service>, stop: &Stop) -> Result<(), ServeError> {
    let limit = ConnectionLimit::new(service.options.max_connections);
    // The scope waits for its threads, each of which watches the stop and the grace period by itself.
    thread::scope(|scope| accept_loop(scope, Acceptor::new(listeners, service), &limit, service, stop))
}

/// Accepts clients until the stop is requested, and serves each in a thread of its own.
fn accept_loop<'scope>(
    scope: &'scope Scope<'scope, '_>,
    mut acceptor: Acceptor,
    limit: &'scope ConnectionLimit,
    service: &'scope Service,
    stop: &'scope Stop,
) -> Result<(), ServeError> {
    let mut errors = AcceptErrors::default();
    loop {
        let permit = limit.permit();
        match start_thread(scope, permit, service, stop) {
            Ok(thread) => {
                let Some(client) = acceptor.accept_next(stop)? else {
                    return Ok(());
                };
                errors.accepted();
                thread.send(client).expect("the thread waits for its client");
            }
            Err(error) => {
                let pause = errors.pause(&error, Instant::now());
                if stops_within(stop, pause)? {
                    return Ok(());
                }
            }
        }
    }
}

/// Starts a thread that waits for a client from the returned sender. The thread ends if the sender is dropped.
fn start_thread<'scope>(
    scope: &'scope Scope<'scope, '_>,
    permit: Permit<'scope>,
    service: &'scope Service,
    stop: &'scope Stop,
) -> io::Result<Sender<Client>> {
    let (sender, receiver) = mpsc::channel();
    let run = move || {
        let Ok(client) = receiver.recv() else {
            return;
        };
        if let Err(error) = serve_client(client, permit, service, stop) {
            tracing::error!("serving a client failed: {}", one_line(&error));
        }
    };
    thread::Builder::new().name("client".to_owned()).spawn_scoped(scope, run)?;
    Ok(sender)
}

fn serve_client(mut client: Client, permit: Permit<'_>, service: &Service, stop: &Stop) -> Result<(), ServeError> {
    let mut scratch = Scratch::default();
    let served = client.serve_client(stop, &mut scratch)?;
    match served {
        Served::UntilEnd => {
            // The descriptor is released before the permit, because the next client needs both.
            drop(client);
            drop(permit);
            Ok(())
        }
        Served::UntilStop => {
            // The accept loop may be waiting for a permit, where it cannot see the stop.
            drop(permit);
            client.serve_for(service.options.grace, &mut scratch)
        }
    }
}
