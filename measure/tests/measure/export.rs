//! Exports, read by independent readers.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;
use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
use launcelot_measure::export::{Document, DocumentError, RecordedRace, RecordedRun, chrome, csv, hlog, json};
use launcelot_measure::{
    Client, ClientKind, ConnectEvent, ConnectPoint, Connections, FailureKind, Failures, Instance, Interruptions, Link,
    LinkRevisions, Order, Preset, Provenance, Round, Rounds, RoundsPlan, Run, RunStatus, ServerWork, Span, Step,
    Stopwatch, Timestamp, Trace, TraceEvent, TracePoint, Turn,
};
use serde_json::Value;

const fn us(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

/// Returns a run of two questions of 5 bytes, answered with 4 and 11 bytes.
fn run(order: Order) -> Run {
    let questions = ["What?", "Why ?"].map(str::to_owned);
    let mut run = Run::new("ws://b/ws/tunnel".to_owned(), order, us(5), questions);
    let second = if order == Order::SentAhead { 101 } else { 301 };
    run.record(Step::Connected { at: Duration::from_nanos(90_250) });
    run.record(Step::Asked { at: us(100) });
    if order == Order::SentAhead {
        run.record(Step::Asked { at: us(second) });
    }
    run.record(Step::Answered { at: us(300), answer: "Yes.".to_owned() });
    run.record(Step::Asked { at: us(second) });
    run.record(Step::Answered { at: us(600), answer: "\"No,\"\nhe…".to_owned() });
    run.status = RunStatus::Complete;
    run
}

/// Returns a trace in which both questions passed every point, the second 205 µs after the first.
fn trace() -> Trace {
    let events = (0..2).flat_map(|question| {
        let bytes = move |point: TracePoint| if !point.is_of_answers() { 5 } else { [4, 11][question as usize] };
        TracePoint::ALL.into_iter().enumerate().map(move |(index, point)| {
            let at = Duration::from_nanos(60_000 + question * 205_000 + index as u64 * 10_125);
            TraceEvent { point, at, bytes: bytes(point) }
        })
    });
    Trace {
        id: "d-1".to_owned(),
        events: events.collect(),
        connecting: connecting(),
        is_truncated: false,
        clock_step: Duration::from_nanos(20),
    }
}

/// The events of connecting, 1 µs apart, all of them before the run is connected.
fn connecting() -> Vec<ConnectEvent> {
    ConnectPoint::ALL.into_iter().zip(0..).map(|(point, index)| ConnectEvent { point, at: us(index) }).collect()
}

fn rounds(pace: Option<Duration>) -> Rounds {
    let answered =
        (1..=1_000).map(|number| Round { asked: number, connecting: number * 3, due: number * 5, ready: number * 4 });
    Rounds {
        name: "A thousand, \"long\"".to_owned(),
        is_named: Some(true),
        target: "ws://b/ws".to_owned(),
        plan: RoundsPlan { rounds: 1_002, warm_up: 100, connections: Connections::Each, pace },
        clock_step: us(5),
        cores: 2,
        answered: answered.collect(),
        errors: 2,
        failures: failures(),
        provenance: provenance(),
        link: Link::Known(Preset::Rack.link()),
        link_revisions: Some(link_revisions()),
        thinking_mean: Some(Duration::from_nanos(5_012_250)),
        server_work: Some(ServerWork { first: us(3_000), last: None }),
        interruptions: Interruptions { was_hidden: true, was_suspended: false },
        status: RunStatus::Stopped,
    }
}

fn provenance() -> Provenance {
    let client = Client {
        kind: ClientKind::Page,
        version: "0.1.0".to_owned(),
        system: "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0".to_owned(),
    };
    Provenance {
        began: Some(Timestamp::new(Duration::from_millis(1_795_790_583_250), 60)),
        client: Some(client),
        server_design: Some("async".to_owned()),
        is_imported: false,
    }
}

/// Returns the document as it is after it was read.
fn imported(mut document: Document) -> Document {
    let runs = document.runs.iter_mut();
    let of_races = document.races.iter_mut().flat_map(|race| {
        let more = race.more_turns.iter_mut().flat_map(|turn| turn.sent_ahead.iter_mut());
        race.one_at_a_time.iter_mut().chain(&mut race.sent_ahead).chain(&mut race.at_once).chain(more)
    });
    runs.chain(of_races).for_each(|recorded| recorded.provenance.is_imported = true);
    document.rounds.iter_mut().for_each(|rounds| rounds.provenance.is_imported = true);
    document
}

fn link_revisions() -> LinkRevisions {
    LinkRevisions { instance: Instance(0x0bad_cafe), first_revision: 3, last_revision: None }
}

fn failures() -> Failures {
    let mut failures = Failures::default();
    failures.add(FailureKind::NoConnection, "Connection refused, twice");
    failures.add(FailureKind::NoConnection, "Connection refused, twice");
    failures
}

pub(crate) fn document() -> Document {
    let recorded = |number, order, trace| RecordedRun {
        trace,
        cores: Some(2),
        provenance: provenance(),
        link: Link::Known(Preset::Rack.link()),
        link_revisions: Some(link_revisions()),
        server_work: Some(ServerWork { first: us(3_000), last: Some(us(5_000)) }),
        ..RecordedRun::new(number, run(order))
    };
    let mut broken = run(Order::OneAtATime);
    broken.lookup = broken.connecting.take();
    broken.questions[1].answer = None;
    broken.questions[1].answered = None;
    broken.status = RunStatus::Broken("it \\ broke\u{1}".to_owned());
    Document {
        runs: vec![
            recorded(3, Order::OneAtATime, Some(trace())),
            recorded(4, Order::SentAhead, Some(trace())),
            RecordedRun::new(5, broken),
        ],
        races: vec![RecordedRace {
            warm_up: 2,
            one_at_a_time: vec![recorded(1, Order::OneAtATime, None)],
            sent_ahead: vec![recorded(1, Order::SentAhead, Some(Trace::default()))],
            at_once: vec![recorded(1, Order::OneAtATime, None), recorded(2, Order::OneAtATime, None)],
            more_turns: vec![Turn { sent_ahead: vec![recorded(1, Order::SentAhead, None)], ..Turn::default() }],
        }],
        rounds: vec![rounds(None), rounds(Some(us(2_000)))],
        ..Document::default()
    }
}

#[test]
fn json_reads_back_the_same() {
    assert_eq!(json::read(&json::write(&document())), Ok(imported(document())));
}

#[test]
fn what_was_imported_stays_marked_when_it_is_written_again() {
    let again = json::write(&json::read(&json::write(&document())).unwrap());
    let again = Document { rounds: Vec::new(), ..json::read(&again).unwrap() };
    assert!(again.all_runs().all(|recorded| recorded.provenance.is_imported));
    assert_eq!(column(&records(&csv::questions(&again)), "is_imported")[0], "true");
    assert!(chrome::trace(&again).contains(", imported, "));
}

#[test]
fn what_is_imported_twice_is_noticed() {
    let known = document();
    let mut again = json::read(&json::write(&known)).unwrap();
    again.rounds[0].name = "Renamed".to_owned();
    again.runs[1].number = 9;
    again.runs[2].run.questions[0].answered = Some(us(301));
    assert_eq!(again.remove_known(&known), 2 + 1 + 2);
    assert_eq!(again.runs.iter().map(|recorded| recorded.number).collect::<Vec<_>>(), [5], "another answer");
    assert_eq!(Document::default().remove_known(&known), 0);
}

#[test]
fn a_race_without_turns_is_read_as_one_turn() {
    let mut older: serde_json::Value = serde_json::from_str(&json::write(&document())).unwrap();
    older["races"][0].as_object_mut().unwrap().remove("more_turns");
    let read = json::read(&older.to_string()).unwrap();
    assert_eq!(
        read.races[0].heats().into_iter().map(|(turn, _, runs)| (turn, runs.len())).collect::<Vec<_>>(),
        [(0, 1), (0, 1), (0, 2)]
    );
    assert_eq!(read.races[0].one_at_a_time, imported(document()).races[0].one_at_a_time);
}

#[test]
fn invalid_documents_are_refused_for_distinct_reasons() {
    let newer = json::write(&document()).replace("\"version\":4", "\"version\":5");
    let cases = [
        ("", DocumentError::NotADocument),
        ("{}", DocumentError::NotADocument),
        ("[1, 2", DocumentError::NotADocument),
        (r#"{"format": "another", "version": 1}"#, DocumentError::NotADocument),
        (r#"{"format": "launcelot", "version": 1}"#, DocumentError::NotADocument),
        (newer.as_str(), DocumentError::NewerVersion(5)),
        (r#"{"format": "launcelot", "version": 1, "runs": [], "races": [], "rounds": []}"#, DocumentError::Empty),
    ];
    for (text, expected) in cases {
        assert_eq!(json::read(text), Err(expected), "{text}");
    }
    let spoil = |spoil: &dyn Fn(&mut RecordedRun)| {
        let mut document = document();
        document.runs.iter_mut().for_each(spoil);
        json::read(&json::write(&document))
    };
    let end_before_it_begins = |recorded: &mut RecordedRun| {
        recorded.run.connecting = Some(Span { from: us(9), until: us(8) });
    };
    let go_back_in_time = |recorded: &mut RecordedRun| {
        recorded.trace.iter_mut().for_each(|trace| trace.events.reverse());
    };
    assert_eq!(spoil(&end_before_it_begins), Err(DocumentError::Impossible));
    assert_eq!(spoil(&go_back_in_time), Err(DocumentError::Impossible));
}

fn validator() -> jsonschema::Validator {
    let [export, run] = [include_str!("../../schema/export.schema.json"), include_str!("../../schema/run.schema.json")]
        .map(|schema| serde_json::from_str::<Value>(schema).expect("the schema is JSON"));
    // A reference to a file is resolved against this URI, which a schema has without one of its own.
    let registry = jsonschema::Registry::new().add("json-schema:///run.schema.json", run).unwrap().prepare().unwrap();
    jsonschema::options().with_registry(&registry).build(&export).expect("it is a schema")
}

#[test]
fn json_conforms_to_its_schema() {
    let validator = validator();
    for document in [document(), Document::default()] {
        let value = serde_json::from_str(&json::write(&document)).unwrap();
        let errors: Vec<_> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?} in {value:#}");
    }
    let mut wrong: Value = serde_json::from_str(&json::write(&document())).unwrap();
    wrong["runs"][0]["trace"]["events"][0]["point"] = "the gorge".into();
    assert!(!validator.is_valid(&wrong));
}

/// Returns the records of a CSV file, the line with the names of the columns included.
fn records(text: &str) -> Vec<Vec<String>> {
    let mut reader = ::csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    let records = reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect());
    records.collect()
}

/// Returns the values of the column called `name`.
fn column<'a>(records: &'a [Vec<String>], name: &str) -> Vec<&'a str> {
    let index = records[0].iter().position(|column| column == name).expect(name);
    records[1..].iter().map(|record| record[index].as_str()).collect()
}

#[test]
fn attributed_times_are_marked_in_every_export() {
    let mut document = document();
    let run = &mut document.runs[0].run;
    run.attributed_handshake = Some(us(80));
    assert_eq!(column(&records(&csv::questions(&document)), "attributed_handshake_us")[..3], ["80.0", "80.0", ""]);
    let trace: Value = serde_json::from_str(&chrome::trace(&document)).unwrap();
    let events = trace["traceEvents"].as_array().unwrap();
    let attributed: Vec<_> = events.iter().filter(|event| event["name"] == chrome::ATTRIBUTED_HANDSHAKE).collect();
    let [event] = attributed[..] else { panic!("{attributed:?}") };
    assert_eq!((event["ts"].as_f64(), event["dur"].as_f64()), (Some(10.25), Some(80.0)));
    let text = json::write(&document);
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["runs"][0]["run"]["attributed_handshake_us"], 80.0);
    let errors: Vec<_> = validator().iter_errors(&value).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!(serde_json::from_str::<Document>(&text).unwrap(), document);
}

