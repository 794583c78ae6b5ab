//! Settings in the page's address, so that a lesson is a link: `#link=continent&order=ahead`.

use launcelot_measure::{Order, Preset};

/// The settings that an address can hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Settings {
    /// The path through the tunnel; `None` for the direct path.
    pub link: Option<Tunnel>,
    /// The order of the questions.
    pub order: Option<Order>,
}

/// The link of the tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tunnel {
    /// A link that has a name.
    Preset(Preset),
    /// Any other link. The lab keeps its settings, and the address does not have them.
    AsItIs,
}

impl Tunnel {
    fn parse(word: &str) -> Option<Self> {
        let preset = Preset::ALL.into_iter().find(|preset| preset.keyword() == word).map(Self::Preset);
        preset.or_else(|| (word == AS_IT_IS).then_some(Self::AsItIs))
    }

    fn word(self) -> &'static str {
        match self {
            Self::Preset(preset) => preset.keyword(),
            Self::AsItIs => AS_IT_IS,
        }
    }
}

impl Settings {
    /// Returns the settings in the fragment of an address, without its `#`. What is unknown is ignored.
    pub fn parse(fragment: &str) -> Self {
        let mut settings = Self::default();
        for (name, value) in fragment.split('&').filter_map(|setting| setting.split_once('=')) {
            match name {
                "link" => settings.link = Tunnel::parse(value),
                "order" => settings.order = ORDERS.into_iter().find(|(_, word)| *word == value).map(|(order, _)| order),
                _ => {}
            }
        }
        settings
    }

    /// Returns the settings as the fragment of an address.
    pub fn fragment(self) -> String {
        let link = self.link.map(|tunnel| ["link=", tunnel.word()].concat());
        let word = |order| ORDERS.into_iter().find(|(known, _)| *known == order).map(|(_, word)| word);
        let order = self.order.and_then(word).map(|word| ["order=", word].concat());
        let settings: Vec<String> = link.into_iter().chain(order).collect();
        settings.join("&")
    }

    /// Returns the settings in the address of the page that runs now.
    pub fn of_this_page() -> Self {
        let hash = web_sys::window().and_then(|window| window.location().hash().ok()).unwrap_or_default();
        Self::parse(hash.trim_start_matches('#'))
    }

    /// Puts the settings into the address of the page that runs now, without a step back in its history.
    pub fn show(self) {
        if let Some(window) = web_sys::window().filter(|_| self != Self::of_this_page()) {
            // An address that stays as it was does no harm.
            let _ = window.location().replace(&["#", &self.fragment()].concat());
        }
    }
}

/// The word for the path through the tunnel as the lab has set it.
const AS_IT_IS: &str = "tunnel";

/// The words for the orders.
const ORDERS: [(Order, &str); 2] = [(Order::OneAtATime, "one"), (Order::SentAhead, "ahead")];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_as_they_are_written() {
        let settings = Settings { link: Some(Tunnel::Preset(Preset::Continent)), order: Some(Order::SentAhead) };
        assert_eq!(settings.fragment(), "link=continent&order=ahead");
        assert_eq!(Settings::parse("link=continent&order=ahead"), settings);
        let as_it_is = Settings { link: Some(Tunnel::AsItIs), order: None };
        assert_eq!((as_it_is.fragment().as_str(), Settings::parse("link=tunnel")), ("link=tunnel", as_it_is));
        assert_eq!(Settings::parse("race"), Settings::default());
        assert_eq!(Settings::parse("link=moon&order=ahead&x=y"), Settings { link: None, ..settings });
    }
}
