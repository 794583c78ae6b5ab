//! A delay queue: the segments in flight in one direction of a connection, and when each of them arrives.
//!
//! Segments overlap (pipelining): a segment that is sent while another is in flight does not wait for the other to
//! arrive. Order is kept, whatever the jitter and however the settings change. A change of settings applies to segments
//! in flight, too.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::time::Instant;

use bytes::{Buf as _, Bytes};

use super::segment::{InFlight, Segment};
use super::settings::TunnelSettings;

/// Maximum number of bytes in flight at once. No more bytes are read from the sender until some have arrived. If
/// bandwidth times delay is larger, this maximum limits the rate as a TCP window does.
pub(super) const IN_FLIGHT_MAX_BYTES: usize = 4 * 1024 * 1024;

/// Maximum number of segments in flight at once, since each segment also takes memory for its schedule.
const IN_FLIGHT_MAX_SEGMENTS: usize = 60_000;

/// The segments in flight in one direction.
#[derive(Debug, Default)]
pub(super) struct DelayQueue {
    in_flight: VecDeque<InFlight>,
    bytes: usize,
    /// The time at which the link will have transmitted everything that was sent.
    idle_at: Option<Instant>,
    /// The time at which the last segment will arrive.
    last_due: Option<Instant>,
}

impl DelayQueue {
    /// Returns how many more bytes may be sent before the limits of bytes and segments are reached.
    pub(super) fn capacity(&self, settings: &TunnelSettings) -> usize {
        let segments = IN_FLIGHT_MAX_SEGMENTS.saturating_sub(self.in_flight.len());
        let slice = settings.slice.map_or(usize::MAX, NonZeroUsize::get);
        let bytes = IN_FLIGHT_MAX_BYTES.saturating_sub(self.bytes);
        bytes.min(segments.saturating_mul(slice))
    }

    /// Sends bytes that were read together: as one segment, or cut into slices. `jitter_fraction`, from 0 to 1, is the
    /// share of the jitter that is added to their delay.
    pub(super) fn send(&mut self, bytes: &[u8], now: Instant, settings: &TunnelSettings, jitter_fraction: f64) {
        let mut rest = Bytes::copy_from_slice(bytes);
        while !rest.is_empty() {
            let slice = settings.slice.map_or(rest.len(), |slice| slice.get().min(rest.len()));
            let slice = rest.split_to(slice);
            self.bytes += slice.len();
            self.push(Segment::Bytes(slice), now, settings, jitter_fraction);
        }
    }

    /// Sends the confirmation that the server has accepted the connection.
    pub(super) fn send_confirmation(&mut self, now: Instant, settings: &TunnelSettings) {
        self.push(Segment::Confirmation, now, settings, 0.0);
    }

    /// Sends the end of the stream.
    pub(super) fn send_end(&mut self, now: Instant, settings: &TunnelSettings) {
        self.push(Segment::End, now, settings, 0.0);
    }

    /// Sends a reset, which arrives after everything that was sent before.
    pub(super) fn send_reset(&mut self, now: Instant, settings: &TunnelSettings) {
        self.push(Segment::Reset, now, settings, 0.0);
    }

    fn push(&mut self, segment: Segment, now: Instant, settings: &TunnelSettings, jitter_fraction: f64) {
        let mut in_flight = InFlight::new(segment, now, self.idle_at, settings, jitter_fraction);
        if let Some(last_due) = self.last_due {
            in_flight.due = in_flight.due.max(last_due);
        }
        self.idle_at = Some(in_flight.sent_at);
        self.last_due = Some(in_flight.due);
        self.in_flight.push_back(in_flight);
    }

    /// Applies changed settings to all segments in flight. Order is kept, and slices stay as they were cut.
    pub(super) fn reschedule(&mut self, now: Instant, settings: &TunnelSettings) {
        let mut idle_at = now;
        let mut last_due = now;
        for in_flight in &mut self.in_flight {
            in_flight.reschedule(now, idle_at, settings);
            in_flight.due = in_flight.due.max(last_due);
            idle_at = in_flight.sent_at;
            last_due = in_flight.due;
        }
        self.idle_at = Some(idle_at);
        self.last_due = Some(last_due);
    }