#[test]
fn csv_has_a_line_for_each_question_with_its_legs() {
    let records = records(&csv::questions(&document()));
    assert!(records.iter().all(|record| record.len() == records[0].len()), "{records:?}");
    assert_eq!(records.len(), 1 + 2 * 3 + 2 * 4 + 2);
    assert_eq!(column(&records, "answer")[1], "\"No,\"\nhe…");
    assert_eq!(column(&records, "run")[..8], ["3", "3", "4", "4", "5", "5", "1", "1"]);
    assert_eq!(column(&records, "race")[5..7], ["", "1"]);
    assert_eq!(column(&records, "way")[12..], ["at_once", "at_once", "sent_ahead", "sent_ahead"]);
    assert_eq!(column(&records, "turn")[4..8], ["", "", "1", "1"]);
    assert_eq!(column(&records, "turn")[13..15], ["1", "2"]);
    assert_eq!(column(&records, "connecting_us")[0], "90.25");
    let link = ["link_rtt_us", "link_jitter_us", "link_bandwidth_bits_per_s"];
    assert_eq!(link.map(|name| column(&records, name)[0]), ["200.0", "0.0", "10000000000"]);
    assert_eq!(link.map(|name| column(&records, name)[4]), [""; 3], "it is not known");
    assert_eq!(column(&records, "link")[3..5], ["known", "unknown"]);
    assert_eq!(column(&records, "took_us")[..6], ["200.0", "299.0", "200.0", "499.0", "200.0", ""]);
    assert_eq!(column(&records, "thinking_us")[..1], ["10.125"]);
    assert_eq!(column(&records, "server_us")[..1], ["20.25"]);
    let legs = ["client_us", "bridge_us", "link_out_us", "server_us", "link_back_us", "unknown_us"];
    let sum = |row: usize| legs.iter().filter_map(|leg| column(&records, leg)[row].parse::<f64>().ok()).sum::<f64>();
    assert_eq!([sum(0), sum(1)], [200.0, 299.0]);
    assert_eq!(column(&records, "unknown_us")[8], "200.0", "a trace in which nothing was seen");
    assert_eq!(column(&records, "server_us")[4], "", "no trace at all");
}

