//! The page as a whole, in the order of its story.

use yew::prelude::*;

use crate::components::bridge_of_death::BridgeOfDeath;
use crate::components::clock_line::ClockLine;
use crate::components::controls::Controls;
use crate::components::dialogue::Dialogue;
use crate::components::legs::legs_of;
use crate::components::load_report::load_reports;
use crate::components::many_rounds::ManyRounds;
use crate::components::meaning::Meaning;
use crate::components::own_question::OwnQuestion;
use crate::components::race::race;
use crate::components::route::route_controls;
use crate::components::runs::Runs;
use crate::components::slow_motion::SlowMotion;
use crate::components::take_along::TakeAlong;
use crate::files;
use crate::hooks::{use_asker, use_interruptions, use_lab, use_race, use_timeline};

/// The page.
#[component]
pub fn App() -> Html {
    let asker = use_asker();
    use_interruptions(&asker);
    use_lab(&asker);
    use_race(&asker);
    use_timeline(&asker);
    use_effect_with((), |()| files::load_when_idle());
    html! {
        <>
            <header class="masthead">
                <p class="name">{ "Launcelot" }</p>
                <h1>{ "Where does the time go?" }</h1>
                <BridgeOfDeath />
                <p class="lede">
                    { "Your browser asks a server three questions, and you wait. Ask, and see for how long: first for the \
                       connection, then for each answer." }
                </p>
            </header>
            <main>
                <section aria-label="Ask once">
                    { route_controls(&asker) }
                    <Controls asker={asker.clone()} />
                    <Dialogue asker={asker.clone()} />
                    <Meaning asker={asker.clone()} />
                    { legs_of(&asker) }
                    <OwnQuestion asker={asker.clone()} />
                </section>
                <Runs asker={asker.clone()} />
                <SlowMotion asker={asker.clone()} />
                { race(&asker) }
                <ManyRounds asker={asker.clone()} />
                { load_reports(&asker) }
                <TakeAlong asker={asker.clone()} />
            </main>
            <footer>
                <ClockLine asker={asker.clone()} />
            </footer>
        </>
    }
}
