//! JSON that the browser has parsed, read field by field into values of `measure`.
//!
//! `serde` could do that without a word (serde-wasm-bindgen), at the price of 11 kB more to download.

use std::num::NonZeroU64;
use std::time::Duration;

use js_sys::{Array, Reflect};
use launcelot_measure::{
    AddedDelay, ConnectEvent, ConnectPoint, Instance, LinkReport, LinkRevisions, LinkSettings, Revision, Trace,
    TraceEvent, TracePoint,
};
use wasm_bindgen::prelude::*;

/// What the points of a path are called, in the order of [`TracePoint::ALL`].
const POINTS: [&str; TracePoint::ALL.len()] = [
    "bridge-in",
    "bridge-out",
    "tunnel-in",
    "tunnel-out",
    "server-in",
    "answer-ready",
    "answer-out",
    "tunnel-back-in",
    "tunnel-back-out",
    "bridge-back-in",
    "bridge-back-out",
];

/// The same for [`ConnectPoint::ALL`].
const CONNECT_POINTS: [&str; ConnectPoint::ALL.len()] =
    ["upgrade-in", "connect-begun", "tunnel-accepted", "server-accepted", "connect-done", "upgrade-out"];

/// A value that is there: `null` is none.
#[derive(Debug, Clone)]
pub struct Json(JsValue);

impl Json {
    /// The value, unless it is `null`.
    pub fn new(value: JsValue) -> Option<Self> {
        (!value.is_undefined() && !value.is_null()).then_some(Self(value))
    }

    /// A field of an object, unless it is missing or `null`.
    pub fn field(&self, name: &str) -> Option<Self> {
        Self::new(Reflect::get(&self.0, &JsValue::from_str(name)).ok()?)
    }

    /// The values of an array.
    pub fn list(&self) -> Option<impl Iterator<Item = Self> + use<>> {
        let array: Array = self.0.clone().dyn_into().ok()?;
        Some(array.into_iter().map(Self))
    }

    /// A text.
    pub fn text(&self) -> Option<String> {
        self.0.as_string()
    }

    /// Whether it is `true`.
    pub fn is_true(&self) -> bool {
        self.0.as_bool() == Some(true)
    }

    /// A whole number; what is no number, or less than nothing, is none.
    pub fn whole(&self) -> Option<u64> {
        let number = self.0.as_f64()?;
        (number >= 0.0).then_some(number.round() as u64)
    }

    /// A time in microseconds, to the nanosecond.
    pub fn micros(&self) -> Option<Duration> {
        let micros = self.0.as_f64()?;
        (micros >= 0.0).then(|| Duration::from_nanos((micros * 1e3).round() as u64))
    }
}

/// What the stations saw of a dialogue.
pub fn trace(json: &Json) -> Option<Trace> {
    Some(Trace {
        id: json.field("id")?.text()?,
        events: json.field("events")?.list()?.map(|json| sighting(&json)).collect::<Option<_>>()?,
        connecting: match json.field("connecting") {
            Some(connecting) => connecting.list()?.map(|json| connect_sighting(&json)).collect::<Option<_>>()?,
            None => Vec::new(),
        },
        is_truncated: json.field("is_truncated")?.is_true(),
        clock_step: json.field("clock_step_us").and_then(|step| step.micros()).unwrap_or_default(),
    })
}

/// The place of a sighting's point among these names.
fn place(sighting: &Json, names: &[&str]) -> Option<usize> {
    let point = sighting.field("point")?.text()?;
    names.iter().position(|name| *name == point)
}

fn connect_sighting(json: &Json) -> Option<ConnectEvent> {
    Some(ConnectEvent { point: ConnectPoint::ALL[place(json, &CONNECT_POINTS)?], at: json.field("at_us")?.micros()? })
}

fn sighting(json: &Json) -> Option<TraceEvent> {
    Some(TraceEvent {
        point: TracePoint::ALL[place(json, &POINTS)?],
        at: json.field("at_us")?.micros()?,
        bytes: json.field("bytes")?.whole()?,
    })
}

/// How the tunnel is set and measured.
pub fn wire_report(json: &Json) -> Option<LinkReport> {
    let wire = json.field("link")?;
    let held = json.field("added_delay").and_then(|held| {
        let time = |name| held.field(name)?.micros();
        Some(AddedDelay {
            total: time("total_us")?,
            out: time("out_us")?,
            back: time("back_us")?,
            samples: held.field("samples")?.whole()?,
            connections: held.field("connections")?.whole()?,
        })
    });
    Some(LinkReport {
        port: u16::try_from(json.field("port")?.whole()?).ok()?,
        link: LinkSettings {
            rtt: wire.field("rtt_us")?.micros()?,
            jitter: wire.field("jitter_us")?.micros()?,
            bandwidth: wire.field("bandwidth_bits_per_s").and_then(|bandwidth| NonZeroU64::new(bandwidth.whole()?)),
        },
        handshake: json.field("handshake").is_some_and(|handshake| handshake.is_true()),
        revision: Revision { instance: instance(json)?, revision: json.field("revision")?.whole()? },
        in_force: json.field("in_force_us")?.micros()?,
        added_delay: held,
    })
}

/// Under which settings of the tunnel a dialogue went through it; `None` if it did not.
pub fn passage(trace: &Json) -> Option<LinkRevisions> {
    let tunnel = trace.field("tunnel")?;
    Some(LinkRevisions {
        instance: instance(&tunnel)?,
        first_revision: tunnel.field("first_revision")?.whole()?,
        last_revision: Some(tunnel.field("last_revision")?.whole()?),
    })
}

/// How long the server thought about a question of a series, at the mean.
pub fn thinking_mean(series: &Json) -> Option<Duration> {
    let answers = u32::try_from(series.field("answers")?.whole()?).ok()?;
    series.field("thinking_us")?.micros()?.checked_div(answers)
}

fn instance(json: &Json) -> Option<Instance> {
    u64::from_str_radix(&json.field("instance")?.text()?, 16).ok().map(Instance)
}

/// A wire, as the lab reads it: in whole microseconds.
pub fn of_wire(wire: LinkSettings) -> String {
    let LinkSettings { rtt, jitter, bandwidth } = wire;
    let bandwidth = bandwidth.map_or_else(|| "null".to_owned(), |bandwidth| bandwidth.to_string());
    let (rtt, jitter) = (rtt.as_micros() as u64, jitter.as_micros() as u64);
    format!(r#"{{"rtt_us":{rtt},"jitter_us":{jitter},"bandwidth_bits_per_s":{bandwidth}}}"#)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_have_the_names_that_measure_writes() {
        let points = serde_json::to_value(TracePoint::ALL).unwrap();
        assert_eq!((points, serde_json::to_value(ConnectPoint::ALL).unwrap()), (POINTS.into(), CONNECT_POINTS.into()));
    }

    #[test]
    fn a_wire_is_written_as_measure_reads_it() {
        for preset in launcelot_measure::Preset::ALL {
            assert_eq!(serde_json::from_str::<LinkSettings>(&of_wire(preset.link())).ok(), Some(preset.link()));
        }
    }
}
