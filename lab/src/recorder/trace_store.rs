//! The trace store: the latest dialogues, each with its connections.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use super::TunnelTransit;
use super::connection_log::ConnectionLog;
use super::dialogue::{ConnectionAddresses, Dialogue, Hop};
use super::thinking::Thinking;

/// How many dialogues are kept. Dialogues through the bridge without a name are evicted first, then the oldest.
const DIALOGUES_MAX: usize = 256;

/// The number of a dialogue. Numbers count up.
pub(super) type DialogueNumber = u64;

/// The latest dialogues.
#[derive(Debug, Default)]
pub(super) struct TraceStore {
    dialogues: BTreeMap<DialogueNumber, Dialogue>,
    /// The newest dialogue that has a connection with these addresses.
    by_addresses: HashMap<ConnectionAddresses, DialogueNumber>,
    /// The numbers of dialogues that were merged into another, and the number of the other.
    same_as: HashMap<DialogueNumber, DialogueNumber>,
    next: DialogueNumber,
}

impl TraceStore {
    /// Adds an end of a connection, which `hop` reports. Returns the number of its dialogue, and the log for its
    /// events.
    pub(super) fn connected(
        &mut self,
        hop: Hop,
        addresses: ConnectionAddresses,
    ) -> (DialogueNumber, Arc<ConnectionLog>) {
        let known = self.by_addresses.get(&addresses).copied();
        let known =
            known.filter(|number| self.dialogues.get(number).is_some_and(|dialogue| dialogue.expects(hop, addresses)));
        let number = known.unwrap_or_else(|| self.begin(addresses));
        let log = Arc::new(ConnectionLog::default());
        if let Some(dialogue) = self.dialogues.get_mut(&number) {
            dialogue.connections.push((hop, addresses));
            dialogue.add([Arc::clone(&log)]);
        }
        (number, log)
    }

    /// Sets the name of a dialogue through the bridge. A dialogue without a name is ignored.
    pub(super) fn set_name(&mut self, number: DialogueNumber, name: Option<&str>) {
        let Some(dialogue) = self.dialogues.get_mut(&number) else { return };
        if let Some(name) = name {
            name.clone_into(&mut dialogue.name);
        } else {
            dialogue.is_ignored = true;
            dialogue.discard();
        }
    }

    /// Adds a dialogue to a series. The dialogue replaces the earlier dialogue of the series and takes over its sum of
    /// thinking. The events of both are discarded.
    pub(super) fn set_series(&mut self, number: DialogueNumber, name: &str) {
        let earlier = self.newest_in_series(name).map(|(number, _)| *number);
        let mut thinking_before = Thinking::default();
        let mut pending_logs = Vec::new();
        if let Some(earlier) = earlier.and_then(|number| self.dialogues.get_mut(&number)) {
            (thinking_before, pending_logs) = earlier.take_thinking();
        }
        if let Some(earlier) = earlier {
            self.remove(earlier);
        }
        if let Some(dialogue) = self.dialogues.get_mut(&number) {
            name.clone_into(&mut dialogue.name);
            dialogue.thinking_before = thinking_before;
            dialogue.is_in_series = true;
            dialogue.add(pending_logs);
        }
    }

    /// Returns the newest dialogue of a series, which has the sum of thinking of the whole series.
    pub(super) fn series(&self, name: &str) -> Option<Dialogue> {
        self.newest_in_series(name).map(|(_, dialogue)| dialogue.clone())
    }

    fn newest_in_series(&self, name: &str) -> Option<(&DialogueNumber, &Dialogue)> {
        self.dialogues.iter().rev().find(|(_, dialogue)| dialogue.is_in_series && dialogue.name == name)
    }

    /// Adds the connection over which the tunnel forwards a dialogue. If the server has reported it already as a
    /// dialogue of its own, both are merged.
    pub(super) fn forwarded(&mut self, number: DialogueNumber, addresses: ConnectionAddresses) {
        let number = self.resolve(number);
        if let Some(dialogue) = self.dialogues.get_mut(&number) {
            dialogue.connections.push((Hop::TunnelOnward, addresses));
        }
        let Some(other) = self.by_addresses.insert(addresses, number) else { return };
        let is_from_server =
            self.dialogues.get(&other).is_some_and(|dialogue| dialogue.is_known_from_server_only(addresses));
        if other != number && is_from_server {
            self.merge(other, number);
        }
    }

