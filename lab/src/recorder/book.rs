//! The dialogues, which connection belongs to which of them, and what was seen.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use launcelot_measure::{Point, Sighting, Trace};

use super::Passage;

/// So many dialogues are kept. Those that nobody will ask for go first, and then the oldest.
pub(super) const DIALOGUES_MAX: usize = 256;

/// So much is kept of each.
pub(super) const SIGHTINGS_MAX: usize = 4096;

/// Who tells of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Station {
    /// Of its connection to what comes next.
    Bridge,
    /// Of a client's connection.
    Tunnel,
    /// Of its connection to the server.
    TunnelOnward,
    /// Of a client's connection.
    Server,
}

impl Station {
    /// Whether it was connected to, or else has connected: a connection has one end of each kind.
    fn was_connected_to(self) -> bool {
        matches!(self, Self::Tunnel | Self::Server)
    }
}

/// A dialogue's number, which counts up.
pub(super) type Number = u64;

/// All dialogues.
#[derive(Debug, Default)]
pub(super) struct Book {
    dialogues: BTreeMap<Number, Dialogue>,
    /// The newest dialogue that has a connection from there.
    by_address: HashMap<SocketAddr, Number>,
    /// Dialogues that turned out to be the same as another.
    same_as: HashMap<Number, Number>,
    next: Number,
}

#[derive(Debug, Default)]
struct Dialogue {
    name: String,
    /// It came through the bridge without a name: nobody will ask for it.
    is_ignored: bool,
    /// Which stations have told of a connection of it from which address.
    connections: Vec<(Station, SocketAddr)>,
    sightings: Vec<(Instant, Point, u64)>,
    passage: Option<Passage>,
    is_cut: bool,
    /// One of its connections has ended: who comes from the same address now is somebody else.
    is_over: bool,
}

impl Book {
    /// A station tells of a connection from `address`: the dialogue that it belongs to.
    pub(super) fn joined(&mut self, station: Station, address: SocketAddr) -> Number {
        let known = self.by_address.get(&address).copied().filter(|number| {
            // Who tells of the same end twice tells of another connection, which has got the port.
            let is_same_end = |(other, from): &(Station, SocketAddr)| {
                *from == address && other.was_connected_to() == station.was_connected_to()
            };
            self.dialogues
                .get(number)
                .is_some_and(|dialogue| !dialogue.is_over && !dialogue.connections.iter().any(is_same_end))
        });
        let number = known.unwrap_or_else(|| self.begin(address));
        if let Some(dialogue) = self.dialogues.get_mut(&number) {
            dialogue.connections.push((station, address));
        }
        number
    }

    /// The bridge tells by which name a dialogue is asked for, if it has one.
    pub(super) fn named(&mut self, number: Number, name: Option<&str>) {
        if let Some(dialogue) = self.dialogues.get_mut(&number) {
            match name {
                Some(name) => name.clone_into(&mut dialogue.name),
                None => {
                    dialogue.is_ignored = true;
                    dialogue.sightings = Vec::new();
                }
            }
        }
    }

    /// A dialogue goes on from `address`, of which the next station may have told already.
    pub(super) fn goes_on(&mut self, number: Number, address: SocketAddr) {
        let number = self.real(number);
        if let Some(dialogue) = self.dialogues.get_mut(&number) {
            dialogue.connections.push((Station::TunnelOnward, address));
        }
        let other = self.by_address.insert(address, number).filter(|other| *other != number);
        let Some(other) = other.filter(|other| self.is_only_the_server_s(*other, address)) else { return };
        if let (Some(rest), Some(dialogue)) = (self.dialogues.remove(&other), self.dialogues.get_mut(&number)) {
            dialogue.connections.extend(rest.connections);
            if !dialogue.is_ignored {
                dialogue.sightings.extend(rest.sightings);
            }
            dialogue.is_cut |= rest.is_cut;
            self.same_as.insert(other, number);
        }
    }

    /// A dialogue is carried through the tunnel under the settings of this revision from now on.
    pub(super) fn goes_under(&mut self, number: Number, revision: u64) {
        let number = self.real(number);
        if let Some(dialogue) = self.dialogues.get_mut(&number) {
            let first = Passage { first_revision: revision, last_revision: revision, handshake: None };
            dialogue.passage.get_or_insert(first).last_revision = revision;
        }
    }

