//! The page's side of its worker: the worker is started once, and what it says goes to the reducer.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::futures::spawn_local;
use js_sys::{Date, Uint8Array};
use launcelot_measure::export::Document;
use launcelot_measure::{LinkRevisions, Order, Rounds, RoundsPlan, ServerWork};
use launcelot_protocol::{EXCHANGES, Question};
use wasm_bindgen::prelude::*;
use web_sys::{ErrorEvent, MessageEvent, Worker, WorkerOptions, WorkerType};
use yew::prelude::*;

use super::painted::{is_hidden, painted};
use crate::bridge::{self, Route};
use crate::cupboard::Cupboard;
use crate::focus;
use crate::lab::series_name;
use crate::message::{self, Ask, FromWorker, ToWorker};
use crate::provenance;
use crate::state::race::{self, Heat};
use crate::state::rounds::{self, Kept};
use crate::state::{Action, State, lab};
use crate::words;

#[wasm_bindgen]
extern "C" {
    /// What a module knows of itself.
    type ImportMeta;

    /// Where it came from.
    #[wasm_bindgen(method, getter)]
    fn url(this: &ImportMeta) -> String;

    #[wasm_bindgen(thread_local_v2, js_namespace = import, js_name = meta)]
    static IMPORT_META: ImportMeta;
}

/// Starts this program again, as the worker, and hands it the compiled program, so that it is neither fetched nor
/// compiled again.
fn start_worker() -> Result<Worker, JsValue> {
    let glue = IMPORT_META.with(ImportMeta::url);
    let glue = glue.rsplit('/').next().unwrap_or_default();
    let options = WorkerOptions::new();
    options.set_type(WorkerType::Module);
    let worker = Worker::new_with_options(&format!("{}?glue={glue}", worker_script()), &options)?;
    worker.post_message(&wasm_bindgen::module())?;
    Ok(worker)
}

/// The address of the worker's script, which the page's head gives.
fn worker_script() -> String {
    let document = web_sys::window().and_then(|window| window.document());
    let meta = document.and_then(|document| document.query_selector("meta[name=worker]").ok().flatten());
    meta.and_then(|meta| meta.get_attribute("content")).unwrap_or_default()
}

/// The end of the name of an imported series.
const IMPORTED: &str = " (imported)";

/// After this number come the runs that nobody counts.
const UNSEEN: u32 = u32::MAX / 2;

/// Asks on behalf of the page. Cheap to clone; all clones are one.
#[derive(Clone, PartialEq)]
pub struct Asker {
    state: UseReducerHandle<State>,
    link: Rc<Link>,
}

/// The worker while it lives, what it has not been told yet, how many runs it was told to do, what their dialogues' names begin with, which no
/// other page has, and where many rounds are kept.
struct Link {
    worker: RefCell<Option<Worker>>,
    orders: RefCell<Vec<Vec<u8>>>,
    runs: Cell<u32>,
    unseen: Cell<u32>,
    cupboard: RefCell<Cupboard>,
    page: String,
}

impl PartialEq for Link {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Asker {
    /// Everything that the page shows.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Changes something that needs no worker.
    pub fn dispatch(&self, action: Action) {
        self.state.dispatch(action);
    }

    /// Whether a question can be asked now.
    pub fn is_ready(&self) -> bool {
        self.state.clock.is_some() && self.state.broken.is_none() && !self.state.is_running()
    }

    /// Begins a run; does nothing while one cannot be begun.
    pub fn ask(&self, questions: Vec<Question>) {
        if !self.is_ready() {
            return;
        }
        let (url, order) = (self.url(), self.state.order);
        let number = self.link.next_run();
        let dialogue = self.link.dialogue(number);
        self.link.tell(&ToWorker::Ask(vec![Ask {
            run: number,
            url: format!("{url}?dialogue={dialogue}"),
            order,
            questions: questions.iter().map(ToString::to_string).collect(),
        }]));
        self.state.dispatch(Action::ProvenanceSet(provenance::of_this_page()));
        self.state.dispatch(Action::Asked { number, url, order, questions, dialogue });
    }

