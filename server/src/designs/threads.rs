//! Every client at once, each with a thread of its own.
//!
//! Each thread waits, with a stack and buffers of its own, for the one client it has, and the kernel
//! decides whose turn it is: under load clients wait for a processor, and every question costs a
//! switch from one thread to another. The thread for the next client is made before that client is
//! let in, so that nobody is let in whom nobody can serve. One more thread, the caller's, waits for
//! new clients, and at the limit of connections for a thread to end.

use std::io;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, Scope};

use launcelot_endpoint::failure::one_line;
use launcelot_endpoint::listen::Listeners;

use crate::ServeError;
use crate::accepting::AcceptErrors;
use crate::blocking::{Attended, Client, Door, stops_within};
use crate::options::Options;
use crate::service::Service;
use crate::session::Scratch;
use crate::stop::Stop;

pub(super) fn serve(listeners: Listeners, service: &Arc<Service>, stop: &Stop) -> Result<(), ServeError> {
    let room = Room::new(&service.options);
    // At its end the scope waits for its threads. They see the stop and the grace for themselves.
    thread::scope(|scope| {
        let mut door = Door::new(listeners, service);
        let mut errors = AcceptErrors::default();
        loop {
            let place = room.place();
            match start_thread(scope, place, service, stop) {
                Ok(thread) => match door.next_client(stop)? {
                    Some(client) => thread.send(client).expect("the thread waits for its client"),
                    None => return Ok(()),
                },
                Err(error) => {
                    if stops_within(stop, errors.pause_for_shortage(&error))? {
                        return Ok(());
                    }
                }
            }
        }
    })
}

/// Starts a thread for one client, which is to be sent to it. To drop the sender ends the thread.
fn start_thread<'scope>(
    scope: &'scope Scope<'scope, '_>,
    place: Place<'scope>,
    service: &'scope Service,
    stop: &'scope Stop,
) -> io::Result<Sender<Client>> {
    let (sender, client) = mpsc::channel();
    let attend = move || {
        if let Ok(client) = client.recv()
            && let Err(error) = attend(client, place, service, stop)
        {
            tracing::error!("a client is lost: {}", one_line(&error));
        }
    };
    thread::Builder::new().name("client".to_owned()).spawn_scoped(scope, attend)?;
    Ok(sender)
}

fn attend(mut client: Client, place: Place<'_>, service: &Service, stop: &Stop) -> Result<(), ServeError> {
    let mut scratch = Scratch::default();
    let attended = client.attend(stop, &mut scratch)?;
    match attended {
        Attended::UntilEnd => {
            // Who takes the place finds the descriptor free.
            drop(client);
            drop(place);
            Ok(())
        }
        Attended::UntilStop => {
            // Nobody will take it, but who waits for it cannot see the stop.
            drop(place);
            client.attend_for(service.options.grace, &mut scratch)
        }
    }
}

/// The places for connections.
struct Room {
    free: Mutex<u32>,
    has_free: Condvar,
}

/// A place that is taken, until it is dropped.
struct Place<'a>(&'a Room);

impl Room {
    fn new(options: &Options) -> Self {
        Self { free: Mutex::new(options.max_connections.get()), has_free: Condvar::new() }
    }

    /// Waits for a place.
    fn place(&self) -> Place<'_> {
        let mut free = self.free.lock().expect(NO_PANIC);
        if *free == 0 {
            tracing::info!("full: further clients wait until one leaves");
        }
        free = self.has_free.wait_while(free, |free| *free == 0).expect(NO_PANIC);
        *free -= 1;
        Place(self)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().expect(NO_PANIC) += 1;
        self.0.has_free.notify_one();
    }
}

const NO_PANIC: &str = "counting does not panic";
