//! Tables as HTML. A wide one scrolls in a region that the keyboard reaches.

use super::tables::{Table, TableCell};
use crate::Escaped;

/// Returns the table in a region that is named by its caption, whose identity is `id`; `label` are the identities of
/// all texts that name it.
pub(super) fn html(table: &Table, id: &str, label: &str) -> String {
    let mut html = format!(
        "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-labelledby=\"{label}\">\n<table>\n<caption><span id=\"{id}\">{}</span></caption>\n<thead><tr>",
        Escaped(&table.caption)
    );
    for (index, column) in table.columns.iter().enumerate() {
        let is_words = table.rows.first().and_then(|row| row.get(index)).is_some_and(|cell| cell.is_words);
        html += &format!("<th scope=\"col\"{}>{}</th>", class(is_words), Escaped(column));
    }
    html += "</tr></thead>\n<tbody>\n";
    let mut name_above = None;
    for row in &table.rows {
        // Successive rows of one server are a group: the name is as legible in the first of them only.
        let name = row.first().map(|cell| cell.text.as_str());
        html += if name == name_above { "<tr class=\"again\">" } else { "<tr>" };
        name_above = name;
        for (index, cell) in row.iter().enumerate() {
            html += &if index == 0 {
                format!("<th scope=\"row\"{}>{}</th>", class(cell.is_words), Escaped(&cell.text))
            } else {
                format!("<td{}>{}</td>", class(cell.is_words), content(cell))
            };
        }
        html += "</tr>\n";
    }
    html + "</tbody>\n</table>\n</div>\n"
}

fn class(is_words: bool) -> &'static str {
    if is_words { " class=\"words\"" } else { "" }
}

fn content(cell: &TableCell) -> String {
    let text = Escaped(&cell.text);
    match &cell.note {
        Some(note) => format!("{text} <small>{}</small>", Escaped(note)),
        None => text.to_string(),
    }
}
