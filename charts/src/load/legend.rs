//! The legend of all charts of a load.

use crate::load::plot::CROSS;
use crate::markup::{Escaped, write};
use crate::series::key;

/// Returns a list with the name, the line and the mark of each server. `has_failures` adds what a cross means, `has_model` what a thin
/// line means.
pub fn draw<'a>(names: impl IntoIterator<Item = (usize, &'a str)>, has_failures: bool, has_model: bool) -> String {
    let mut html = String::from(r#"<ul class="load-legend">"#);
    for (index, name) in names {
        write(&mut html, format_args!("<li>{}<span>{}</span></li>", key(index), Escaped(name)));
    }
    let mut note = |class: &str, path: &str, text: &str| {
        write(
            &mut html,
            format_args!(
                r#"<li class="note"><svg xmlns="http://www.w3.org/2000/svg" class="key" width="36" height="12" viewBox="-18 -6 36 12" aria-hidden="true" focusable="false"><path class="{class}" d="{path}" fill="none" stroke="currentColor"/></svg><span>{text}</span></li>"#
            ),
        );
    };
    if has_model {
        note("model", "M-18 0H18", "what the model predicts");
    }
    if has_failures {
        note("cross", CROSS, "dialogues failed");
    }
    html + "</ul>"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_server_has_an_entry_and_names_are_escaped() {
        let html = draw([(0, "<a>"), (1, "b")], false, false);
        assert_eq!(html.matches("<li>").count(), 2);
        assert!(html.contains("&lt;a&gt;") && !html.contains("failed"), "{html}");
        assert!(draw([(0, "a")], true, true).contains("dialogues failed"));
    }
}
