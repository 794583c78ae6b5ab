//! The sections with charts, each with its legend and its table.

use super::figures::{has_failures, measured};
use super::scales::Scales;
use super::series::{self, LATENCIES};
use super::tables::{self, Table, capitalized};
use super::{Run, html_table, with_code};
use crate::load::{failures, latency, legend, percentile_curves, throughput};
use launcelot_measure::text;

/// Returns all sections of a run.
pub(super) fn sections(run: &Run, scales: &Scales) -> String {
    if run.summary.servers.iter().all(|server| measured(server).is_empty()) {
        return "<p>Nothing was measured.</p>\n".to_owned();
    }
    [
        throughput_section(run, scales),
        latency_section(run, scales),
        percentiles_section(run, scales),
        failures_section(run, scales),
        usage_section(run),
    ]
    .concat()
}

fn throughput_section(run: &Run, scales: &Scales) -> String {
    let series = series::throughput(run);
    let chart = plot(run, &throughput::draw(&scales.levels, &scales.rates, &series));
    let is_predicted = series.iter().flat_map(|server| &server.points).any(|point| point.predicted.is_some());
    let mut note =
        "How many dialogues were completed in a second, every answer right. The line is the median of the rounds; the \
                    shade reaches from the slowest round to the fastest."
            .to_owned();
    let mut twins = vec![tables::throughput(&run.summary.servers, run.unit)];
    if is_predicted {
        note += " The thin line is a model of what link, questions and design allow: min(clients, served at once) / (connect + questions × \
                 (round trip + think)), capped by the processors. It is not fitted to the curve.";
        twins.push(tables::prediction(&run.predictions, run.unit));
        twins.push(tables::model_inputs(&run.predictions));
    }
    for sentence in text::prediction::sentences(run.result, &run.predictions) {
        note += &format!(" {}", with_code(&sentence));
    }
    section(run, "throughput", "Throughput", &note, &chart, &twins)
}

fn latency_section(run: &Run, scales: &Scales) -> String {
    let Some(scale) = &scales.latencies else { return String::new() };
    let mut charts = String::new();
    for (what, times) in LATENCIES {
        charts += &plot(run, &latency::draw(&scales.levels, scale, what, &series::latency(run, times)));
    }
    let tables =
        LATENCIES.map(|(what, times)| tables::latency(&capitalized(what), &run.summary.servers, run.unit, &times));
    section(
        run,
        "latency",
        "Latency",
        "How long a client waited: for the answer to a question, and from the start of connecting to the first answer. The line is \
         the median (p50); the shade reaches up to the time that 99 of 100 did not exceed (p99). Both axes are the same.",
        &format!("<div class=\"pair\">\n{charts}</div>\n"),
        &tables,
    )
}

fn percentiles_section(run: &Run, scales: &Scales) -> String {
    let Some(scale) = &scales.percentiles else { return String::new() };
    let mut charts = String::new();
    for (what, times) in LATENCIES {
        charts += &plot(run, &percentile_curves::draw(scale, what, &series::curves(run, times)));
    }
    let tables =
        LATENCIES.map(|(what, times)| tables::percentiles(&capitalized(what), &run.summary.servers, run.unit, &times));
    section(
        run,
        "percentiles",
        "Percentiles",
        "All times at the highest level. Each mark to the right has a tenth as many samples beyond it, so that the rare long \
         times have as much room as the frequent short ones. A curve ends where its samples do.",
        &format!("<div class=\"pair\">\n{charts}</div>\n"),
        &tables,
    )
}

fn failures_section(run: &Run, scales: &Scales) -> String {
    let rows = series::failures(run);
    let table = tables::failures(&run.summary.servers, run.unit);
    if table.rows.is_empty() {
        return section(run, "failures", "Failures", "Not a single dialogue failed.", "", &[]);
    }
    let chart = if rows.is_empty() {
        String::new()
    } else {
        format!("<div class=\"load-plot\">{}</div>\n", failures::draw(&scales.levels, scales.failed_share, &rows))
    };
    section(
        run,
        "failures",
        "Failures",
        "The share of dialogues that failed, by kind; the highest bar is the largest share. A failed dialogue ends, and the load goes \
         on. In the other charts such a level has a cross.",
        &chart,
        &[table],
    )
}

fn usage_section(run: &Run) -> String {
    section(
        run,
        "usage",
        "What it took",
        "What the processes of each server used, and what the load generator itself used. Where the generator is busy or late, it \
         is the limit. “Cut by the window” counts the dialogues that began before the window or ended after it.",
        "",
        &[tables::usage(&run.summary.servers, run.unit)],
    )
}

/// Returns a section: heading, what it shows, the legend, the chart and its tables.
fn section(run: &Run, id: &str, heading: &str, note: &str, chart: &str, twins: &[Table]) -> String {
    let id = format!("{id}{}", run.id);
    let label = run.label(&id);
    let tag = run.heading;
    let mut html = format!(
        "<section aria-labelledby=\"{label}\">\n<{tag} id=\"{id}\">{heading}</{tag}>\n<p class=\"note\">{note}</p>\n"
    );
    if !chart.is_empty() {
        let has_failures = run.summary.servers.iter().flat_map(measured).any(has_failures);
        let names = run.summary.servers.iter().map(|server| (run.index(&server.name), server.name.as_str()));
        let legend = legend::draw(names, has_failures, chart.contains("class=\"model\""));
        let caption = format!("<figcaption>{legend}</figcaption>\n");
        // Rows of failures are named themselves.
        let caption = if chart.contains("class=\"curve\"") { caption.as_str() } else { "" };
        html += &format!("<figure>\n{caption}{chart}</figure>\n");
    }
    for (number, twin) in (1..).zip(twins) {
        let id = format!("{id}-table-{number}");
        html += &html_table::html(twin, &id, &run.label(&id));
    }
    html + "</section>\n"
}

/// Returns a chart between the margins for its labels and for the names of the servers.
fn plot(run: &Run, svg: &str) -> String {
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
    format!("<div class=\"load-plot {names} {bands}\">{svg}</div>\n")
}
