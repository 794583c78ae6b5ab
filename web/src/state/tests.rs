use launcelot_measure::lab_api::{TraceResponse, TransitResponse};
use launcelot_measure::{Connections, Link, LinkReport, LinkRevisions, Preset, ServerWork, Step, Trace};

use super::test_state::{after, ask, complete, connected, ended, ready, ready_after, report, step};
use super::*;
use crate::message::Ended;

fn record(state: &State, index: usize) -> &RunRecord {
    state.runs.iter().nth(index).unwrap()
}

fn tunnel() -> Action {
    Action::Lab(lab::Action::RouteChosen(Route::Tunnel))
}

fn direct() -> Action {
    Action::Lab(lab::Action::RouteChosen(Route::Straight))
}

fn wished(preset: Preset) -> Action {
    Action::Lab(lab::Action::Wished(preset.link()))
}

fn reported(preset: Preset) -> Action {
    Action::LabReplied(Reply::Tunnel(Some(report(preset))))
}

fn rounds_asked() -> Action {
    Action::RoundsAsked(RoundsPlan::new(10, Connections::One, None))
}

/// The end of the first series.
fn rounds_ended() -> Action {
    let id = RoundsId { page: PageId(1), number: 1 };
    Action::WorkerSent(FromWorker::RoundsEnded { id, how: Ended::Complete })
}

#[test]
fn a_run_begins_with_the_provenance_that_was_set_last() {
    let provenance = Provenance { server_design: Some("async".to_owned()), ..Provenance::default() };
    let state = ready_after([ask(), complete(1), Action::ProvenanceSet(provenance.clone()), ask(), complete(2)]);
    let recorded: Vec<_> = state.runs.iter().map(|record| record.recorded().provenance).collect();
    assert_eq!(recorded, [Provenance::default(), provenance.clone()]);
    let state = after(state, [rounds_asked()]);
    assert_eq!(state.rounds.newest().unwrap().rounds.provenance, provenance);
}

#[test]
fn only_a_lab_tells_that_there_was_no_emulated_link() {
    let links = |state: &State| {
        let run = state.runs.newest().map(|newest| newest.recorded().link);
        let rounds = state.rounds.newest().map(|newest| newest.rounds.link);
        (run.unwrap_or_default(), rounds.unwrap_or_default())
    };
    let state = ready_after([ask(), complete(1), rounds_asked(), rounds_ended()]);
    assert_eq!(links(&state), (Link::Unknown, Link::Unknown), "the lab has not answered yet");
    let absent = Action::LabReplied(Reply::Tunnel(None));
    let state = ready_after([absent, ask(), complete(1), rounds_asked(), rounds_ended()]);
    assert_eq!(links(&state), (Link::Unknown, Link::Unknown), "there is no lab");
    let state = ready_after([reported(Preset::Rack), ask(), complete(1), rounds_asked(), rounds_ended()]);
    assert_eq!(links(&state), (Link::None, Link::None));
    let state = ready_after([reported(Preset::Rack), tunnel(), ask(), complete(1)]);
    assert_eq!(links(&state).0, Link::Known(Preset::Rack.link()));

    // The lab answers after the run, and it has observed the dialogue.
    let response = TraceResponse { trace: Trace::default(), tunnel: None, server_design: None };
    let traced = Action::LabReplied(Reply::Trace(RunId(1), Some(response)));
    let state = ready_after([ask(), complete(1), reported(Preset::Rack), traced]);
    assert_eq!(links(&state).0, Link::None);
}

#[test]
fn steps_are_recorded_in_the_run_they_belong_to() {
    let state = ready_after([ask(), connected(1)]);
    assert!(state.is_running());
    assert!(state.runs.newest().unwrap().run.connecting.is_some());
}

#[test]
fn a_late_message_about_an_earlier_run_is_not_taken_for_one_about_the_newest() {
    let state = ready_after([ask(), ended(1, Ended::Stopped), ask(), connected(1), complete(1)]);
    assert_eq!(record(&state, 0).run.status, RunStatus::Stopped);
    assert!(state.is_running());
    assert_eq!(state.runs.newest().unwrap().run.connecting, None);
}