/// Returns the instance and the revisions of the link in a line.
fn link(records: &[Vec<String>], line: usize) -> [&str; 3] {
    ["link_instance", "link_first_revision", "link_last_revision"].map(|name| column(records, name)[line])
}

#[test]
fn csv_has_the_link_revisions_of_each_question_and_each_round() {
    let mut document = document();
    let unchanged = LinkRevisions { last_revision: Some(3), ..link_revisions() };
    document.runs[0].link = Link::Changed;
    document.runs[1].link_revisions = Some(unchanged);
    document.rounds[1].link_revisions = Some(unchanged);
    let questions = records(&csv::questions(&document));
    let changed_meanwhile = ["000000000badcafe", "3", ""];
    assert_eq!(link(&questions, 0), changed_meanwhile);
    assert_eq!(column(&questions, "link")[..3], ["changed", "changed", "known"]);
    assert_eq!(link(&questions, 2), ["000000000badcafe", "3", "3"]);
    assert_eq!(link(&questions, 4), [""; 3], "no lab reported it");
    let rounds = records(&csv::rounds(&document));
    assert_eq!(link(&rounds, 0), changed_meanwhile);
    assert_eq!(link(&rounds, 1_000), ["000000000badcafe", "3", "3"]);
    assert_eq!(column(&rounds, "thinking_mean_us")[0], "5012.25");
}

