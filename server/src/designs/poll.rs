//! Every client at once in one thread, which asks the kernel with `poll(2)` who has something to say.
//!
//! One thread waits for all clients and all listeners together, then gives everyone who is ready one
//! turn, and asks again. Under load clients wait for their turn behind all others who are ready, and
//! at every call the kernel looks at every socket, the silent ones too (level-triggered), so that
//! each silent client makes the questions of all others dearer. What blocks the thread, such as work
//! on one answer, stops everybody; at the limit of connections it does not look at the listeners.

use std::sync::Arc;
use std::time::Instant;

use launcelot_endpoint::listen::Listeners;
use rustix::event::{PollFd, PollFlags};

use crate::ServeError;
use crate::blocking::{Client, Door, wait};
use crate::service::Service;
use crate::session::{Awaits, Scratch};
use crate::stop::Stop;

pub(super) fn serve(listeners: Listeners, service: &Arc<Service>, stop: &Stop) -> Result<(), ServeError> {
    let mut scratch = Scratch::default();
    let mut door = Some(Door::new(listeners, service));
    let mut clients: Vec<Client> = Vec::new();
    let mut end_of_grace = None;
    while door.is_some() || !clients.is_empty() {
        let is_full = clients.len() >= service.options.max_connections.get() as usize;
        let ready = wait_for_any(stop, door.as_ref(), is_full, &clients, end_of_grace)?;
        // Last first, because whoever leaves gives the place to the last.
        for index in (0..clients.len()).rev() {
            if ready.clients[index] && clients[index].is_over(&mut scratch) {
                clients.swap_remove(index);
            }
        }
        if ready.stop {
            door = None;
            end_of_grace = Instant::now().checked_add(service.options.grace);
        } else if let Some(door) = &mut door
            && let Some(client) = door.let_in(&ready.listeners)?
        {
            clients.push(client);
        }
        if end_of_grace.is_some_and(|end| end <= Instant::now()) {
            break;
        }
    }
    Ok(())
}

/// Who is to have a turn.
struct Ready {
    stop: bool,
    listeners: Vec<bool>,
    clients: Vec<bool>,
}

fn wait_for_any(
    stop: &Stop,
    door: Option<&Door>,
    is_full: bool,
    clients: &[Client],
    end_of_grace: Option<Instant>,
) -> Result<Ready, ServeError> {
    let mut fds = Vec::with_capacity(clients.len() + 3);
    fds.extend(door.map(|_| PollFd::new(stop, PollFlags::IN)));
    // Work on an answer is done in this thread: until it is done nobody is heard, but the stop.
    let thinking = clients.iter().find(|client| client.session.awaits() == Awaits::Thought);
    let open = door.filter(|_| thinking.is_none() && !is_full);
    fds.extend(open.into_iter().flat_map(Door::awaited));
    let first_client = fds.len();
    let heard = if thinking.is_some() { &[] } else { clients };
    fds.extend(heard.iter().filter_map(Client::awaited));

    let next_deadline = match thinking {
        Some(thinking) => thinking.session.deadline(),
        None => clients.iter().filter_map(|client| client.session.deadline()).min(),
    };
    let deadlines = [next_deadline, open.and_then(Door::pause_end), end_of_grace];
    wait(&mut fds, deadlines.into_iter().flatten().min()).map_err(ServeError::Wait)?;

    let mut is_ready = fds.iter().map(|fd| !fd.revents().is_empty());
    let now = Instant::now();
    let stop = door.is_some() && is_ready.next() == Some(true);
    let listeners = is_ready.by_ref().take(first_client - usize::from(door.is_some())).collect();
    let is_due = |client: &Client| client.session.deadline().is_some_and(|deadline| deadline <= now);
    let clients = clients.iter().map(|client| (thinking.is_none() && is_ready.next() == Some(true)) || is_due(client));
    Ok(Ready { stop, listeners, clients: clients.collect() })
}