    /// Sends the three questions through the tunnel, so that it measures itself. Nobody sees this run; one that is
    /// to be seen takes its place.
    pub fn probe(&self) {
        let number = self.link.next_unseen();
        self.link.tell(&ToWorker::Ask(vec![Ask {
            run: number,
            url: bridge::url_of_this_page(Route::Tunnel),
            order: Order::OneAtATime,
            questions: EXCHANGES.map(|exchange| exchange.question.to_owned()).to_vec(),
        }]));
        self.dispatch(Action::Lab(lab::Action::Probing(number)));
    }

    /// Begins the race; does nothing while it cannot be begun.
    pub fn race(&self) {
        if self.is_ready() {
            self.dispatch(Action::Race(race::Action::Begun(self.url())));
        }
    }

    /// Begins the next heat of the race.
    pub fn run_heat(&self, heat: Heat) {
        let url = &self.state.race.url;
        let asks = heat.runs().into_iter().map(|(order, questions)| {
            let run = self.link.next_unseen();
            let dialogue = self.link.dialogue(run);
            let url = format!("{url}?dialogue={dialogue}");
            (dialogue, Ask { run, url, order, questions })
        });
        let asks: Vec<(String, Ask)> = asks.collect();
        self.link.tell(&ToWorker::Ask(asks.iter().map(|(_, ask)| ask.clone()).collect()));
        self.dispatch(Action::ProvenanceSet(provenance::of_this_page()));
        self.dispatch(Action::Race(race::Action::HeatBegun(heat, asks)));
    }

    /// On how many processors all of it runs, as far as the browser says so.
    pub fn cores(&self) -> u32 {
        self.state.clock.map_or(1, |clock| clock.cores)
    }

    /// The bridge, on the route that the person chose.
    pub fn url(&self) -> String {
        bridge::url_of_this_page(self.state.lab.route)
    }

    /// Begins to ask in rounds; does nothing while that cannot be begun.
    pub fn ask_in_rounds(&self, plan: RoundsPlan) {
        let Some(clock) = self.state.clock.filter(|_| self.is_ready()) else { return };
        let url = self.url();
        let number = self.link.next_unseen();
        let id = Date::now() as u64;
        self.link.tell(&ToWorker::Rounds { run: number, url: format!("{url}?series={}", series_name(id)), plan });
        let wire = self.state.lab.wire().filter(|_| self.state.lab.route == Route::Tunnel);
        let name = words::rounds::name(&plan, &words::wire::route(self.state.lab.route, wire));
        let others: Vec<&str> = self.state.rounds.kept.iter().map(|kept| kept.rounds.name.as_str()).collect();
        let name = words::rounds::told_apart(name, &others);
        let revision = self.state.lab.revision().filter(|_| wire.is_some());
        let rounds = Rounds {
            provenance: provenance::of_this_page(),
            link: launcelot_measure::Link::new(wire, None),
            link_revisions: revision.map(LinkRevisions::unchanged),
            server_work: self.state.lab.work_time().map(ServerWork::begun),
            ..rounds::begun(name, url, plan, clock)
        };
        let kept = Kept { id, rounds: Rc::new(rounds), is_imported: false };
        self.state.dispatch(Action::Rounds(rounds::Action::Begun(number, kept)));
    }

    /// Puts the runs of a document among the earlier ones, its races below the race, and its rounds among the rounds.
    pub fn import(&self, document: Document) {
        let document = Rc::new(document);
        let now = Date::now() as u64;
        let brought = document.rounds.iter().zip(now..).map(|(rounds, id)| {
            // A series that was exported after an import has this in its name already.
            let name = [rounds.name.strip_suffix(IMPORTED).unwrap_or(&rounds.name), IMPORTED].concat();
            Kept { id, rounds: Rc::new(Rounds { name, ..rounds.clone() }), is_imported: true }
        });
        self.state.dispatch(Action::Rounds(rounds::Action::Imported(brought.collect())));
        let number = self.link.runs.get() + 1;
        self.link.runs.set(self.link.runs.get() + document.runs.len() as u32);
        let unseen = self.link.unseen.get() + 1;
        self.link.unseen.set(self.link.unseen.get() + document.all_runs().count() as u32);
        self.state.dispatch(Action::Imported { number, unseen, document });
    }

