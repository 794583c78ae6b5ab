//! A run as the rows of the table: words, bar, and figure.

use std::time::Duration;

use launcelot_charts::legs::{self, Lens};
use launcelot_charts::waterfall::{self, Bar, BarKind, Ghost};
use launcelot_charts::{Element, Scale};
use launcelot_measure::unit::format_duration;
use launcelot_measure::{Leg, Order, Path, QuestionTiming, Run, Span, TracePoint, Unit, paths};
use launcelot_protocol::{Question, exchange};

use crate::shared::Shared;
use crate::state::run_record::{Legs, RunRecord};
use crate::text;

/// One row of the dialogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What was done or asked.
    pub words: String,
    /// Its outcome, once it is known.
    pub answer: Option<String>,
    /// The smallest step of the clock that took its times.
    pub clock_step: Duration,
    /// Whether the answer says that there is none.
    pub is_error: bool,
    /// The bar, if the step has begun.
    pub bar: Option<Bar>,
    /// The legs into which the bar is cut; none if they are not known.
    pub legs: Vec<(Leg, Span)>,
    /// Who asked, and has the first leg.
    asker: &'static str,
    /// The server's leg, to be magnified.
    pub lens: Option<Lens>,
    /// The same step of the runs that are laid below.
    pub ghosts: Vec<Ghost>,
}

impl Row {
    fn new(run: &Run, words: impl Into<String>, answer: Option<String>, bar: Option<Bar>) -> Self {
        let is_error = answer.as_deref().is_some_and(exchange::is_error);
        Self {
            words: words.into(),
            answer,
            clock_step: run.clock_step,
            is_error,
            bar,
            legs: Vec::new(),
            asker: "",
            lens: None,
            ghosts: Vec::new(),
        }
    }

    /// When the step began and ended, if it did both.
    pub fn span(&self) -> Option<Span> {
        match self.bar? {
            Bar::Whole(_, span) => Some(span),
            Bar::Open(..) => None,
        }
    }

    /// What the bar shows, in words, with figures in the unit of the column.
    pub fn bar_in_words(&self, unit: Unit) -> String {
        let mut words = match self.bar {
            None => "not started".to_owned(),
            Some(Bar::Open(_, from)) => format!("from {}, not finished", unit.format(from)),
            Some(Bar::Whole(_, span)) => format!("from {} to {}", unit.format(span.from), unit.format(span.until)),
        };
        for (leg, span) in &self.legs {
            let took = text::legs::took(*leg, span.took(), self.clock_step, unit);
            words += &format!("; {} {took}", text::legs::name(*leg, self.asker));
        }
        words
    }

    /// The bar as a drawing, with its legs and ghosts.
    pub fn drawing(&self, scale: &Scale) -> Element {
        if self.legs.is_empty() {
            return waterfall::row(scale, self.bar, &self.ghosts);
        }
        legs::row(scale, &self.legs, self.lens.as_ref(), &self.ghosts)
    }

    /// Cuts the bar into the legs of the path of what `asker` asked.
    fn cut(&mut self, path: &Path, asker: &'static str) {
        self.asker = asker;
        self.legs = path.legs();
        let server = path.client_span(TracePoint::ServerIn, TracePoint::AnswerOut);
        let thought = path.client_span(TracePoint::ServerIn, TracePoint::AnswerReady);
        self.lens = server.zip(thought).zip(path.thinking()).map(|((server, thought), thinking)| Lens {
            server,
            ready: thought.until,
            label: format!("thinking {}", format_duration(thinking)),
        });
    }
}

