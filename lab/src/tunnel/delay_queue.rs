//! One direction of one connection: what is under way, and when it arrives.
//!
//! A delay is a pipe and not a lock: what is sent while something is under way is under way as well.
//! Order is kept, whatever the jitter and however the settings change meanwhile. A change of settings applies to
//! what is under way too.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

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
    free_at: Option<Instant>,
    /// When the last of it will have arrived.
    last_due: Option<Instant>,
}

#[derive(Debug)]
struct Item {
    /// When it was read.
    since: Instant,
    /// When its first bit leaves.
    starts_at: Instant,
    /// When its last bit has left.
    sent_at: Instant,
    /// From 0 to 1, for the jitter.
    chance: f64,
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
    /// The news that the far side has accepted.
    Confirmed,
    /// The close of one side.
    End,
    /// The end of everything.
    Reset,
}

impl Segment {
    fn len(&self) -> usize {
        if let Self::Bytes(bytes) = self { bytes.len() } else { 0 }
    }

    /// How long it takes from one end to the other.
    fn travel(&self, wire: &Wire, chance: f64) -> Duration {
        match self {
            Self::Bytes(_) => wire.one_way(chance),
            Self::End => wire.one_way(0.0) + wire.slow_close,
            Self::Confirmed | Self::Reset => wire.one_way(0.0),
        }
    }
}