#[test]
fn csv_has_the_legs_of_connecting_which_add_up_to_it() {
    let records = records(&csv::questions(&document()));
    let legs = ["connecting_client_us", "connecting_bridge_us", "connecting_connect_us", "connecting_unknown_us"];
    let of_line = |line: usize| legs.map(|leg| column(&records, leg)[line]);
    assert_eq!(of_line(0), ["85.25", "2.0", "3.0", ""]);
    assert_eq!(of_line(1), of_line(0), "both questions used that connection");
    let sum: f64 = of_line(0).iter().filter_map(|leg| leg.parse::<f64>().ok()).sum();
    assert_eq!(column(&records, "connecting_us")[0].parse(), Ok(sum));
    assert_eq!(of_line(4), [""; 4], "neither a connection nor a trace");
    assert_eq!(of_line(6), [""; 4], "a connection without a trace");
}

#[test]
fn csv_has_a_line_for_each_round() {
    let records = records(&csv::rounds(&document()));
    assert_eq!(records.len(), 1 + 2_000);
    assert!(records.iter().all(|record| record.len() == records[0].len()));
    assert_eq!(column(&records, "name")[0], "A thousand, \"long\"");
    assert_eq!(column(&records, "is_warm_up")[99..101], ["true", "false"]);
    assert_eq!(column(&records, "link_rtt_us")[0], "200.0");
    let first =
        ["round", "since_asked_us", "since_connecting_us", "since_due_us"].map(|name| column(&records, name)[0]);
    assert_eq!(first, ["1", "0.1", "0.3", "0.5"]);
}