    /// Returns when the next segment arrives.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.in_flight.front().map(|in_flight| in_flight.due)
    }

    /// Marks the next segment as attempted. At the first attempt to write a segment, returns the time at which it was
    /// read and the time at which it arrives; at later attempts, returns `None`.
    pub(super) fn first_attempt(&mut self) -> Option<(Instant, Instant)> {
        let next = self.in_flight.front_mut()?;
        if next.is_attempted {
            return None;
        }
        next.is_attempted = true;
        Some((next.read_at, next.due))
    }

    /// Returns the next segment if it has arrived.
    pub(super) fn arrived(&self, now: Instant) -> Option<&Segment> {
        let next = self.in_flight.front()?;
        (next.due <= now).then_some(&next.segment)
    }

    /// Removes `count` bytes from the next segment, or the segment itself if it carries no bytes.
    pub(super) fn consume(&mut self, count: usize) {
        let Some(next) = self.in_flight.front_mut() else { return };
        if let Segment::Bytes(bytes) = &mut next.segment {
            if count < bytes.len() {
                bytes.advance(count);
                self.bytes -= count;
                return;
            }
            self.bytes -= bytes.len();
        }
        self.in_flight.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;
    use std::time::Duration;

    use launcelot_measure::LinkSettings;
    use proptest::prelude::*;

    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Drains the queue: each segment with its arrival in milliseconds after `begin`.
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
    fn segments_in_flight_overlap() {
        let mut queue = DelayQueue::default();
        let begin = Instant::now();
        let settings = TunnelSettings::from(LinkSettings { rtt: 100 * MS, ..LinkSettings::default() });
        queue.send(b"one", begin, &settings, 0.0);
        queue.send(b"two", begin + 10 * MS, &settings, 0.0);
        assert_eq!(queue.arrived(begin + 49 * MS), None);
        assert_eq!(arrivals(&mut queue, begin), [(50, bytes("one")), (60, bytes("two"))]);
    }

    #[test]
    fn a_narrow_link_transmits_one_segment_after_the_other() {
        let mut queue = DelayQueue::default();
        let begin = Instant::now();
        let settings = TunnelSettings::from(LinkSettings {
            rtt: 100 * MS,
            bandwidth: NonZeroU64::new(8_000),
            ..LinkSettings::default()
        });
        queue.send(&[0; 10], begin, &settings, 0.0);
        queue.send(&[1; 20], begin, &settings, 0.0);
        queue.send_end(begin, &settings);
        let when: Vec<u128> = arrivals(&mut queue, begin).into_iter().map(|(ms, _)| ms).collect();
        assert_eq!(when, [60, 80, 80]);
    }

    #[test]
    fn bytes_are_cut_into_slices_and_each_slice_is_a_segment() {
        let mut queue = DelayQueue::default();
        let begin = Instant::now();
        let settings = TunnelSettings { slice: NonZeroUsize::new(2), ..TunnelSettings::default() };
        queue.send(b"Blue.", begin, &settings, 0.0);
        assert_eq!(arrivals(&mut queue, begin), [(0, bytes("Bl")), (0, bytes("ue")), (0, bytes("."))]);
        assert_eq!(queue.capacity(&settings), 2 * IN_FLIGHT_MAX_SEGMENTS, "the number of segments is the limit");
        queue.send(&vec![0; 2 * IN_FLIGHT_MAX_SEGMENTS], begin, &settings, 0.0);
        assert_eq!((queue.capacity(&settings), queue.capacity(&TunnelSettings::default())), (0, 0));
    }

    #[test]
    fn a_close_can_be_slow_and_a_reset_arrives_after_the_bytes() {
        let mut queue = DelayQueue::default();
        let begin = Instant::now();
        let settings = TunnelSettings {
            link: LinkSettings { rtt: 10 * MS, jitter: 10 * MS, bandwidth: None },
            slow_close: 30 * MS,
            ..TunnelSettings::default()
        };
        queue.send(b"x", begin, &settings, 1.0);
        queue.send_reset(begin, &settings);
        queue.send_end(begin, &settings);
        assert_eq!(arrivals(&mut queue, begin), [(15, bytes("x")), (15, Segment::Reset), (35, Segment::End)]);
    }

    #[test]
    fn changed_settings_apply_to_segments_in_flight() {
        let mut queue = DelayQueue::default();
        let begin = Instant::now();
        let rate = |bits, rtt| {
            let link = LinkSettings { rtt, bandwidth: NonZeroU64::new(bits), ..LinkSettings::default() };
            TunnelSettings::from(link)
        };
        // A byte takes 1 ms: the first segment is transmitted after 10 ms, the second after 30 ms, the end with it.
        queue.send(&[0; 10], begin, &rate(8_000, 100 * MS), 0.0);
        queue.send(&[1; 20], begin, &rate(8_000, 100 * MS), 0.0);
        queue.send_end(begin, &rate(8_000, 100 * MS));
        let now = begin + 20 * MS;
        let when = |queue: &mut DelayQueue| arrivals(queue, begin).into_iter().map(|(ms, _)| ms).collect::<Vec<_>>();
        let after = |settings: &TunnelSettings, queue: &mut DelayQueue| {
            queue.reschedule(now, settings);
            queue.in_flight.iter().map(|segment| (segment.due - begin).as_millis()).collect::<Vec<_>>()
        };
        // At `now`, the first segment has been transmitted, and half of the second.
        assert_eq!(after(&rate(16_000, 100 * MS), &mut queue), [60, 75, 75]);
        assert_eq!(after(&rate(2_000, 100 * MS), &mut queue), [60, 110, 110]);
        assert_eq!(after(&rate(8_000, 200 * MS), &mut queue), [110, 130, 130]);
        assert_eq!(after(&rate(8_000, 100 * MS), &mut queue), [60, 80, 80], "as if the settings had not changed");
        assert_eq!(after(&rate(8_000, Duration::ZERO), &mut queue), [20, 30, 30]);
        queue.send(b"x", now, &rate(8_000, Duration::ZERO), 0.0);
        assert_eq!(when(&mut queue), [20, 30, 30, 31]);
    }

    proptest! {
        #[test]
        fn order_is_kept_however_often_the_settings_change(
            steps in prop::collection::vec((0u64..50, 0u64..200, 0u64..30, 1u64..100_000, 1usize..40, any::<bool>()), 0..40)
        ) {
            let mut queue = DelayQueue::default();
            let begin = Instant::now();
            let mut now = begin;
            let mut next = 0u8;
            let mut arrived = Vec::new();
            for (pause, rtt, jitter, bits, count, is_change) in steps {
                now += Duration::from_millis(pause);
                let link = LinkSettings {
                    rtt: Duration::from_millis(rtt),
                    jitter: Duration::from_millis(jitter),
                    bandwidth: NonZeroU64::new(bits),
                };
                while let Some(Segment::Bytes(bytes)) = queue.arrived(now).cloned() {
                    queue.consume(bytes.len());
                    arrived.extend(bytes);
                }
                if is_change {
                    queue.reschedule(now, &link.into());
                }
                let bytes: Vec<u8> = (0..count).map(|_| { next = next.wrapping_add(1); next }).collect();
                queue.send(&bytes, now, &link.into(), f64::from(next) / 255.0);
                prop_assert!(queue.in_flight.iter().is_sorted_by_key(|segment| segment.due));
                prop_assert!(queue.in_flight.iter().all(|segment| segment.starts_at <= segment.sent_at && segment.sent_at <= segment.due));
            }
            let rest = arrivals(&mut queue, begin).into_iter().map(|(_, segment)| segment);
            arrived.extend(rest.flat_map(|segment| match segment { Segment::Bytes(bytes) => bytes, _ => Bytes::new() }));
            let expected: Vec<u8> = (0..arrived.len()).map(|number| (number as u8).wrapping_add(1)).collect();
            prop_assert_eq!(arrived, expected);
            prop_assert_eq!(queue.capacity(&TunnelSettings::default()), IN_FLIGHT_MAX_BYTES);
        }

        #[test]
        fn order_is_kept_and_nothing_is_lost(
            sent in prop::collection::vec((0u64..50, 0u64..200, 0u64..30, 1usize..40, 1usize..10), 0..40)
        ) {
            let mut queue = DelayQueue::default();
            let begin = Instant::now();
            let mut now = begin;
            let mut next = 0u8;
            let mut expected = Vec::new();
            for (pause, rtt, jitter, count, slice) in sent {
                now += Duration::from_millis(pause);
                let bytes: Vec<u8> = (0..count).map(|_| { next = next.wrapping_add(1); next }).collect();
                let settings = TunnelSettings {
                    link: LinkSettings {
                        rtt: Duration::from_millis(rtt),
                        jitter: Duration::from_millis(jitter),
                        bandwidth: None,
                    },
                    slice: NonZeroUsize::new(slice),
                    ..TunnelSettings::default()
                };
                queue.send(&bytes, now, &settings, (f64::from(next) / 255.0).min(1.0));
                expected.extend(bytes);
            }
            prop_assert_eq!(IN_FLIGHT_MAX_BYTES - queue.capacity(&TunnelSettings::default()), expected.len());
            let arrived = arrivals(&mut queue, begin);
            prop_assert!(arrived.is_sorted_by_key(|(ms, _)| *ms));
            let arrived: Vec<u8> = arrived
                .into_iter()
                .flat_map(|(_, segment)| match segment { Segment::Bytes(bytes) => bytes, _ => Bytes::new() })
                .collect();
            prop_assert_eq!(arrived, expected);
            prop_assert_eq!(queue.capacity(&TunnelSettings::default()), IN_FLIGHT_MAX_BYTES);
        }
    }
}