#[test]
fn a_run_that_is_over_stays_as_it_was() {
    let state = ready_after([ask(), ended(1, Ended::NoBridge), connected(1), complete(1)]);
    let run = &state.runs.newest().unwrap().run;
    assert!(matches!(&run.status, RunStatus::Broken(why) if why.contains("ws://b/ws")), "{run:?}");
    assert_eq!(run.connecting, None);
}

#[test]
fn the_worker_is_given_each_order_once_and_in_order() {
    let state = ready_after([ask(), Action::Stopped, complete(1), rounds_asked()]);
    let is_expected = |orders: &[Shared<ToWorker>]| match orders {
        [first, second, third] => {
            matches!(&**first, ToWorker::Ask(asks) if asks[0].url == "ws://b/ws?dialogue=page-1-1")
                && **second == ToWorker::Stop
                && matches!(&**third, ToWorker::Rounds { url, .. } if url == "ws://b/ws?series=series-1-1")
        }
        _ => false,
    };
    assert!(is_expected(&state.orders), "{:?}", state.orders);
    let state = state.reduce(Action::OrdersSent(2));
    assert!(matches!(&*state.orders[0], ToWorker::Rounds { .. }) && state.orders.len() == 1, "{:?}", state.orders);
}

#[test]
fn while_something_runs_nothing_else_begins() {
    let state = ready_after([ask()]);
    for action in [ask(), rounds_asked(), Action::Raced] {
        assert!(Rc::ptr_eq(&state.clone().reduce(action.clone()), &state), "{action:?}");
    }
}

#[test]
fn everything_can_be_cleared_unless_something_is_running_and_numbers_go_on() {
    let state = ready_after([ask(), complete(1), rounds_asked(), Action::Cleared]);
    assert!(!state.is_empty(), "a series is running");
    let state = after(state, [rounds_ended(), Action::Cleared]);
    assert!(state.is_empty());
    assert_eq!(after(state, [ask()]).runs.newest().unwrap().number, 2);
}

#[test]
fn an_action_that_changes_nothing_returns_the_same_state() {
    let state = ready_after([ask(), complete(1), ask(), complete(2), rounds_asked(), rounds_ended()]);
    let unchanged = [
        Action::OrderChosen(Order::OneAtATime),
        Action::Hidden(false),
        Action::Suspended,
        Action::Stopped,
        connected(1),
        complete(2),
        rounds_ended(),
        Action::Rounds(rounds::Action::StopwatchChosen(state.rounds.stopwatch)),
        Action::Rounds(rounds::Action::Removed(RoundsId::default())),
        Action::LabReplied(Reply::Trace(RunId(99), None)),
    ];
    for action in unchanged {
        // The lab was found, or is asked again after the end of a run, which is a change once.
        let state = state.clone().reduce(action.clone());
        assert!(Rc::ptr_eq(&state.clone().reduce(action.clone()), &state), "{action:?}");
    }
}

#[test]
fn a_step_of_a_run_leaves_everything_else_the_same_allocation() {
    let before = ready_after([ask(), complete(1), ask()]);
    let after = before.clone().reduce(connected(2));
    assert_ne!(after.runs.newest(), before.runs.newest());
    assert_eq!(after.runs.iter().next(), before.runs.iter().next());
    assert_eq!((&after.race, &after.rounds, after.lab), (&before.race, &before.rounds, before.lab));
}

#[test]
fn an_interruption_is_noted_in_the_run_that_it_interrupts() {
    let interruptions = |state: &State| state.runs.iter().map(|record| record.run.interruptions).collect::<Vec<_>>();
    let none = Interruptions::default();
    let state = ready_after([ask(), complete(1), Action::Hidden(true), Action::Hidden(false), ask()]);
    assert_eq!(interruptions(&state), [none, none]);
    let suspended = Action::WorkerSent(FromWorker::Suspended);
    let state = after(state, [Action::Hidden(true), Action::Hidden(false), Action::Suspended, complete(2), suspended]);
    assert_eq!(interruptions(&state), [none, Interruptions { was_hidden: true, was_suspended: true }]);
    let state = ready_after([Action::Hidden(true), ask(), Action::Hidden(false)]);
    assert_eq!(interruptions(&state), [HIDDEN], "it began in a hidden tab");
}