    /// The tunnel has held a dialogue's connection for so long before it was open.
    pub(super) fn opened(&mut self, number: Number, held: Duration) {
        let number = self.real(number);
        if let Some(passage) = self.dialogues.get_mut(&number).and_then(|dialogue| dialogue.passage.as_mut()) {
            passage.handshake = Some(held);
        }
    }

    /// Whether of that dialogue only a server has told, and of nothing but that connection.
    fn is_only_the_server_s(&self, number: Number, address: SocketAddr) -> bool {
        self.dialogues
            .get(&number)
            .is_some_and(|dialogue| !dialogue.is_over && dialogue.connections == [(Station::Server, address)])
    }

    /// A connection of a dialogue has ended.
    pub(super) fn ended(&mut self, number: Number) {
        let number = self.real(number);
        if let Some(dialogue) = self.dialogues.get_mut(&number) {
            // Nobody goes on to watch one that is ignored, so when it ends is not known.
            dialogue.is_over = !dialogue.is_ignored;
        }
    }

    /// Writes down what was seen, and says whether more of this dialogue is wanted.
    pub(super) fn saw(&mut self, number: Number, at: Instant, point: Point, bytes: usize) -> bool {
        let number = self.real(number);
        let Some(dialogue) = self.dialogues.get_mut(&number).filter(|dialogue| !dialogue.is_ignored) else {
            return false;
        };
        if dialogue.sightings.len() == SIGHTINGS_MAX {
            dialogue.is_cut = true;
            return false;
        }
        dialogue.sightings.push((at, point, bytes as u64));
        true
    }

    /// What was seen of the newest dialogue of that name, the earliest first.
    pub(super) fn trace(&self, name: &str) -> Option<Trace> {
        let is_asked_for = |dialogue: &&Dialogue| dialogue.name == name && !dialogue.is_ignored;
        let dialogue = self.dialogues.values().rev().find(is_asked_for)?;
        let mut sightings = dialogue.sightings.clone();
        sightings.sort_by_key(|(at, point, _)| (*at, *point));
        let began = sightings.first().map(|(at, ..)| *at);
        let sightings = sightings
            .into_iter()
            .map(|(at, point, bytes)| Sighting { point, at: at - began.unwrap_or(at), bytes })
            .collect();
        Some(Trace { id: name.to_owned(), sightings, is_cut: dialogue.is_cut, ..Trace::default() })
    }

    /// How the newest dialogue of that name went through the tunnel, if it did.
    pub(super) fn passage(&self, name: &str) -> Option<Passage> {
        let is_asked_for = |dialogue: &&Dialogue| dialogue.name == name && !dialogue.is_ignored;
        self.dialogues.values().rev().find(is_asked_for)?.passage
    }

    /// The number under which a dialogue is kept.
    fn real(&self, number: Number) -> Number {
        self.same_as.get(&number).copied().unwrap_or(number)
    }

    fn begin(&mut self, address: SocketAddr) -> Number {
        let number = self.next;
        self.next += 1;
        if self.dialogues.len() == DIALOGUES_MAX {
            self.forget_one();
        }
        self.dialogues.insert(number, Dialogue { name: address.to_string(), ..Dialogue::default() });
        self.by_address.insert(address, number);
        number
    }

