//! The worker: it owns the socket and the clock, and nothing else.
//!
//! A time is read as the first act on an event, the next question leaves before anything is reported,
//! and telling the page comes last.
//!
//! - `runs`: one run or a few at once, reported when they are over; `ticker` has a long one reported meanwhile.
//! - `rounds`: many rounds, reported in batches; `schedule` says which is next, `pause` waits for it.

mod clock;
mod pause;
mod rounds;
mod runs;
mod schedule;
mod ticker;

use std::cell::RefCell;
use std::thread::LocalKey;

use js_sys::{Function, Uint8Array};
use wasm_bindgen::convert::FromWasmAbi;
use wasm_bindgen::prelude::*;
use web_sys::{CloseEvent, DedicatedWorkerGlobalScope, Event, MessageEvent};

use crate::message::{self, FromWorker, ToWorker};
use clock::{Clock, Reading};
use rounds::RoundsRunner;
use runs::RunsRunner;

thread_local! {
    static RUNS_RUNNER: RefCell<Option<RunsRunner>> = const { RefCell::new(None) };
    static ROUNDS_RUNNER: RefCell<Option<RoundsRunner>> = const { RefCell::new(None) };
}

/// Where the receiver of events is kept.
type Slot<T> = &'static LocalKey<RefCell<Option<T>>>;

/// The functions that a socket calls. They are made once and live as long as the worker.
#[derive(Debug, Clone)]
struct Handlers {
    open: Function,
    message: Function,
    close: Function,
}

/// Starts the worker: measures the clock, sends it to the page, and waits for orders.
pub fn start() {
    let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
    let Some(clock) = Clock::of(&scope) else {
        // Without a clock there is nothing to do. The page receives it as an error event of the worker.
        wasm_bindgen::throw_str("this browser has no performance clock in workers");
    };
    // Each slot has functions of its own, which know whose event it is.
    let handlers = std::array::from_fn(|slot| Handlers {
        open: handler(&clock, &RUNS_RUNNER, move |runs, at, _: Event| runs.opened(slot, at)),
        message: handler(&clock, &RUNS_RUNNER, move |runs, at, event: MessageEvent| runs.received(slot, at, &event)),
        close: handler(&clock, &RUNS_RUNNER, move |runs, _, event: CloseEvent| runs.closed(slot, &event)),
    });
    let tick = handler(&clock, &RUNS_RUNNER, |runs, _, _: JsValue| runs.tick());
    let orders = handler(&clock, &RUNS_RUNNER, |runs, _, event: MessageEvent| carry_out(runs, &event));
    scope.set_onmessage(Some(&orders));
    ROUNDS_RUNNER.set(Some(RoundsRunner::new(scope.clone(), clock.clone())));
    send(&scope, &FromWorker::Ready(clock.measured(&scope)));
    RUNS_RUNNER.set(Some(RunsRunner::new(scope, clock, handlers, tick)));
}

/// A function for the browser to call: it reads the clock first.
fn handler<T: 'static, E: FromWasmAbi + 'static>(
    clock: &Clock,
    slot: Slot<T>,
    act: impl Fn(&mut T, Reading, E) + 'static,
) -> Function {
    let clock = clock.clone();
    let closure = Closure::<dyn Fn(E)>::new(move |event| {
        let at = clock.read();
        slot.with_borrow_mut(|receiver| {
            if let Some(receiver) = receiver {
                act(receiver, at, event);
            }
        });
    });
    closure.into_js_value().unchecked_into()
}

fn carry_out(runs: &mut RunsRunner, event: &MessageEvent) {
    let bytes = Uint8Array::new(&event.data()).to_vec();
    let Some(order) = message::decode(&bytes) else {
        wasm_bindgen::throw_str("the page sent a message that its worker does not understand");
    };
    ROUNDS_RUNNER.with_borrow_mut(|runner| {
        let Some(runner) = runner else { return };
        // Whatever the order is, what went on before is over.
        runner.stop();
        match order {
            ToWorker::Ask(asks) => runs.ask(&asks),
            ToWorker::Rounds { id, url, plan } => {
                runs.stop();
                runner.begin(id, url, plan);
            }
            ToWorker::Stop => runs.stop(),
        }
    });
}

fn send(scope: &DedicatedWorkerGlobalScope, message: &FromWorker) {
    let bytes = Uint8Array::from(message::encode(message).as_slice());
    // Fails only for what cannot be copied, and bytes can.
    let _ = scope.post_message(&bytes);
}
