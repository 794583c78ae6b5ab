//! The worker: it owns the socket and the clock, and nothing else.
//!
//! A time is read as the first act on an event, the next question leaves before anything is told,
//! and telling the page comes last.
//!
//! - `asker`: one run or a few at once, told when they are over; `ticker` has a long one told meanwhile.
//! - `rounds`: many rounds, told in batches; `course` says which is next, `pause` waits for it.

mod asker;
mod clock;
mod course;
mod pause;
mod rounds;
mod ticker;

use std::cell::RefCell;
use std::thread::LocalKey;

use js_sys::{Function, Uint8Array};
use wasm_bindgen::convert::FromWasmAbi;
use wasm_bindgen::prelude::*;
use web_sys::{CloseEvent, DedicatedWorkerGlobalScope, Event, MessageEvent};

use crate::message::{self, FromWorker, ToWorker};
use asker::Asker;
use clock::{Clock, Reading};
use rounds::Rounder;

thread_local! {
    static ASKER: RefCell<Option<Asker>> = const { RefCell::new(None) };
    static ROUNDER: RefCell<Option<Rounder>> = const { RefCell::new(None) };
}

/// Where somebody lives whom events are brought to.
type Home<T> = &'static LocalKey<RefCell<Option<T>>>;

/// The functions that a socket calls. They are made once and live as long as the worker.
#[derive(Debug, Clone)]
struct Handlers {
    open: Function,
    message: Function,
    close: Function,
}

/// Starts the worker: measures the clock, tells the page, and waits for its orders.
pub fn start() {
    let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
    let Some(clock) = Clock::of(&scope) else {
        // Without a clock there is nothing to do; the page hears of it as the worker's error.
        wasm_bindgen::throw_str("this browser has no performance clock in workers");
    };
    // Each place has functions of its own, so that nobody has to find out whose event it is.
    let handlers = std::array::from_fn(|place| Handlers {
        open: handler(&clock, &ASKER, move |asker, at, _: Event| asker.opened(place, at)),
        message: handler(&clock, &ASKER, move |asker, at, event: MessageEvent| asker.received(place, at, &event)),
        close: handler(&clock, &ASKER, move |asker, _, event: CloseEvent| asker.closed(place, &event)),
    });
    let tick = handler(&clock, &ASKER, |asker, _, _: JsValue| asker.tick());
    let orders = handler(&clock, &ASKER, |asker, _, event: MessageEvent| obey(asker, &event));
    scope.set_onmessage(Some(&orders));
    ROUNDER.set(Some(Rounder::new(scope.clone(), clock.clone())));
    tell(&scope, &FromWorker::Ready(clock.measured(&scope)));
    ASKER.set(Some(Asker::new(scope, clock, handlers, tick)));
}

/// A function for the browser to call: it reads the clock first.
fn handler<T: 'static, E: FromWasmAbi + 'static>(
    clock: &Clock,
    home: Home<T>,
    act: impl Fn(&mut T, Reading, E) + 'static,
) -> Function {
    let clock = clock.clone();
    let closure = Closure::<dyn Fn(E)>::new(move |event| {
        let at = clock.read();
        home.with_borrow_mut(|somebody| {
            if let Some(somebody) = somebody {
                act(somebody, at, event);
            }
        });
    });
    closure.into_js_value().unchecked_into()
}

fn obey(asker: &mut Asker, event: &MessageEvent) {
    let bytes = Uint8Array::new(&event.data()).to_vec();
    let Some(order) = message::decode(&bytes) else {
        wasm_bindgen::throw_str("the page said what its worker does not understand");
    };
    ROUNDER.with_borrow_mut(|rounder| {
        let Some(rounder) = rounder else { return };
        // Whatever the order is, what went on before is over.
        rounder.stop();
        match order {
            ToWorker::Ask(runs) => asker.ask(&runs),
            ToWorker::Rounds { run, url, plan } => {
                asker.stop();
                rounder.begin(run, url, plan);
            }
            ToWorker::Stop => asker.stop(),
        }
    });
}

fn tell(scope: &DedicatedWorkerGlobalScope, message: &FromWorker) {
    let bytes = Uint8Array::from(message::encode(message).as_slice());
    // Fails only for what cannot be copied, and bytes can.
    let _ = scope.post_message(&bytes);
}
