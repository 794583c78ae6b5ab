//! What the numbers mean, and what went wrong, in plain sentences.

pub mod busy;
pub mod import;
pub mod legs;
pub mod limits;
pub mod link;
pub mod mishap;
pub mod next_step;
pub mod provenance;
pub mod race;
pub mod replay;
pub mod rounds;

use std::time::Duration;

use launcelot_measure::compare::Difference;
use launcelot_measure::text::{self, number};
use launcelot_measure::unit::format_duration;
use launcelot_measure::{FailureKind, Interruptions, Order, Reading, Run, RunStatus, Span, Unit};
use launcelot_protocol::exchange;

use crate::message::{Clock, Ended};
use crate::state::run_record::RunRecord;

/// Why a run broke, and what to do about it.
pub fn why_it_broke(how: &Ended, url: &str) -> String {
    match how {
        Ended::Complete | Ended::Stopped => String::new(),
        Ended::Refused(why) => format!("The browser refuses to connect to {url}: {why}"),
        Ended::NoBridge => format!("The bridge at {url} cannot be reached. Is launcelot-bridge running?"),
        Ended::Nonsense(why) => format!("What the server sent does not follow the protocol: {why}."),
        Ended::Closed { code, reason, partial } => why_it_closed(*code, reason, partial),
    }
}

/// Returns the status of a run or series that ended after these interruptions. `is_elsewhere` says whether the bridge
/// did not serve the page.
pub fn status(how: &Ended, url: &str, interruptions: Interruptions, is_elsewhere: bool) -> RunStatus {
    match how {
        Ended::Complete => RunStatus::Complete,
        Ended::Stopped => RunStatus::Stopped,
        how => {
            let mut why = why_it_broke(how, url);
            if *how == Ended::NoBridge && is_elsewhere {
                why += CHOOSE_BRIDGE;
            }
            if interruptions.was_suspended {
                why += SUSPENDED;
            }
            RunStatus::Broken(why)
        }
    }
}

/// What is added where the bridge cannot be reached and another one can be named.
const CHOOSE_BRIDGE: &str = " If it listens on another port, add ?bridge=PORT to this page’s address.";

/// What is added where a page was suspended that broke.
const SUSPENDED: &str = " The page was suspended, and browsers close the connections of suspended pages.";

/// The kind of failure that an end is; `None` if it is not a failure. Stopping is not a failure.
pub fn failure_kind(how: &Ended) -> Option<FailureKind> {
    match how {
        Ended::Complete | Ended::Stopped => None,
        Ended::Refused(_) | Ended::NoBridge => Some(FailureKind::NoConnection),
        Ended::Nonsense(_) => Some(FailureKind::NotTheProtocol),
        Ended::Closed { code, .. } => Some(match *code {
            4404 | 4429 | 4502 => FailureKind::NoConnection,
            4408 | 4504 => FailureKind::TimedOut,
            _ => FailureKind::Closed,
        }),
    }
}

fn why_it_closed(code: u16, reason: &str, partial: &str) -> String {
    let mut why = match text::closed::closed(code) {
        Some(why) => why.to_owned(),
        None => format!("The bridge closed the connection with code {code}."),
    };
    if text::closed::adds_a_cause(code) && !reason.is_empty() {
        why += &format!(" Reason: {}.", reason.trim_end_matches('.'));
    }
    if !partial.is_empty() {
        why += &format!(" The last answer was cut off: “{partial}”.");
    }
    why
}

/// What the numbers of a run say, beside a column of `unit`.
pub fn meaning(run: &Run, unit: Unit) -> String {
    match &run.status {
        RunStatus::Running => waiting(run),
        RunStatus::Stopped => format!("Stopped. {}", kept(run)),
        RunStatus::Broken(why) => format!("{why} {}", kept(run)),
        RunStatus::Complete => complete(run, unit),
    }
}

/// What a run that goes on waits for.
fn waiting(run: &Run) -> String {
    let next = run.questions.iter().find(|asked| asked.answered.is_none());
    match next.filter(|_| run.connecting.is_some()) {
        None => "Waiting for the connection…".to_owned(),
        Some(asked) => format!("Waiting for the answer to “{}”…", asked.question),
    }
}