/// Returns the rows of the table: the newest run with those that are compared with it, or what could be asked.
pub fn of(newest: Option<&RunRecord>, compared: &[Shared<RunRecord>], unit: Unit) -> Vec<Row> {
    let Some(newest) = newest else {
        let questions = Question::the_three();
        let run = Run::new(String::new(), Order::default(), Duration::ZERO, questions.into_iter().map(String::from));
        return of_run(&run, false, unit);
    };
    let mut rows = of_run(&newest.run, true, unit);
    if let Legs::Known(trace) = &newest.legs {
        let paths = paths(&newest.run, trace);
        if let Some((connecting, row)) = paths.connecting().zip(rows.first_mut()) {
            (row.legs, row.asker) = (connecting.legs(), newest.asker());
        }
        rows.iter_mut().skip(1).zip(paths.questions()).for_each(|(row, path)| row.cut(path, newest.asker()));
    }
    for record in compared {
        let label = format!("Run {}, {}", record.number, text::in_words(record.run.order));
        for (row, ghost) in rows.iter_mut().zip(of_run(&record.run, true, unit)) {
            let name = record.number.to_string();
            row.ghosts.extend(ghost.bar.map(|bar| Ghost { name, label: label.clone(), bar }));
        }
    }
    rows
}

fn of_run(run: &Run, begun: bool, unit: Unit) -> Vec<Row> {
    let bar = match run.connecting {
        Some(span) => Some(Bar::Whole(BarKind::Connecting, span)),
        None => begun.then_some(Bar::Open(BarKind::Connecting, Duration::ZERO)),
    };
    let words = match run.attributed_handshake {
        Some(moved) => ["Connecting (", &unit.in_sentence(moved), " of it attributed, not measured)"].concat(),
        None => "Connecting".to_owned(),
    };
    let connecting = Row::new(run, words, None, bar);
    let questions = run.questions.iter();
    let questions = questions.map(|asked| Row::new(run, &asked.question, asked.answer.clone(), bar_of(asked)));
    std::iter::once(connecting).chain(questions).collect()
}

fn bar_of(asked: &QuestionTiming) -> Option<Bar> {
    match asked.span() {
        Some(span) => Some(Bar::Whole(BarKind::Asking, span)),
        None => asked.asked.map(|from| Bar::Open(BarKind::Asking, from)),
    }
}

/// Returns the axis on which the newest run fits, with those that are compared with it; `None` as long as nothing has a time.
pub fn scale(newest: Option<&RunRecord>, compared: &[Shared<RunRecord>]) -> Option<Scale> {
    let runs = newest.into_iter().chain(compared.iter().map(|record| &**record));
    let longest = runs.map(|record| room_for(&record.run)).max()?;
    (!longest.is_zero()).then(|| Scale::to_fit(longest))
}

/// Returns the unit of that axis, and of every figure and sentence beside it.
pub fn unit(newest: Option<&RunRecord>, compared: &[Shared<RunRecord>]) -> Unit {
    scale(newest, compared).map_or(Unit::Milliseconds, |scale| scale.unit())
}

