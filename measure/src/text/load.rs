//! What a load shows, in three sentences, and what a reader must know before believing it.

use std::time::Duration;

use crate::load::{Cell, Counts, DialogueFailure, Level, LoadSummary, RatedUnit, ServerSummary};
use crate::percentile::Percentile;
use crate::unit::{format_count, format_duration, format_rate};

/// Rates that differ by less than this factor are called the same.
const SAME: f64 = 1.25;

/// From this share of its processors on, the load generator may be the limit.
const GENERATOR_NEAR_LIMIT: f64 = 0.7;

/// The kernel sends a lost SYN again after a second (RFC 6298, section 2).
const SYN_RETRANSMITTED: Duration = Duration::from_secs(1);

/// From this share of the median of a question on, the lateness of the load generator itself is worth a warning.
const LATENESS_SHARE: f64 = 0.1;

/// From this share of all dialogues on, those that were cut by the edges of the window are worth a warning.
const CUT_SHARE: f64 = 0.2;

/// Says what a load shows, in up to three sentences: how the rates rise with the load, which server was the quickest at the highest
/// level, and where clients waited. Levels without a figure are left out.
pub fn meaning(summary: &LoadSummary) -> Vec<String> {
    let mut sentences = Vec::new();
    let shapes: Vec<String> = summary.servers.iter().filter_map(|server| shape(server, summary.unit)).collect();
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
            cell_warnings(cell, &place, summary.unit, &mut warnings);
        }
    }
    warnings
}

/// Describes how the rate of a server changes from the first level to the last.
fn shape(server: &ServerSummary, unit: RatedUnit) -> Option<String> {
    let per_second = |rate| per_second(rate, unit);
    let rates: Vec<(Level, f64)> =
        server.cells.iter().filter_map(|cell| Some((cell.level, cell.dialogues_per_s?.median))).collect();
    let (first_level, first) = *rates.first()?;
    let (last_level, last) = *rates.last()?;
    let name = &server.name;
    if first_level == last_level {
        return Some(format!("`{name}` completed {} at {}", per_second(first), first_level));
    }
    let range = describe_range(first_level, last_level);
    let most = rates.iter().map(|(_, rate)| *rate).fold(0.0, f64::max);
    let least = rates.iter().map(|(_, rate)| *rate).fold(f64::INFINITY, f64::min);
    if most == 0.0 {
        return Some(format!("`{name}` completed no {} from {range}", unit.plural()));
    }
    if most < least * SAME {
        return Some(format!("`{name}` stayed near {} from {range}", per_second(last)));
    }
    if last * SAME < most {
        let (peak, _) = *rates.iter().find(|(_, rate)| *rate == most)?;
        return Some(format!(
            "`{name}` reached {} at {} and fell to {} at {}",
            per_second(most),
            peak,
            per_second(last),
            last_level
        ));
    }
    let multiple = if first > 0.0 { format!(" by a factor of {}", factor(last / first)) } else { String::new() };
    let rose = format!("`{name}` rose{multiple} from {range}, from {} to {}", format_rate(first), per_second(last));
    // Flat from the level on after which the rate no longer changes.
    let flat = rates.iter().position(|(_, rate)| *rate * SAME > most)?;
    if flat + 2 < rates.len() {
        return Some(format!("{rose}, and levelled off at {}", rates[flat].0));
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
    let (most, least) = (per_second(most.median, summary.unit), per_second(least.median, summary.unit));
    if most == least {
        return Some(format!("At {level}, all servers completed {most} each."));
    }
    // Whether they differ is for the comparison to say, which pairs the rounds.
    Some(format!("At {level}, `{quick}` completed the most, {most}, and `{slow}` the least, {least}."))
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
        "At {level}, the clients of `{}` waited longest for their first answer: a median of {} from {}, compared with {} per question.",
        server.name,
        format_duration(first_answer),
        waits_from(level),
        format_duration(question)
    ))
}

