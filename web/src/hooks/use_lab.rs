//! The page's side of the lab: whatever there is to ask it is asked.

use js_sys::futures::spawn_local;
use yew::prelude::*;

use super::Asker;
use crate::lab;
use crate::state::Action;
use crate::state::lab::Action::Asked;

/// Asks the lab what the state wants to know of it, and has the worker measure the tunnel.
#[hook]
pub fn use_lab(asker: &Asker) {
    let (request, lacks) = (asker.state().request(), asker.is_ready() && asker.state().lab.lacks_a_measurement());
    let asker = asker.clone();
    use_effect_with((request, lacks), move |(request, lacks)| {
        if let Some(request) = request.clone() {
            asker.dispatch(Action::Lab(Asked));
            spawn_local(async move { asker.dispatch(Action::LabReplied(lab::ask(request).await)) });
        } else if *lacks {
            asker.probe();
        }
    });
}
