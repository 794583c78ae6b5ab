//! The settings in the page's address: applied when the page begins, and kept up to date.

use std::rc::Rc;

use launcelot_measure::{Order, Preset};
use yew::prelude::*;

use super::Actions;
use crate::address::{Settings, Tunnel};
use crate::bridge::Route;
use crate::state::lab::{Action, Lab, Presence};

/// Applies the settings of the address, those of the link as soon as there is a lab, and shows later ones there.
#[hook]
pub fn use_address(lab: &Lab, order: Order, actions: &Rc<Actions>) {
    let wanted = use_mut_ref(Settings::of_this_page);
    let is_default = use_mut_ref(|| true);
    {
        let (wanted, actions) = (wanted.clone(), actions.clone());
        use_effect_with(lab.report().is_some(), move |has_lab| {
            let (link, order) = {
                let mut wanted = wanted.borrow_mut();
                (wanted.link.take_if(|_| *has_lab), wanted.order.take())
            };
            if let Some(order) = order {
                actions.choose_order.emit(order);
            }
            if link.is_some() {
                actions.change_lab.emit(Action::RouteChosen(Route::Tunnel));
            }
            if let Some(Tunnel::Preset(preset)) = link {
                actions.change_lab.emit(Action::Wished(preset.link()));
                actions.change_lab.emit(Action::Settled);
            }
        });
    }
    let link = lab.link().filter(|_| lab.route == Route::Tunnel);
    let preset = |link| Preset::ALL.into_iter().find(|preset| preset.link() == link);
    let link = link.map(|link| preset(link).map_or(Tunnel::AsItIs, Tunnel::Preset));
    let is_gone = lab.presence == Presence::Gone;
    use_effect_with(Settings { link, order: Some(order) }, move |settings| {
        // An address that says nothing stays so until something is chosen. A lab that is gone may come back, after a reload, too.
        let is_first = is_default.replace(false);
        if !is_first && !is_gone && wanted.borrow().link.is_none() {
            settings.show();
        }
    });
}
