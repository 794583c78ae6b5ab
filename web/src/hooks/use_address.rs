//! The settings in the page's address: applied when the page begins and when the address changes, and kept up to date.

use std::cell::RefCell;
use std::rc::Rc;

use launcelot_measure::{Order, Preset};
use web_sys::Event;
use yew::prelude::*;

use super::{Actions, use_window_events};
use crate::address::{Settings, Tunnel};
use crate::bridge::Route;
use crate::state::lab::{Action, Lab};

/// What the address asks for, and what it shows.
struct Address {
    /// The settings that have not been applied. Those of the link wait for a lab.
    wanted: Settings,
    /// The link in the address. Without a lab it stays: there may be one later, after a reload, too.
    link: Option<Tunnel>,
    /// Whether nothing has been chosen: an address that says nothing stays so until then.
    is_untouched: bool,
}

impl Address {
    fn of_this_page() -> Self {
        let wanted = Settings::of_this_page();
        Self { wanted, link: wanted.link, is_untouched: true }
    }

    /// Shows settings, with the link only if there is a lab.
    fn show(&mut self, settings: Settings, has_lab: bool) {
        if has_lab {
            self.link = settings.link;
        }
        Settings { link: self.link, ..settings }.show();
    }
}

/// Applies the settings of the address, those of the link as soon as there is a lab, and shows later ones there. The address changes
/// if a person pastes another one, or follows a link to a section of the page.
#[hook]
pub fn use_address(lab: &Lab, order: Order, actions: &Rc<Actions>) {
    let address = use_mut_ref(Address::of_this_page);
    let has_lab = lab.report().is_some();
    {
        let (address, actions) = (address.clone(), actions.clone());
        use_effect_with(has_lab, move |has_lab| apply(&address, *has_lab, &actions));
    }
    {
        let (address, actions) = (address.clone(), actions.clone());
        use_window_events(&["hashchange"], Rc::new(move |_: &Event| on_change(&address, &actions)));
    }
    use_effect_with(current(lab, order), move |settings| {
        let mut address = address.borrow_mut();
        if !std::mem::replace(&mut address.is_untouched, false) {
            address.show(*settings, has_lab);
        }
    });
}

/// The settings as they are.
fn current(lab: &Lab, order: Order) -> Settings {
    let link = lab.link().filter(|_| lab.route == Route::Tunnel);
    let preset = |link| Preset::ALL.into_iter().find(|preset| preset.link() == link);
    let link = link.map(|link| preset(link).map_or(Tunnel::AsItIs, Tunnel::Preset));
    Settings { link, order: Some(order) }
}

/// Applies what the address asks for and can be applied now.
fn apply(address: &RefCell<Address>, has_lab: bool, actions: &Actions) {
    let (link, order) = {
        let wanted = &mut address.borrow_mut().wanted;
        (wanted.link.take_if(|_| has_lab), wanted.order.take())
    };
    if let Some(order) = order {
        actions.choose_order.emit(order);
    }
    let change = |action| actions.change_lab.emit(action);
    if link.is_some() {
        change(Action::RouteChosen(Route::Tunnel));
    }
    if let Some(Tunnel::Preset(preset)) = link {
        change(Action::Wished(preset.link()));
        change(Action::Settled);
    }
}

fn on_change(address: &RefCell<Address>, actions: &Actions) {
    let state = actions.state.emit(());
    let (now, wanted) = (current(&state.lab, state.order), Settings::of_this_page());
    let has_lab = state.lab.report().is_some();
    if wanted == Settings::default() {
        // The address of a section.
        address.borrow_mut().show(now, has_lab);
    } else if wanted != now {
        if wanted.link.is_none() && has_lab {
            actions.change_lab.emit(Action::RouteChosen(Route::Straight));
        }
        *address.borrow_mut() = Address { wanted, link: wanted.link, is_untouched: false };
        apply(address, has_lab, actions);
    }
}
