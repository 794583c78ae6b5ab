//! The figures of a load for a spreadsheet (RFC 4180): a line for each cycle, and for each kind of failure in it a count.
//!
//! Text from outside that a spreadsheet would take for a formula has an apostrophe before it.

use ::csv::{Terminator, WriterBuilder};
use launcelot_charts::load::report::figures::level_unit;
use launcelot_measure::Distribution;
use launcelot_measure::load::{CycleResult, LoadResult};
use launcelot_measure::percentile::LOAD_PERCENTILES;
use launcelot_measure::text;

/// The names of the columns before those of the latencies.
const COLUMNS: [&str; 22] = [
    "run",
    "begun",
    "server",
    "level",
    "level_unit",
    "round",
    "window_us",
    "dialogues",
    "questions",
    "dialogues_per_s",
    "questions_per_s",
    "cut_at_begin",
    "cut_at_end",
    "spanning",
    "queued",
    "held_back",
    "clients_answered",
    "server_processor_us",
    "server_memory_bytes",
    "server_threads",
    "generator_processor_us",
    "generator_other_processor_us",
];

/// Returns a line for each cycle of each result, after the names of the columns.
pub fn rows(results: &[LoadResult]) -> String {
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
    let mut write = |fields: Vec<String>| {
        writer.write_record(&fields).expect("all lines have as many fields, and writing to memory cannot fail");
    };
    write(header());
    for (run, result) in results.iter().enumerate() {
        for cycle in &result.cycles {
            write(line(run + 1, result, cycle));
        }
    }
    let bytes = writer.into_inner().expect("writing to memory cannot fail");
    String::from_utf8(bytes).expect("the table is text")
}

fn header() -> Vec<String> {
    let mut names: Vec<String> = COLUMNS.iter().copied().map(str::to_owned).collect();
    for latency in ["question", "connect", "first_answer", "dialogue", "lateness"] {
        names.extend(LOAD_PERCENTILES.map(|percentile| format!("{latency}_{}_us", percentile.name)));
        names.push(format!("{latency}_max_us"));
    }
    names.extend(["failed", "failures", "server_ended"].map(str::to_owned));
    names
}

fn line(run: usize, result: &LoadResult, measured: &CycleResult) -> Vec<String> {
    let CycleResult { cycle, counts, end } = measured;
    let end = end.as_ref();
    let server = result.plan.servers.get(cycle.server as usize).map_or("", |server| server.name.as_str());
    let begun = result.provenance.first().map_or("", |from| from.begun.as_str());
    let seconds = end.map_or(0.0, |end| end.window.as_secs_f64());
    let per_second = |count: u64| if seconds > 0.0 { format!("{:.3}", count as f64 / seconds) } else { String::new() };
    let usage = end.and_then(|end| end.server.as_ref());
    let known = |number: Option<u128>| number.map_or_else(String::new, |number| number.to_string());
    let mut fields = vec![
        run.to_string(),
        guarded(begun),
        guarded(server),
        cycle.level.number().to_string(),
        level_unit(result).to_owned(),
        (cycle.round + 1).to_string(),
        known(end.map(|end| end.window.as_micros())),
        counts.dialogues.to_string(),
        counts.questions.to_string(),
        per_second(counts.dialogues),
        per_second(counts.questions),
        counts.cut_at_begin.to_string(),
        counts.cut_at_end.to_string(),
        counts.spanning.to_string(),
        counts.queued.to_string(),
        counts.held_back.to_string(),
        counts.clients_answered.to_string(),
        known(usage.map(|usage| usage.processor.as_micros())),
        known(usage.map(|usage| u128::from(usage.memory_bytes))),
        known(usage.map(|usage| u128::from(usage.threads))),
        known(end.map(|end| end.generator.processor.as_micros())),
        known(end.map(|end| end.generator.other_processor.as_micros())),
    ];
    // The emulated link accepts at once, so connecting to it says nothing of the way to the server.
    let unknown = Distribution::default();
    let connect_latency = if result.plan.link.is_some() { &unknown } else { &counts.connect_latency };
    let latencies = [
        &counts.question_latency,
        connect_latency,
        &counts.first_answer_latency,
        &counts.dialogue_latency,
        &counts.lateness,
    ];
    for times in latencies {
        fields.extend(latency(times));
    }
    let failures =
        counts.failures.iter().map(|(kind, tally)| format!("{}: {}", text::load::failure(kind), tally.count));
    fields.push(counts.failures.count().to_string());
    fields.push(failures.collect::<Vec<_>>().join("; "));
    fields.push(guarded(end.and_then(|end| end.server_ended.as_deref()).unwrap_or_default()));
    fields
}

/// Returns the percentiles that the samples carry and the longest time, in microseconds.
fn latency(times: &Distribution) -> impl Iterator<Item = String> {
    let percentiles = LOAD_PERCENTILES.map(|percentile| times.percentile(percentile));
    let longest = (times.count() > 0).then(|| times.longest());
    let micros = |time: std::time::Duration| format!("{:.3}", time.as_secs_f64() * 1e6);
    percentiles.into_iter().chain([longest]).map(move |time| time.map_or_else(String::new, micros))
}

/// Returns text that a spreadsheet does not take for a formula.
fn guarded(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use launcelot_measure::LinkSettings;
    use launcelot_measure::load::fixtures::sample;

    use super::*;

    #[test]
    fn every_cycle_has_a_line_with_all_columns() {
        let text = rows(&[sample::result(&["simple", "poll"], &[1, 5])]);
        let mut reader = ::csv::Reader::from_reader(text.as_bytes());
        assert_eq!(reader.headers().unwrap().len(), header().len());
        let lines: Vec<_> = reader.records().map(Result::unwrap).collect();
        assert_eq!(lines.len(), 2 * 2 * 3, "two servers, two levels, three rounds");
        assert_eq!(&lines[0][2], "simple");
    }

    #[test]
    fn connecting_has_no_times_with_an_emulated_link() {
        let connect_p50 = |text: &str| {
            let mut reader = ::csv::Reader::from_reader(text.as_bytes());
            let column = reader.headers().unwrap().iter().position(|name| name == "connect_p50_us").unwrap();
            reader.records().next().unwrap().unwrap()[column].to_owned()
        };
        let mut result = sample::result(&["simple"], &[1]);
        result.plan.link = None;
        for cycle in &mut result.cycles {
            (0..10).for_each(|_| cycle.counts.connect_latency.record(std::time::Duration::from_micros(50)));
        }
        assert_ne!(connect_p50(&rows(std::slice::from_ref(&result))), "");
        result.plan.link = Some(LinkSettings::default());
        assert_eq!(connect_p50(&rows(&[result])), "");
    }

    #[test]
    fn a_name_is_not_taken_for_a_formula() {
        let text = rows(&[sample::result(&["=1+1", "@a"], &[1])]);
        assert!(text.contains(",'=1+1,") && text.contains(",'@a,"), "{text}");
    }
}