fn complete(run: &Run, unit: Unit) -> String {
    let (Some(connecting), Some(asking)) = (run.connecting, run.asking()) else {
        return String::new();
    };
    let describe = |span: Span| Reading::new(span.took(), run.clock_step).describe_in(unit);
    let [connecting, asking] = [connecting, asking].map(describe);
    let count = run.questions.len();
    let mut meaning = match (run.order, count) {
        (_, 1) => format!("You waited {asking} for the answer, after {connecting} for the connection."),
        (Order::OneAtATime, _) => format!(
            "You waited {asking} for {} answers, after {connecting} for the connection. Asked one at a time, each question \
             was sent only after the previous answer had arrived: {} round trips, one after another.",
            number(count),
            number(count),
        ),
        (Order::SentAhead, _) => format!(
            "You waited {asking} for {} answers, after {connecting} for the connection. Sent ahead, without waiting (pipelining), \
             the questions travelled together: one round trip for all of them.",
            number(count),
        ),
    };
    let mut answers = run.questions.iter().filter_map(|asked| asked.answer.as_deref());
    if let Some(error) = answers.find(|answer| exchange::is_error(answer)) {
        meaning += &format!(
            " The server answered “{error}” Others were cast into the gorge for less; here, you may go on asking."
        );
    }
    meaning
}

fn kept(run: &Run) -> String {
    match (run.answered(), run.questions.len()) {
        (0, _) => "No answer had arrived.".to_owned(),
        (answered, all) => format!("{} of {} answers had arrived.", capitalized(number(answered)), number(all)),
    }
}

/// How a run compares with an earlier one that asked as many questions, beside a column of `unit`; `None` if one of them has no end
/// to compare.
pub fn comparison(run: &Run, earlier: &Run, earlier_number: u32, unit: Unit) -> Option<String> {
    if run.status != RunStatus::Complete || earlier.status != RunStatus::Complete {
        return None;
    }
    if run.questions.len() != earlier.questions.len() {
        return None;
    }
    let now = Reading::new(run.asking()?.took(), run.clock_step);
    let then = Reading::new(earlier.asking()?.took(), earlier.clock_step);
    let (order, difference) = (in_words(earlier.order), times(then.compared_with(now)));
    Some(format!("Run {earlier_number} ({order}): {} for all answers, {difference}.", then.describe_in(unit)))
}

/// How a single earlier time stands to that of the newest run. Within a twentieth, single times are about the same.
fn times(difference: Difference) -> String {
    match difference {
        Difference::NoneSeen | Difference::Negligible => "about as long as the newest run".to_owned(),
        Difference::FirstLonger(factor) => [&factor.describe(), " as the newest run"].concat(),
        Difference::SecondLonger(factor) => ["while the newest run took ", &factor.describe()].concat(),
        Difference::TooFewSamples | Difference::TooShort => "too short for the clock to compare".to_owned(),
    }
}

/// How something stands, in one word, for style sheets and programs that read the page.
pub fn state(status: Option<&RunStatus>) -> &'static str {
    match status {
        None => "idle",
        Some(RunStatus::Running) => "running",
        Some(RunStatus::Complete) => "complete",
        Some(RunStatus::Stopped) => "stopped",
        Some(RunStatus::Broken(_)) => "broken",
    }
}

/// An order, as it stands in a sentence.
pub fn in_words(order: Order) -> &'static str {
    text::order(order)
}

/// A run among others.
pub fn title(record: &RunRecord) -> String {
    let RunRecord { number, run, is_imported, .. } = record;
    let what = match run.questions.as_slice() {
        [only] => format!("“{}”", shortened(&only.question)),
        _ => in_words(run.order).to_owned(),
    };
    format!("run {number}, {what}{}", if *is_imported { ", imported" } else { "" })
}

/// The longest question that a title quotes whole, in characters.
const QUOTED_MAX: usize = 32;

/// A question that fits into a title.
fn shortened(question: &str) -> String {
    match question.char_indices().nth(QUOTED_MAX) {
        None => question.to_owned(),
        Some((end, _)) => [&question[..end], "…"].concat(),
    }
}

/// What limits the figures. The hops' clock moves in steps of `hops_step`, where that is known.
pub fn of_the_clock(clock: Clock, hops_step: Option<Duration>) -> String {
    let why = if clock.isolated {
        "It is the finest that this browser offers, because the page is cross-origin isolated."
    } else {
        "Browsers make it coarser because the page is not cross-origin isolated. Isolation takes HTTPS or localhost, and the headers \
         that launcelot-bridge sends."
    };
    let step = format_duration(clock.step);
    let mut words = format!(
        "No time that the page measures is more exact than its clock, which has a resolution (clock step) of {step}. {why}"
    );
    if let Some(step) = hops_step.filter(|step| !step.is_zero()) {
        words += &[" The hops’ clock has a resolution of ", &format_duration(step), "."].concat();
    }
    words
}

/// What the page can do to its own figures, and what it cannot.
pub fn of_the_worker(clock: Clock) -> String {
    let mut words = " The clock and the socket are in a worker, so drawing the page does not delay a reading. But where cores are few, drawing can slow \
                     down the dialogue itself, so a run starts once your click shows on screen, and is drawn every 100 ms and at its end."
        .to_owned();
    if !clock.isolated {
        words += " Without isolation, timers are coarse too: paced rounds may start a few milliseconds late. This lateness is measured and \
                  shown separately.";
    }
    words
}