#[test]
fn choosing_an_order_leaves_the_earlier_runs_as_they_were() {
    let state = ready_after([ask(), Action::OrderChosen(Order::SentAhead)]);
    assert_eq!((state.order, state.runs.newest().unwrap().run.order), (Order::SentAhead, Order::OneAtATime));
}

#[test]
fn runs_are_compared_with_the_newest_and_the_newest_with_none() {
    let compare = |run| Action::CompareToggled(RunId(run));
    let state = ready_after([ask(), complete(1), ask(), compare(1), compare(2)]);
    assert_eq!(state.runs.compared().iter().map(|record| record.id).collect::<Vec<_>>(), [RunId(1)]);
    let state = state.reduce(compare(1));
    assert!(state.runs.compared().is_empty());
}

#[test]
fn the_oldest_runs_are_removed_and_the_numbers_go_on() {
    let state = (1..=53).fold(ready(), |state, run| state.reduce(ask()).reduce(complete(run)));
    assert_eq!(state.runs.iter().len(), runs::RUNS_MAX);
    assert_eq!((record(&state, 0).number, state.runs.newest().unwrap().number), (4, 53));
}

#[test]
fn a_series_says_in_its_name_that_its_link_changed() {
    let name = |actions: [Action; 3]| {
        let state = ready_after([reported(Preset::Ssh)].into_iter().chain(actions));
        state.rounds.newest().unwrap().rounds.name.replace('\u{a0}', " ")
    };
    assert_eq!(name([direct(), rounds_asked(), wished(Preset::Rack)]), "10 rounds, direct");
    let through = "10 rounds, through the tunnel at 1.30 ms, jitter up to 150 µs";
    assert_eq!(name([tunnel(), rounds_asked(), wished(Preset::Ssh)]), through, "it is set so already");
    assert_eq!(name([tunnel(), rounds_asked(), wished(Preset::Rack)]), [through, ", changed partway through"].concat());
}

#[test]
fn a_run_knows_its_link_unless_that_changed_partway_through() {
    let run = |run| [ask(), complete(run)];
    let mut actions = vec![reported(Preset::Ssh), tunnel()];
    actions.extend(run(1));
    actions.push(direct());
    actions.extend(run(2));
    actions.extend([tunnel(), wished(Preset::Rack), ask(), wished(Preset::Satellite), complete(3)]);
    let state = ready_after(actions);
    let links = |state: &State| state.runs.iter().map(|record| record.link).collect::<Vec<_>>();
    assert_eq!(links(&state), [Some(Preset::Ssh.link()), None, None]);
    assert_eq!(text::title(record(&state, 0)), "run 1, one at a time");
    let route = text::link::route_of(record(&state, 0)).map(|route| route.replace('\u{a0}', " "));
    assert_eq!(route.as_deref(), Some("through the tunnel at 1.30 ms, jitter up to 150 µs"));
    let routes = [1, 2].map(|index| text::link::route_of(record(&state, index)));
    assert_eq!(routes, [None, Some("through the tunnel".to_owned())]);

    // Another client changes it before the second run.
    let mut actions = vec![reported(Preset::Ssh), tunnel()];
    actions.extend(run(1));
    actions.push(reported(Preset::Ssh));
    actions.extend(run(2));
    actions.push(reported(Preset::Rack));
    actions.extend(run(3));
    actions.push(reported(Preset::Rack));
    assert_eq!(links(&ready_after(actions)), [Some(Preset::Ssh.link()), None, Some(Preset::Rack.link())]);
}