/// Returns from when the latency of a first answer counts.
fn waits_from(level: Level) -> &'static str {
    match level {
        Level::Clients(_) => "the start of connecting",
        Level::Rate(_) => "when it was due",
    }
}

fn cell_warnings(cell: &Cell, place: &str, unit: RatedUnit, warnings: &mut Vec<String>) {
    let counts = &cell.counts;
    if let Some(share) = cell.generator_share.filter(|share| *share >= GENERATOR_NEAR_LIMIT) {
        warnings.push(format!(
            "{place}: the threads of the load generator were busy {:.0}\u{a0}% of the time. The load generator, not the server, may be the limit.",
            share * 100.0
        ));
    }
    for reason in &cell.server_ended {
        warnings.push(format!("{place}: the server {reason}."));
    }
    for (kind, tally) in counts.failures.iter() {
        let own = if kind.is_own_limit() { ", a limit of the load generator and not of the server" } else { "" };
        let example = tally.example.as_ref().map(|example| format!(" ({example})")).unwrap_or_default();
        warnings.push(format!("{place}: {} failed: {}{example}{own}.", count(tally.count, unit), failure(kind)));
    }
    // If connecting always takes long, it is the way that is long.
    let connect = &counts.connect_latency;
    if connect.longest() >= SYN_RETRANSMITTED && connect.summary().shortest < SYN_RETRANSMITTED / 2 {
        warnings.push(format!(
            "{place}: connecting took up to {}. Times of about 1, 3 or 7\u{a0}s come from connections whose SYN was lost and sent again, usually \
             because the listener's queue (backlog) was full.",
            format_duration(connect.longest())
        ));
    }
    let question = counts.question_latency.percentile(Percentile::P50);
    if let (Some(lateness), Some(question)) = (counts.lateness.percentile(Percentile::P99), question)
        && lateness.as_secs_f64() > LATENESS_SHARE * question.as_secs_f64()
    {
        warnings.push(format!(
            "{place}: the load generator itself was {} late at p99, while the median time per question is {}. The times include \
             this lateness.",
            format_duration(lateness),
            format_duration(question)
        ));
    }
    if let (Some(lateness), Some(question)) = (cell.link_lateness, question)
        && lateness.as_secs_f64() > LATENESS_SHARE * question.as_secs_f64()
    {
        warnings.push(format!(
            "{place}: the emulated link itself was {} late (median), while the median time per question is {}. The link, not the \
             server, may be the limit.",
            format_duration(lateness),
            format_duration(question)
        ));
    }
    warnings.extend(cut_warning(counts, place, unit));
    if counts.held_back > 0 {
        warnings.push(format!(
            "{place}: {} came due when --max-in-flight had been reached, and began late or not at all.",
            count(counts.held_back, unit)
        ));
    }
    if counts.queued > 0 {
        warnings.push(format!(
            "{place}: {} {} due but had not begun when the window ended: the server did not keep up with the rate.",
            count(counts.queued, unit),
            if counts.queued == 1 { "was" } else { "were" }
        ));
    }
}

/// Says how many dialogues crossed an edge of the window, if many did or if nothing else is known.
fn cut_warning(counts: &Counts, place: &str, unit: RatedUnit) -> Option<String> {
    let cut = counts.cut();
    // Those that crossed the begin have ended in the window.
    let all = counts.dialogues + counts.cut_at_end + counts.spanning;
    if cut as f64 <= CUT_SHARE * all as f64 {
        return None;
    }
    let missing = match counts.dialogue_latency.count() {
        0 => " None that began in it was completed, so first-answer and dialogue times are missing.",
        _ => "",
    };
    Some(format!("{place}: {}.{missing} Use a longer --duration.", crossed(cut, counts.dialogues, unit)))
}

/// Says how many dialogues crossed an edge of the window, at all servers and levels together; `None` if there are none.
pub fn cut(summary: &LoadSummary) -> Option<String> {
    let cells = || summary.servers.iter().flat_map(|server| &server.cells);
    let cut: u64 = cells().map(|cell| cell.counts.cut()).sum();
    let ended = cells().map(|cell| cell.counts.dialogues).sum();
    (cut > 0).then(|| crossed(cut, ended, summary.unit) + ".")
}

