//! What a load shows, in three sentences, and what a reader must know before believing it.

use crate::load::{Cell, DialogueFailure, Level, LoadSummary, ServerSummary};
use crate::percentile::Percentile;
use crate::unit::{format_count, format_duration, format_rate};

/// Rates that differ by less than this factor are called the same.
const SAME: f64 = 1.25;

/// From this share of its processors on, the load generator may be the limit.
const GENERATOR_NEAR_LIMIT: f64 = 0.7;

/// The kernel sends a lost SYN again after a second (RFC 6298, section 2).
const SYN_RETRANSMITTED_MS: u128 = 1_000;

/// From this share of all dialogues on, those that were cut by the edges of the window are worth a warning.
const CUT_SHARE: f64 = 0.2;

/// Says what a load shows, in up to three sentences: how the rates rise with the load, which server was the quickest at the highest
/// level, and where clients waited. Levels without a figure are left out.
pub fn meaning(summary: &LoadSummary) -> Vec<String> {
    let mut sentences = Vec::new();
    let shapes: Vec<String> = summary.servers.iter().filter_map(shape).collect();
    if !shapes.is_empty() {
        sentences.push(shapes.join("; ") + ".");
    }
    sentences.extend(quickest(summary));
    sentences.extend(waiting(summary));
    sentences
}

/// Returns what makes the figures doubtful, or needs an explanation: a sentence each.
pub fn warnings(summary: &LoadSummary) -> Vec<String> {
    let mut warnings = Vec::new();
    for server in &summary.servers {
        for cell in &server.cells {
            let place = format!("`{}` at {}", server.name, cell.level);
            cell_warnings(cell, &place, &mut warnings);
        }
    }
    warnings
}

/// Describes how the rate of a server changes from the first level to the last.
fn shape(server: &ServerSummary) -> Option<String> {
    let rates: Vec<(Level, f64)> =
        server.cells.iter().filter_map(|cell| Some((cell.level, cell.dialogues_per_s?.median))).collect();
    let (first_level, first) = *rates.first()?;
    let (last_level, last) = *rates.last()?;
    let name = &server.name;
    if first_level == last_level {
        return Some(format!("`{name}` did {} at {}", dialogues(first), first_level));
    }
    let range = describe_range(first_level, last_level);
    let most = rates.iter().map(|(_, rate)| *rate).fold(0.0, f64::max);
    let least = rates.iter().map(|(_, rate)| *rate).fold(f64::INFINITY, f64::min);
    if most == 0.0 {
        return Some(format!("`{name}` answered nothing from {range}"));
    }
    if most < least * SAME {
        return Some(format!("`{name}` stayed at {} from {range}", dialogues(last)));
    }
    if last * SAME < most {
        let (peak, _) = *rates.iter().find(|(_, rate)| *rate == most)?;
        return Some(format!(
            "`{name}` reached {} at {} and fell to {} at {}",
            dialogues(most),
            peak,
            dialogues(last),
            last_level
        ));
    }
    let multiple = if first > 0.0 { format!(", {} times as many", factor(last / first)) } else { String::new() };
    let rose = format!("`{name}` rose from {} to {} from {range}{multiple}", format_rate(first), dialogues(last));
    // Flat from the level on after which the rate no longer changes.
    let flat = rates.iter().position(|(_, rate)| *rate * SAME > most)?;
    if flat + 2 < rates.len() {
        return Some(format!("{rose}, and flattened at {}", rates[flat].0));
    }
    Some(rose)
}

/// Names the server with the highest rate at the last level, and the one with the lowest.
fn quickest(summary: &LoadSummary) -> Option<String> {
    let level = *summary.levels.last()?;
    let mut rates = Vec::new();
    for server in &summary.servers {
        if let Some(spread) = server.cell(level).and_then(|cell| cell.dialogues_per_s) {
            rates.push((server.name.as_str(), spread));
        }
    }
    rates.sort_by(|(_, first), (_, second)| second.median.total_cmp(&first.median));
    let [(quick, most), .., (slow, least)] = rates.as_slice() else { return None };
    let place = level;
    // Rounds that overlap tell nothing.
    if most.least <= least.most {
        return Some(format!("At {place} the rounds of all servers overlap: no difference seen."));
    }
    Some(format!(
        "At {place} `{quick}` did the most, {}, and `{slow}` the least, {}.",
        dialogues(most.median),
        dialogues(least.median)
    ))
}

