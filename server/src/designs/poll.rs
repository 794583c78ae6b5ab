//! Every client at once in one thread, which asks the kernel with `poll(2)` who has something to say.
//!
//! One thread waits for all clients and all listeners together, then gives every client that is ready
//! one turn, and asks again. Under load clients wait for their turn behind all others that are ready, and
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
    let mut phase = Phase::Open(Door::new(listeners, service));
    let mut clients: Vec<Client> = Vec::new();
    while !(phase.is_over() || phase.is_stopping() && clients.is_empty()) {
        let is_full = clients.len() >= service.options.max_connections.get() as usize;
        let ready = wait_for_any(stop, &phase, is_full, &clients)?;
        if ready.stop {
            phase.stop(service);
        }
        // Last first, because a client that leaves gives its place to the last.
        for index in (0..clients.len()).rev() {
            if ready.clients[index] && take_turn(&mut clients[index], &mut phase, service, stop, &mut scratch)? {
                clients.swap_remove(index);
            }
        }
        if let Phase::Open(door) = &mut phase
            && let Some(client) = door.let_in(&ready.listeners)?
        {
            clients.push(client);
        }
    }
    Ok(())
}

/// Whether the server accepts clients, or only lets those that it has finish.
enum Phase {
    Open(Door),
    /// Until this time; `None` if it is too far off to be counted.
    Stopping(Option<Instant>),
}

impl Phase {
    /// Closes the listeners, and gives the open conversations their grace.
    fn stop(&mut self, service: &Service) {
        if !self.is_stopping() {
            *self = Self::Stopping(Instant::now().checked_add(service.options.grace));
        }
    }

    fn is_stopping(&self) -> bool {
        matches!(self, Self::Stopping(_))
    }

    /// Whether the grace is over.
    fn is_over(&self) -> bool {
        self.end_of_grace().is_some_and(|end| end <= Instant::now())
    }

    fn end_of_grace(&self) -> Option<Instant> {
        match self {
            Self::Open(_) => None,
            Self::Stopping(end) => *end,
        }
    }

    /// The stop, as long as it has not been requested: from then on it is always ready.
    fn awaited_stop<'a>(&self, stop: &'a Stop) -> Option<PollFd<'a>> {
        (!self.is_stopping()).then(|| PollFd::new(stop, PollFlags::IN))
    }
}

/// Gives a client its turn, and does the work on its answers in this thread: meanwhile nothing else is
/// served, and nothing but the stop is noticed. Returns whether the conversation is over.
fn take_turn(
    client: &mut Client,
    phase: &mut Phase,
    service: &Service,
    stop: &Stop,
    scratch: &mut Scratch,
) -> Result<bool, ServeError> {
    let mut is_over = client.is_over(scratch);
    while !is_over && client.session.awaits() == Awaits::Work && !phase.is_over() {
        let mut fds = Vec::from_iter(phase.awaited_stop(stop));
        let deadlines = [client.session.deadline(), phase.end_of_grace()];
        wait(&mut fds, deadlines.into_iter().flatten().min()).map_err(ServeError::Wait)?;
        if fds.iter().any(|fd| !fd.revents().is_empty()) {
            phase.stop(service);
        }
        is_over = client.is_over(scratch);
    }
    Ok(is_over)
}

/// What is ready, and which clients are to have a turn.
struct Ready {
    stop: bool,
    listeners: Vec<bool>,
    clients: Vec<bool>,
}

fn wait_for_any(stop: &Stop, phase: &Phase, is_full: bool, clients: &[Client]) -> Result<Ready, ServeError> {
    let open = match phase {
        Phase::Open(door) if !is_full => Some(door),
        Phase::Open(_) | Phase::Stopping(_) => None,
    };
    let mut fds = Vec::with_capacity(clients.len() + 3);
    fds.extend(phase.awaited_stop(stop));
    let first_listener = fds.len();
    fds.extend(open.into_iter().flat_map(Door::awaited));
    let first_client = fds.len();
    fds.extend(clients.iter().filter_map(Client::awaited));

    let next_deadline = clients.iter().filter_map(|client| client.session.deadline()).min();
    let deadlines = [next_deadline, open.and_then(Door::pause_end), phase.end_of_grace()];
    wait(&mut fds, deadlines.into_iter().flatten().min()).map_err(ServeError::Wait)?;

    let is_ready: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
    let now = Instant::now();
    let is_due = |client: &Client| client.session.deadline().is_some_and(|deadline| deadline <= now);
    let turns = clients.iter().zip(&is_ready[first_client..]).map(|(client, ready)| *ready || is_due(client));
    Ok(Ready {
        stop: is_ready[..first_listener].contains(&true),
        listeners: is_ready[first_listener..first_client].to_vec(),
        clients: turns.collect(),
    })
}
