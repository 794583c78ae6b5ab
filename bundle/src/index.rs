//! Resolves the links of `index.html` that are meant for trunk: reads their files, and removes trunk's attributes.
//!
//! This build supports only the kinds of trunk's links that the page uses: `css`, `icon`, `copy-file` and `rust`.

use std::cell::RefCell;
use std::error::Error;

use lol_html::html_content::{ContentType, Element};
use lol_html::{RewriteStrSettings, comments, element, rewrite_str};

use crate::program::{GLUE, MAIN};
use crate::{BundleError, Files};

/// The file into which all style sheets are joined, in the order of their links.
const STYLE: &str = "style.css";

/// The script that `index.html` starts.
const ENTRY: &str = "page.mjs";

/// The template of [`ENTRY`], in which the name of the initializer and the size of the program are filled in.
const ENTRY_SOURCE: &str = include_str!("page.mjs");

/// The element by which the page detects that the documentation is served with it. A build by trunk has neither.
const DOCS: &str = "<meta name=\"docs\">\n";

/// `index.html` and the files that it links, without the program.
#[derive(Debug)]
pub struct Index {
    /// `index.html` without links and attributes for trunk.
    pub html: String,
    /// The linked files, without the program.
    pub files: Files,
    /// The name of the script that reports the progress of loading.
    initializer: String,
}

/// The files of the links, collected while the HTML is rewritten.
#[derive(Default)]
struct Links {
    files: Files,
    style: Vec<u8>,
    initializer: Option<String>,
}

/// Resolves the links in `html` that are meant for trunk. Calls `read` with the path of each linked file except the program.
///
/// # Errors
///
/// Returns [`BundleError::Index`] if a link has an unsupported kind or lacks an attribute, if there is no link of the program, or
/// if `read` fails.
pub fn resolve(html: &str, read: &dyn Fn(&str) -> Result<Vec<u8>, BundleError>) -> Result<Index, BundleError> {
    let links = RefCell::new(Links::default());
    let settings = RewriteStrSettings::new()
        .append_element_content_handler(element!("link[data-trunk]", |link| {
            follow(link, &mut links.borrow_mut(), read)
        }))
        .append_element_content_handler(element!("meta[name=worker]", point_to_worker))
        .append_element_content_handler(element!("head", |head| {
            head.append(DOCS, ContentType::Html);
            Ok(())
        }))
        .append_element_content_handler(comments!("*", |comment| {
            comment.remove();
            Ok(())
        }));
    let html = rewrite_str(html, settings).map_err(|error| BundleError::Index(error.to_string()))?;
    let Links { mut files, style, initializer } = links.into_inner();
    if !style.is_empty() {
        files.insert(STYLE.to_owned(), style);
    }
    let Some(initializer) = initializer else {
        let reason = "it has no `<link data-trunk rel=\"rust\" data-initializer>`";
        return Err(BundleError::Index(reason.to_owned()));
    };
    Ok(Index { html, files, initializer })
}

impl Index {
    /// Returns the name and the text of the script that loads the program. `program_bytes` is the size of the program before
    /// compression.
    pub fn entry(&self, program_bytes: usize) -> (String, Vec<u8>) {
        let text = ENTRY_SOURCE.replace("INITIALIZER", &self.initializer);
        (ENTRY.to_owned(), text.replace("PROGRAM_BYTES", &program_bytes.to_string()).into_bytes())
    }
}

type HandlerResult = Result<(), Box<dyn Error + Send + Sync>>;

fn follow(link: &mut Element, links: &mut Links, read: &dyn Fn(&str) -> Result<Vec<u8>, BundleError>) -> HandlerResult {
    let kind = link.get_attribute("rel").unwrap_or_default();
    match kind.as_str() {
        "css" => {
            if links.style.is_empty() {
                link.before(&format!("<link rel=\"stylesheet\" href=\"./{STYLE}\">"), ContentType::Html);
            }
            links.style.extend(read(&href(link)?)?);
            link.remove();
        }
        "icon" => {
            let name = href(link)?;
            links.files.insert(name.clone(), read(&name)?);
            link.remove_attribute("data-trunk");
            link.set_attribute("href", &format!("./{name}"))?;
        }
        "copy-file" => {
            let name = href(link)?;
            links.files.insert(name.clone(), read(&name)?);
            link.remove();
        }
        "rust" => {
            let initializer =
                link.get_attribute("data-initializer").ok_or("the program's link has no data-initializer")?;
            links.files.insert(initializer.clone(), read(&initializer)?);
            links.initializer = Some(initializer);
            link.before(&program_elements(), ContentType::Html);
            link.remove();
        }
        _ => return Err(format!("`<link data-trunk rel=\"{kind}\">` is not supported by this build").into()),
    }
    Ok(())
}

