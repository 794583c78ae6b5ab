//! One client at a time, as the first server that anyone writes.
//!
//! One thread waits for a client, then for that client's questions until it leaves, and only then
//! for the next client. Under load all clients but one wait in the listener's backlog: they are
//! connected, they have sent their questions, and nobody hears them (head-of-line blocking). Each
//! question, once it is heard, is answered as fast as ever, which hides the wait from a stopwatch
//! that starts with the question. Its natural limit is one connection, whatever the options allow.

use std::sync::Arc;

use launcelot_endpoint::listen::Listeners;

use crate::ServeError;
use crate::blocking::{Attended, Door};
use crate::service::Service;
use crate::session::Scratch;
use crate::stop::Stop;

pub(super) fn serve(listeners: Listeners, service: &Arc<Service>, stop: &Stop) -> Result<(), ServeError> {
    one_at_a_time(Door::new(listeners, service), service, stop)
}

/// Serves whoever comes through the door, which others may share.
pub(crate) fn one_at_a_time(mut door: Door, service: &Service, stop: &Stop) -> Result<(), ServeError> {
    let mut scratch = Scratch::default();
    while let Some(mut client) = door.next_client(stop)? {
        if client.attend(stop, &mut scratch)? == Attended::UntilStop {
            // Who comes now is refused, and need not wait for nothing.
            drop(door);
            return client.attend_for(service.options.grace, &mut scratch);
        }
    }
    Ok(())
}