fn crossed(cut: u64, ended: u64, unit: RatedUnit) -> String {
    let ended = if ended == 0 { "none".to_owned() } else { format_count(ended) };
    format!("{} crossed an edge of the window, and {ended} ended in it", count(cut, unit))
}

fn count(count: u64, unit: RatedUnit) -> String {
    let name = if count == 1 { unit.singular() } else { unit.plural() };
    format!("{} {name}", format_count(count))
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
        DialogueFailure::Other => "other reason",
    }
}

fn per_second(rate: f64, unit: RatedUnit) -> String {
    format!("{} {} per second", format_rate(rate), unit.plural())
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
    fn questions_that_are_due_by_the_clock_are_called_questions() {
        let mut summary = summary(&[("simple", [128, 130, 127, 128, 128])]);
        summary.unit = RatedUnit::Question;
        let counts = &mut summary.servers[0].cells[0].counts;
        (counts.queued, counts.held_back, counts.cut_at_end) = (1, 2, 3);
        counts.failures.add(DialogueFailure::Reset, None);
        let mut text = meaning(&summary);
        text.extend(warnings(&summary));
        text.extend(cut(&summary));
        let text = text.join("\n");
        assert!(!text.contains("dialogue"), "{text}");
        for part in ["64.0 questions per second", "1 question failed", "2 questions came due", "1 question was due"] {
            assert!(text.contains(part), "{part}: {text}");
        }
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
                "`simple` stayed near 64.0 dialogues per second from 1 to 20 clients; `workers` rose by a factor of 10 from 1 to 20 \
                 clients, from 64.0 to 640 dialogues per second, and levelled off at 10 clients; `async` rose by a factor of 20 from 1 \
                 to 20 clients, from 64.0 to 1,280 dialogues per second; `fragile` reached 200 dialogues per second at 5 clients and fell to \
                 50.0 dialogues per second at 20 clients.",
                "At 20 clients, `async` completed the most, 1,280 dialogues per second, and `fragile` the least, 50.0 dialogues per second.",
                "At 20 clients, the clients of `simple` waited longest for their first answer: a median of 2 ms from the start of \
                 connecting, compared with 1 ms per question.",
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
        cycle.counts.connect_latency = [1, 1_020].map(Duration::from_millis).into_iter().collect();
        cycle.counts.lateness = [Duration::from_micros(120); 200].into_iter().collect();
        cycle.counts.cut_at_end = 50;
        cycle.counts.held_back = 2_345;
        cycle.counts.queued = 1_234;
        let warnings = warnings(&LoadSummary::of(&result(&["simple"], &[1], [cycle])));
        let expected = [
            "the threads of the load generator were busy 95 % of the time",
            "the server exited with status 1.",
            "1 dialogue failed: no free local port (Cannot assign requested address), a limit of the load generator",
            "connecting took up to 1.02 s. Times of about 1, 3 or 7 s come from connections whose SYN was lost and sent again",
            "the load generator itself was 120 µs late at p99, while the median time per question is 1 ms",
            "50 dialogues crossed an edge of the window, and 100 ended in it. Use a longer --duration.",
            "2,345 dialogues came due when --max-in-flight had been reached, and began late or not at all",
            "1,234 dialogues were due but had not begun when the window ended",
        ];
        assert_eq!(warnings.len(), expected.len(), "{warnings:#?}");
        for (warning, expected) in warnings.iter().zip(expected) {
            let warning = warning.replace('\u{a0}', " ");
            assert!(warning.starts_with(&format!("`simple` at 1 client: {expected}")), "{warning}");
        }
    }

    fn warnings_of(counts: Counts) -> Vec<String> {
        let mut cycle = cycle(0, 5, 0, 0);
        cycle.counts = counts;
        warnings(&LoadSummary::of(&result(&["simple"], &[5], [cycle])))
    }

    #[test]
    fn a_wait_for_the_first_answer_and_a_long_way_are_not_lost_syns() {
        let times = |millis: [u64; 3]| millis.map(Duration::from_millis).into_iter().collect();
        let queueing = Counts {
            dialogues: 3,
            connect_latency: times([1, 1, 2]),
            first_answer_latency: times([10, 1_500, 2_900]),
            question_latency: times([10, 10, 10]),
            ..Counts::default()
        };
        assert_eq!(warnings_of(queueing), [""; 0]);
        let far = Counts { dialogues: 3, connect_latency: times([900, 1_100, 1_200]), ..Counts::default() };
        assert_eq!(warnings_of(far), [""; 0]);
    }

    #[test]
    fn what_is_missing_is_said_if_all_dialogues_span_the_window() {
        let expected = "`simple` at 5 clients: 5 dialogues crossed an edge of the window, and none ended in it. None that began in it \
                        was completed, so first-answer and dialogue times are missing. Use a longer --duration.";
        assert_eq!(warnings_of(Counts { spanning: 5, questions: 15, ..Counts::default() }), [expected]);
    }

    #[test]
    fn a_dialogue_that_crosses_the_begin_is_counted_once_among_all() {
        let latencies: crate::Distribution = [Duration::from_millis(12); 79].into_iter().collect();
        let mut counts = Counts { dialogues: 100, cut_at_begin: 20, dialogue_latency: latencies, ..Counts::default() };
        assert_eq!(warnings_of(counts.clone()), [""; 0], "20 of 100");
        counts.cut_at_begin = 21;
        let expected = "`simple` at 5 clients: 21 dialogues crossed an edge of the window, and 100 ended in it. Use a longer \
                        --duration.";
        assert_eq!(warnings_of(counts), [expected]);
    }

    #[test]
    fn a_link_that_delivers_late_is_a_limit() {
        let warnings_with = |late_us| {
            let mut cycle = cycle(0, 5, 0, 0);
            cycle.counts = Counts {
                dialogues: 1,
                questions: 10,
                question_latency: [Duration::from_micros(1_000); 10].into_iter().collect(),
                ..Counts::default()
            };
            cycle.end.as_mut().unwrap().link_lateness = Some(Duration::from_micros(late_us));
            warnings(&LoadSummary::of(&result(&["simple"], &[5], [cycle])))
        };
        assert_eq!(warnings_with(100), [""; 0]);
        let expected = "`simple` at 5 clients: the emulated link itself was 150 µs late (median), while the median time per question \
                        is 1 ms. The link, not the server, may be the limit.";
        let warnings: Vec<String> = warnings_with(150).iter().map(|warning| warning.replace('\u{a0}', " ")).collect();
        assert_eq!(warnings, [expected]);
    }

    #[test]
    fn all_that_were_cut_are_counted_in_one_sentence() {
        let mut one = cycle(0, 1, 0, 10);
        let mut other = cycle(0, 1, 1, 10);
        assert_eq!(cut(&LoadSummary::of(&result(&["simple"], &[1], [one.clone(), other.clone()]))), None);
        one.counts.cut_at_begin = 1;
        other.counts.spanning = 2;
        let expected = "3 dialogues crossed an edge of the window, and 20 ended in it.";
        assert_eq!(cut(&LoadSummary::of(&result(&["simple"], &[1], [one, other]))).as_deref(), Some(expected));
    }

    #[test]
    fn rates_are_stated_even_if_rounds_overlap() {
        let cycles = [(0, 0, 100), (1, 0, 90), (0, 1, 110), (1, 1, 105), (0, 2, 120), (1, 2, 115)];
        let cycles = cycles.map(|(server, round, dialogues)| cycle(server, 1, round, dialogues));
        let sentences = meaning(&LoadSummary::of(&result(&["new", "old"], &[1], cycles)));
        let expected = "At 1 client, `new` completed the most, 55.0 dialogues per second, and `old` the least, 52.5 dialogues per second.";
        assert!(sentences.contains(&expected.to_owned()), "{sentences:?}");
    }
}