    /// Gives up the run that goes on.
    pub fn stop(&self) {
        self.link.tell(&ToWorker::Stop);
    }
}

impl Link {
    fn new() -> Self {
        let cupboard = RefCell::new(Cupboard::open());
        let random = (js_sys::Math::random() * 9e15) as u64;
        let (worker, orders) = (RefCell::default(), RefCell::default());
        let (runs, unseen) = (Cell::default(), Cell::new(UNSEEN));
        Self { worker, orders, runs, unseen, cupboard, page: format!("page-{random}") }
    }

    /// The name by which a lab is to know the dialogue of a run.
    fn dialogue(&self, run: u32) -> String {
        format!("{}-{run}", self.page)
    }

    fn next_run(&self) -> u32 {
        let number = self.runs.get() + 1;
        self.runs.set(number);
        number
    }

    /// The number of a run that has no place among those that a person counts.
    fn next_unseen(&self) -> u32 {
        self.unseen.set(self.unseen.get() + 1);
        self.unseen.get()
    }

    /// Tells the worker something once what the page has just drawn is painted: drawing would take a core from what is measured.
    /// Orders keep their sequence.
    fn tell(self: &Rc<Self>, order: &ToWorker) {
        self.orders.borrow_mut().push(message::encode(order));
        if is_hidden() {
            return self.send_orders();
        }
        let link = self.clone();
        spawn_local(async move {
            painted().await;
            link.send_orders();
        });
    }

    fn send_orders(&self) {
        let worker = self.worker.borrow();
        for order in self.orders.take() {
            if let Some(worker) = &*worker {
                // Fails only for what cannot be copied, and bytes can.
                let _ = worker.post_message(&Uint8Array::from(order.as_slice()));
            }
        }
    }
}

/// Starts the worker with the component and ends it with it. Rounds are kept for the next visit.
#[hook]
pub fn use_asker() -> Asker {
    let link = use_memo((), |()| Link::new());
    let state = {
        let link = link.clone();
        use_reducer(move || State::with(link.cupboard.borrow().held()))
    };
    {
        let link = link.clone();
        let dispatcher = state.dispatcher();
        let unsaid = !state.rounds.is_unstored;
        use_effect_with(state.rounds.kept.clone(), move |kept| {
            if !link.cupboard.borrow_mut().hold(kept) && unsaid {
                dispatcher.dispatch(Action::Rounds(rounds::Action::Unstored));
            }
        });
    }
    {
        let link = link.clone();
        let dispatcher = state.dispatcher();
        use_effect_with((), move |()| {
            let on_message = {
                let dispatcher = dispatcher.clone();
                Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
                    if let Some(heard) = message::decode::<FromWorker>(&Uint8Array::new(&event.data()).to_vec()) {
                        if heard.is_an_end() {
                            focus::leave_stop_buttons();
                        }
                        dispatcher.dispatch(Action::Heard(heard));
                    }
                })
            };
            let on_error = {
                let dispatcher = dispatcher.clone();
                Closure::<dyn Fn(ErrorEvent)>::new(move |event: ErrorEvent| {
                    let why = format!("The page’s worker broke: {}. Load the page again.", event.message());
                    dispatcher.dispatch(Action::WorkerBroke(why));
                })
            };
            match start_worker() {
                Ok(worker) => {
                    worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
                    worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
                    link.worker.replace(Some(worker));
                }
                Err(_) => {
                    dispatcher.dispatch(Action::WorkerBroke("The page’s worker could not be started.".to_owned()));
                }
            }
            move || {
                if let Some(worker) = link.worker.take() {
                    worker.terminate();
                }
                drop((on_message, on_error));
            }
        });
    }
    Asker { state, link }
}
