//! Tables as HTML. A wide one scrolls in a region that the keyboard reaches.

use super::tables::{Table, TableCell};
use crate::Element;

/// Returns the table in a region that is named by its caption, whose identity is `id`; `label` are the identities of
/// all texts that name it.
pub(super) fn region(table: &Table, id: &str, label: &str) -> Element {
    let mut region = Element::new("div");
    region.set("class", "scroll").set("role", "region").set("tabindex", 0).set("aria-labelledby", label);
    let html = region.add("table");
    html.add("caption").add("span").set("id", id).text(&table.caption);
    let head = html.add("thead").add("tr");
    for (index, column) in table.columns.iter().enumerate() {
        let is_words = table.rows.first().and_then(|row| row.get(index)).is_some_and(|cell| cell.is_words);
        align(head.add("th").set("scope", "col"), is_words).text(column);
    }
    let body = html.add("tbody");
    let mut name_above = None;
    for cells in &table.rows {
        // Successive rows of one server are a group: the name is as legible in the first of them only.
        let name = cells.first().map(|cell| cell.text.as_str());
        let row = body.add("tr");
        if name == name_above {
            row.set("class", "again");
        }
        name_above = name;
        for (index, TableCell { text, note, is_words }) in cells.iter().enumerate() {
            if index == 0 {
                align(row.add("th").set("scope", "row"), *is_words).text(text);
                continue;
            }
            let cell = align(row.add("td"), *is_words).text(text);
            if let Some(note) = note {
                cell.text(" ").add("small").text(note);
            }
        }
    }
    region
}

/// Aligns words to the left.
fn align(cell: &mut Element, is_words: bool) -> &mut Element {
    if is_words { cell.set("class", "words") } else { cell }
}
