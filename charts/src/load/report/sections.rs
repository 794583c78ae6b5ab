//! The sections with charts, each with its legend and its table.

use super::figures::{has_failures, measured};
use super::scales::Scales;
use super::series::{self, LATENCIES};
use super::tables::{self, Table, capitalized};
use super::{Run, add_with_code, html_table, new_section};
use crate::load::{failures, latency, legend, percentile_curves, throughput};
use crate::{Element, Node};
use launcelot_measure::load::LoadMode;
use launcelot_measure::text;

/// A function that makes a section of a run, if the run has figures for it.
type Section = fn(&Run, &Scales) -> Option<Element>;

/// The sections of a run of which something was measured.
const SECTIONS: [Section; 5] = [
    |run, scales| Some(throughput_section(run, scales)),
    latency_section,
    percentiles_section,
    |run, scales| Some(failures_section(run, scales)),
    |run, _| Some(usage_section(run)),
];

/// What stands in place of the sections if nothing was measured.
const NOTHING: [Section; 1] = [|_, _| {
    let mut nothing = Element::new("p");
    nothing.text("Nothing was measured.");
    Some(nothing)
}];

/// Returns all sections of a run. Each is made when the iterator is asked for it.
pub(super) fn sections<'a, 'b>(run: &'b Run<'a>, scales: Scales) -> impl Iterator<Item = Element> + use<'a, 'b> {
    let is_empty = run.summary.servers.iter().all(|server| measured(server).is_empty());
    let sections: &[Section] = if is_empty { &NOTHING } else { &SECTIONS };
    sections.iter().filter_map(move |section| section(run, &scales))
}

fn throughput_section(run: &Run, scales: &Scales) -> Element {
    let series = series::throughput(run);
    let unit = run.summary.unit.plural();
    let chart = plot(run, throughput::draw(&scales.levels, &scales.rates, unit, &series));
    let is_predicted = series.iter().flat_map(|server| &server.points).any(|point| point.predicted.is_some());
    let mut note = format!(
        "The {unit} completed per second, counting only those answered correctly. The line is the median of the rounds; the shaded band runs \
         from the slowest round to the fastest."
    );
    let mut twins = vec![tables::throughput(&run.summary, run.unit)];
    if is_predicted {
        note += " The thin line is a model of what the link, the questions and the design allow: min(clients, served at once) / \
                 (connect + round trips × (round-trip time + time per question) + pauses), capped by the processors. It is not fitted to the curve.";
        twins.push(tables::prediction(&run.predictions, run.unit));
        twins.push(tables::model_inputs(&run.predictions));
    }
    for sentence in text::prediction::sentences(run.result, &run.predictions) {
        note += &format!(" {sentence}");
    }
    section(run, "throughput", "Throughput", &note, Some(chart), &twins)
}

fn latency_section(run: &Run, scales: &Scales) -> Option<Element> {
    let scale = scales.latencies.as_ref()?;
    let mut pair = Element::new("div");
    pair.set("class", "pair");
    for (what, times) in LATENCIES {
        pair.push(plot(run, latency::draw(&scales.levels, scale, what, &series::latency(run, times))));
    }
    let tables =
        LATENCIES.map(|(what, times)| tables::latency(&capitalized(what), &run.summary.servers, run.unit, &times));
    let begin = match run.result.plan.mode {
        LoadMode::Closed { .. } => "the start of connecting",
        LoadMode::Open { .. } => "when it was due",
    };
    let note = format!(
        "How long a client waited: for the answer to a question, and from {begin} to the first answer. The line is the median (p50); \
         the shaded band reaches up to the 99th percentile (p99). Both charts have the same axes."
    );
    Some(section(run, "latency", "Latency", &note, Some(pair), &tables))
}

fn percentiles_section(run: &Run, scales: &Scales) -> Option<Element> {
    let scale = scales.percentiles.as_ref()?;
    let mut pair = Element::new("div");
    pair.set("class", "pair");
    for (what, times) in LATENCIES {
        pair.push(plot(run, percentile_curves::draw(scale, what, &series::curves(run, times))));
    }
    let tables =
        LATENCIES.map(|(what, times)| tables::percentiles(&capitalized(what), &run.summary.servers, run.unit, &times));
    Some(section(
        run,
        "percentiles",
        "Percentiles",
        "All times at the highest level. Each mark has a tenth as many samples beyond it as the mark to its left, so the rare long \
         times get as much room as the frequent short ones. A curve ends where its samples do.",
        Some(pair),
        &tables,
    ))
}

fn failures_section(run: &Run, scales: &Scales) -> Element {
    let unit = run.summary.unit.plural();
    let rows = series::failures(run);
    let table = tables::failures(&run.summary, run.unit);
    if table.rows.is_empty() {
        return section(run, "failures", "Failures", "Nothing failed.", None, &[]);
    }
    let chart = (!rows.is_empty()).then(|| {
        let mut plot = Element::new("div");
        plot.set("class", "load-plot").push(failures::draw(&scales.levels, scales.failed_share, unit, &rows));
        plot
    });
    let note = format!(
        "The share of {unit} that failed, by kind; the tallest bar is the largest share. The load goes on after a failure. In the \
         other charts, a cross marks each level with failures."
    );
    section(run, "failures", "Failures", &note, chart, &[table])
}

fn usage_section(run: &Run) -> Element {
    section(
        run,
        "usage",
        "Resource usage",
        "What the processes of each server used, and what the load generator used. A busy or late generator limits the \
         figures itself. “Cut by the window” counts what began before the window or ended after it.",
        None,
        &[tables::usage(&run.summary.servers, run.unit, run.result.plan.link.is_some())],
    )
}

/// Returns a section: heading, what it shows, the legend, the chart and its tables.
fn section(run: &Run, id: &str, heading: &str, note: &str, chart: Option<Element>, twins: &[Table]) -> Element {
    let (id, label) = run.heading_of(id);
    let mut section = new_section(None, &id, &label, run.heading, heading);
    add_with_code(section.add("p").set("class", "note"), note);
    if let Some(chart) = chart {
        let figure = section.add("figure");
        // Rows of failures are named themselves.
        if has_class(&chart, "curve") {
            let has_failures = run.summary.servers.iter().flat_map(measured).any(has_failures);
            let names = run.summary.servers.iter().map(|server| (run.index(&server.name), server.name.as_str()));
            figure.add("figcaption").push(legend::draw(names, has_failures, has_class(&chart, "model")));
        }
        figure.push(chart);
    }
    for (number, twin) in (1..).zip(twins) {
        let id = format!("{id}-table-{number}");
        section.push(html_table::region(twin, &id, &run.label(&id)));
    }
    section
}

/// Whether an element or one inside it has this class alone.
fn has_class(element: &Element, class: &str) -> bool {
    let is_inside = |node: &Node| matches!(node, Node::Element(child) if has_class(child, class));
    element.get("class") == Some(class) || element.children.iter().any(is_inside)
}

/// Returns a chart between the margins for its labels and for the names of the servers.
fn plot(run: &Run, chart: Element) -> Element {
    let longest = run.summary.servers.iter().map(|server| server.name.chars().count()).max().unwrap_or(0);
    // Classes, because the page's policy forbids styles in attributes.
    let names = match longest {
        0..=4 => "short-names",
        5..=8 => "names",
        9..=12 => "long-names",
        _ => "longest-names",
    };
    let bands = match run.summary.servers.len() {
        0..=3 => "bands",
        4..=6 => "many-bands",
        _ => "most-bands",
    };
    let mut plot = Element::new("div");
    plot.set("class", format_args!("load-plot {names} {bands}")).push(chart);
    plot
}