#[test]
fn csv_has_a_line_for_each_kind_and_message_of_failures() {
    let records = records(&csv::failures(&document()));
    assert_eq!(records.len(), 1 + 2);
    let first = ["kind", "message", "count"].map(|name| column(&records, name)[0]);
    assert_eq!(first, ["no-connection", "Connection refused, twice", "2"]);
    assert_eq!(column(&records, "series"), ["1", "2"]);
}

#[test]
fn csv_of_failures_says_when_they_were_measured_by_whom_and_how_the_series_ended() {
    let document = document();
    let [failures, rounds] = [csv::failures(&document), csv::rounds(&document)].map(|table| records(&table));
    let columns = [
        "began",
        "client",
        "client_version",
        "client_system",
        "server_design",
        "is_imported",
        "planned_rounds",
        "link",
        "link_rtt_us",
        "was_hidden",
        "was_suspended",
        "state",
        "reason",
    ];
    for name in columns {
        assert_eq!(column(&failures, name)[0], column(&rounds, name)[0], "{name}");
    }
}

#[test]
fn csv_has_a_head_without_any_line() {
    let nothing = Document::default();
    let some = document();
    for table in [csv::questions, csv::rounds, csv::failures] {
        let (head, all) = (records(&table(&nothing)), records(&table(&some)));
        assert_eq!(head, [all[0].clone()]);
    }
}

#[test]
fn csv_has_no_formula_in_text_from_outside_and_keeps_numbers() {
    let mut document = document();
    let run = &mut document.runs[0].run;
    run.target = "@SUM(1,2)".to_owned();
    run.questions[0].question = "=1+1?".to_owned();
    run.questions[0].answer = Some("+1".to_owned());
    run.questions[1].question = "-2+3 \"x\"?".to_owned();
    run.questions[1].answer = Some("\t=1+1".to_owned());
    run.status = RunStatus::Broken("\r=1+1".to_owned());
    document.rounds[0].name = "=HYPERLINK(\"x\")".to_owned();
    let questions = records(&csv::questions(&document));
    let cell = |name: &str, line: usize| column(&questions, name)[line];
    assert_eq!(cell("target", 0), "'@SUM(1,2)");
    assert_eq!([cell("question", 0), cell("question", 1)], ["'=1+1?", "'-2+3 \"x\"?"]);
    assert_eq!([cell("answer", 0), cell("answer", 1)], ["'+1", "'\t=1+1"]);
    assert_eq!(cell("reason", 0), "'\r=1+1");
    assert_eq!(cell("took_us", 0), "200.0");
    assert_eq!(column(&records(&csv::rounds(&document)), "name")[0], "'=HYPERLINK(\"x\")");
    assert_eq!(column(&records(&csv::failures(&document)), "name")[0], "'=HYPERLINK(\"x\")");
}

#[test]
fn csv_has_the_state_and_the_reason_in_two_columns() {
    let mut document = document();
    let questions = records(&csv::questions(&document));
    assert_eq!(column(&questions, "state")[3..6], ["complete", "broken", "broken"]);
    assert_eq!(column(&questions, "reason")[3..6], ["", "it \\ broke\u{1}", "it \\ broke\u{1}"]);
    document.rounds[1].status = RunStatus::Broken("complete".to_owned());
    let rounds = records(&csv::rounds(&document));
    assert_eq!([column(&rounds, "state")[0], column(&rounds, "reason")[0]], ["stopped", ""]);
    assert_eq!([column(&rounds, "state")[1_000], column(&rounds, "reason")[1_000]], ["broken", "complete"]);
}

