//! The worker: it lives as long as the component, gets the orders of the state, and its messages go to the reducer.

use std::cell::RefCell;
use std::mem;
use std::rc::Rc;

use gloo_events::EventListener;
use js_sys::Uint8Array;
use js_sys::futures::spawn_local;
use wasm_bindgen::prelude::*;
use web_sys::{ErrorEvent, MessageEvent, Worker, WorkerOptions, WorkerType};
use yew::prelude::*;

use super::painted::{is_hidden, painted};
use crate::focus;
use crate::message::{self, FromWorker, ToWorker};
use crate::provenance;
use crate::shared::Shared;
use crate::state::{Action, State};
use crate::text::mishap;

/// The time after which a worker that has not started is reported. It usually starts within a tenth of a second.
const START_TIMEOUT_MS: i32 = 8_000;

#[wasm_bindgen]
extern "C" {
    /// The description of the module that runs.
    type ImportMeta;

    /// The address of the module.
    #[wasm_bindgen(method, getter)]
    fn url(this: &ImportMeta) -> String;

    #[wasm_bindgen(thread_local_v2, js_namespace = import, js_name = meta)]
    static IMPORT_META: ImportMeta;
}

/// The worker, if it could be started, and the orders that it has not been given.
#[derive(Default)]
struct Link {
    worker: RefCell<Option<Worker>>,
    orders: RefCell<Vec<Shared<ToWorker>>>,
}

impl Link {
    /// Gives the worker orders once what the page has just drawn is painted: drawing would take a processor from what is
    /// measured. Orders keep their sequence.
    fn order(self: Rc<Self>, orders: &[Shared<ToWorker>]) {
        self.orders.borrow_mut().extend_from_slice(orders);
        if is_hidden() {
            return self.send();
        }
        spawn_local(async move {
            painted().await;
            self.send();
        });
    }

    fn send(&self) {
        let orders = mem::take(&mut *self.orders.borrow_mut());
        if let Some(worker) = &*self.worker.borrow() {
            for order in orders {
                // Fails only for what cannot be copied, and bytes can.
                let _ = worker.post_message(&Uint8Array::from(message::encode(&*order).as_slice()));
            }
        }
    }
}

/// Starts the worker, and ends it with the component. Gives it `orders`, and dispatches that they were sent.
#[hook]
pub fn use_worker(orders: &[Shared<ToWorker>], dispatcher: UseReducerDispatcher<State>) {
    let link = use_memo((), |()| Link::default());
    {
        let (link, dispatcher) = (link.clone(), dispatcher.clone());
        use_effect_with((), move |()| {
            expect_start(dispatcher.clone());
            let listeners = match start() {
                Ok(worker) => {
                    let listeners = listen(&worker, &dispatcher);
                    link.worker.replace(Some(worker));
                    Some(listeners)
                }
                Err(_) => {
                    dispatcher.dispatch(Action::WorkerBroke(mishap::WORKER_NOT_LOADED.to_owned()));
                    None
                }
            };
            move || {
                drop(listeners);
                if let Some(worker) = link.worker.take() {
                    worker.terminate();
                }
            }
        });
    }
    use_effect_with(orders.to_vec(), move |orders| {
        if !orders.is_empty() {
            link.order(orders);
            dispatcher.dispatch(Action::OrdersSent(orders.len()));
        }
    });
}

/// Dispatches when the worker should have started.
fn expect_start(dispatcher: UseReducerDispatcher<State>) {
    let on_timeout = Closure::once_into_js(move || dispatcher.dispatch(Action::WorkerDue));
    if let Some(window) = web_sys::window() {
        // If it fails, a worker that is late is not reported.
        let _ =
            window.set_timeout_with_callback_and_timeout_and_arguments_0(on_timeout.unchecked_ref(), START_TIMEOUT_MS);
    }
}

fn listen(worker: &Worker, dispatcher: &UseReducerDispatcher<State>) -> [EventListener; 2] {
    let on_message = {
        let dispatcher = dispatcher.clone();
        move |event: &Event| {
            let data = event.unchecked_ref::<MessageEvent>().data();
            if data.is_string() {
                // The URL to which the worker may not connect.
                focus::leave_stop_buttons();
                return dispatcher.dispatch(Action::ConnectionForbidden);
            }
            let bytes = Uint8Array::new(&data).to_vec();
            if let Some(message) = message::decode::<FromWorker>(&bytes) {
                if message.is_an_end() {
                    focus::leave_stop_buttons();
                    // The next heat of a race begins then.
                    dispatcher.dispatch(Action::ProvenanceSet(provenance::of_this_page()));
                }
                dispatcher.dispatch(Action::WorkerSent(message));
            }
        }
    };
    let on_error = {
        let dispatcher = dispatcher.clone();
        move |event: &Event| {
            // A script that cannot be loaded causes an event without a message.
            let why = match event.dyn_ref::<ErrorEvent>() {
                Some(error) => mishap::worker_broke(&error.message()),
                None => mishap::WORKER_NOT_LOADED.to_owned(),
            };
            focus::leave_stop_buttons();
            dispatcher.dispatch(Action::WorkerBroke(why));
        }
    };
    [EventListener::new(worker, "message", on_message), EventListener::new(worker, "error", on_error)]
}

/// Starts this program again, as the worker, and hands it the compiled program, so that it is neither fetched nor compiled again.
fn start() -> Result<Worker, JsValue> {
    let glue = IMPORT_META.with(ImportMeta::url);
    let glue = glue.rsplit('/').next().unwrap_or_default();
    let options = WorkerOptions::new();
    options.set_type(WorkerType::Module);
    let worker = Worker::new_with_options(&format!("{}?glue={glue}", script()), &options)?;
    worker.post_message(&wasm_bindgen::module())?;
    Ok(worker)
}

/// Returns the address of the worker's script, which the page's head has.
fn script() -> String {
    let document = web_sys::window().and_then(|window| window.document());
    let meta = document.and_then(|document| document.query_selector("meta[name=worker]").ok().flatten());
    meta.and_then(|meta| meta.get_attribute("content")).unwrap_or_default()
}