#[test]
fn a_change_of_the_servers_work_is_noted_in_what_spans_it() {
    let ms = Duration::from_millis;
    let works = |millis| Action::LabReplied(Reply::Server(Some(ms(millis))));
    let wished = |millis| Action::Lab(lab::Action::WorkWished(ms(millis)));
    let begun = || [reported(Preset::Ssh), works(0)];
    let work_of_run = |state: &State| state.runs.newest().unwrap().server_work.unwrap();
    let work_of_rounds = |state: &State| state.rounds.newest().unwrap().rounds.server_work.unwrap();
    let unchanged = ServerWork { first: ms(0), last: Some(ms(0)) };
    let changed = ServerWork { first: ms(0), last: Some(ms(3)) };
    // What happens during the measurement, and after it.
    let cases = [
        ("by another client", vec![], vec![works(3)], changed),
        ("not at all", vec![], vec![works(0)], unchanged),
        ("here", vec![wished(3)], vec![works(3)], changed),
        ("here and back", vec![wished(3), wished(0)], vec![works(0)], changed),
        ("afterwards", vec![], vec![wished(3), works(3)], unchanged),
    ];
    for (how, during, afterwards, expected) in cases {
        let actions = |begin: Action, end: Action| {
            let begun = begun().into_iter().chain([begin]).chain(during.clone());
            ready_after(begun.chain([end]).chain(afterwards.clone()))
        };
        assert_eq!(work_of_run(&actions(ask(), complete(1))), expected, "{how}");
        assert_eq!(work_of_rounds(&actions(rounds_asked(), rounds_ended())), expected, "{how}");
    }
    let next = ready_after(begun().into_iter().chain([ask(), complete(1), works(3), ask()]));
    assert_eq!(work_of_run(&next), ServerWork::begun(ms(3)), "the next begins with what the lab reported last");
}

#[test]
fn the_trace_of_a_run_tells_the_revisions_of_its_link_and_the_design_of_the_server() {
    let revisions = |preset| LinkRevisions::unchanged(report(preset).revision);
    let seen = |run, revisions| {
        let tunnel = Some(TransitResponse { revisions, handshake: None });
        let response = TraceResponse { trace: Trace::default(), tunnel, server_design: Some("poll".to_owned()) };
        Action::LabReplied(Reply::Trace(RunId(run), Some(response)))
    };
    // Another client changes the link during the first of two runs, which the page learns afterwards.
    let runs = [reported(Preset::Ssh), tunnel(), ask(), complete(1), ask(), complete(2), reported(Preset::Rack)];
    let state = ready_after(runs);
    let known = |state: &State| -> Vec<_> {
        state.runs.iter().map(|record| record.link_revisions.map(LinkRevisions::revision)).collect()
    };
    assert_eq!(known(&state), [Some(None), Some(None)], "changed partway through");
    let changed = LinkRevisions { last_revision: Some(9), ..revisions(Preset::Ssh) };
    let state = after(state, [seen(1, changed), seen(2, revisions(Preset::Rack))]);
    assert_eq!(known(&state), [Some(None), Some(Some(report(Preset::Rack).revision))]);
    assert_eq!(state.runs.iter().map(|record| record.link).collect::<Vec<_>>(), [None, Some(Preset::Rack.link())]);
    assert_eq!(record(&state, 0).provenance.server_design.as_deref(), Some("poll"));
}

#[test]
fn a_race_begins_its_next_heat_when_the_last_is_complete() {
    let state = ready_after([Action::Raced]);
    assert!(state.is_running());
    assert_eq!(state.orders.len(), 1, "the warm-up");
    let state = after(state, [step(1, Step::Connected { at: Duration::ZERO }), complete(1)]);
    assert_eq!(state.orders.len(), 2, "the first way");
    let state = after(state, [ended(2, Ended::Stopped)]);
    assert_eq!((state.orders.len(), state.is_running()), (2, false));
}