#[test]
fn csv_begins_with_a_byte_order_mark_by_which_excel_recognizes_utf_8() {
    for table in [csv::questions, csv::rounds, csv::failures] {
        assert!(table(&document()).starts_with('\u{feff}'));
    }
}

#[test]
fn csv_has_the_plan_of_each_series_and_tells_series_of_one_name_apart() {
    let records = records(&csv::rounds(&document()));
    let of_line = |line: usize| {
        ["series", "name", "planned_rounds", "planned_warm_up", "connections", "pace_us"]
            .map(|name| column(&records, name)[line])
    };
    let name = "A thousand, \"long\"";
    assert_eq!(of_line(0), ["1", name, "1002", "100", "each", ""]);
    assert_eq!(of_line(1_000), ["2", name, "1002", "100", "each", "2000.0"]);
}

#[test]
fn csv_has_the_provenance_of_each_question_and_each_round() {
    let names = ["began", "client", "client_version", "server_design", "is_imported"];
    let expected = ["2026-11-27T15:43:03.250+01:00", "page", "0.1.0", "async", "false"];
    let questions = records(&csv::questions(&document()));
    let of_line = |line: usize| names.map(|name| column(&questions, name)[line]);
    assert_eq!((of_line(0), of_line(4)), (expected, ["", "", "", "", "false"]));
    let rounds = records(&csv::rounds(&document()));
    assert_eq!(names.map(|name| column(&rounds, name)[0]), expected);
    assert!(column(&rounds, "client_system")[0].starts_with("Mozilla/5.0"));
}

#[test]
fn csv_has_the_work_of_the_server() {
    let work = |records: &[Vec<String>], line: usize| {
        ["server_work_first_us", "server_work_last_us"].map(|name| column(records, name)[line].to_owned())
    };
    let questions = records(&csv::questions(&document()));
    assert_eq!(work(&questions, 0), ["3000.0", "5000.0"]);
    assert_eq!(work(&questions, 4), ["", ""], "no lab reported it");
    assert_eq!(work(&records(&csv::rounds(&document())), 0), ["3000.0", ""], "the end is unknown");
}

#[test]
fn the_log_is_read_by_the_hdrhistogram_reader() {
    let text = hlog::log(&document());
    assert!(text.contains("#[Histogram log format version 1.3]\n"), "{text}");
    let entries = IntervalLogIterator::new(text.as_bytes()).map(Result::unwrap);
    let intervals: Vec<_> = entries
        .filter_map(|entry| match entry {
            LogEntry::Interval(interval) => Some(interval),
            _ => None,
        })
        .collect();
    assert_eq!(intervals.len(), 6);
    let stopwatches = [Stopwatch::Question, Stopwatch::Connecting, Stopwatch::Due];
    for (interval, stopwatch) in intervals.iter().zip(stopwatches.into_iter().cycle()) {
        let bytes = BASE64_STANDARD.decode(interval.encoded_histogram()).unwrap();
        let histogram: Histogram<u64> = Deserializer::new().deserialize(&mut bytes.as_slice()).unwrap();
        let times: Vec<u64> = rounds(None).times(stopwatch).map(|time| time.as_nanos() as u64).collect();
        assert_eq!(histogram.len(), times.len() as u64);
        let middle = histogram.value_at_quantile(0.5).abs_diff(times[times.len() / 2]);
        assert!(middle <= times[times.len() / 2] / 500, "{middle}");
        let longest = *times.iter().max().unwrap();
        assert!(((interval.max() * 1e6).round() as u64).abs_diff(longest) <= longest / 500, "{longest}");
    }
    let tags: Vec<_> = intervals.iter().map(|interval| interval.tag().map(|tag| tag.as_str())).collect();
    let expected = [
        None,
        Some("A-thousand--\"long\".since-connecting"),
        Some("A-thousand--\"long\".since-due"),
        Some("A-thousand--\"long\"-2.since-asked"),
        Some("A-thousand--\"long\"-2.since-connecting"),
        Some("A-thousand--\"long\"-2.since-due"),
    ];
    assert_eq!(tags, expected);
    assert!(intervals.iter().all(|interval| !interval.duration().is_zero()));
    assert_eq!(intervals[3].duration(), Duration::from_secs(2) - us(200_000), "900 rounds, 2 ms apart");
}