fn capitalized(mut word: String) -> String {
    if let Some(first) = word.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    word
}

#[cfg(test)]
mod tests {
    use launcelot_measure::Step;

    use super::*;

    const MS: Unit = Unit::Milliseconds;

    const fn us(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    fn run(order: Order, questions: usize, answered: u64) -> Run {
        let questions = (0..questions).map(|number| format!("What is {number}?"));
        let mut run = Run::new("ws://localhost:8080/ws".to_owned(), order, us(5), questions);
        run.record(Step::Connected { at: us(2_100) });
        for index in 0..answered {
            run.record(Step::Asked { at: us(2_200 + 400 * index) });
            run.record(Step::Answered { at: us(2_600 + 400 * index), answer: "Blue.".to_owned() });
        }
        run
    }

    fn complete_run(order: Order) -> Run {
        Run { status: RunStatus::Complete, ..run(order, 3, 3) }
    }

    fn plain(text: &str) -> String {
        text.replace('\u{a0}', " ")
    }

    #[test]
    fn every_way_to_break_has_a_sentence_of_its_own() {
        let closed = |code, reason: &str| Ended::Closed { code, reason: reason.to_owned(), partial: String::new() };
        let cases = [
            (Ended::NoBridge, "The bridge at ws://b/ws cannot be reached."),
            (
                closed(4502, "cannot connect to localhost port 1060: Connection refused"),
                "cannot reach the server. Reason: cannot",
            ),
            (closed(4504, ""), "did not accept the connection in time."),
            (closed(4500, "the connection to the server broke"), "The connection from the bridge to the server broke"),
            (closed(4404, "the bridge has no target of this name"), "The bridge has no target with this name."),
            (closed(4429, "the bridge has too many connections"), "The bridge has reached its connection limit."),
            (closed(1000, "the server closed the connection"), "The server closed the connection before"),
            (closed(1001, "the bridge is stopping"), "The bridge was stopped."),
            (closed(1006, ""), "The connection to the bridge was lost during the dialogue."),
            (closed(4408, ""), "which had been idle for too long"),
            (closed(3999, "who knows"), "with code 3999. Reason: who knows."),
            (Ended::Nonsense("a wrong word".to_owned()), "does not follow the protocol: a wrong word."),
            (Ended::Refused("bad port".to_owned()), "refuses to connect to ws://b/ws: bad port"),
        ];
        let mut reasons = std::collections::BTreeSet::new();
        for (how, expected) in cases {
            let why = why_it_broke(&how, "ws://b/ws");
            assert!(why.contains(expected), "{how:?}: {why}");
            assert!(reasons.insert(why));
        }
    }

    #[test]
    fn another_bridge_is_suggested_only_where_the_page_may_connect_to_it() {
        let text = |is_elsewhere| {
            let status = status(&Ended::NoBridge, "ws://b/ws", Interruptions::default(), is_elsewhere);
            let RunStatus::Broken(why) = status else { panic!("{status:?}") };
            why
        };
        assert!(text(true).ends_with(
            "Is launcelot-bridge running? If it listens on another port, add ?bridge=PORT to this page’s address."
        ));
        assert!(text(false).ends_with("Is launcelot-bridge running?"));
    }

    #[test]
    fn what_a_person_stopped_is_no_failure_and_every_other_end_has_its_kind() {
        let closed = |code| Ended::Closed { code, reason: String::new(), partial: String::new() };
        let kinds = [
            (Ended::Complete, None),
            (Ended::Stopped, None),
            (Ended::NoBridge, Some(FailureKind::NoConnection)),
            (Ended::Refused(String::new()), Some(FailureKind::NoConnection)),
            (Ended::Nonsense(String::new()), Some(FailureKind::NotTheProtocol)),
            (closed(4502), Some(FailureKind::NoConnection)),
            (closed(4504), Some(FailureKind::TimedOut)),
            (closed(4408), Some(FailureKind::TimedOut)),
            (closed(4429), Some(FailureKind::NoConnection)),
            (closed(1006), Some(FailureKind::Closed)),
        ];
        for (how, kind) in kinds {
            assert_eq!(failure_kind(&how), kind, "{how:?}");
        }
    }

    #[test]
    fn a_cut_answer_is_shown() {
        let closed = Ended::Closed { code: 1000, reason: String::new(), partial: "To seek".to_owned() };
        assert!(why_it_broke(&closed, "").ends_with("The last answer was cut off: “To seek”."));
    }

    #[test]
    fn a_run_that_goes_on_says_what_it_waits_for() {
        let connected = run(Order::OneAtATime, 3, 1);
        assert_eq!(meaning(&connected, MS), "Waiting for the answer to “What is 1?”…");
        assert_eq!(meaning(&Run { connecting: None, ..connected }, MS), "Waiting for the connection…");
    }

    #[test]
    fn a_complete_run_says_what_was_waited_for() {
        let meaning_of = |order| plain(&meaning(&complete_run(order), MS));
        assert!(meaning_of(Order::OneAtATime).starts_with("You waited 1.20 ms for three answers, after 2.10 ms for"));
        assert!(meaning_of(Order::OneAtATime).contains("three round trips"));
        assert!(meaning_of(Order::SentAhead).contains("one round trip for all"));
    }

    #[test]
    fn a_sentence_has_the_unit_of_the_column_beside_it() {
        let mut slow = complete_run(Order::OneAtATime);
        slow.questions[2].answered = Some(us(2_200 + 1_853_155));
        assert!(plain(&meaning(&slow, MS)).starts_with("You waited 1853 ms for three answers, after 2.10 ms for"));
        let text = comparison(&slow, &slow, 4, MS).unwrap();
        assert_eq!(plain(&text), "Run 4 (one at a time): 1853 ms for all answers, about as long as the newest run.");
    }

    #[test]
    fn the_clock_of_the_hops_is_named_beside_that_of_the_page() {
        let clock = Clock { step: us(5), isolated: true, cores: 2 };
        let text = |step| plain(&of_the_clock(clock, step));
        let hops = text(Some(Duration::from_nanos(21)));
        assert!(
            hops.contains("resolution (clock step) of 5 µs")
                && hops.ends_with("The hops’ clock has a resolution of 21 ns."),
            "{hops}"
        );
        assert!(!text(None).contains("hops"));
    }

    #[test]
    fn a_time_below_the_step_of_the_clock_is_less_than_a_step_and_never_zero() {
        let coarse = Run { clock_step: us(16_700), ..complete_run(Order::OneAtATime) };
        let text = plain(&meaning(&coarse, MS));
        assert!(
            text.starts_with("You waited less than 16.7 ms for three answers, after less than 16.7 ms for"),
            "{text}"
        );
        let text = comparison(&coarse, &coarse, 4, MS).unwrap();
        assert_eq!(
            plain(&text),
            "Run 4 (one at a time): less than 16.7 ms for all answers, too short for the clock to compare."
        );
    }

    #[test]
    fn a_broken_run_says_what_is_kept() {
        let broken =
            |answered| Run { status: RunStatus::Broken("Gone.".to_owned()), ..run(Order::OneAtATime, 3, answered) };
        assert_eq!(meaning(&broken(0), MS), "Gone. No answer had arrived.");
        assert_eq!(meaning(&broken(2), MS), "Gone. Two of three answers had arrived.");
    }

    #[test]
    fn an_unknown_question_is_no_failure() {
        let mut run = run(Order::OneAtATime, 1, 0);
        run.record(Step::Asked { at: us(2_200) });
        run.record(Step::Answered { at: us(2_300), answer: exchange::UNKNOWN_QUESTION.to_owned() });
        run.status = RunStatus::Complete;
        let quoted = "The server answered “Error: unknown question.” Others were cast into the gorge";
        assert!(meaning(&run, MS).contains(quoted));
        run.questions[0].answer = Some(exchange::QUESTION_TOO_LONG.to_owned());
        assert!(meaning(&run, MS).contains("answered “Error: question too long.” Others"));
        assert!(plain(&meaning(&run, MS)).starts_with("You waited 100 µs for the answer"));
    }

    #[test]
    fn two_runs_are_compared_only_if_they_can_be() {
        let now = complete_run(Order::SentAhead);
        let then = complete_run(Order::OneAtATime);
        let text = comparison(&now, &then, 4, MS).map(|text| plain(&text));
        assert_eq!(
            text.as_deref(),
            Some("Run 4 (one at a time): 1.20 ms for all answers, about as long as the newest run.")
        );
        assert_eq!(comparison(&now, &run(Order::OneAtATime, 3, 2), 4, MS), None);
        let cases = [
            (us(100), us(210), "2.1 times as long as the newest run"),
            (us(300), us(100), "while the newest run took 3.0 times as long"),
            (us(104), us(100), "about as long as the newest run"),
            (us(3), us(100), "too short for the clock to compare"),
        ];
        for (now, then, expected) in cases {
            assert_eq!(times(Reading::new(then, us(5)).compared_with(Reading::new(now, us(5)))), expected);
        }
    }
}