impl Item {
    /// Sets when it leaves and arrives anew, if it has not arrived yet. Bits that have left travel on at the new speed,
    /// and the bits that are left leave at the new rate from `free_at` on.
    fn reschedule(&mut self, now: Instant, free_at: Instant, wire: &Wire) {
        if self.due <= now {
            return;
        }
        if self.sent_at > now {
            let left = if self.starts_at >= now {
                1.0
            } else {
                (self.sent_at - now).div_duration_f64(self.sent_at - self.starts_at)
            };
            let sending = wire.sending(self.segment.len());
            let begin = free_at.max(now);
            self.sent_at = begin + sending.mul_f64(left);
            self.starts_at = self.sent_at.checked_sub(sending).unwrap_or(begin);
        }
        self.due = self.sent_at + self.segment.travel(wire, self.chance);
    }
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
            self.put(Segment::Bytes(slice), now, wire, chance);
        }
    }

    /// Puts in the news that the far side has accepted.
    pub(super) fn confirm(&mut self, now: Instant, wire: &Wire) {
        self.put(Segment::Confirmed, now, wire, 0.0);
    }

    /// Puts in the end of what is sent.
    pub(super) fn end(&mut self, now: Instant, wire: &Wire) {
        self.put(Segment::End, now, wire, 0.0);
    }

    /// Puts in a reset, which arrives after what was sent before it.
    pub(super) fn reset(&mut self, now: Instant, wire: &Wire) {
        self.put(Segment::Reset, now, wire, 0.0);
    }

    fn put(&mut self, segment: Segment, now: Instant, wire: &Wire, chance: f64) {
        let starts_at = self.free_at.map_or(now, |free_at| free_at.max(now));
        let sent_at = starts_at + wire.sending(segment.len());
        let due = sent_at + segment.travel(wire, chance);
        let due = self.last_due.map_or(due, |last| due.max(last));
        (self.free_at, self.last_due) = (Some(sent_at), Some(due));
        self.items.push_back(Item { since: now, starts_at, sent_at, chance, due, is_tried: false, segment });
    }

    /// Applies changed settings to everything that is under way. Order is kept, and slices stay as they were cut.
    pub(super) fn reschedule(&mut self, now: Instant, wire: &Wire) {
        let (mut free_at, mut last_due) = (now, now);
        for item in &mut self.items {
            item.reschedule(now, free_at, wire);
            item.due = item.due.max(last_due);
            (free_at, last_due) = (item.sent_at, item.due);
        }
        (self.free_at, self.last_due) = (Some(free_at), Some(last_due));
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

    /// Removes `count` bytes from the next segment, or the segment itself if it carries no bytes.
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
    use std::num::NonZeroU64;

    use launcelot_measure::LinkSettings as Length;
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

    #[test]
    fn changed_settings_apply_to_what_is_under_way() {
        let (mut queue, begin) = (DelayQueue::default(), Instant::now());
        let rate = |bits, rtt| {
            let length = Length { rtt, bandwidth: NonZeroU64::new(bits), ..Length::default() };
            Wire::from(length)
        };
        // A byte takes 1 ms: the first piece is sent after 10 ms, the second after 30 ms, the close with it.
        queue.send(&[0; 10], begin, &rate(8_000, 100 * MS), 0.0);
        queue.send(&[1; 20], begin, &rate(8_000, 100 * MS), 0.0);
        queue.end(begin, &rate(8_000, 100 * MS));
        let now = begin + 20 * MS;
        let when = |queue: &mut DelayQueue| arrivals(queue, begin).into_iter().map(|(ms, _)| ms).collect::<Vec<_>>();
        let after = |wire: &Wire, queue: &mut DelayQueue| {
            queue.reschedule(now, wire);
            queue.items.iter().map(|item| (item.due - begin).as_millis()).collect::<Vec<_>>()
        };
        // The first piece has left. Of the second, half is left to be sent.
        assert_eq!(after(&rate(16_000, 100 * MS), &mut queue), [60, 75, 75]);
        assert_eq!(after(&rate(2_000, 100 * MS), &mut queue), [60, 110, 110]);
        assert_eq!(after(&rate(8_000, 200 * MS), &mut queue), [110, 130, 130]);
        assert_eq!(after(&rate(8_000, 100 * MS), &mut queue), [60, 80, 80], "as if nothing had been changed");
        assert_eq!(after(&rate(8_000, Duration::ZERO), &mut queue), [20, 30, 30]);
        queue.send(b"x", now, &rate(8_000, Duration::ZERO), 0.0);
        assert_eq!(when(&mut queue), [20, 30, 30, 31]);
    }

    proptest! {
        #[test]
        fn order_is_kept_however_often_the_settings_change(
            steps in prop::collection::vec((0u64..50, 0u64..200, 0u64..30, 1u64..100_000, 1usize..40, any::<bool>()), 0..40)
        ) {
            let (mut queue, begin) = (DelayQueue::default(), Instant::now());
            let (mut now, mut next, mut arrived) = (begin, 0u8, Vec::new());
            for (pause, rtt, jitter, bits, count, is_change) in steps {
                now += Duration::from_millis(pause);
                let length = Length {
                    rtt: Duration::from_millis(rtt),
                    jitter: Duration::from_millis(jitter),
                    bandwidth: NonZeroU64::new(bits),
                };
                while let Some(Segment::Bytes(bytes)) = queue.arrived(now).cloned() {
                    queue.consume(bytes.len());
                    arrived.extend(bytes);
                }
                if is_change {
                    queue.reschedule(now, &length.into());
                }
                let bytes: Vec<u8> = (0..count).map(|_| { next = next.wrapping_add(1); next }).collect();
                queue.send(&bytes, now, &length.into(), f64::from(next) / 255.0);
                prop_assert!(queue.items.iter().is_sorted_by_key(|item| item.due));
                prop_assert!(queue.items.iter().all(|item| item.starts_at <= item.sent_at && item.sent_at <= item.due));
            }
            let rest = arrivals(&mut queue, begin).into_iter().map(|(_, segment)| segment);
            arrived.extend(rest.flat_map(|segment| match segment { Segment::Bytes(bytes) => bytes, _ => Bytes::new() }));
            let expected: Vec<u8> = (0..arrived.len()).map(|number| (number as u8).wrapping_add(1)).collect();
            prop_assert_eq!(arrived, expected);
            prop_assert_eq!(queue.room(&Wire::default()), UNDER_WAY_MAX_BYTES);
        }

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
