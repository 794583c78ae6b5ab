//! The lab: it is asked whatever the state wants to know.

use js_sys::futures::spawn_local;
use yew::prelude::*;

use crate::lab::{self, Request};
use crate::state::lab::Action::Asked;
use crate::state::{Action, State};

/// Sends the lab a request, if there is one, and the state its reply.
#[hook]
pub fn use_lab(request: Option<Request>, dispatcher: UseReducerDispatcher<State>) {
    use_effect_with(request, move |request| {
        if let Some(request) = request.clone() {
            dispatcher.dispatch(Action::Lab(Asked));
            spawn_local(async move { dispatcher.dispatch(Action::LabReplied(lab::ask(request).await)) });
        }
    });
}
