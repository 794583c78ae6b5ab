//! The documentation as pages beside the page: `docs/figures.md` becomes `figures.html`.
//!
//! The pages refer to each other, so they keep their names, as `index.html` does. What they refer to outside of the
//! documentation is not served, so those links become plain text.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use pulldown_cmark::html::push_html;
use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd};

use crate::error::{BundleError, read};

/// The style sheet of the documentation, in addition to the page's.
pub const STYLE: &str = "docs.css";

/// The text of [`STYLE`].
pub const STYLE_TEXT: &str = include_str!("docs.css");

/// The documentation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Docs {
    /// The texts in Markdown, by the names of their files without the extension.
    texts: BTreeMap<String, String>,
    /// The pictures in them, by the names of their files.
    pictures: BTreeMap<String, Vec<u8>>,
}

/// Reads every Markdown file of a folder, and the pictures in the same folder that they show.
///
/// # Errors
///
/// Returns [`BundleError::Read`].
pub fn load(folder: &Path) -> Result<Docs, BundleError> {
    let cannot_read = |source| BundleError::Read { path: folder.to_owned(), source };
    let (mut texts, mut pictures) = (BTreeMap::new(), BTreeMap::new());
    for entry in fs::read_dir(folder).map_err(cannot_read)? {
        let path = entry.map_err(cannot_read)?.path();
        let name = |name: Option<&OsStr>| name.unwrap_or_default().to_string_lossy().into_owned();
        match path.extension().and_then(OsStr::to_str) {
            Some("md") => {
                texts.insert(name(path.file_stem()), String::from_utf8_lossy(&read(&path)?).into_owned());
            }
            Some("png") => {
                pictures.insert(name(path.file_name()), read(&path)?);
            }
            _ => {}
        }
    }
    pictures.retain(|name, _| texts.values().any(|text: &String| text.contains(&format!("]({name})"))));
    Ok(Docs { texts, pictures })
}

impl Docs {
    /// Returns the texts by the names of their files without the extension.
    pub fn texts(&self) -> &BTreeMap<String, String> {
        &self.texts
    }

    /// Returns the pictures by the names of their files.
    pub fn pictures(&self) -> &BTreeMap<String, Vec<u8>> {
        &self.pictures
    }

    /// Returns the pages by the names of their files. `links` are the elements that link their style sheets and their icon.
    pub fn pages(&self, links: &str) -> BTreeMap<String, Vec<u8>> {
        let page =
            |(name, text): (&String, &String)| (format!("{name}.html"), self.page(name, text, links).into_bytes());
        self.texts.iter().map(page).collect()
    }

    fn page(&self, name: &str, text: &str, links: &str) -> String {
        let title = text.lines().find_map(|line| line.strip_prefix("# ")).unwrap_or(name);
        let events = Parser::new_ext(text, Options::ENABLE_TABLES).collect();
        let mut body = String::new();
        push_html(&mut body, self.follow_links(with_ids(events)).into_iter());
        let body = adapted(&body);
        let others: String = self.texts.keys().map(|other| self.menu_item(other, name)).collect();
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title} · Launcelot</title>\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n{links}</head>\n<body class=\"docs\">\n\
             <nav aria-label=\"Documentation\"><a href=\"./\">Where does the time go?</a><ul>{others}</ul></nav>\n\
             <main>\n{body}</main>\n</body>\n</html>\n"
        )
    }

    fn menu_item(&self, name: &str, current: &str) -> String {
        let current = if name == current { " aria-current=\"page\"" } else { "" };
        format!("<li><a href=\"./{name}.html\"{current}>{name}</a></li>")
    }

    /// Points links to other documents to their pages, and removes the other links to files.
    fn follow_links<'a>(&self, events: Vec<Event<'a>>) -> Vec<Event<'a>> {
        let mut is_removed = false;
        let mut followed = Vec::new();
        for event in events {
            match event {
                Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
                    is_removed = false;
                    match self.address(&dest_url) {
                        Some(address) => {
                            followed.push(Event::Start(Tag::Link { link_type, dest_url: address.into(), title, id }));
                        }
                        None => is_removed = true,
                    }
                }
                Event::End(TagEnd::Link) if is_removed => is_removed = false,
                other => followed.push(other),
            }
        }
        followed
    }

    /// Returns where a link leads; `None` if that is not served.
    fn address(&self, link: &str) -> Option<String> {
        if link.contains("://") || link.starts_with('#') {
            return Some(link.to_owned());
        }
        let (path, fragment) = match link.split_once('#') {
            Some((path, fragment)) => (path, format!("#{fragment}")),
            None => (link, String::new()),
        };
        let name = path.strip_suffix(".md").filter(|name| self.texts.contains_key(*name))?;
        Some(format!("./{name}.html{fragment}"))
    }
}

