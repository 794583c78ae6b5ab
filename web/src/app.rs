//! The page as a whole, in the order of its story. Each section gets the part of the state that it shows.

use yew::prelude::*;

use crate::bridge::{Bridge, Route};
use crate::components::bridge_of_death::BridgeOfDeath;
use crate::components::clock_line::ClockLine;
use crate::components::controls::Controls;
use crate::components::dialogue::Dialogue;
use crate::components::docs_links::DocsLinks;
use crate::components::keep_room::KeepRoom;
use crate::components::later::{Page, load_files_sections, load_rounds_sections};
use crate::components::meaning::Meaning;
use crate::components::next_step::NextStep;
use crate::components::own_question::OwnQuestion;
use crate::components::terminal::Terminal;
use crate::hooks::{
    use_actions, use_address, use_drop, use_histograms, use_interruptions, use_lab, use_later, use_parts, use_policy,
    use_runs_store, use_store, use_stored, use_stored_runs, use_timeline, use_worker,
};
use crate::render_mark::mark_render;
use crate::rows;
use crate::state::State;
use crate::state::ids::PageId;
use crate::state::lab::Presence;
use crate::text::link::NO_LAB;

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
    let histograms = use_histograms();
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
    let has_ended_run = state.runs.iter().any(|record| record.run.is_over());
    let rounds_part = use_later(has_parts || has_ended_run, load_rounds_sections);
    let files_part = use_later(has_parts || has_lab, load_files_sections);
    let page = Page { state, actions, dropped, histograms };
    let Page { state, actions, .. } = &page;
    html! {
        <>
            <header class="masthead">
                <p class="name">{ "Launcelot" }</p>
                <h1>{ "Where does the time go?" }</h1>
                <p class="lede">
                    { "Your browser asks a server three questions, and you wait: first for the connection, then for each answer. \
                       See how long each wait is (the latency), and where on the path it was spent." }
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
                        { rounds_part.draw(|draw| (draw.legs_table)(&page)) }
                    </KeepRoom>
                    <Terminal url={state.url().to_owned()} port={terminal_port} order={state.order} />
                </section>
                <section id="link" aria-labelledby="link-title">
                    <h2 id="link-title">{ "Lengthen the link" }</h2>
                    { match lab.presence {
                        Presence::Asked => html! { <div class="route" data-lab="asked" /> },
                        Presence::Absent => html! { <p id="no-lab" class="route" data-lab="absent">{ NO_LAB }</p> },
                        Presence::There(_) | Presence::Gone => files_part.draw(|draw| (draw.route)(&page)),
                    } }
                </section>
                { rounds_part.failure() }
                { rounds_part.draw(|draw| (draw.earlier_runs)(&page)) }
                { rounds_part.draw(|draw| (draw.slow_motion)(&page)) }
                { rounds_part.draw(|draw| (draw.race)(&page)) }
                { rounds_part.draw(|draw| (draw.many_rounds)(&page)) }
                { files_part.draw(|draw| (draw.load_reports)(&page)) }
                { files_part.draw(|draw| (draw.export)(&page)) }
                { files_part.failure() }
            </main>
            <footer>
                <ClockLine clock={state.clock} {traced} />
                <DocsLinks />
            </footer>
        </>
    }
}
