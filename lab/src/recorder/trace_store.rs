//! The trace store: the latest dialogues, and which connections belong to which of them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use super::TunnelTransit;
use super::connection_log::ConnectionLog;
use super::dialogue::{ConnectionAddresses, Dialogue, Hop};
use super::thinking::Thinking;

/// How many dialogues are kept. Dialogues without a name are evicted first, then the oldest.
const DIALOGUES_MAX: usize = 256;

/// The number of a dialogue. Numbers count up.
pub(super) type DialogueNumber = u64;

/// The latest dialogues.
#[derive(Debug, Default)]
pub(super) struct TraceStore {
    dialogues: BTreeMap<DialogueNumber, Dialogue>,
    /// The newest dialogue that has a connection with these addresses.
    by_addresses: HashMap<ConnectionAddresses, DialogueNumber>,
    /// The dialogues that turned out to be the same as another.
    same_as: HashMap<DialogueNumber, DialogueNumber>,
    next: DialogueNumber,
}

impl TraceStore {
    /// Adds the end of a connection that a hop reports. Returns the dialogue that it belongs to, and the log of its events.
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

    /// Names a dialogue through the bridge. Without a name it is ignored.
    pub(super) fn set_name(&mut self, number: DialogueNumber, name: Option<&str>) {
        let Some(dialogue) = self.dialogues.get_mut(&number) else { return };
        if let Some(name) = name {
            name.clone_into(&mut dialogue.name);
        } else {
            dialogue.is_ignored = true;
            dialogue.discard();
        }
    }

    /// Adds a dialogue to a series. It replaces the earlier dialogue of the series, and its events are discarded.
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

    /// Returns the dialogue with the newest connection of a series.
    pub(super) fn series(&self, name: &str) -> Option<Dialogue> {
        self.newest_in_series(name).map(|(_, dialogue)| dialogue.clone())
    }

    fn newest_in_series(&self, name: &str) -> Option<(&DialogueNumber, &Dialogue)> {
        self.dialogues.iter().rev().find(|(_, dialogue)| dialogue.is_in_series && dialogue.name == name)
    }

    /// Adds the connection by which the tunnel forwards a dialogue. The server may have reported it already.
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

    /// Records the revision of the tunnel's settings under which a dialogue is relayed from now on.
    pub(super) fn settings_changed(&mut self, number: DialogueNumber, revision: u64) {
        let number = self.resolve(number);
        if let Some(dialogue) = self.dialogues.get_mut(&number) {
            let first = TunnelTransit { first_revision: revision, last_revision: revision, handshake: None };
            dialogue.transit.get_or_insert(first).last_revision = revision;
        }
    }

    /// Records the handshake of a dialogue's connection to the tunnel.
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

    /// Returns the newest dialogue with this name. With `to`, its client must have connected to that port.
    pub(super) fn dialogue(&self, name: &str, to: Option<u16>) -> Option<Dialogue> {
        self.newest(name, to).cloned()
    }

    /// Returns how that dialogue went through the tunnel, or `None` if it did not.
    pub(super) fn transit(&self, name: &str, to: Option<u16>) -> Option<TunnelTransit> {
        self.newest(name, to)?.transit
    }

    fn newest(&self, name: &str, to: Option<u16>) -> Option<&Dialogue> {
        self.dialogues.values().rev().find(|dialogue| {
            dialogue.name == name && !dialogue.is_ignored && to.is_none_or(|port| dialogue.to_port == port)
        })
    }

    /// Returns the number under which a dialogue is kept: another one after a merge.
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
