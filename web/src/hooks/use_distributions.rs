//! Many rounds, summed up and drawn by the program for those who look closer.

use std::borrow::Cow;

use yew::platform::spawn_local;
use yew::prelude::*;

use crate::figures::{Distributions, Request, program};
use crate::state::rounds::ManyRounds;

/// What is said in place of the numbers if the program cannot be had.
const NOT_LOADED: &str = "What draws them could not be loaded. What was measured is kept; load the page again.";

/// What there is to show of `many`, as it was last drawn. It is drawn again when something of it has changed,
/// and the worker tells of rounds ten times a second at most.
#[hook]
pub fn use_distributions(many: &ManyRounds) -> UseStateHandle<Distributions> {
    let drawn = use_state(Distributions::default);
    let draws = drawn.setter();
    use_effect_with(many.clone(), move |many| {
        let many = many.clone();
        if many.newest().is_some() {
            spawn_local(async move {
                let shown = many.shown().map(|kept| Cow::Borrowed(&*kept.rounds)).collect();
                let request = Request::Distributions { shown, stopwatch: many.stopwatch };
                let not_loaded = || Distributions { meaning: NOT_LOADED.to_owned(), ..Distributions::default() };
                draws.set(program::ask(&request).await.unwrap_or_else(not_loaded));
            });
        } else {
            draws.set(Distributions::default());
        }
    });
    drawn
}