/// How long an axis must be for a run. What has no end gets as much room as everything before it, so
/// that it is seen to go on. What took less than a step of the clock has room for a step.
fn room_for(run: &Run) -> Duration {
    let is_open = run.questions.iter().any(|asked| asked.asked.is_some() && asked.answered.is_none());
    let room = if is_open { run.until().saturating_mul(2) } else { run.until() };
    if run.connecting.is_some() { room.max(run.clock_step) } else { room }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use launcelot_measure::Step;

    use super::*;
    use crate::state::ids::RunId;
    use crate::state::test_state::{after, ask, complete, ready, ready_after, step};
    use crate::state::{Action, State};

    const fn us(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    fn steps() -> Vec<Step> {
        vec![
            Step::Connected { at: us(20) },
            Step::Asked { at: us(21) },
            Step::Answered { at: us(40), answer: "Error: unknown question.".to_owned() },
            Step::Asked { at: us(41) },
        ]
    }

    /// A page whose first run has taken these steps.
    fn asked(steps: impl IntoIterator<Item = Step>) -> Rc<State> {
        let steps = steps.into_iter().map(|taken| step(1, taken));
        ready_after([ask()].into_iter().chain(steps))
    }

    fn rows_of(state: &State) -> Vec<Row> {
        let (newest, compared) = (state.runs.newest(), state.runs.compared());
        of(newest.map(|newest| &**newest), &compared, unit_of(state))
    }

    fn scale_of(state: &State) -> Option<Scale> {
        scale(state.runs.newest().map(|newest| &**newest), &state.runs.compared())
    }

    fn unit_of(state: &State) -> Unit {
        unit(state.runs.newest().map(|newest| &**newest), &state.runs.compared())
    }

    #[test]
    fn before_the_first_run_the_table_shows_what_can_be_asked() {
        let rows = rows_of(&ready());
        assert_eq!(
            rows.iter().map(|row| row.words.as_str()).collect::<Vec<_>>()[..2],
            ["Connecting", "What is your name?"]
        );
        assert!(rows.iter().all(|row| row.bar.is_none() && row.answer.is_none()));
        assert_eq!(scale_of(&ready()), None);
    }

    #[test]
    fn what_has_begun_has_a_bar_and_what_has_ended_a_time() {
        let state = asked(steps());
        let rows = rows_of(&state);
        assert_eq!(rows[1].span().map(Span::took), Some(us(19)));
        assert!(rows[1].is_error);
        assert_eq!(rows[2].bar, Some(Bar::Open(BarKind::Asking, us(41))));
        assert_eq!(rows[3].bar, None);
    }

    #[test]
    fn what_is_attributed_to_connecting_is_marked() {
        let mut run = Run::new(String::new(), Order::OneAtATime, us(1), []);
        run.attributed_handshake = Some(us(1_300));
        let words = of_run(&run, true, Unit::Milliseconds)[0].words.replace('\u{a0}', " ");
        assert_eq!(words, "Connecting (1.30 ms of it attributed, not measured)");
    }

    #[test]
    fn the_begin_the_end_and_the_time_of_a_row_add_up_in_one_unit() {
        let mut steps = vec![Step::Connected { at: us(604_800) }, Step::Asked { at: us(604_805) }];
        steps.push(Step::Answered { at: us(1_223_650), answer: "This.".to_owned() });
        let state = asked(steps);
        let row = &rows_of(&state)[1];
        let words = row.bar_in_words(unit_of(&state)).replace('\u{a0}', " ");
        assert_eq!(words, "from 604.805 ms to 1223.650 ms");
        let mut numbers = words.split(' ').filter_map(|word| word.parse::<f64>().ok());
        let (from, until) = (numbers.next().unwrap(), numbers.next().unwrap());
        let took: f64 = unit_of(&state).figures(row.span().unwrap())[2].parse().unwrap();
        assert_eq!(format!("{:.3}", until - from), format!("{took:.3}"));
    }

    #[test]
    fn a_run_below_the_step_of_the_clock_has_figures() {
        let mut steps = vec![Step::Connected { at: us(0) }, Step::Asked { at: us(0) }];
        steps.push(Step::Answered { at: us(0), answer: "This.".to_owned() });
        let mut newest = RunRecord::clone(asked(steps).runs.newest().unwrap());
        newest.run.clock_step = us(16_700);
        assert_eq!(
            (scale(Some(&newest), &[]), unit(Some(&newest), &[])),
            (Some(Scale::to_fit(us(16_700))), Unit::Milliseconds)
        );
    }

    #[test]
    fn what_has_no_end_has_room_to_go_on() {
        assert_eq!(scale_of(&asked(steps())), Some(Scale::to_fit(us(82))));
    }

    #[test]
    fn ghosts_lie_below_the_same_step_and_the_axis_fits_them() {
        let state = ready_after([ask(), step(1, Step::Connected { at: us(3000) }), complete(1), ask()]);
        let steps = steps().into_iter().map(|taken| step(2, taken));
        let state = after(state, steps.chain([Action::CompareToggled(RunId(1))]));
        let rows = rows_of(&state);
        assert_eq!(rows.iter().map(|row| row.ghosts.len()).collect::<Vec<_>>(), [1, 0, 0, 0]);
        assert_eq!(scale_of(&state), Some(Scale::to_fit(us(3000))));
    }
}