#[test]
fn a_race_that_is_stopped_as_a_heat_ends_does_not_go_on() {
    let stops = |state: &State| state.orders.iter().filter(|order| matches!(***order, ToWorker::Stop)).count();
    let state = ready_after([Action::Raced, step(1, Step::Connected { at: Duration::ZERO }), Action::Stopped]);
    assert_eq!(stops(&state), 1);
    let state = after(state, [complete(1)]);
    assert_eq!(stops(&state), 2, "the next heat is stopped, too");
    let state = after(state, [ended(2, Ended::Stopped)]);
    assert!(!state.is_running());
    let state = after(state, [Action::Raced]);
    assert_eq!((stops(&state), state.is_running()), (2, true), "another race goes on");
}

#[test]
fn a_tunnel_that_has_measured_nothing_is_measured_by_a_quiet_run() {
    let unmeasured = LinkReport { added_delay: None, ..report(Preset::Ssh) };
    let replies = [Reply::Tunnel(Some(unmeasured)), Reply::Server(None)].map(Action::LabReplied);
    let state = after(ready(), replies.into_iter().chain([tunnel()]));
    assert!(matches!(&*state.orders[0], ToWorker::Ask(asks) if asks[0].url == "ws://b/ws/tunnel"), "{state:?}");
    assert_eq!(state.runs.iter().len(), 0, "it is not shown");
}

#[test]
fn a_worker_that_breaks_ends_the_run_and_is_reported() {
    let state = ready_after([ask(), Action::WorkerBroke("gone".to_owned())]);
    assert!(!state.is_running() && !state.is_ready());
    assert_eq!(state.broken.as_deref(), Some("gone"));
}

#[test]
fn a_connection_that_ends_because_the_page_is_left_is_not_broken() {
    let closed = || Ended::Closed { code: 1001, reason: String::new(), partial: String::new() };
    let state = ready_after([ask(), connected(1), Action::Leaving, ended(1, closed())]);
    assert_eq!(state.runs.newest().unwrap().run.status, RunStatus::Stopped);
    for came_back in [None, Some(Action::Suspended)] {
        let left = came_back.iter().map(|_| Action::Leaving);
        let state = after(state.clone(), [ask(), connected(2)].into_iter().chain(left).chain(came_back.clone()));
        let state = after(state, [ended(2, closed())]);
        assert!(matches!(state.runs.newest().unwrap().run.status, RunStatus::Broken(_)), "{came_back:?}");
    }
}

#[test]
fn a_worker_that_is_late_is_reported_until_it_starts() {
    let clock = Clock { step: Duration::ZERO, isolated: true, cores: 2 };
    let late = after(Rc::new(State::default()), [Action::WorkerDue]);
    assert!(late.broken.is_some() && !late.is_ready());
    let started = late.reduce(Action::WorkerSent(FromWorker::Ready(clock)));
    assert!(started.broken.is_none() && started.is_ready());
    assert!(ready_after([Action::WorkerDue]).is_ready(), "it has started in time");
}

#[test]
fn a_page_that_may_not_connect_ends_its_run_and_says_what_to_remove_from_its_address() {
    let state = ready_after([ask(), Action::ConnectionForbidden]);
    assert!(!state.is_running() && !state.is_ready());
    let why = state.broken.as_deref().unwrap_or_default();
    assert!(why.starts_with("The page may not connect to ws://b/ws: its Content-Security-Policy forbids it."), "{why}");
}

#[test]
fn loads_are_removed_by_number_and_the_oldest_goes_for_a_new_one() {
    let load = |number| {
        let (file, title, elements) = (String::new(), String::new(), Vec::new());
        Action::LoadImported(Shared::new(LoadReport { number, file, title, elements, charts: Vec::new() }))
    };
    let numbers = |state: &State| state.loads.iter().map(|report| report.number).collect::<Vec<_>>();
    let state = after(ready(), (1..=5).map(load));
    assert_eq!(numbers(&state), [2, 3, 4, 5]);
    assert_eq!(numbers(&state.reduce(Action::LoadRemoved(3))), [2, 4, 5]);
}