fn href(link: &Element) -> Result<String, String> {
    let kind = link.get_attribute("rel").unwrap_or_default();
    link.get_attribute("href").ok_or_else(|| format!("`<link data-trunk rel=\"{kind}\">` has no href"))
}

/// Returns the elements that start the program and preload its large files.
fn program_elements() -> String {
    format!(
        "<link rel=\"modulepreload\" href=\"./{GLUE}\">\n\
         <link rel=\"preload\" href=\"./{MAIN}\" as=\"fetch\" type=\"application/wasm\" crossorigin>\n\
         <script type=\"module\" src=\"./{ENTRY}\"></script>"
    )
}

/// Gives the worker's address the form `./NAME`, so that it counts as a reference and is rewritten when the file gets its name.
fn point_to_worker(meta: &mut Element) -> HandlerResult {
    let worker = meta.get_attribute("content").unwrap_or_default();
    meta.set_attribute("content", &format!("./{}", worker.trim_start_matches("./")))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(html: &str) -> Result<Index, BundleError> {
        resolve(html, &|href| Ok(format!("the text of {href};").into_bytes()))
    }

    const HTML: &str = "<!doctype html>\n<head><meta charset=utf-8>\n<meta name=\"worker\" content=\"worker.mjs\">\n\
        <link data-trunk rel=\"icon\" href=\"icon.svg\">\n<link data-trunk rel=\"css\" href=\"style/a.css\">\n\
        <link data-trunk rel=\"css\" href=\"style/b.css\">\n<!-- why -->\n\
        <link data-trunk rel=\"rust\" data-type=\"main\" data-initializer=\"start.mjs\">\n\
        <link data-trunk rel=\"copy-file\" href=\"worker.mjs\">\n</head><body><p>text</p></body>";

    #[test]
    fn every_linked_file_is_read_and_no_attribute_of_trunk_is_left() {
        let index = resolved(HTML).unwrap();
        let names: Vec<&String> = index.files.keys().collect();
        assert_eq!(names, ["icon.svg", "start.mjs", "style.css", "worker.mjs"]);
        assert_eq!(index.files["style.css"], b"the text of style/a.css;the text of style/b.css;");
        let expected = "<!doctype html>\n<head><meta charset=utf-8>\n<meta name=\"worker\" content=\"./worker.mjs\">\n\
            <link rel=\"icon\" href=\"./icon.svg\">\n<link rel=\"stylesheet\" href=\"./style.css\">\n\n\n\
            <link rel=\"modulepreload\" href=\"./launcelot.js\">\n\
            <link rel=\"preload\" href=\"./launcelot_bg.wasm\" as=\"fetch\" type=\"application/wasm\" crossorigin>\n\
            <script type=\"module\" src=\"./page.mjs\"></script>\n\n<meta name=\"docs\">\n</head><body><p>text</p></body>";
        assert_eq!(index.html, expected);
    }

    #[test]
    fn the_entry_knows_the_initializer_and_the_size_of_the_program() {
        let (name, script) = resolved(HTML).unwrap().entry(435_111);
        let script = String::from_utf8(script).unwrap();
        assert_eq!(name, "page.mjs");
        assert!(script.contains("import initializer from \"./start.mjs\";"), "{script}");
        assert!(script.contains("const total = 435111;"), "{script}");
    }

    #[test]
    fn a_link_that_cannot_be_followed_is_an_error_that_quotes_it() {
        let cases = [
            ("<link data-trunk rel=\"sass\" href=\"a.scss\">", "`<link data-trunk rel=\"sass\">` is not supported"),
            ("<link data-trunk rel=\"css\">", "`<link data-trunk rel=\"css\">` has no href"),
            ("<link data-trunk rel=\"rust\">", "no data-initializer"),
            ("<p>", "no `<link data-trunk rel=\"rust\""),
        ];
        for (html, expected) in cases {
            let error = resolved(html).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named() {
        let missing = |href: &str| Err(BundleError::Index(format!("no {href}")));
        let error = resolve(HTML, &missing).unwrap_err().to_string();
        assert!(error.contains("no icon.svg"), "{error}");
    }
}
