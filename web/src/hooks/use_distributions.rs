//! The distributions of many rounds, in the background.

use js_sys::futures::spawn_local;
use yew::prelude::*;

use crate::distributions::{self, Distributions};
use crate::histograms::SharedHistograms;
use crate::shared::Shared;
use crate::state::rounds::ManyRounds;

/// Returns what is shown of `many`, which is drawn again whenever `many` has changed. It is empty until the code that draws it
/// is loaded.
#[hook]
pub fn use_distributions(many: &Shared<ManyRounds>, histograms: &SharedHistograms) -> UseStateHandle<Distributions> {
    let drawn = use_state_eq(Distributions::default);
    let setter = drawn.setter();
    let histograms = histograms.clone();
    use_effect_with(many.clone(), move |many| {
        let many = many.clone();
        spawn_local(async move { setter.set(distributions::of(&many, &histograms).await) });
    });
    drawn
}