    fn forget_one(&mut self) {
        let ignored = self.dialogues.iter().find(|(_, dialogue)| dialogue.is_ignored);
        let Some(gone) = ignored.or(self.dialogues.first_key_value()).map(|(number, _)| *number) else { return };
        self.dialogues.remove(&gone);
        self.by_address.retain(|_, number| *number != gone);
        self.same_as.retain(|_, number| *number != gone);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(port: u16) -> SocketAddr {
        ([127, 0, 0, 1], port).into()
    }

    fn points(book: &Book, name: &str) -> Vec<Point> {
        book.trace(name).unwrap().sightings.into_iter().map(|sighting| sighting.point).collect()
    }

    #[test]
    fn stations_are_joined_in_whatever_order_they_tell() {
        // The bridge is at 1 on the way to the tunnel, the tunnel at 2 on the way to the server.
        type Telling = fn(&mut Book, Instant);
        let bridge: Telling = |book, at| {
            let number = book.joined(Station::Bridge, from(1));
            book.named(number, Some("me"));
            book.saw(number, at, Point::BridgeOut, 1);
        };
        let tunnel: Telling = |book, at| {
            let number = book.joined(Station::Tunnel, from(1));
            book.goes_on(number, from(2));
            book.saw(number, at, Point::TunnelIn, 1);
        };
        let server: Telling = |book, at| {
            let number = book.joined(Station::Server, from(2));
            book.saw(number, at, Point::ServerIn, 1);
        };
        let at = Instant::now();
        for order in [
            [bridge, tunnel, server],
            [bridge, server, tunnel],
            [tunnel, bridge, server],
            [tunnel, server, bridge],
            [server, tunnel, bridge],
            [server, bridge, tunnel],
        ] {
            let mut book = Book::default();
            order.into_iter().for_each(|tell| tell(&mut book, at));
            assert_eq!(points(&book, "me"), [Point::BridgeOut, Point::TunnelIn, Point::ServerIn]);
            assert_eq!(book.dialogues.len(), 1);
        }
    }

    #[test]
    fn a_connection_that_gets_another_s_port_is_another_dialogue() {
        let (mut book, at) = (Book::default(), Instant::now());
        let first = book.joined(Station::Server, from(1));
        book.saw(first, at, Point::ServerIn, 1);
        let second = book.joined(Station::Server, from(1));
        assert_ne!(first, second);
        book.saw(second, at, Point::ServerIn, 1);
        book.saw(second, at, Point::AnswerReady, 1);
        assert_eq!(points(&book, "127.0.0.1:1").len(), 2);
    }

    #[test]
    fn what_came_through_the_bridge_without_a_name_is_not_kept() {
        let (mut book, at) = (Book::default(), Instant::now());
        let number = book.joined(Station::Server, from(1));
        assert!(book.saw(number, at, Point::ServerIn, 1));
        let same = book.joined(Station::Bridge, from(1));
        book.named(same, None);
        assert!(!book.saw(number, at, Point::AnswerReady, 1));
        assert_eq!(book.trace("127.0.0.1:1"), None);
    }

    #[test]
    fn what_is_not_kept_harms_nothing_that_is() {
        let (mut book, at) = (Book::default(), Instant::now());
        let named = |book: &mut Book, port, name| {
            let number = book.joined(Station::Bridge, from(port));
            book.named(number, name);
            number
        };
        let me = named(&mut book, 1, Some("me"));
        book.saw(me, at, Point::BridgeIn, 1);
        // Through the tunnel, from 2 to it and from 3 on.
        let unnamed = named(&mut book, 2, None);
        assert_eq!(book.joined(Station::Tunnel, from(2)), unnamed);
        book.goes_on(unnamed, from(3));
        assert_eq!(book.joined(Station::Server, from(3)), unnamed);
        // Each of its ports belongs to somebody else later.
        let client = book.joined(Station::Server, from(2));
        assert!(book.saw(client, at, Point::TunnelIn, 1));
        let you = named(&mut book, 3, Some("you"));
        assert!(book.saw(you, at, Point::BridgeIn, 1));
        for port in 0..3 * DIALOGUES_MAX as u16 {
            named(&mut book, 10_000 + port, None);
        }
        assert!(["me", "you", "127.0.0.1:2"].iter().all(|name| points(&book, name).len() == 1));
        assert_eq!(book.dialogues.len(), DIALOGUES_MAX);
    }

    #[test]
    fn only_so_much_is_kept() {
        let (mut book, at) = (Book::default(), Instant::now());
        let long = book.joined(Station::Server, from(1));
        assert!((0..SIGHTINGS_MAX).all(|_| book.saw(long, at, Point::ServerIn, 1)));
        assert!(!book.saw(long, at, Point::ServerIn, 1));
        assert!(book.trace("127.0.0.1:1").unwrap().is_cut);
        for port in 0..2 * DIALOGUES_MAX as u16 {
            let number = book.joined(Station::Tunnel, from(port));
            book.goes_on(number, from(10_000 + port));
            let server_s = book.joined(Station::Server, from(10_000 + port));
            book.saw(server_s, at, Point::ServerIn, 1);
        }
        assert_eq!(book.trace("127.0.0.1:1"), None);
        assert_eq!(book.dialogues.len(), DIALOGUES_MAX);
        assert!(book.by_address.len() <= 2 * DIALOGUES_MAX, "{}", book.by_address.len());
        assert!(book.same_as.len() <= DIALOGUES_MAX);
    }
}
