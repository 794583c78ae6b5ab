//! One client at a time, as the first server that anyone writes.
//!
//! One thread waits for a client, then for that client's questions until it leaves, and only then
//! for the next client. Under load all clients but one wait in the listener's backlog: they are
//! connected, they have sent their questions, and nobody hears them (head-of-line blocking). Each
//! question, once it is heard, is answered as fast as ever, which hides the wait from a stopwatch
//! that starts with the question. Its natural limit is one connection, whatever the options allow.

use launcelot_endpoint::listen::Listeners;

use crate::ServeError;
use crate::blocking::{Attended, Door};
use crate::options::Options;
use crate::session::Scratch;
use crate::stop::Stop;

pub(super) fn serve(listeners: Listeners, options: &Options, stop: &Stop) -> Result<(), ServeError> {
    let mut scratch = Scratch::default();
    let mut door = Door::new(listeners, options);
    while let Some(mut client) = door.next_client(stop)? {
        if client.attend(stop, &mut scratch)? == Attended::UntilStop {
            // Who comes now is refused, and need not wait for nothing.
            drop(door);
            return client.attend_for(options.grace, &mut scratch);
        }
    }
    Ok(())
}
