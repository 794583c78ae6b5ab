//! What the program did, line by line, and how much of each line was waiting.

use std::fmt::Write as _;
use std::time::Duration;

use launcelot_measure::{Run, Unit};

use super::{COLUMN, format_duration, in_sentence, padded, percent};
use crate::ask::{Account, Operation};
use crate::target::Target;

/// Each step of the program with when it began, its own time, and the time that it waited.
pub fn trace(account: &Account, target: &Target) -> String {
    let Account { run, steps, .. } = account;
    let mut answers = run.questions.iter().filter_map(|asked| asked.answer.as_deref());
    let lines: Vec<_> = steps.iter().map(|done| (line(&done.operation, run, target, &mut answers), done)).collect();
    let width = lines.iter().map(|(words, _)| words.chars().count()).max().unwrap_or_default();
    let unit = Unit::for_longest(run.until());
    let mut table = format!("{} {:>COLUMN$}  {:>9}  {:>9}\n", padded("", width), "at", "own", "waited");
    let (mut own, mut waited) = (Duration::ZERO, Duration::ZERO);
    for (words, done) in &lines {
        let at = format!("{} {}", unit.figure(done.at), unit.symbol());
        let [of_own, of_waiting] = [done.times.own, done.times.waited].map(format_duration);
        // Writing to a string cannot fail.
        let _ = writeln!(table, "{} {at:>COLUMN$}  {of_own:>9}  {of_waiting:>9}", padded(words, width));
        own += done.times.own;
        waited += done.times.waited;
    }
    let whole = own + waited;
    let _ = writeln!(
        table,
        "The program was busy for {} and waited for {}: {} of the time.",
        in_sentence(unit, own),
        in_sentence(unit, waited),
        percent(waited, whole),
    );
    table
}

/// A step, much as it stands in the program.
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
        Operation::Read(0) => "read()  not a whole answer yet".to_owned(),
        Operation::Read(count) => {
            let read: Vec<_> = answers.take(*count).map(|answer| format!("{answer:?}")).collect();
            format!("read()  {}", read.join(" "))
        }
    }
}