/// Names the server whose clients waited longest for their first answer, and what each question took there.
fn waiting(summary: &LoadSummary) -> Option<String> {
    let level = *summary.levels.last()?;
    let mut longest = None;
    for server in &summary.servers {
        let Some(cell) = server.cell(level) else { continue };
        let Some(first_answer) = cell.counts.first_answer_latency.percentile(Percentile::P50) else { continue };
        if longest.is_none_or(|(_, _, known)| first_answer > known) {
            longest = Some((server, cell, first_answer));
        }
    }
    let (server, cell, first_answer) = longest?;
    let question = cell.counts.question_latency.percentile(Percentile::P50)?;
    Some(format!(
        "At {} the clients of `{}` waited longest for their first answer: {} in the median from connecting on, while a question took {}.",
        level,
        server.name,
        format_duration(first_answer),
        format_duration(question)
    ))
}

fn cell_warnings(cell: &Cell, place: &str, warnings: &mut Vec<String>) {
    let counts = &cell.counts;
    if let Some(share) = cell.generator_share.filter(|share| *share >= GENERATOR_NEAR_LIMIT) {
        warnings.push(format!(
            "{place}: the load generator used {:.0}\u{a0}% of its threads' processor time. It may be the limit, and not the server.",
            share * 100.0
        ));
    }
    for reason in &cell.server_ended {
        warnings.push(format!("{place}: the server {reason}."));
    }
    for (kind, tally) in counts.failures.iter() {
        let own = if kind.is_own_limit() { ", a limit of the load generator and not of the server" } else { "" };
        let example = tally.example.as_ref().map(|example| format!(" ({example})")).unwrap_or_default();
        let plural = if tally.count == 1 { "dialogue" } else { "dialogues" };
        warnings.push(format!(
            "{place}: {} {plural} failed: {}{example}{own}.",
            format_count(tally.count),
            failure(kind)
        ));
    }
    // A lost SYN delays connecting, and nothing else: the first answer is late, and the questions are not.
    let is_retransmitted = counts.first_answer_latency.longest().as_millis() >= SYN_RETRANSMITTED_MS
        && counts.question_latency.longest().as_millis() < SYN_RETRANSMITTED_MS / 2;
    if is_retransmitted {
        warnings.push(format!(
            "{place}: a first answer took {}, though no question took half a second. Times of about 1, 3 or 7\u{a0}s are connects \
             whose SYN was lost, mostly because the listener's queue (backlog) was full, and sent again.",
            format_duration(counts.first_answer_latency.longest())
        ));
    }
    let cut = counts.cut_at_begin + counts.cut_at_end;
    if cut as f64 > CUT_SHARE * (counts.dialogues + cut) as f64 {
        warnings.push(format!(
            "{place}: {} dialogues were cut by the edges of the window, against {} that ended in it: a longer duration tells more.",
            format_count(cut),
            format_count(counts.dialogues)
        ));
    }
    if counts.held_back > 0 {
        warnings.push(format!(
            "{place}: {} dialogues were due while as many were in flight as --max-in-flight allows: they began late, or not at all.",
            format_count(counts.held_back)
        ));
    }
    if counts.queued > 0 {
        warnings.push(format!(
            "{place}: {} dialogues were due and had not begun when the window ended: the server does not keep up with the rate.",
            format_count(counts.queued)
        ));
    }
}

/// Returns a kind of failure in words, for a table or within a sentence.
pub fn failure(kind: DialogueFailure) -> &'static str {
    match kind {
        DialogueFailure::Refused => "connection refused",
        DialogueFailure::ConnectTimedOut => "timed out while connecting",
        DialogueFailure::NotConnected => "could not connect",
        DialogueFailure::Handshake => "WebSocket handshake failed",
        DialogueFailure::Reset => "connection reset",
        DialogueFailure::ClosedEarly => "closed before the last answer",
        DialogueFailure::AnswerTimedOut => "timed out while waiting for an answer",
        DialogueFailure::WrongAnswer => "wrong answer",
        DialogueFailure::NoLocalPort => "no free local port",
        DialogueFailure::NoDescriptor => "no free file descriptor",
        DialogueFailure::Other => "another failure",
    }
}

