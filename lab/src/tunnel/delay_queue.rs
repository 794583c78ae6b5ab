//! One direction of one connection: what is under way, and when it arrives.
//!
//! A delay is a pipe and not a lock: what is sent while something is under way is under way as well.
//! Order is kept, whatever the jitter and however the wire changes meanwhile.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::time::Instant;

use bytes::{Buf as _, Bytes};

use super::wire::Wire;

/// The most bytes that are under way at once; more are not taken until some have arrived. With a
/// longer and wider wire than this holds, it is the window that limits the rate, as it is with TCP.
pub(super) const UNDER_WAY_MAX_BYTES: usize = 4 * 1024 * 1024;

/// The most pieces of them: to keep one takes memory too.
const UNDER_WAY_MAX_PIECES: usize = 60_000;

/// What is under way in one direction.
#[derive(Debug, Default)]
pub(super) struct DelayQueue {
    items: VecDeque<Item>,
    bytes: usize,
    /// When everything that was put in will have left.
    sent_at: Option<Instant>,
    /// When the last of it will have arrived.
    last_due: Option<Instant>,
}

#[derive(Debug)]
struct Item {
    /// When it was read.
    since: Instant,
    due: Instant,
    /// It has been tried to hand it on.
    is_tried: bool,
    segment: Segment,
}

/// A piece of what is under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Segment {
    /// Bytes that arrive together.
    Bytes(Bytes),
    /// The close of one side.
    End,
    /// The end of everything.
    Reset,
}

impl DelayQueue {
    /// How many bytes may be put in, cut into pieces as the wire does.
    pub(super) fn room(&self, wire: &Wire) -> usize {
        let pieces = UNDER_WAY_MAX_PIECES.saturating_sub(self.items.len());
        let in_pieces = pieces.saturating_mul(wire.slice.map_or(usize::MAX, NonZeroUsize::get));
        UNDER_WAY_MAX_BYTES.saturating_sub(self.bytes).min(in_pieces)
    }

    /// Puts in what was sent together. `chance` is from 0 to 1, for the jitter.
    pub(super) fn send(&mut self, bytes: &[u8], now: Instant, wire: &Wire, chance: f64) {
        let mut rest = Bytes::copy_from_slice(bytes);
        while !rest.is_empty() {
            let slice = rest.split_to(wire.slice.map_or(rest.len(), |slice| slice.get().min(rest.len())));
            self.bytes += slice.len();
            let sent_at = self.sent_at.unwrap_or(now).max(now) + wire.sending(slice.len());
            self.sent_at = Some(sent_at);
            self.put(now, sent_at + wire.one_way(chance), Segment::Bytes(slice));
        }
    }

    /// Puts in the end of what is sent.
    pub(super) fn end(&mut self, now: Instant, wire: &Wire) {
        let sent_at = self.sent_at.unwrap_or(now).max(now);
        self.put(now, sent_at + wire.one_way(0.0) + wire.slow_close, Segment::End);
    }

    /// Puts in a reset, which arrives after what was sent before it.
    pub(super) fn reset(&mut self, now: Instant, wire: &Wire) {
        let sent_at = self.sent_at.unwrap_or(now).max(now);
        self.put(now, sent_at + wire.one_way(0.0), Segment::Reset);
    }

    fn put(&mut self, since: Instant, due: Instant, segment: Segment) {
        let due = self.last_due.map_or(due, |last| due.max(last));
        self.last_due = Some(due);
        self.items.push_back(Item { since, due, is_tried: false, segment });
    }