/// Gives every heading the identity to which links refer, as on code hosts: `## Two clocks` has `two-clocks`.
fn with_ids(mut events: Vec<Event<'_>>) -> Vec<Event<'_>> {
    for index in 0..events.len() {
        if !matches!(events[index], Event::Start(Tag::Heading { .. })) {
            continue;
        }
        let until_end = events[index..].iter().take_while(|event| !matches!(event, Event::End(TagEnd::Heading(_))));
        let texts = until_end.filter_map(|event| match event {
            Event::Text(text) | Event::Code(text) => Some(&**text),
            _ => None,
        });
        let slug = slug(&texts.collect::<String>());
        if let Event::Start(Tag::Heading { id, .. }) = &mut events[index] {
            *id = Some(CowStr::from(slug));
        }
    }
    events
}

/// Lets the keyboard scroll tables and listings that are wider than the window, and aligns cells by classes: the policy of the page
/// forbids inline style. Text is escaped, so what is replaced are elements and their attributes.
fn adapted(body: &str) -> String {
    body.replace(" style=\"text-align: right\"", " class=\"right\"")
        .replace("<pre>", "<pre tabindex=\"0\">")
        .replace("<table>", "<div class=\"wide\" tabindex=\"0\"><table>")
        .replace("</table>", "</table></div>")
}

fn slug(heading: &str) -> String {
    let kept = heading.chars().filter(|it| it.is_alphanumeric() || matches!(it, ' ' | '-' | '_'));
    kept.flat_map(char::to_lowercase).map(|it| if it == ' ' { '-' } else { it }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STYLE_LINK: &str = "<link rel=\"stylesheet\" href=\"./style.css\">\n";

    fn docs() -> Docs {
        let clocks =
            "# Figures\n\n## Two `clocks`, one\n\n[ask](lab.md#api), [deploy](../deploy), [RFC](https://a.example/b)\n";
        let texts = [("figures", clocks), ("lab", "# The lab\n\n| a | b |\n|---|---|\n| 1 | < |\n")];
        let texts = texts.map(|(name, text)| (name.to_owned(), text.to_owned())).into();
        Docs { texts, pictures: BTreeMap::new() }
    }

    fn page(name: &str) -> String {
        String::from_utf8(docs().pages(STYLE_LINK)[name].clone()).unwrap()
    }

    #[test]
    fn links_lead_to_other_pages_and_to_the_web_and_files_that_are_not_served_are_no_links() {
        let page = page("figures.html");
        assert!(
            page.contains(r#"<a href="./lab.html#api">ask</a>, deploy, <a href="https://a.example/b">RFC</a>"#),
            "{page}"
        );
        assert!(page.contains(r#"<h2 id="two-clocks-one">Two <code>clocks</code>, one</h2>"#), "{page}");
    }

    #[test]
    fn a_page_has_its_title_its_style_and_a_menu_that_marks_it() {
        let page = page("lab.html");
        assert!(page.contains("<title>The lab · Launcelot</title>"), "{page}");
        assert!(page.contains(STYLE_LINK), "{page}");
        assert!(page.contains(r#"<li><a href="./figures.html">figures</a></li>"#), "{page}");
        assert!(page.contains(r#"<li><a href="./lab.html" aria-current="page">lab</a></li>"#), "{page}");
        assert!(page.contains("<td>&lt;</td>"), "{page}");
    }

    #[test]
    fn only_pictures_that_a_text_shows_are_read() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("load.md", "# Load\n\n![Shown](shown.png)"), ("shown.png", "1"), ("other.png", "2")] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let docs = load(folder.path()).unwrap();
        assert_eq!(docs.pictures().keys().collect::<Vec<_>>(), ["shown.png"]);
        assert!(String::from_utf8_lossy(&docs.pages("")["load.html"]).contains(r#"<img src="shown.png" alt="Shown""#));
    }

    #[test]
    fn a_folder_that_cannot_be_read_is_named() {
        let error = load(Path::new("missing/docs")).unwrap_err().to_string();
        assert!(error.starts_with("cannot read missing/docs: "), "{error}");
    }

    #[test]
    fn every_link_within_the_documentation_leads_to_a_heading() {
        let docs = load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")).unwrap();
        let pages = docs.pages("");
        let mut checked = 0;
        for (name, page) in &pages {
            let page = String::from_utf8_lossy(page);
            for link in page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
                let Some((path, fragment)) = link.split_once('#').filter(|(path, _)| !path.contains("://")) else {
                    continue;
                };
                let path = if path.is_empty() { name } else { path.trim_start_matches("./") };
                let target = String::from_utf8_lossy(&pages[path]);
                assert!(target.contains(&format!("id=\"{fragment}\"")), "{name}: {link}");
                checked += 1;
            }
        }
        assert!(checked > 10, "{checked} links");
    }
}