fn dialogues(rate: f64) -> String {
    format!("{} dialogues a second", format_rate(rate))
}

fn factor(factor: f64) -> String {
    if factor < 10.0 { format!("{factor:.1}") } else { format!("{factor:.0}") }
}

fn describe_range(first: Level, last: Level) -> String {
    match first {
        Level::Clients(clients) => format!("{clients} to {last}"),
        Level::Rate(rate) => format!("{rate} to {last}"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::load::fixtures::{cycle, result};

    const CLIENTS: [u32; 5] = [1, 5, 10, 15, 20];

    /// The dialogues of each server at each number of clients, in a window of 2 s.
    fn summary(servers: &[(&str, [u64; 5])]) -> LoadSummary {
        let names: Vec<&str> = servers.iter().map(|(name, _)| *name).collect();
        let mut cycles = Vec::new();
        for (server, (_, rates)) in servers.iter().enumerate() {
            for (clients, dialogues) in CLIENTS.into_iter().zip(rates) {
                cycles.push(cycle(server as u32, clients, 0, *dialogues));
            }
        }
        LoadSummary::of(&result(&names, &CLIENTS, cycles))
    }

    #[test]
    fn three_sentences_say_what_a_load_shows() {
        let summary = summary(&[
            ("simple", [128, 130, 127, 128, 128]),
            ("workers", [128, 640, 1_280, 1_290, 1_280]),
            ("async", [128, 640, 1_280, 1_920, 2_560]),
            ("fragile", [100, 400, 300, 200, 100]),
        ]);
        let sentences: Vec<_> = meaning(&summary).into_iter().map(|text| text.replace('\u{a0}', " ")).collect();
        assert_eq!(
            sentences,
            [
                "`simple` stayed at 64.0 dialogues a second from 1 to 20 clients; `workers` rose from 64.0 to 640 dialogues a second \
                 from 1 to 20 clients, 10 times as many, and flattened at 10 clients; `async` rose from 64.0 to 1,280 dialogues a \
                 second from 1 to 20 clients, 20 times as many; `fragile` reached 200 dialogues a second at 5 clients and fell to \
                 50.0 dialogues a second at 20 clients.",
                "At 20 clients `async` did the most, 1,280 dialogues a second, and `fragile` the least, 50.0 dialogues a second.",
                "At 20 clients the clients of `simple` waited longest for their first answer: 2 ms in the median from connecting on, \
                 while a question took 1 ms.",
            ]
        );
    }

    #[test]
    fn nothing_is_said_of_a_load_without_figures() {
        let empty = LoadSummary::of(&result(&["simple"], &CLIENTS, []));
        assert!(meaning(&empty).is_empty() && warnings(&empty).is_empty());
    }

    #[test]
    fn a_figure_that_may_mislead_has_a_warning() {
        let mut cycle = cycle(0, 1, 0, 100);
        let end = cycle.end.as_mut().unwrap();
        end.generator.processor = Duration::from_millis(3_800);
        end.server_ended = Some("exited with status 1".to_owned());
        cycle.counts.failures.add(DialogueFailure::NoLocalPort, Some("Cannot assign requested address"));
        cycle.counts.first_answer_latency.record(Duration::from_millis(1_020));
        cycle.counts.cut_at_end = 50;
        cycle.counts.held_back = 2_345;
        cycle.counts.queued = 1_234;
        let warnings = warnings(&LoadSummary::of(&result(&["simple"], &[1], [cycle])));
        let expected = [
            "the load generator used 95 % of its threads' processor time",
            "the server exited with status 1.",
            "1 dialogue failed: no free local port (Cannot assign requested address), a limit of the load generator",
            "a first answer took 1.02 s, though no question took half a second",
            "50 dialogues were cut by the edges of the window, against 100",
            "2,345 dialogues were due while as many were in flight as --max-in-flight allows",
            "1,234 dialogues were due and had not begun",
        ];
        assert_eq!(warnings.len(), expected.len(), "{warnings:#?}");
        for (warning, expected) in warnings.iter().zip(expected) {
            let warning = warning.replace('\u{a0}', " ");
            assert!(warning.starts_with(&format!("`simple` at 1 client: {expected}")), "{warning}");
        }
    }
}
