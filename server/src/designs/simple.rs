//! One client at a time: the simplest server.
//!
//! One thread waits for a client, then for that client's questions until it disconnects, and only then for the next
//! client. Under load all clients but one wait in the listener's backlog: they are connected and have sent their
//! questions, but the server does not read them (head-of-line blocking). A question that has been read is answered as
//! fast as ever, so a stopwatch that starts with the question does not see the wait. The design serves one connection at
//! a time, whatever the options allow.

use std::sync::Arc;

use launcelot_endpoint::listen::Listeners;

use crate::blocking::acceptor::Acceptor;
use crate::blocking::client::Served;
use crate::error::ServeError;
use crate::session::Scratch;
use crate::session::service::Service;
use crate::stop::Stop;

pub(super) fn serve(listeners: Listeners, service: &Arc<Service>, stop: &Stop) -> Result<(), ServeError> {
    serve_one_at_a_time(Acceptor::new(listeners, service), service, stop)
}

/// Accepts and serves one client after the other until `stop` is requested. Several workers may share the listeners.
pub(crate) fn serve_one_at_a_time(mut acceptor: Acceptor, service: &Service, stop: &Stop) -> Result<(), ServeError> {
    let mut scratch = Scratch::default();
    while let Some(mut client) = acceptor.accept_next(stop)? {
        if client.serve_client(stop, &mut scratch)? == Served::UntilStop {
            // The listeners are closed before the grace period, so that new connections are refused and do not wait for a
            // server that has stopped.
            drop(acceptor);
            return client.serve_for(service.options.grace, &mut scratch);
        }
    }
    Ok(())
}
