//! The sections with charts, each with its legend and its table.

use launcelot_charts::load::failures::FailureRow;
use launcelot_charts::load::latency::{LatencyPoint, LatencySeries};
use launcelot_charts::load::percentile_curves::CurveSeries;
use launcelot_charts::load::throughput::{ThroughputPoint, ThroughputSeries};
use launcelot_charts::load::{LevelAxis, failures, latency, legend, percentile_curves, throughput};
use launcelot_measure::Distribution;
use launcelot_measure::load::{Counts, ServerSummary, prediction};
use launcelot_measure::percentile::Percentile;
use launcelot_measure::text;

use super::{Measured, table, with_code};
use crate::load::figures::{has_failures, measured};
use crate::load::tables::{self, Table, capitalized, kind_name};

/// A latency of a cycle: its name, and where its distribution is.
type Latency = (&'static str, fn(&Counts) -> &Distribution);

/// The two latencies that stand side by side.
const LATENCIES: [Latency; 2] = [
    ("time per question", |counts| &counts.question_latency),
    ("connect to first answer", |counts| &counts.first_answer_latency),
];

/// Returns all sections of a run.
pub(super) fn sections(run: &Measured) -> String {
    let levels = run.summary.servers.iter().flat_map(measured).map(|at| at.level.number());
    let axis = LevelAxis::new(run.unit, levels);
    if axis.levels().is_empty() {
        return "<p>Nothing was measured.</p>\n".to_owned();
    }
    [
        throughput_section(run, &axis),
        latency_section(run, &axis),
        percentiles_section(run),
        failures_section(run, &axis),
        usage_section(run),
    ]
    .concat()
}

fn throughput_section(run: &Measured, axis: &LevelAxis) -> String {
    let predictions = prediction::of_servers(run.result, &run.summary);
    let series: Vec<ThroughputSeries> = run
        .summary
        .servers
        .iter()
        .enumerate()
        .map(|(index, server)| {
            let prediction = predictions[index].1.as_ref().ok();
            let points = measured(server).into_iter().filter_map(|at| {
                let rates = at.dialogues_per_s?;
                Some(ThroughputPoint {
                    level: at.level.number(),
                    least: rates.least,
                    median: rates.median,
                    most: rates.most,
                    predicted: prediction.and_then(|of| of.at(at.level)).map(|rate| rate.predicted),
                    has_failures: has_failures(at),
                })
            });
            ThroughputSeries { index: run.index(&server.name), name: server.name.clone(), points: points.collect() }
        })
        .collect();
    let chart = plot(run, &throughput::draw(axis, &series));
    let is_predicted = series.iter().flat_map(|server| &server.points).any(|point| point.predicted.is_some());
    let mut note =
        "How many dialogues were completed in a second, every answer right. The line is the median of the rounds; the \
                    shade reaches from the slowest round to the fastest."
            .to_owned();
    let mut twins = vec![tables::throughput(&run.summary.servers, run.unit)];
    if is_predicted {
        note += " The thin line is a model of what link, questions and design allow: min(clients, served at once) / (connect + questions × \
                 (round trip + think)), capped by the processors. It is not fitted to the curve.";
        twins.push(tables::prediction(&predictions, run.unit));
        twins.push(tables::model_inputs(&predictions));
    }
    for sentence in text::prediction::sentences(run.result, &run.summary) {
        note += &format!(" {}", with_code(&sentence));
    }
    section(run, "throughput", "Throughput", &note, &chart, &twins)
}

fn latency_section(run: &Measured, axis: &LevelAxis) -> String {
    let series = LATENCIES.map(|(_, times)| latency_series(run, times));
    let Some(scale) = latency::scale(&[&series[0], &series[1]]) else { return String::new() };
    let charts: String = LATENCIES
        .iter()
        .zip(&series)
        .map(|((what, _), series)| plot(run, &latency::draw(axis, &scale, what, series)))
        .collect();
    let tables =
        LATENCIES.map(|(what, times)| tables::latency(&capitalized(what), &run.summary.servers, run.unit, &times));
    section(
        run,
        "latency",
        "Latency",
        "How long a client waited: for the answer to a question, and from the begin of connecting to the first answer. The line is \
         the median (p50); the shade reaches up to the time that 99 of 100 did not exceed (p99). Both axes are the same.",
        &format!("<div class=\"pair\">\n{charts}</div>\n"),
        &tables,
    )
}

fn latency_series(run: &Measured, times: fn(&Counts) -> &Distribution) -> Vec<LatencySeries> {
    let of_server = |server: &ServerSummary| {
        let points = measured(server).into_iter().filter_map(|at| {
            let times = times(&at.counts);
            (times.count() > 0).then(|| LatencyPoint {
                level: at.level.number(),
                p50: times.median(),
                p99: times.percentile(Percentile::P99),
                has_failures: has_failures(at),
            })
        });
        LatencySeries { index: run.index(&server.name), name: server.name.clone(), points: points.collect() }
    };
    run.summary.servers.iter().map(of_server).collect()
}

fn percentiles_section(run: &Measured) -> String {
    let series = LATENCIES.map(|(_, times)| -> Vec<CurveSeries> {
        let highest = run.summary.servers.iter().filter_map(|server| Some((server, measured(server).pop()?)));
        let of_server = highest.map(|(server, at)| CurveSeries {
            index: run.index(&server.name),
            name: &server.name,
            times: times(&at.counts),
        });
        of_server.collect()
    });
    let Some(scale) = percentile_curves::scale(&[&series[0], &series[1]]) else { return String::new() };
    let charts: String = LATENCIES
        .iter()
        .zip(&series)
        .map(|((what, _), series)| plot(run, &percentile_curves::draw(&scale, what, series)))
        .collect();
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

fn failures_section(run: &Measured, axis: &LevelAxis) -> String {
    let mut rows: Vec<FailureRow> = Vec::new();
    for server in &run.summary.servers {
        for at in measured(server) {
            let all = at.counts.dialogues + at.counts.failures.count();
            for (kind, tally) in at.counts.failures.iter() {
                let kind = kind_name(kind);
                let level = (at.level.number(), tally.count, all);
                match rows.iter_mut().find(|row| row.name == server.name && row.kind == kind) {
                    Some(row) => row.levels.push(level),
                    None => rows.push(FailureRow {
                        index: run.index(&server.name),
                        name: server.name.clone(),
                        kind: kind.to_owned(),
                        levels: vec![level],
                    }),
                }
            }
        }
    }
    let table = tables::failures(&run.summary.servers, run.unit);
    if table.rows.is_empty() {
        return section(run, "failures", "Failures", "Not a single dialogue failed.", "", &[]);
    }
    let chart = if rows.is_empty() {
        String::new()
    } else {
        format!("<div class=\"load-plot\">{}</div>\n", failures::draw(axis, &rows))
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

fn usage_section(run: &Measured) -> String {
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
fn section(run: &Measured, id: &str, heading: &str, note: &str, chart: &str, twins: &[Table]) -> String {
    let id = format!("{id}{}", run.id);
    let label = run.label(&id);
    // One of several runs has a heading of its own.
    let tag = if run.id.is_empty() { "h2" } else { "h3" };
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
        html += &table::html(twin, &id, &run.label(&id));
    }
    html + "</section>\n"
}

/// Returns a chart between the margins for its labels and for the names of the servers.
fn plot(run: &Measured, svg: &str) -> String {
    let longest = run.summary.servers.iter().map(|server| server.name.chars().count()).max().unwrap_or(0).clamp(4, 16);
    let band = match run.summary.servers.len() {
        0..=3 => "0.12",
        4..=6 => "0.07",
        _ => "0.04",
    };
    format!("<div class=\"load-plot\" style=\"--names: {longest}ch; --band: {band}\">{svg}</div>\n")
}