    /// When the next thing arrives.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.items.front().map(|item| item.due)
    }

    /// When the next thing was read, at the first try to hand it on, and `None` at any later one.
    pub(super) fn first_try(&mut self) -> Option<Instant> {
        let item = self.items.front_mut().filter(|item| !item.is_tried)?;
        item.is_tried = true;
        Some(item.since)
    }

    /// The next thing, if it has arrived.
    pub(super) fn arrived(&self, now: Instant) -> Option<&Segment> {
        self.items.front().filter(|item| item.due <= now).map(|item| &item.segment)
    }

    /// Takes out so many bytes of the next segment, or all of it if it has none.
    pub(super) fn consume(&mut self, count: usize) {
        match self.items.front_mut().map(|item| &mut item.segment) {
            Some(Segment::Bytes(bytes)) if count < bytes.len() => {
                bytes.advance(count);
                self.bytes -= count;
            }
            Some(Segment::Bytes(bytes)) => {
                self.bytes -= bytes.len();
                self.items.pop_front();
            }
            _ => {
                self.items.pop_front();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::{NonZeroU64, NonZeroUsize};
    use std::time::Duration;

    use launcelot_measure::wire::Wire as Length;
    use proptest::prelude::*;

    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Everything in the queue with when it arrives, in milliseconds after `begin`.
    fn arrivals(queue: &mut DelayQueue, begin: Instant) -> Vec<(u128, Segment)> {
        let mut all = Vec::new();
        while let Some(due) = queue.next_due() {
            let segment = queue.arrived(due).unwrap().clone();
            queue.consume(usize::MAX);
            all.push(((due - begin).as_millis(), segment));
        }
        all
    }

    fn bytes(text: &str) -> Segment {
        Segment::Bytes(Bytes::copy_from_slice(text.as_bytes()))
    }

    #[test]
    fn what_is_under_way_overlaps() {
        let (mut queue, begin) = (DelayQueue::default(), Instant::now());
        let wire = Wire::from(Length { rtt: 100 * MS, ..Length::default() });
        queue.send(b"one", begin, &wire, 0.0);
        queue.send(b"two", begin + 10 * MS, &wire, 0.0);
        assert_eq!(queue.arrived(begin + 49 * MS), None);
        assert_eq!(arrivals(&mut queue, begin), [(50, bytes("one")), (60, bytes("two"))]);
    }

    #[test]
    fn a_narrow_wire_sends_one_after_the_other() {
        let (mut queue, begin) = (DelayQueue::default(), Instant::now());
        let wire = Wire::from(Length { rtt: 100 * MS, bandwidth: NonZeroU64::new(8_000), ..Length::default() });
        queue.send(&[0; 10], begin, &wire, 0.0);
        queue.send(&[1; 20], begin, &wire, 0.0);
        queue.end(begin, &wire);
        let when: Vec<u128> = arrivals(&mut queue, begin).into_iter().map(|(ms, _)| ms).collect();
        assert_eq!(when, [60, 80, 80]);
    }

    #[test]
    fn slices_arrive_one_by_one() {
        let (mut queue, begin) = (DelayQueue::default(), Instant::now());
        let wire = Wire { slice: NonZeroUsize::new(2), ..Wire::default() };
        queue.send(b"Blue.", begin, &wire, 0.0);
        assert_eq!(arrivals(&mut queue, begin), [(0, bytes("Bl")), (0, bytes("ue")), (0, bytes("."))]);
        assert_eq!(queue.room(&wire), 2 * UNDER_WAY_MAX_PIECES, "pieces are what there is room for");
        queue.send(&vec![0; 2 * UNDER_WAY_MAX_PIECES], begin, &wire, 0.0);
        assert_eq!((queue.room(&wire), queue.room(&Wire::default())), (0, 0));
    }

    #[test]
    fn a_close_may_be_slow_and_a_reset_comes_after_the_bytes() {
        let (mut queue, begin) = (DelayQueue::default(), Instant::now());
        let wire = Wire {
            length: Length { rtt: 10 * MS, jitter: 10 * MS, bandwidth: None },
            slow_close: 30 * MS,
            ..Wire::default()
        };
        queue.send(b"x", begin, &wire, 1.0);
        queue.reset(begin, &wire);
        queue.end(begin, &wire);
        assert_eq!(arrivals(&mut queue, begin), [(15, bytes("x")), (15, Segment::Reset), (35, Segment::End)]);
    }

    proptest! {
        #[test]
        fn order_is_kept_and_nothing_is_lost(
            sent in prop::collection::vec((0u64..50, 0u64..200, 0u64..30, 1usize..40, 1usize..10), 0..40)
        ) {
            let (mut queue, begin) = (DelayQueue::default(), Instant::now());
            let (mut now, mut next, mut expected) = (begin, 0u8, Vec::new());
            for (pause, rtt, jitter, count, slice) in sent {
                now += Duration::from_millis(pause);
                let bytes: Vec<u8> = (0..count).map(|_| { next = next.wrapping_add(1); next }).collect();
                let wire = Wire {
                    length: Length {
                        rtt: Duration::from_millis(rtt),
                        jitter: Duration::from_millis(jitter),
                        bandwidth: None,
                    },
                    slice: NonZeroUsize::new(slice),
                    ..Wire::default()
                };
                queue.send(&bytes, now, &wire, (f64::from(next) / 255.0).min(1.0));
                expected.extend(bytes);
            }
            prop_assert_eq!(UNDER_WAY_MAX_BYTES - queue.room(&Wire::default()), expected.len());
            let arrived = arrivals(&mut queue, begin);
            prop_assert!(arrived.is_sorted_by_key(|(ms, _)| *ms));
            let arrived: Vec<u8> = arrived
                .into_iter()
                .flat_map(|(_, segment)| match segment { Segment::Bytes(bytes) => bytes, _ => Bytes::new() })
                .collect();
            prop_assert_eq!(arrived, expected);
            prop_assert_eq!(queue.room(&Wire::default()), UNDER_WAY_MAX_BYTES);
        }
    }
}
