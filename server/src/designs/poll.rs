//! All clients at once in one thread, which waits for all sockets with `poll(2)`.
//!
//! The thread waits for all clients and listeners together, gives every client that is ready one turn, and waits again.
//! Under load a client waits for its turn behind all others that are ready. Each call of `poll(2)` makes the kernel check
//! every socket, including silent ones, so each silent client makes every question more expensive. Anything that blocks
//! the thread, such as simulated work on one answer, makes all clients wait. At the limit of connections the thread does
//! not poll the listeners.

use std::sync::Arc;
use std::time::Instant;

use launcelot_endpoint::listen::Listeners;
use rustix::event::{PollFd, PollFlags};

use crate::blocking::acceptor::Acceptor;
use crate::blocking::client::Client;
use crate::blocking::poll::{is_ready, wait};
use crate::error::ServeError;
use crate::session::service::Service;
use crate::session::{Awaits, Scratch, Turn};
use crate::stop::Stop;

pub(super) fn serve(listeners: Listeners, service: &Arc<Service>, stop: &Stop) -> Result<(), ServeError> {
    let mut scratch = Scratch::default();
    let mut phase = Phase::Accepting(Acceptor::new(listeners, service));
    let mut clients: Vec<Client> = Vec::new();
    loop {
        if phase.is_grace_over() || phase.is_stopping() && clients.is_empty() {
            return Ok(());
        }
        let is_full = clients.len() >= service.options.max_connections.get() as usize;
        let ready = wait_for_any(stop, &phase, is_full, &clients)?;
        if ready.stop {
            phase.stop(service);
        }
        // In reverse, because `swap_remove` moves the last client to the place of the one that it removes.
        for index in (0..clients.len()).rev() {
            if !ready.clients[index] {
                continue;
            }
            if take_turn(&mut clients[index], &mut phase, service, stop, &mut scratch)? == Turn::Over {
                clients.swap_remove(index);
            }
        }
        if let Phase::Accepting(acceptor) = &mut phase
            && let Some(client) = acceptor.accept(&ready.listeners)?
        {
            clients.push(client);
        }
    }
}

/// Whether the server accepts clients, or is stopping and only lets the clients that it has finish.
enum Phase {
    Accepting(Acceptor),
    /// Stopping until this time; `None` if the end of the grace period is beyond the range of the clock.
    Stopping(Option<Instant>),
}

impl Phase {
    /// Closes the listeners and begins the grace period, unless the server is stopping already.
    fn stop(&mut self, service: &Service) {
        if !self.is_stopping() {
            *self = Self::Stopping(Instant::now().checked_add(service.options.grace));
        }
    }

    fn is_stopping(&self) -> bool {
        matches!(self, Self::Stopping(_))
    }

    fn is_grace_over(&self) -> bool {
        self.end_of_grace().is_some_and(|end| end <= Instant::now())
    }

    fn end_of_grace(&self) -> Option<Instant> {
        match self {
            Self::Accepting(_) => None,
            Self::Stopping(end) => *end,
        }
    }

    /// Returns the stop to wait for; `None` once it was requested, because it is readable from then on and would end every
    /// wait.
    fn stop_fd<'a>(&self, stop: &'a Stop) -> Option<PollFd<'a>> {
        match self {
            Self::Accepting(_) => Some(PollFd::new(stop, PollFlags::IN)),
            Self::Stopping(_) => None,
        }
    }
}

/// Gives a client a turn. Simulated work blocks this thread, which then waits for nothing but the stop.
fn take_turn(
    client: &mut Client,
    phase: &mut Phase,
    service: &Service,
    stop: &Stop,
    scratch: &mut Scratch,
) -> Result<Turn, ServeError> {
    let mut turn = client.take_turn(scratch);
    while turn != Turn::Over && client.session.awaits() == Awaits::Work && !phase.is_grace_over() {
        let mut fds = Vec::from_iter(phase.stop_fd(stop));
        wait(&mut fds, earliest([client.session.deadline(), phase.end_of_grace()])).map_err(ServeError::Wait)?;
        if fds.iter().any(is_ready) {
            phase.stop(service);
        }
        turn = client.take_turn(scratch);
    }
    Ok(turn)
}

/// The result of a wait: what is ready, and which clients should have a turn.
struct Ready {
    stop: bool,
    listeners: Vec<bool>,
    clients: Vec<bool>,
}

fn wait_for_any(stop: &Stop, phase: &Phase, is_full: bool, clients: &[Client]) -> Result<Ready, ServeError> {
    let acceptor = match phase {
        Phase::Accepting(acceptor) if !is_full => Some(acceptor),
        Phase::Accepting(_) | Phase::Stopping(_) => None,
    };
    let mut fds = Vec::with_capacity(clients.len() + 3);
    fds.extend(phase.stop_fd(stop));
    let first_listener = fds.len();
    let mut pause_end = None;
    if let Some(acceptor) = acceptor {
        pause_end = acceptor.pause_end(Instant::now());
        fds.extend(acceptor.poll_fds(pause_end));
    }
    let first_client = fds.len();
    // No client is in the middle of simulated work here, so each has a descriptor.
    fds.extend(clients.iter().filter_map(Client::poll_fd));

    let next_deadline = clients.iter().filter_map(|client| client.session.deadline()).min();
    let deadlines = [next_deadline, pause_end, phase.end_of_grace()];
    wait(&mut fds, earliest(deadlines)).map_err(ServeError::Wait)?;

    let ready: Vec<bool> = fds.iter().map(is_ready).collect();
    let now = Instant::now();
    let mut ready_clients = ready[first_client..].to_vec();
    for (client, ready) in clients.iter().zip(&mut ready_clients) {
        *ready |= client.session.deadline().is_some_and(|deadline| deadline <= now);
    }
    Ok(Ready {
        stop: ready[..first_listener].contains(&true),
        listeners: ready[first_listener..first_client].to_vec(),
        clients: ready_clients,
    })
}

fn earliest<const N: usize>(deadlines: [Option<Instant>; N]) -> Option<Instant> {
    deadlines.into_iter().flatten().min()
}
