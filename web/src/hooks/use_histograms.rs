//! The histograms of the page.

use yew::prelude::*;

use crate::histograms::SharedHistograms;

/// Returns the histograms, which live as long as the component.
#[hook]
pub fn use_histograms() -> SharedHistograms {
    let histograms = use_memo((), |()| SharedHistograms::default());
    SharedHistograms::clone(&histograms)
}
