//! The legend of all charts of a load.

use crate::element::Element;
use crate::load::plot::CROSS;
use crate::series::key;

/// Returns a list with the name, the line and the mark of each server. `has_failures` adds what a cross means, `has_model` what a thin
/// line means.
pub fn draw<'a>(names: impl IntoIterator<Item = (usize, &'a str)>, has_failures: bool, has_model: bool) -> Element {
    let mut legend = Element::new("ul");
    legend.set("class", "load-legend");
    for (index, name) in names {
        legend.add("li").push(key(index)).add("span").text(name);
    }
    if has_model {
        add_note(&mut legend, "model", "M-18 0H18", "what the model predicts");
    }
    if has_failures {
        add_note(&mut legend, "cross", CROSS, "dialogues failed");
    }
    legend
}

/// Adds what a sign means.
fn add_note(legend: &mut Element, class: &str, path: &str, text: &str) {
    let mut sign = Element::key("key");
    let sign_path = sign.add("path").set("class", class).set("d", path);
    sign_path.set("fill", "none").set("stroke", "currentColor");
    legend.add("li").set("class", "note").push(sign).add("span").text(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_server_has_an_entry_and_names_are_escaped() {
        let html = draw([(0, "<a>"), (1, "b")], false, false).to_string();
        assert_eq!(html.matches("<li>").count(), 2);
        assert!(html.contains("&lt;a&gt;") && !html.contains("failed"), "{html}");
        assert!(draw([(0, "a")], true, true).to_string().contains("dialogues failed"));
    }
}
