//! The operations of the client, and how much of each was waiting.

use std::fmt::Write as _;
use std::time::Duration;

use launcelot_measure::unit::{format_duration, format_percent};
use launcelot_measure::{Run, Unit};

use super::{COLUMN, padded, plain, wrapped};
use crate::ask::{DialogueRecord, Operation};
use crate::target::Target;

/// Returns a table of the operations: when each began, its own time, and the time that it waited.
pub fn trace(record: &DialogueRecord, target: &Target) -> String {
    let DialogueRecord { run, operations, .. } = record;
    let mut answers = run.questions.iter().filter_map(|asked| asked.answer.as_deref());
    let mut lines = Vec::new();
    for timed in operations {
        lines.push((line(&timed.operation, run, target, &mut answers), timed));
    }
    let width = lines.iter().map(|(words, _)| words.chars().count()).max().unwrap_or_default();
    let unit = Unit::for_longest(run.until());
    let mut table = format!("{} {:>COLUMN$}  {:>9}  {:>9}\n", padded("", width), "at", "own", "waited");
    let mut own = Duration::ZERO;
    let mut waited = Duration::ZERO;
    for (words, timed) in &lines {
        let at = format!("{} {}", unit.figure(timed.at), unit.symbol());
        let [of_own, of_waiting] = [timed.times.own, timed.times.waited].map(format_duration);
        // Writing to a string cannot fail.
        let _ = writeln!(table, "{} {at:>COLUMN$}  {of_own:>9}  {of_waiting:>9}", padded(words, width));
        own += timed.times.own;
        waited += timed.times.waited;
    }
    let whole = own + waited;
    table += &wrapped(&format!(
        "The program was busy for {} and waited for {}: {} of the time.",
        unit.in_sentence(own),
        unit.in_sentence(waited),
        format_percent(waited, whole),
    ));
    plain(&table)
}

/// Describes an operation like a function call, with its result. Takes the answers that a `read()` completed from
/// `answers`.
fn line<'a>(operation: &Operation, run: &Run, target: &Target, answers: &mut impl Iterator<Item = &'a str>) -> String {
    match operation {
        Operation::LookUp => format!("look_up({:?}, {})", target.host(), target.port()),
        Operation::Connect => "connect()".to_owned(),
        Operation::Handshake => "open_websocket()".to_owned(),
        Operation::Send(number) => {
            let question = run.questions.get(*number).map(|asked| asked.question.as_str());
            format!("send({:?})", question.unwrap_or_default())
        }
        Operation::Receive(bytes) => format!("receive()  {bytes} bytes"),
        Operation::Read(0) => "read()  not a complete answer yet".to_owned(),
        Operation::Read(count) => {
            let read: Vec<_> = answers.take(*count).map(|answer| format!("{answer:?}")).collect();
            format!("read()  {}", read.join(" "))
        }
    }
}