    /// Moves the connections of one dialogue into another.
    fn merge(&mut self, from: DialogueNumber, into: DialogueNumber) {
        if let (Some(from_dialogue), Some(dialogue)) = (self.dialogues.remove(&from), self.dialogues.get_mut(&into)) {
            dialogue.connections.extend(from_dialogue.connections);
            dialogue.add(from_dialogue.logs);
            self.same_as.insert(from, into);
        }
    }

    /// Records the revision of the tunnel's settings that are in force for a dialogue from now on.
    pub(super) fn settings_changed(&mut self, number: DialogueNumber, revision: u64) {
        let number = self.resolve(number);
        if let Some(dialogue) = self.dialogues.get_mut(&number) {
            let first = TunnelTransit { first_revision: revision, last_revision: revision, handshake: None };
            dialogue.transit.get_or_insert(first).last_revision = revision;
        }
    }

    /// Records how long the emulated handshake of a dialogue's connection to the tunnel took.
    pub(super) fn handshake_done(&mut self, number: DialogueNumber, handshake: Duration) {
        let number = self.resolve(number);
        if let Some(dialogue) = self.dialogues.get_mut(&number)
            && let Some(transit) = &mut dialogue.transit
        {
            transit.handshake = Some(handshake);
        }
    }

    /// Records that a connection of a dialogue has ended.
    pub(super) fn ended(&mut self, number: DialogueNumber) {
        let number = self.resolve(number);
        if let Some(dialogue) = self.dialogues.get_mut(&number) {
            // The observer of an ignored dialogue, or of one in a series, is dropped while its connection is still open:
            // that does not mean that the connection has ended.
            dialogue.has_ended = !dialogue.is_ignored && !dialogue.is_in_series;
        }
    }

    /// Returns the newest dialogue with this name. With `to`, only dialogues whose client connected to that port are
    /// considered.
    pub(super) fn dialogue(&self, name: &str, to: Option<u16>) -> Option<Dialogue> {
        self.newest(name, to).cloned()
    }

    /// Returns the tunnel's settings and handshake during the dialogue that [`dialogue`](Self::dialogue) returns;
    /// `None` if it did not go through the tunnel.
    pub(super) fn transit(&self, name: &str, to: Option<u16>) -> Option<TunnelTransit> {
        self.newest(name, to)?.transit
    }

    fn newest(&self, name: &str, to: Option<u16>) -> Option<&Dialogue> {
        self.dialogues.values().rev().find(|dialogue| {
            dialogue.name == name && !dialogue.is_ignored && to.is_none_or(|port| dialogue.to_port == port)
        })
    }

    /// Returns the number under which a dialogue is kept. After a merge, it is the number of the other dialogue.
    fn resolve(&self, number: DialogueNumber) -> DialogueNumber {
        self.same_as.get(&number).copied().unwrap_or(number)
    }

    fn begin(&mut self, addresses: ConnectionAddresses) -> DialogueNumber {
        let number = self.next;
        self.next += 1;
        if self.dialogues.len() == DIALOGUES_MAX {
            self.evict();
        }
        let dialogue =
            Dialogue { name: addresses.from.to_string(), to_port: addresses.to.port(), ..Dialogue::default() };
        self.dialogues.insert(number, dialogue);
        self.by_addresses.insert(addresses, number);
        number
    }

    fn evict(&mut self) {
        let oldest_ignored = self.dialogues.iter().find(|(_, dialogue)| dialogue.is_ignored);
        let Some((evicted, _)) = oldest_ignored.or(self.dialogues.first_key_value()) else { return };
        self.remove(*evicted);
    }

    fn remove(&mut self, removed: DialogueNumber) {
        if let Some(dialogue) = self.dialogues.remove(&removed) {
            dialogue.discard();
        }
        self.by_addresses.retain(|_, number| *number != removed);
        self.same_as.retain(|_, number| *number != removed);
    }
}

#[cfg(test)]
mod tests;