#[test]
fn csv_has_one_line_for_a_series_without_an_answered_round() {
    let mut document = document();
    document.rounds[0].answered.clear();
    document.rounds[0].status = RunStatus::Broken("no connection".to_owned());
    document.rounds[1].answered.truncate(2);
    let records = records(&csv::rounds(&document));
    assert_eq!(records.len(), 1 + 1 + 2, "{records:?}");
    assert_eq!(column(&records, "series"), ["1", "2", "2"]);
    assert_eq!(column(&records, "round"), ["", "1", "2"]);
    let empty = ["is_warm_up", "since_asked_us", "since_connecting_us", "since_due_us", "since_ready_us"];
    assert_eq!(empty.map(|name| column(&records, name)[0]), [""; 5]);
    let line = ["planned_rounds", "planned_warm_up", "connections", "state", "reason"];
    assert_eq!(line.map(|name| column(&records, name)[0]), ["1002", "100", "each", "broken", "no connection"]);
}

#[test]
fn interruptions_are_in_the_log_and_in_the_chrome_trace() {
    let mut document = document();
    document.runs[1].run.interruptions = Interruptions { was_hidden: true, was_suspended: true };
    for rounds in &mut document.rounds {
        rounds.provenance = Provenance::default();
        rounds.link = Link::None;
        rounds.failures = Failures::default();
    }
    document.runs.iter_mut().for_each(|recorded| {
        let known = RecordedRun::new(recorded.number, recorded.run.clone());
        *recorded = RecordedRun { server_work: recorded.server_work, ..known };
    });
    document.races.clear();
    document.rounds[0].server_work = None;
    document.rounds[1].interruptions = Interruptions::default();
    document.rounds[1].server_work = Some(ServerWork { first: us(3_000), last: Some(us(5_000)) });
    let log = hlog::log(&document);
    let comments: Vec<&str> = log.lines().filter(|line| line.starts_with("#[A-thousand")).collect();
    let hidden = "#[A-thousand--\"long\": the tab was hidden during the measurement]";
    let worked = "#[A-thousand--\"long\"-2: simulated server work changed from 3\u{a0}ms to 5\u{a0}ms per answer]";
    assert_eq!(comments, [hidden, worked]);

    let value: Value = serde_json::from_str(&chrome::trace(&document)).unwrap();
    let events = value["traceEvents"].as_array().unwrap();
    let labels: Vec<_> = events.iter().filter(|event| event["name"] == "process_labels").collect();
    let labels_of = |pid: usize, labels: &str| serde_json::json!({ "pid": pid, "tid": 0, "ph": "M", "name": "process_labels", "args": { "labels": labels } });
    let worked = "simulated server work changed from 3\u{a0}ms to 5\u{a0}ms per answer";
    let interrupted = format!("{worked}, the tab was hidden and suspended during the measurement");
    let expected = Value::Array(vec![labels_of(1, worked), labels_of(2, &interrupted)]);
    assert_eq!(serde_json::to_value(labels).unwrap(), expected);
}

#[test]
fn the_log_and_the_chrome_trace_have_the_provenance_the_link_and_the_failures() {
    let mut document = document();
    document.rounds[1].provenance.began = Some(Timestamp::new(Duration::from_millis(1_795_790_584_250), 60));
    document.rounds[1].link = Link::Changed;
    let log = hlog::log(&document);
    for expected in [
        "#[StartTime: 1795790583.250 (seconds since epoch)]\n",
        "#[BaseTime: 1795790583.250 (seconds since epoch)]\n",
        "\"long\": began 2026-11-27T15:43:03.250+01:00]\n",
        "\"long\": page client 0.1.0 on Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0]\n",
        "\"long\": server design async]\n",
        "\"long\": link 200\u{a0}µs, 10\u{a0}Gbit/s]\n",
        "\"long\"-2: the link changed partway through]\n",
        "\"long\": failed: 2 × Connection refused, twice]\n",
        "\"long\"-2.since-asked,1.000,1.800,",
    ] {
        assert!(log.contains(expected), "no {expected:?} in {log}");
    }
    let trace = chrome::trace(&document);
    let expected = "server design async, link 200\u{a0}µs, 10\u{a0}Gbit/s, simulated server work changed from";
    assert!(trace.contains(expected), "{trace}");
}

