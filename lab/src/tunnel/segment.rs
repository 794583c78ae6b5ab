//! A segment: what is sent over the emulated link, and the schedule of its arrival.
//!
//! A segment arrives after a transmission delay, which is its size divided by the bandwidth, and a propagation delay.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::settings::TunnelSettings;

/// A unit that is sent over the emulated link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Segment {
    /// Bytes that arrive together.
    Bytes(Bytes),
    /// Confirms that the server has accepted the connection.
    Confirmation,
    /// The end of the stream.
    End,
    /// A reset of the connection.
    Reset,
}

impl Segment {
    fn len(&self) -> usize {
        if let Self::Bytes(bytes) = self { bytes.len() } else { 0 }
    }

    fn propagation_delay(&self, settings: &TunnelSettings, jitter_fraction: f64) -> Duration {
        match self {
            Self::Bytes(_) => settings.propagation_delay(jitter_fraction),
            Self::End => settings.propagation_delay(0.0) + settings.slow_close,
            Self::Confirmation | Self::Reset => settings.propagation_delay(0.0),
        }
    }
}

/// A segment in flight, and when it is transmitted and arrives.
#[derive(Debug)]
pub(super) struct InFlight {
    /// The time at which the segment was read from its sender.
    pub(super) read_at: Instant,
    /// The time at which the transmission begins.
    pub(super) starts_at: Instant,
    /// The time at which the transmission ends.
    pub(super) sent_at: Instant,
    /// The share of the jitter that is added to the delay, from 0 to 1.
    jitter_fraction: f64,
    /// The time at which the segment arrives.
    pub(super) due: Instant,
    /// True once a write of the segment has been attempted.
    pub(super) is_attempted: bool,
    pub(super) segment: Segment,
}

impl InFlight {
    /// Schedules a segment that is sent at `now`. Its transmission begins at `idle_at`, or at `now` if the link is idle
    /// already.
    pub(super) fn new(
        segment: Segment,
        now: Instant,
        idle_at: Option<Instant>,
        settings: &TunnelSettings,
        jitter_fraction: f64,
    ) -> Self {
        let starts_at = idle_at.map_or(now, |idle_at| idle_at.max(now));
        let sent_at = starts_at + settings.transmission_delay(segment.len());
        let due = sent_at + segment.propagation_delay(settings, jitter_fraction);
        Self { read_at: now, starts_at, sent_at, jitter_fraction, due, is_attempted: false, segment }
    }

    /// Applies changed settings, unless the segment has arrived. The propagation delay becomes the new one. Bits that
    /// have not been transmitted are transmitted with the new bandwidth, from `idle_at` on.
    pub(super) fn reschedule(&mut self, now: Instant, idle_at: Instant, settings: &TunnelSettings) {
        if self.due <= now {
            return;
        }
        if self.sent_at > now {
            let fraction_left = if self.starts_at >= now {
                1.0
            } else {
                (self.sent_at - now).div_duration_f64(self.sent_at - self.starts_at)
            };
            let transmission_delay = settings.transmission_delay(self.segment.len());
            let resumes_at = idle_at.max(now);
            self.sent_at = resumes_at + transmission_delay.mul_f64(fraction_left);
            self.starts_at = self.sent_at.checked_sub(transmission_delay).unwrap_or(resumes_at);
        }
        self.due = self.sent_at + self.segment.propagation_delay(settings, self.jitter_fraction);
    }
}
