//! The designs: the ways in which a server can wait for its clients.
//!
//! All designs share the same [`Session`](crate::session::Session) and behave alike towards a single client. They
//! differ in what each of many clients has to wait for.

mod async_tasks;
pub(crate) mod inetd;
mod per_core;
mod poll;
mod processes;
pub(crate) mod simple;
mod threads;
mod workers;

use std::sync::Arc;

use launcelot_endpoint::listen::Listeners;

use crate::design::Design;
use crate::error::ServeError;
use crate::session::service::Service;
use crate::stop::Stop;

/// Serves the clients of `listeners` with the design that the options name, until `stop` is requested.
pub(crate) fn serve(listeners: Listeners, service: &Arc<Service>, stop: &Stop) -> Result<(), ServeError> {
    match service.options.design {
        Design::Simple => simple::serve(listeners, service, stop),
        Design::Poll => poll::serve(listeners, service, stop),
        Design::Threads => threads::serve(listeners, service, stop),
        Design::Workers => workers::serve(listeners, service, stop),
        Design::Processes => processes::serve(listeners, service, stop),
        Design::Async => async_tasks::serve(listeners, service, stop),
        Design::PerCore => per_core::serve(listeners, service, stop),
    }
}