#[test]
fn the_chrome_trace_keeps_the_order_of_runs_and_has_no_empty_threads() {
    let value: Value = serde_json::from_str(&chrome::trace(&document())).unwrap();
    let events = value["traceEvents"].as_array().unwrap();
    let named = |name: &'static str| events.iter().filter(move |event| event["name"] == name);
    let order: Vec<_> =
        named("process_sort_index").map(|event| (&event["pid"], &event["args"]["sort_index"])).collect();
    assert_eq!(order.len(), 8);
    assert!(order.iter().all(|(pid, index)| pid == index), "{order:?}");
    for thread in named("thread_name") {
        let is_of_thread = |event: &&Value| (&event["pid"], &event["tid"]) == (&thread["pid"], &thread["tid"]);
        assert!(events.iter().filter(is_of_thread).any(|event| event["ph"] == "X"), "{thread}");
        assert!(named("thread_sort_index").any(|event| is_of_thread(&event)), "{thread}");
    }
}

proptest::proptest! {
    #[test]
    fn times_of_the_chrome_trace_are_whole_nanoseconds_after_truncation(from in 0_u64..1 << 44, took in 0_u64..1 << 44) {
        let mut run = run(Order::OneAtATime);
        run.connecting = Some(Span { from: Duration::from_nanos(from), until: Duration::from_nanos(from + took) });
        let document = Document { runs: vec![RecordedRun::new(1, run)], ..Document::default() };
        let value: Value = serde_json::from_str(&chrome::trace(&document)).unwrap();
        let events = value["traceEvents"].as_array().unwrap();
        let connecting = events.iter().find(|event| event["name"] == "connecting").unwrap();
        let nanos = ["ts", "dur"].map(|name| (connecting[name].as_f64().unwrap() * 1_000.0) as u64);
        proptest::prop_assert_eq!(nanos, [from, took]);
    }
}

#[test]
fn slices_of_one_chrome_trace_track_are_nested_or_disjoint() {
    let mut document = document();
    let nanos = Duration::from_nanos;
    for event in
        document.runs.iter_mut().filter_map(|recorded| recorded.trace.as_mut()).flat_map(|trace| &mut trace.events)
    {
        event.at += nanos(1_009);
    }
    let value: Value = serde_json::from_str(&chrome::trace(&document)).unwrap();
    let events = value["traceEvents"].as_array().unwrap();
    let mut tracks = BTreeMap::<_, Vec<(u64, u64)>>::new();
    for event in events.iter().filter(|event| event["ph"] == "X") {
        // As Perfetto reads them: truncated to nanoseconds, each for itself.
        let [from, took] = ["ts", "dur"].map(|name| (event[name].as_f64().unwrap() * 1_000.0) as u64);
        let track = (event["pid"].as_u64().unwrap(), event["tid"].as_u64().unwrap());
        tracks.entry(track).or_default().push((from, from + took));
    }
    for (track, spans) in &tracks {
        for (index, one) in spans.iter().enumerate() {
            for other in &spans[..index] {
                let is_apart = one.1 <= other.0 || other.1 <= one.0;
                let is_within = (one.0 >= other.0 && one.1 <= other.1) || (other.0 >= one.0 && other.1 <= one.1);
                assert!(is_apart || is_within, "{track:?}: {one:?} and {other:?}");
            }
        }
        let is_named = |event: &&Value| {
            event["name"] == "thread_name"
                && (event["pid"].as_u64(), event["tid"].as_u64()) == (Some(track.0), Some(track.1))
        };
        assert_eq!(events.iter().filter(is_named).count(), 1, "{track:?}");
    }
    let names: BTreeSet<_> =
        events.iter().filter(|event| event["ph"] == "X").filter_map(|event| event["name"].as_str()).collect();
    for name in [
        "connecting",
        "connect()",
        "What?",
        "bridge",
        "link, out",
        "tunnel",
        "server",
        "thinking",
        "link, back",
        "unknown",
    ] {
        assert!(names.contains(name), "no {name} in {names:?}");
    }
}
