//! The page as a whole, in the order of its story. Each section gets the part of the state that it shows.

use yew::prelude::*;

use crate::bridge::{Bridge, Route};
use crate::components::bridge_of_death::BridgeOfDeath;
use crate::components::clock_line::ClockLine;
use crate::components::controls::Controls;
use crate::components::dialogue::Dialogue;
use crate::components::docs_links::DocsLinks;
use crate::components::export::Available;
use crate::components::keep_room::KeepRoom;
use crate::components::later::{load_files_sections, load_rounds_sections};
use crate::components::meaning::Meaning;
use crate::components::next_step::NextStep;
use crate::components::own_question::OwnQuestion;
use crate::components::route::RouteControls;
use crate::components::slow_motion::Recording;
use crate::components::terminal::Terminal;
use crate::components::{earlier_runs, export, legs_table, load_reports, many_rounds, race, slow_motion};
use crate::hooks::{
    use_actions, use_address, use_drop, use_interruptions, use_lab, use_later, use_parts, use_policy, use_runs_store,
    use_store, use_stored, use_stored_runs, use_timeline, use_worker,
};
use crate::pictures::Chart;
use crate::render_mark::mark_render;
use crate::rows;
use crate::state::State;
use crate::state::ids::PageId;
use crate::text::busy;

/// The page.
#[component]
pub fn App() -> Html {
    mark_render("App");
    let (store, runs_store) = (use_store(), use_runs_store());
    let state = {
        let (store, runs_store) = (store.clone(), runs_store.clone());
        use_reducer(move || {
            let (last_run, last_race) = runs_store.last_positions();
            State::new(PageId::random(), Bridge::of_this_page(), store.saved()).continuing(last_run, last_race)
        })
    };
    let actions = use_actions(&state);
    use_worker(&state.orders, state.dispatcher());
    use_policy(state.dispatcher());
    let has_parts = use_parts();
    use_stored(store, &state.rounds, actions.state.clone());
    use_stored_runs(runs_store, &state, actions.state.clone(), has_parts);
    let dropped = use_drop();
    use_lab(state.request(), state.dispatcher());
    use_interruptions(state.dispatcher());
    use_timeline(state.finished_run());

    let busy = state.busy();
    let lab = state.lab.visible();
    use_address(&lab, state.order, &actions);
    let has_lab = lab.report().is_some();
    let terminal_port = lab.report().and_then(|report| match lab.route {
        Route::Straight => report.server_port,
        Route::Tunnel => Some(report.port),
    });
    let newest = state.runs.newest().cloned();
    let is_settled = newest.as_ref().is_none_or(|it| it.run.is_over() && !it.legs.are_pending());
    let finished = newest.clone().filter(|newest| newest.run.is_over());
    let compared = state.runs.compared();
    let unit = rows::unit(newest.as_deref(), &compared);
    let traced = newest.clone().filter(|newest| newest.trace().is_some());
    let recordings = Recording::all(&state.runs, state.races());
    let rounds_part = use_later(has_parts || !recordings.is_empty(), load_rounds_sections);
    let files_part = use_later(has_parts, load_files_sections);
    let legs_table = legs_table::Props { traced: traced.clone(), unit };
    let earlier_runs = earlier_runs::Props {
        runs: state.runs.earlier(),
        compared: compared.clone(),
        is_unstored: state.are_runs_unstored,
        compare: actions.compare.clone(),
        remove: actions.remove_run.clone(),
    };
    let race = race::Props {
        race: state.race.clone(),
        others: state.other_races.clone(),
        lab,
        busy,
        begin: actions.race.clone(),
        stop: actions.stop.clone(),
        change_lab: actions.change_lab.clone(),
    };
    let many_rounds = many_rounds::Props {
        rounds: state.rounds.clone(),
        busy,
        ask: actions.ask_in_rounds.clone(),
        stop: actions.stop.clone(),
        change: actions.change_rounds.clone(),
    };
    let load_reports = load_reports::Props { reports: state.loads.clone(), remove: actions.remove_load.clone() };
    let export = export::Props {
        available: Available::of(&state),
        charts: Chart::all_drawn(&state),
        busy: state.is_running().then_some(busy::RUNNING),
        clear: actions.clear.clone(),
        dropped,
        import: actions.import.clone(),
        import_load: actions.import_load.clone(),
        state: actions.state.clone(),
    };
    html! {
        <>
            <header class="masthead">
                <p class="name">{ "Launcelot" }</p>
                <h1>{ "Where does the time go?" }</h1>
                <p class="lede">
                    { "Your browser asks a server three questions, and you wait: first for the connection, then for each answer. \
                       See how long each wait is (the latency), and on which part of the path it was spent." }
                </p>
                <BridgeOfDeath />
            </header>
            <main>
                <section aria-labelledby="ask-title">
                    <h2 id="ask-title">{ "Ask once" }</h2>
                    <Controls {busy} order={state.order} ask={actions.ask.clone()} choose_order={actions.choose_order.clone()} />
                    <OwnQuestion {busy} ask={actions.ask.clone()} />
                    <KeepRoom {is_settled}>
                        <Dialogue newest={newest.clone()} compared={compared.clone()} />
                        <Meaning has_clock={state.clock.is_some()} broken={state.broken.clone()} newest={newest.clone()}
                            compared={compared.clone()} {unit} stop={actions.stop.clone()} />
                        <NextStep newest={finished} is_first={state.has_one_run()} {has_lab} />
                        { rounds_part.draw(|draw| (draw.legs_table)(legs_table)) }
                    </KeepRoom>
                    <Terminal port={terminal_port} order={state.order} />
                </section>
                <section id="link" aria-labelledby="link-title">
                    <h2 id="link-title">{ "Lengthen the link" }</h2>
                    <RouteControls {lab} change={actions.change_lab.clone()} />
                </section>
                { rounds_part.failure() }
                { rounds_part.draw(|draw| (draw.earlier_runs)(earlier_runs)) }
                { rounds_part.draw(|draw| (draw.slow_motion)(slow_motion::Props { recordings })) }
                { rounds_part.draw(|draw| (draw.race)(race)) }
                { rounds_part.draw(|draw| (draw.many_rounds)(many_rounds)) }
                { files_part.draw(|draw| (draw.load_reports)(load_reports)) }
                { files_part.draw(|draw| (draw.export)(export)) }
                { files_part.failure() }
            </main>
            <footer>
                <ClockLine clock={state.clock} {traced} />
                <DocsLinks />
            </footer>
        </>
    }
}
